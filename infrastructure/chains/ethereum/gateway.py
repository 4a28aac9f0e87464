"""Ethereum as the port has it: ETH and our ERC-20 tokens, and calls of providers' making."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.chain import (
    Accepted,
    Credit,
    InvalidChainAddress,
    Likeness,
    Movement,
    NetworkFee,
    PlainTransfer,
    Sighting,
    Signed,
    TransferPrepared,
)
from domain.provider.ports.unsigned import EthereumCall, Unsigned
from domain.shared.assets import ETH, Asset, Chain
from domain.shared.errors import InvalidInput
from infrastructure.chains.ethereum import addresses, inbound, rpc, signing, tokens, watching
from infrastructure.chains.ethereum.prices import FEE_RATE_MAX, Prices, prices_at
from infrastructure.chains.ethereum.rivals import likeness_at
from infrastructure.chains.ethereum.signing import Draft
from infrastructure.chains.nodes import (
    ON_ITS_WAY,
    TIMEOUT_SECONDS,
    Node,
    NodeRefused,
    Nodes,
    answered,
    unsupported,
)
from infrastructure.chains.sent import sent
from infrastructure.http import HttpClient

MAIN_NETWORK: Final = 1
PLAIN_TRANSFER_GAS: Final = 21_000
# What a token's transfer needs where it cannot be tried out, for want of the tokens.
TOKEN_TRANSFER_GAS: Final = 100_000
# What bridges' contracts need at most, and the approval of a token before them.
CALL_GAS: Final = 400_000
APPROVAL_GAS: Final = 80_000
# No transaction may ask for more (EIP-7825).
GAS_LIMIT_MAX: Final = 2**24
ESTIMATED_SECONDS: Final = 24
_MARGIN_PERCENT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    """What is sent by whom; amounts in wei."""

    sender: str
    to: str
    value: int
    data: bytes
    is_approval: bool = False


class EthereumGateway:
    """`urls` are JSON-RPC endpoints, in order of preference, of the chain that `chain_id` names."""

    def __init__(
        self,
        *,
        client: HttpClient,
        urls: Sequence[str],
        chain_id: int = MAIN_NETWORK,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._nodes = Nodes(client, urls, timeout_seconds=timeout_seconds)
        self._chain_id = chain_id

    @property
    def chain(self) -> Chain:
        return Chain.ETHEREUM

    async def healthy(self) -> bool:
        return isinstance(await answered(self._nodes.read(rpc.block_number)), int)

    def parse_address(self, text: str) -> str:
        return addresses.parse(text)

    async def balance(self, address: str, asset: Asset) -> int | Setback:
        """At the newest block."""
        owner = addresses.parse(address)
        if not _is_ours(asset):
            return unsupported(f"{asset.symbol} is not on Ethereum")
        return await answered(self._nodes.read(lambda node: _balance_at(node, owner, asset)))

    async def network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback:
        """The most that it can cost, by the fees of the last blocks, whatever the transfer's own
        rate; also where the sender could not pay for it."""
        action = _action(transfer)
        if isinstance(action, Declined):
            return action
        return await answered(self._network_fee(action))

    async def call_fee(self, sender: str, asset: Asset) -> NetworkFee | Setback:
        addresses.parse(sender)
        if not _is_ours(asset):
            return unsupported(f"{asset.symbol} is not on Ethereum")
        prices = await answered(self._nodes.read(prices_at))
        if not isinstance(prices, Prices):
            return prices
        gas = CALL_GAS + (APPROVAL_GAS if asset.contract else 0)
        return NetworkFee(
            amount=gas * prices.rate,
            asset=ETH.symbol,
            rate=prices.rate,
            estimated_seconds=ESTIMATED_SECONDS,
        )

    async def prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        """At the transfer's own rate. `TXN_GAS_MISSING`: the asset is there, the ETH for gas not."""
        if not 0 < transfer.fee_rate <= FEE_RATE_MAX:
            raise InvalidInput(field="feeRate")
        action = _action(transfer)
        if isinstance(action, Declined):
            return action
        return await answered(self._prepare_transfer(action, transfer))

    async def prepare_call(
        self, sender: str, unsigned: Unsigned, *, instead_of: str | None = None
    ) -> TransferPrepared | Setback:
        """The provider's call at present fees or, while its spender lacks the allowance, the
        `approve` for exactly that: once it is included, ask again for the call itself."""
        if not isinstance(unsigned, EthereumCall):
            return unsupported("the transaction is another chain's")
        owner = addresses.parse(sender)
        try:
            addresses.parse(unsigned.to)
            if unsigned.spender is not None:
                addresses.parse(unsigned.spender)
                addresses.parse(unsigned.token or "")
        except InvalidChainAddress:
            return Declined(code="PRV_RESPONSE_INVALID", reason="the call names no valid address")
        if addresses.parse(unsigned.to) in tokens.BY_CONTRACT or tokens.gives_away(unsigned.data):
            # Moved by its owner's own word, a token needs no allowance, and knows no bound.
            return Declined(code="PRV_RESPONSE_INVALID", reason="the call is to a token itself")
        return await answered(self._prepare_call(owner, unsigned, instead_of))

    def accept_signature(self, prepared: TransferPrepared, signed: bytes, *, signer: str) -> Signed:
        return signing.complete(prepared, signed, addresses.parse(signer))

    async def broadcast(self, signed: Signed) -> Accepted | Setback:
        """A conflict is Unanswered: whether it can still land, `sighting` tells by its nonce."""
        return await self._nodes.broadcast(
            signed,
            send=lambda node: rpc.send(node, signed.raw),
            knows=lambda node: _knows(node, signed),
        )

    async def sighting(
        self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
    ) -> Sighting | Setback:
        """REVERTED is final too: before that, a reorganisation could still let it succeed."""
        return await self._nodes.sighting(
            lambda node: watching.sighting_at(node, transaction_hash, inputs)
        )

    async def sent(self, prepared: TransferPrepared) -> str | Setback | None:
        """Its own name hangs on its signature: it is looked for by its number, once that is final."""
        place = prepared.inputs[0]
        sender, _, nonce = place.rpartition(":")

        async def is_free() -> bool | Setback:
            following = await answered(self._count(sender, "pending"))
            return following <= int(nonce) if isinstance(following, int) else following

        return await sent(self, prepared, "0x" + prepared.commitment.hex(), is_free=is_free)

    async def likeness(
        self, prepared: TransferPrepared, transaction_hash: str
    ) -> Likeness | Setback:
        """By whom it calls, with how much ETH and what data."""
        return await answered(
            self._nodes.read(lambda node: likeness_at(node, prepared, transaction_hash))
        )

    async def movements(self, transaction_hash: str) -> tuple[Movement, ...] | Setback:
        """The transaction's own ETH has index 0, the receipt's nth log index n.

        ETH that contracts pass on leaves no log, so it is not among them.
        """
        return await answered(
            self._nodes.read(lambda node: watching.movements_at(node, transaction_hash))
        )

    async def taken(self, transaction_hash: str, *, signer: str) -> tuple[Movement, ...] | Setback:
        """The transaction's own ETH and, of each token, its first log; what contracts take or give
        back in ETH leaves no log."""
        owner = addresses.parse(signer)
        return await answered(
            self._nodes.read(lambda node: watching.taken_at(node, transaction_hash, owner))
        )

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        """Of what `movements` tells, and ETH that contracts passed on, at nodes that show it."""
        return await answered(
            self._nodes.read(lambda node: inbound.received_at(node, transaction_hash, addresses))
        )

    async def final_height(self) -> int | Setback:
        return await answered(self._nodes.read(inbound.final_height_at))

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        """One question a block, and one for all tokens, however many addresses."""
        return await answered(
            self._nodes.read(
                lambda node: inbound.credits_at(node, addresses, after=after, up_to=up_to)
            )
        )

    async def _network_fee(self, action: _Action) -> NetworkFee:
        prices = await self._nodes.read(prices_at)
        try:
            gas = await self._gas(action)
        except NodeRefused:
            gas = TOKEN_TRANSFER_GAS if action.data else PLAIN_TRANSFER_GAS
        return NetworkFee(
            amount=gas * prices.rate,
            asset=ETH.symbol,
            rate=prices.rate,
            estimated_seconds=ESTIMATED_SECONDS,
        )

    async def _prepare_transfer(
        self, action: _Action, transfer: PlainTransfer
    ) -> TransferPrepared | Setback:
        prices = await self._nodes.read(prices_at)
        if transfer.fee_rate < prices.base_fee:
            return Declined(code="TXN_COST_ROSE", reason="blocks cost more gas than was agreed on")
        held = await self._nodes.read(lambda node: _balance_at(node, action.sender, transfer.asset))
        if held < transfer.amount:
            return Declined(code="TXN_INSUFFICIENT_BALANCE", reason=transfer.asset.symbol)
        nonce = await self._nonce(action.sender, transfer.instead_of)
        if not isinstance(nonce, int):
            return nonce
        gas = await self._gas(action)
        return await self._draft(action, gas, prices, transfer.fee_rate, nonce)

    async def _prepare_call(
        self, sender: str, call: EthereumCall, instead_of: str | None
    ) -> TransferPrepared | Setback:
        prices = await self._nodes.read(prices_at)
        nonce = await self._nonce(sender, instead_of)
        if not isinstance(nonce, int):
            return nonce
        approval = await self._approval(sender, call)
        if approval is not None:
            gas = await self._gas(approval)
            return await self._draft(approval, gas, prices, prices.rate, nonce)
        to = addresses.parse(call.to)
        action = _Action(sender=sender, to=to, value=call.value, data=call.data)
        gas = max(await self._gas(action), call.gas_limit or 0)
        if gas > GAS_LIMIT_MAX:
            return Declined(code="PRV_RESPONSE_INVALID", reason="asks for more gas than is allowed")
        return await self._draft(action, gas, prices, prices.rate, nonce)

    async def _nonce(self, sender: str, instead_of: str | None) -> int | NotAttempted:
        """The next one; that of what was shown before, where it was not used for good."""
        following = await self._count(sender, "pending")
        if instead_of is None or int(instead_of.rpartition(":")[2]) >= following:
            return following
        if await self._count(sender, "finalized") > int(instead_of.rpartition(":")[2]):
            return following
        return NotAttempted(reason=ON_ITS_WAY)

    async def _count(self, sender: str, tag: str) -> int:
        return await self._nodes.read(lambda node: rpc.transaction_count(node, sender, tag))

    async def _approval(self, sender: str, call: EthereumCall) -> _Action | None:
        """What must be sent before the call; None where the allowance is there."""
        if call.spender is None or call.token is None or call.allowance <= 0:
            return None
        token, spender = addresses.parse(call.token), addresses.parse(call.spender)
        asked = tokens.allowance(sender, spender)
        given = await self._nodes.read(lambda node: rpc.call_number(node, token, asked))
        if given >= call.allowance:
            return None
        data = tokens.approve(spender, call.allowance)
        return _Action(sender=sender, to=token, value=0, data=data, is_approval=True)

    async def _gas(self, action: _Action) -> int:
        """With a margin for what a contract does otherwise when its turn comes."""
        estimate = await self._nodes.read(
            lambda node: rpc.estimate_gas(
                node,
                sender=action.sender,
                recipient=action.to,
                value=action.value,
                data=action.data,
            )
        )
        if estimate <= PLAIN_TRANSFER_GAS:
            return estimate
        return min(estimate * _MARGIN_PERCENT // 100, GAS_LIMIT_MAX)

    async def _draft(
        self, action: _Action, gas: int, prices: Prices, fee_rate: int, nonce: int
    ) -> TransferPrepared | Setback:
        ether = await self._nodes.read(lambda node: rpc.balance(node, action.sender))
        if ether < action.value + gas * fee_rate:
            code = "TXN_INSUFFICIENT_BALANCE" if action.value else "TXN_GAS_MISSING"
            return Declined(code=code, reason="ETH does not cover amount and gas")
        draft = Draft(
            chain_id=self._chain_id,
            nonce=nonce,
            priority_fee=min(prices.priority_fee, fee_rate - prices.base_fee),
            max_fee=fee_rate,
            gas_limit=gas,
            to=action.to,
            value=action.value,
            data=action.data,
        )
        return draft.prepared(action.sender, is_approval=action.is_approval)


def _is_ours(asset: Asset) -> bool:
    return asset.chain is Chain.ETHEREUM


def _action(transfer: PlainTransfer) -> _Action | Declined:
    sender, recipient = addresses.parse(transfer.sender), addresses.parse(transfer.recipient)
    if not _is_ours(transfer.asset):
        return unsupported(f"{transfer.asset.symbol} is not on Ethereum")
    if transfer.amount <= 0:
        raise InvalidInput(field="amount")
    contract = transfer.asset.contract
    if recipient in {addresses.ZERO, contract}:
        # Whatever is sent there is lost.
        return Declined(code="TXN_ADDRESS_UNSUITABLE", reason="nobody owns the recipient's address")
    if contract is None:
        return _Action(sender=sender, to=recipient, value=transfer.amount, data=b"")
    data = tokens.transfer(recipient, transfer.amount)
    return _Action(sender=sender, to=contract, value=0, data=data)


async def _balance_at(node: Node, owner: str, asset: Asset) -> int:
    if asset.contract is None:
        return await rpc.balance(node, owner)
    return await rpc.call_number(node, asset.contract, tokens.balance_of(owner))


async def _knows(node: Node, signed: Signed) -> bool:
    return await rpc.transaction(node, signed.transaction_hash) is not None
