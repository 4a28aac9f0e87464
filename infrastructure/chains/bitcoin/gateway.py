"""Bitcoin as the port has it: native segwit senders, any standard recipient, Esplora's nodes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Final

from embit.psbt import PSBT
from embit.transaction import SIGHASH
from embit.transaction import Transaction as RawTransaction

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.chain import (
    Accepted,
    Credit,
    Likeness,
    Movement,
    NetworkFee,
    PlainTransfer,
    Presence,
    Sighting,
    Signed,
    TransferPrepared,
)
from domain.provider.ports.unsigned import BitcoinPsbt, Unsigned
from domain.shared.assets import BTC, Asset, Chain
from domain.shared.errors import InvalidInput
from infrastructure.chains.bitcoin import addresses, building, coins, esplora, inbound, verification
from infrastructure.chains.bitcoin.addresses import ParsedAddress
from infrastructure.chains.bitcoin.coins import Coin, Selection, Wish
from infrastructure.chains.bitcoin.wire import Outspend, Status
from infrastructure.chains.nodes import (
    ON_ITS_WAY,
    TIMEOUT_SECONDS,
    Node,
    NodeContradicts,
    NodeMalformed,
    Nodes,
    answered,
    unsupported,
)
from infrastructure.chains.sent import sent
from infrastructure.http import HttpClient

FINALITY_DEPTH: Final = 6
# Fees are asked for what lands within so many blocks.
TARGET_BLOCKS: Final = 3
BLOCK_SECONDS: Final = 600
# Satoshi per 1,000 virtual bytes: what nodes relay at least, and twice what was ever paid widely.
FEE_RATE_MIN: Final = 1_000
FEE_RATE_MAX: Final = 2_000_000
# What a provider pays, its mark, and change: outputs of a call, at their largest.
CALL_OUTPUTS: Final = (34, 83, 34)
# A provider may be in a hurry: so many times the present rate is what its call may cost.
CALL_FEE_FACTOR: Final = 2
# A provider may be in a hurry; beyond this it burns its user's money.
PROVIDED_FEE_FACTOR_MAX: Final = 10


class BitcoinGateway:
    """`urls` are base addresses of Esplora's API, in order of preference. A transaction is final
    `finality_depth` blocks deep, its own counted."""

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
        return Chain.BITCOIN

    async def healthy(self) -> bool:
        return isinstance(await answered(self._nodes.read(esplora.fee_estimates)), dict)

    def parse_address(self, text: str) -> str:
        return addresses.parse(text).text

    async def balance(self, address: str, asset: Asset) -> int | Setback:
        """What is in blocks; what is in the mempool alone does not count."""
        if asset != BTC:
            return unsupported(f"{asset.symbol} is not on Bitcoin")
        canonical = self.parse_address(address)
        return await answered(self._nodes.read(lambda node: esplora.confirmed_sum(node, canonical)))

    async def network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback:
        """At the rate that nodes estimate now, whatever the transfer's own; where the sender's
        coins do not cover it, the fee for one coin."""
        return await answered(self._network_fee(transfer))

    async def call_fee(self, sender: str, asset: Asset) -> NetworkFee | Setback:
        """For a transaction of all coins that may pay."""
        owner = addresses.parse(sender)
        if asset != BTC or owner.kind not in coins.SPENDABLE:
            return unsupported("only native segwit addresses with BTC can pay here")
        return await answered(self._call_fee(owner))

    async def prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        """At the transfer's own rate, from confirmed coins by the rule of `coins`."""
        if not FEE_RATE_MIN <= transfer.fee_rate <= FEE_RATE_MAX:
            raise InvalidInput(field="feeRate")
        return await answered(self._prepare_transfer(transfer))

    async def prepare_call(
        self, sender: str, unsigned: Unsigned, *, instead_of: str | None = None
    ) -> TransferPrepared | Setback:
        """A provider's PSBT, if it spends the sender's own unspent coins alone."""
        if not isinstance(unsigned, BitcoinPsbt):
            return unsupported("the transaction is another chain's")
        try:
            psbt = building.parse_psbt(unsigned.psbt)
        except building.NotAPsbt as error:
            return Declined(code="PRV_RESPONSE_INVALID", reason=str(error))
        return await answered(self._provided(addresses.parse(sender), psbt, instead_of))

    def accept_signature(self, prepared: TransferPrepared, signed: bytes, *, signer: str) -> Signed:
        return verification.complete(prepared, signed, addresses.parse(signer))

    async def broadcast(self, signed: Signed) -> Accepted | Setback:
        """A conflict is Unanswered: whether it can still land, `sighting` tells by its inputs."""
        return await self._nodes.broadcast(
            signed,
            send=lambda node: esplora.broadcast(node, signed.raw),
            knows=lambda node: _knows(node, signed),
        )

    async def sighting(
        self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
    ) -> Sighting | Setback:
        return await self._nodes.sighting(
            lambda node: self._sighting_at(node, transaction_hash, inputs)
        )

    async def sent(self, prepared: TransferPrepared) -> str | Setback | None:
        return await sent(
            self,
            prepared,
            prepared.commitment.hex(),
            is_free=lambda: answered(self._is_free(prepared.inputs)),
        )

    async def likeness(
        self, prepared: TransferPrepared, transaction_hash: str
    ) -> Likeness | Setback:
        """By its outputs to others: more of them than were prepared do no harm."""
        other = await answered(
            self._nodes.read(lambda node: esplora.raw_transaction(node, transaction_hash))
        )
        if isinstance(other, RawTransaction):
            return building.likeness(prepared, other)
        return other

    async def movements(self, transaction_hash: str) -> tuple[Movement, ...] | Setback:
        """Its outputs that have an address, change included, as its own bytes have them."""
        return await answered(
            self._nodes.read(lambda node: inbound.movements_at(node, transaction_hash))
        )

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        return await answered(
            self._nodes.read(lambda node: inbound.received_at(node, transaction_hash, addresses))
        )

    async def final_height(self) -> int | Setback:
        return await answered(
            self._nodes.read(lambda node: inbound.final_height_at(node, self._finality_depth))
        )

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        """One question an address, or more where it has a long history."""
        span = inbound.Span(after=after, up_to=up_to, finality_depth=self._finality_depth)
        return await answered(
            self._nodes.read(lambda node: inbound.credits_at(node, addresses, span))
        )

    async def taken(self, transaction_hash: str, *, signer: str) -> tuple[Movement, ...] | Setback:
        """Its outputs to others, at the place of the first: it spends the signer's coins alone."""
        own = addresses.parse(signer).text
        credits_ = await self.movements(transaction_hash)
        if not isinstance(credits_, tuple):
            return credits_
        paid = [one for one in credits_ if one.address != own]
        if not paid:
            return ()
        return (replace(paid[0], address=own, amount=sum(one.amount for one in paid)),)

    async def _call_fee(self, owner: ParsedAddress) -> NetworkFee:
        count = max(1, min(len(await self._coins(owner.text)), coins.INPUTS_MAX))
        rate = await self._nodes.read(_rate_at)
        size = coins.virtual_bytes(owner.kind, count, [bytes(length) for length in CALL_OUTPUTS])
        return NetworkFee(
            amount=-(-size * rate * CALL_FEE_FACTOR // 1000),
            asset=BTC.symbol,
            rate=rate,
            estimated_seconds=TARGET_BLOCKS * BLOCK_SECONDS,
        )

    async def _network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback:
        wish = _wish(transfer, await self._nodes.read(_rate_at))
        if isinstance(wish, Declined):
            return wish
        selection = coins.select_largest_first(await self._coins(transfer.sender), wish)
        return NetworkFee(
            amount=wish.fee(1, with_change=True) if selection is None else selection.fee,
            asset=BTC.symbol,
            rate=wish.fee_rate,
            estimated_seconds=TARGET_BLOCKS * BLOCK_SECONDS,
        )

    async def _prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback:
        wish = _wish(transfer, transfer.fee_rate)
        if isinstance(wish, Declined):
            return wish
        held = await self._coins(transfer.sender)
        first = transfer.instead_of
        if first is not None and not any(coin.outpoint == first for coin in held):
            if not await self._is_gone(first):
                return NotAttempted(reason=ON_ITS_WAY)
            first = None
        selection = coins.select_largest_first(held, wish, first=first)
        if selection is None:
            return Declined(
                code="TXN_INSUFFICIENT_BALANCE",
                reason="confirmed coins do not cover amount and fee",
            )
        funded = await self._nodes.read(lambda node: _funded_at(node, selection, wish))
        return building.build(funded, selection, wish)

    async def _provided(
        self, sender: ParsedAddress, psbt: PSBT, instead_of: str | None
    ) -> TransferPrepared | Setback:
        prepared = await self._prepare_call(sender, psbt)
        if not isinstance(prepared, TransferPrepared) or instead_of is None:
            return prepared
        if instead_of in prepared.inputs or await self._is_gone(instead_of):
            return prepared
        return unsupported("spends other coins than what was shown before, and may be signed")

    async def _prepare_call(self, sender: ParsedAddress, psbt: PSBT) -> TransferPrepared | Setback:
        if sender.kind not in coins.SPENDABLE:
            return unsupported("only native segwit addresses can sign here")
        known = {
            (coin.txid, coin.vout): coin.value
            for coin in await self._nodes.read(lambda node: esplora.unspent(node, sender.text))
        }
        for scope in psbt.inputs:
            output = scope.witness_utxo
            if output is None or output.script_pubkey.data != sender.script:
                return unsupported("an input is not the sender's")
            if scope.sighash_type not in {None, SIGHASH.DEFAULT, SIGHASH.ALL}:
                return unsupported("asks for a signature that leaves something open")
            if known.get((scope.txid.hex(), scope.vout)) != output.value:
                return Declined(
                    code="PRV_RESPONSE_INVALID",
                    reason="an input is not an unspent coin of the sender",
                )
        size = coins.virtual_bytes(
            sender.kind, len(psbt.inputs), [one.script_pubkey.data for one in psbt.outputs]
        )
        rate = await self._nodes.read(_rate_at)
        if not size * FEE_RATE_MIN <= psbt.fee() * 1000 <= size * rate * PROVIDED_FEE_FACTOR_MAX:
            return Declined(code="PRV_RESPONSE_INVALID", reason="a fee out of all proportion")
        return building.prepared(psbt)

    async def _is_free(self, inputs: tuple[str, ...]) -> bool:
        """Whether nothing spends any of them, not even in the pool."""

        async def spends(node: Node) -> list[Outspend]:
            places = (outpoint.partition(":") for outpoint in inputs)
            return [await esplora.outspend(node, txid, int(vout)) for txid, _, vout in places]

        return not any(spend.spent for spend in await self._nodes.read(spends))

    async def _is_gone(self, outpoint: str) -> bool:
        """Whether a transaction that is final has spent it."""
        return await self._nodes.read(lambda node: self._rival(node, "", (outpoint,))) is not None

    async def _coins(self, sender: str) -> list[Coin]:
        found = await self._nodes.read(lambda node: esplora.unspent(node, sender))
        return [
            Coin(txid=one.txid, vout=one.vout, value=one.value)
            for one in found
            if one.status.confirmed
        ]

    async def _sighting_at(self, node: Node, txid: str, inputs: tuple[str, ...]) -> Sighting:
        found = await esplora.transaction(node, txid)
        if found is None:
            rival = await self._rival(node, txid, inputs)
            presence = Presence.SUPERSEDED if rival else Presence.UNKNOWN
            return Sighting(presence=presence, rival=rival)
        depth = await _depth(node, found.status)
        if depth == 0:
            return Sighting(presence=Presence.PENDING, fee=found.fee)
        final = depth >= self._finality_depth
        return Sighting(
            presence=Presence.FINAL if final else Presence.INCLUDED,
            depth=depth,
            block=found.status.block_hash,
            fee=found.fee,
        )

    async def _rival(self, node: Node, txid: str, inputs: tuple[str, ...]) -> str | None:
        """Another transaction that is final and spends one of `inputs`."""
        for outpoint in inputs:
            parent, _, vout = outpoint.partition(":")
            spend = await esplora.outspend(node, parent, int(vout))
            if not spend.spent or spend.status is None or spend.txid in {None, txid}:
                continue
            if await _depth(node, spend.status) >= self._finality_depth:
                return spend.txid
        return None


async def _knows(node: Node, signed: Signed) -> bool:
    return await esplora.transaction(node, signed.transaction_hash) is not None


async def _rate_at(node: Node) -> int:
    """The estimate for the target or, where it is missing, for the next faster one there is."""
    estimates = await esplora.fee_estimates(node)
    usable = {int(blocks): rate for blocks, rate in estimates.items() if blocks.isdigit()}
    if not usable:
        raise NodeMalformed("no fee estimates")
    faster = [blocks for blocks in usable if blocks <= TARGET_BLOCKS]
    per_byte = usable[max(faster) if faster else min(usable)]
    rate = int((per_byte * Decimal(1000)).to_integral_value(ROUND_CEILING))
    if not 0 < rate <= FEE_RATE_MAX:
        raise NodeContradicts(f"a fee rate of {per_byte} is beyond belief")
    return max(rate, FEE_RATE_MIN)


async def _funded_at(node: Node, selection: Selection, wish: Wish) -> list[building.Funded]:
    """The parents of the coins, each proven by its identifier to hold what the node said."""
    parents = {coin.txid: coin for coin in selection.coins}
    raw = await asyncio.gather(*(esplora.raw_transaction(node, txid) for txid in parents))
    by_id = dict(zip(parents, raw, strict=True))
    funded = [building.Funded(coin, by_id[coin.txid]) for coin in selection.coins]
    for one in funded:
        outputs = one.parent.vout
        output = outputs[one.coin.vout] if one.coin.vout < len(outputs) else None
        if output is None or (output.value, output.script_pubkey.data) != (
            one.coin.value,
            wish.sender_script,
        ):
            raise NodeContradicts("a coin is not what the node said")
    return funded


async def _depth(node: Node, status: Status) -> int:
    if status.block_height is None or not await inbound.is_included(node, status):
        return 0
    return max(0, await esplora.tip_height(node) - status.block_height + 1)


def _wish(transfer: PlainTransfer, fee_rate: int) -> Wish | Declined:
    sender, recipient = addresses.parse(transfer.sender), addresses.parse(transfer.recipient)
    if transfer.asset != BTC:
        return unsupported(f"{transfer.asset.symbol} is not on Bitcoin")
    if sender.kind not in coins.SPENDABLE:
        return unsupported("only native segwit addresses can send")
    if transfer.amount < coins.DUST[recipient.kind]:
        return Declined(code="TXN_BELOW_MINIMUM", reason="nodes do not relay so small an output")
    return Wish(
        amount=transfer.amount,
        fee_rate=fee_rate,
        sender_kind=sender.kind,
        sender_script=sender.script,
        recipient_script=recipient.script,
    )
