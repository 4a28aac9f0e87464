"""Sui as the port has it: SUI in coin objects, and calls of providers' making."""

from collections.abc import Sequence
from typing import Final

from domain.provider.ports.answers import Declined, Setback
from domain.provider.ports.chain import (
    Accepted,
    Credit,
    Likeness,
    Movement,
    NetworkFee,
    PlainTransfer,
    Sighting,
    Signed,
    TransferPrepared,
)
from domain.provider.ports.unsigned import SuiTransaction, Unsigned
from domain.shared.assets import SUI, Asset, Chain
from domain.shared.errors import InvalidInput
from infrastructure.chains.nodes import (
    TIMEOUT_SECONDS,
    Node,
    NodeContradicts,
    Nodes,
    answered,
    unsupported,
)
from infrastructure.chains.sent import sent
from infrastructure.chains.sui import addresses, building, coins, rpc, signing, watching
from infrastructure.chains.sui.bcs import NotBcs
from infrastructure.chains.sui.model import Gas, Transaction
from infrastructure.chains.sui.reading import read
from infrastructure.http import HttpClient

FINALITY_DEPTH: Final = 3
ESTIMATED_SECONDS: Final = 2
# A provider may be in a hurry; beyond this it burns its user's money.
PROVIDED_PRICE_FACTOR_MAX: Final = 10
PROVIDED_BUDGET_MAX: Final = 10**9
# What a provider's call may need: so many times what a transfer does.
CALL_FEE_FACTOR: Final = 5
_AMOUNT_MAX: Final = 2**63


class SuiGateway:
    """`urls` are those of GraphQL services, in order of preference. A transaction is final
    `finality_depth` checkpoints deep, its own counted."""

    def __init__(
        self,
        *,
        client: HttpClient,
        urls: Sequence[str],
        finality_depth: int = FINALITY_DEPTH,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._nodes = Nodes(client, urls, timeout_seconds=timeout_seconds)
        self._finality_depth = finality_depth

    @property
    def chain(self) -> Chain:
        return Chain.SUI

    async def healthy(self) -> bool:
        return isinstance(await answered(self._nodes.read(rpc.reference_gas_price)), int)

    def parse_address(self, text: str) -> str:
        return addresses.parse(text)

    async def balance(self, address: str, asset: Asset) -> int | Setback:
        """At the newest checkpoint."""
        owner = addresses.parse(address)
        if asset != SUI:
            return unsupported(f"{asset.symbol} is not on Sui")
        return await answered(self._nodes.read(lambda node: rpc.balance(node, owner)))

    async def network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback:
        """The most that it can cost at this epoch's reference price, whatever the transfer's own
        rate; also where the sender could not pay for it."""
        setback = _judge(transfer)
        if setback is not None:
            return setback
        rate = await answered(self._nodes.read(_rate_at))
        if not isinstance(rate, int):
            return rate
        return NetworkFee(
            amount=coins.budget(rate),
            asset=SUI.symbol,
            rate=rate,
            estimated_seconds=ESTIMATED_SECONDS,
        )

    async def call_fee(self, sender: str, asset: Asset) -> NetworkFee | Setback:
        addresses.parse(sender)
        if asset != SUI:
            return unsupported(f"{asset.symbol} is not on Sui")
        rate = await answered(self._nodes.read(_rate_at))
        if not isinstance(rate, int):
            return rate
        return NetworkFee(
            amount=CALL_FEE_FACTOR * coins.budget(rate),
            asset=SUI.symbol,
            rate=rate,
            estimated_seconds=ESTIMATED_SECONDS,
        )

    async def prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        """At the transfer's own rate, from coins by the rule of `coins`."""
        if not 0 < transfer.fee_rate <= coins.FEE_RATE_MAX:
            raise InvalidInput(field="feeRate")
        setback = _judge(transfer)
        if setback is not None:
            return setback
        return await answered(self._prepare_transfer(transfer))

    async def prepare_call(
        self, sender: str, unsigned: Unsigned, *, instead_of: str | None = None
    ) -> TransferPrepared | Setback:
        """A provider's transaction, if the sender alone signs it and pays for it, within reason."""
        if not isinstance(unsigned, SuiTransaction):
            return unsupported("the transaction is another chain's")
        owner = addresses.parse(sender)
        try:
            transaction = read(unsigned.transaction)
        except NotBcs as error:
            return Declined(code="PRV_RESPONSE_INVALID", reason=str(error))
        if transaction.sender != owner or transaction.gas.owner != owner:
            return unsupported("not the sender's own transaction at the sender's own cost")
        wrong = building.overreach(transaction)
        if wrong is not None:
            return Declined(code="PRV_RESPONSE_INVALID", reason=wrong)
        return await answered(self._prepare_call(unsigned.transaction, transaction, instead_of))

    def accept_signature(self, prepared: TransferPrepared, signed: bytes, *, signer: str) -> Signed:
        return signing.complete(prepared, signed, addresses.parse(signer))

    async def broadcast(self, signed: Signed) -> Accepted | Setback:
        """A conflict is Unanswered: whether it can still land, `sighting` tells by its coins. One
        that was executed and failed is accepted as well: `sighting` tells."""
        return await self._nodes.broadcast(
            signed,
            send=lambda node: rpc.execute(node, *signing.parts(signed)),
            knows=lambda node: _knows(node, signed),
        )

    async def sighting(
        self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
    ) -> Sighting | Setback:
        """PENDING: executed, and in no checkpoint yet. REVERTED is final too."""
        return await self._nodes.sighting(
            lambda node: watching.sighting_at(node, transaction_hash, inputs, self._finality_depth)
        )

    async def sent(self, prepared: TransferPrepared) -> str | Setback | None:
        """One with other gas is another transaction: what it used is shown within a second."""
        return await sent(self, prepared, building.digest_text(prepared.commitment), is_free=_free)

    async def likeness(
        self, prepared: TransferPrepared, transaction_hash: str
    ) -> Likeness | Setback:
        return await answered(
            self._nodes.read(lambda node: watching.likeness_at(node, prepared, transaction_hash))
        )

    async def movements(self, transaction_hash: str) -> tuple[Movement, ...] | Setback:
        """What its balance changes add to somebody, in SUI."""
        return await answered(
            self._nodes.read(lambda node: watching.movements_at(node, transaction_hash))
        )

    async def taken(self, transaction_hash: str, *, signer: str) -> tuple[Movement, ...] | Setback:
        owner = addresses.parse(signer)
        return await answered(
            self._nodes.read(lambda node: watching.taken_at(node, transaction_hash, owner))
        )

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        return await answered(
            self._nodes.read(lambda node: watching.received_at(node, transaction_hash, addresses))
        )

    async def final_height(self) -> int | Setback:
        return await answered(
            self._nodes.read(lambda node: watching.final_height_at(node, self._finality_depth))
        )

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        """One question for ten addresses, and more where one has a long history."""
        return await answered(
            self._nodes.read(
                lambda node: watching.credits_at(
                    node,
                    addresses,
                    after=after,
                    up_to=up_to,
                    finality_depth=self._finality_depth,
                )
            )
        )

    async def _prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        sender, recipient = addresses.parse(transfer.sender), addresses.parse(transfer.recipient)
        budget = coins.budget(transfer.fee_rate)
        held = await self._nodes.read(lambda node: rpc.coins(node, sender))
        payment = coins.select_largest_first(
            held, transfer.amount + budget, first=transfer.instead_of
        )
        if payment is None:
            return Declined(
                code="TXN_INSUFFICIENT_BALANCE", reason="coins do not cover amount and gas"
            )
        gas = Gas(payment=payment, owner=sender, price=transfer.fee_rate, budget=budget)
        payload = building.encode(
            building.Transfer(sender=sender, recipient=recipient, amount=transfer.amount, gas=gas)
        )
        # Read back as whoever signs it reads it, which also names the coins that it uses.
        return building.prepared(payload, read(payload))

    async def _prepare_call(
        self, content: bytes, transaction: Transaction, instead_of: str | None
    ) -> TransferPrepared | Setback:
        gas = transaction.gas
        rate = await self._nodes.read(_rate_at)
        if not gas.payment or len(gas.payment) > coins.COINS_MAX:
            return Declined(
                code="PRV_RESPONSE_INVALID", reason="names no coins for gas, or too many"
            )
        if gas.price < rate:
            return Declined(code="TXN_COST_ROSE", reason="gas costs more than the call offers")
        if gas.price > rate * PROVIDED_PRICE_FACTOR_MAX or gas.budget > PROVIDED_BUDGET_MAX:
            return Declined(code="PRV_RESPONSE_INVALID", reason="gas out of all proportion")
        prepared = building.prepared(content, transaction)
        if instead_of in {None, *prepared.inputs}:
            return prepared
        held = await self._nodes.read(lambda node: rpc.coins(node, transaction.sender))
        if any(coins.name_of(coin.reference) == instead_of for coin in held):
            return unsupported("spends other coins than what was shown before, and may be signed")
        return prepared


async def _free() -> bool:
    return True


async def _knows(node: Node, signed: Signed) -> bool:
    return (await rpc.seen(node, signed.transaction_hash)).transaction is not None


async def _rate_at(node: Node) -> int:
    rate = await rpc.reference_gas_price(node)
    if not 0 < rate <= coins.FEE_RATE_MAX:
        raise NodeContradicts(f"a gas price of {rate} is beyond belief")
    return rate


def _judge(transfer: PlainTransfer) -> Declined | None:
    addresses.parse(transfer.sender)
    addresses.parse(transfer.recipient)
    if transfer.asset != SUI:
        return unsupported(f"{transfer.asset.symbol} is not on Sui")
    if not 0 < transfer.amount < _AMOUNT_MAX:
        raise InvalidInput(field="amount")
    return None
