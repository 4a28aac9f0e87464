"""A bridge's orders: quoted, paid on one chain, delivered on another once, or sent back.

Shared by the bridges of the sandbox; each tells of it in its own words. Time passes when asked.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from domain.shared.assets import ASSETS, Asset
from infrastructure.sandbox.frame.world import CarriedOut, World
from infrastructure.sandbox.market import Deliver, Payment, Sources

ID_BYTES: Final = 32


class Stage(StrEnum):
    """PAYING: the payout is under way; it is never begun twice."""

    QUOTED = "QUOTED"
    PAID = "PAID"
    PAYING = "PAYING"
    DELIVERED = "DELIVERED"
    PARTIAL = "PARTIAL"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


_ENDS: Final = {
    "deliver": Stage.DELIVERED,
    "partial": Stage.PARTIAL,
    "refund": Stage.REFUNDED,
    "fail": Stage.FAILED,
}
OUTCOMES: Final = frozenset(_ENDS)


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is how it will end: deliver, partial, refund or fail; `at_once`: now."""

    id: str
    source: str
    target: str
    amount: int
    target_amount: int
    sender: str
    recipient: str
    seconds: int
    stage: Stage = Stage.QUOTED
    outcome: str = "deliver"
    at_once: bool = False
    transaction_hash: str | None = None
    paid_at: datetime | None = None
    payout_hash: str | None = None
    received: int | None = None
    received_asset: str | None = None

    @property
    def source_asset(self) -> Asset:
        return ASSETS[self.source]

    @property
    def target_asset(self) -> Asset:
        return ASSETS[self.target]


def new_id() -> str:
    """32 bytes in hex, as the calls on Ethereum carry it."""
    return f"0x{secrets.token_hex(ID_BYTES)}"


class Crossings:
    """Of one provider."""

    def __init__(
        self, world: World, provider: str, *, deliver: Deliver, sources: Sources | None
    ) -> None:
        self._world = world
        self._provider = provider
        self._deliver = deliver
        self._sources = sources
        self._orders = f"{provider}_crossing"
        self._by_hash = f"{provider}_by_hash"
        self._by_address = f"{provider}_by_address"
        world.books.append(self._carried_out)

    async def open(self, crossing: Crossing) -> Payment | None:
        """Remembers it; the transaction that pays it, where the chain has one to give."""
        payment = None
        if self._sources is not None:
            payment = await self._sources.payment(
                asset=crossing.source,
                sender=crossing.sender,
                order=crossing.id,
                amount=crossing.amount,
            )
        self._put(crossing)
        address = crossing.id if payment is None else payment.address
        self._world.memory.put(self._by_address, address, crossing.id)
        return payment

    def get(self, identifier: str) -> Crossing | None:
        return self._world.memory.get(self._orders, identifier, Crossing)

    def pay(self, identifier: str, transaction_hash: str) -> Crossing | None:
        """The payment was seen; a second one changes nothing."""
        crossing = self.get(identifier)
        if crossing is None or crossing.stage is not Stage.QUOTED:
            return crossing
        self._world.memory.put(self._by_hash, transaction_hash, identifier)
        return self._put(
            msgspec.structs.replace(
                crossing,
                stage=Stage.PAID,
                transaction_hash=transaction_hash,
                paid_at=self._world.clock.now(),
            )
        )

    def end_with(self, identifier: str, outcome: str) -> Crossing | None:
        """How it ends, the next time that it is asked for after its payment."""
        crossing = self.get(identifier)
        if crossing is None or outcome not in _ENDS:
            return None
        return self._put(msgspec.structs.replace(crossing, outcome=outcome, at_once=True))

    async def by_transaction(self, transaction_hash: str) -> Crossing | None:
        """By the payment's hash or the order's own id, as it stands now."""
        identifier = self._world.memory.get(self._by_hash, transaction_hash, str)
        if identifier is None and self.get(transaction_hash) is not None:
            identifier = transaction_hash
        if identifier is None:
            identifier = await self._paid_by(transaction_hash)
        return None if identifier is None else await self.now(identifier)

    async def now(self, identifier: str) -> Crossing | None:
        """As it stands now: what was due by the clock is done."""
        crossing = self.get(identifier)
        if crossing is None or crossing.stage is not Stage.PAID or crossing.paid_at is None:
            return crossing
        due = crossing.paid_at + timedelta(seconds=crossing.seconds)
        if not crossing.at_once and self._world.clock.now() < due:
            return crossing
        return await self._end(crossing)

    async def _paid_by(self, transaction_hash: str) -> str | None:
        if self._sources is None:
            return None
        for chain in {asset.chain for asset in ASSETS.values()}:
            credits_ = await self._sources.credits(
                chain=chain.value, transaction_hash=transaction_hash
            )
            for credit in credits_:
                identifier = self._world.memory.get(self._by_address, credit.address, str)
                crossing = None if identifier is None else self.get(identifier)
                if (
                    crossing is not None
                    and credit.asset == crossing.source
                    and credit.amount >= crossing.amount
                ):
                    self.pay(crossing.id, transaction_hash)
                    return crossing.id
        return None

    async def _end(self, crossing: Crossing) -> Crossing:
        """Whoever asks meanwhile finds it PAYING, and begins no second payout."""
        crossing = self._put(msgspec.structs.replace(crossing, stage=Stage.PAYING))
        asset, address, amount = crossing.target_asset, crossing.recipient, self._amount(crossing)
        if crossing.outcome == "refund":
            asset, address, amount = crossing.source_asset, crossing.sender, crossing.amount
        payout_hash = None
        if crossing.outcome != "fail":
            payout_hash = await self._deliver(
                asset=asset.symbol, chain=asset.chain.value, address=address, amount=amount
            )
        return self._put(
            msgspec.structs.replace(
                crossing,
                stage=_ENDS[crossing.outcome],
                payout_hash=payout_hash,
                received=None if payout_hash is None else amount,
                received_asset=None if payout_hash is None else asset.symbol,
            )
        )

    def _carried_out(self) -> Iterator[CarriedOut]:
        for crossing in self._world.memory.all(self._orders, Crossing):
            if crossing.received is not None and crossing.received_asset is not None:
                yield CarriedOut(
                    provider=self._provider,
                    reference=crossing.id,
                    asset=crossing.received_asset,
                    amount=crossing.received,
                    transaction_hash=crossing.payout_hash,
                )

    def _amount(self, crossing: Crossing) -> int:
        if crossing.outcome == "partial":
            return crossing.target_amount // 2
        return self._world.faults.scaled(crossing.target_amount, self._provider, "deliver")

    def _put(self, crossing: Crossing) -> Crossing:
        self._world.memory.put(self._orders, crossing.id, crossing)
        return crossing
