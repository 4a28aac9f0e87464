"""Legs on Solana: from an effect's request to an outcome that the domain knows.

The adapter's errors end here. What was not executed is NotAttempted, what may have been is
Unknown; a node's refusal of signed bytes proves nothing and is watched like any other. What kind of
leg it is (a transfer, a swap, …) matters where it is built and where it is read from the chain.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.contracts.events import NetworkCost, SolPrice
from domain.contracts.transfer_events import LegRequested
from domain.provider.effects import (
    Absent,
    Accepted,
    AnyLanded,
    BroadcastOutcome,
    BuildOutcome,
    Built,
    Declined,
    LandedWithError,
    MoreCharged,
    NotAttempted,
    Unknown,
)
from domain.provider.ports.prices import Price
from domain.provider.valuation import usd_value_rounded_down
from domain.shared.assets import SOL, USDC
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import (
    Absence,
    BroadcastKind,
    Footprint,
    Level,
    PreparedTransfer,
    Status,
    TransferCost,
)

RETRY_SECONDS: Final = 1.0
"""When a call that did not take place is tried again."""
LOOK_AGAIN_SECONDS: Final = 5.0
"""How long a broadcast is watched here before anybody may take it over."""
SECONDS_PER_BLOCK: Final = 0.4
SIGNING_MARGIN_SECONDS: Final = 5.0
"""An action expires this long before its blockhash, so that what is signed in time can land."""
BORNE_MILLIONTHS: Final = 200_000
"""So much more than was shown the network may ask before the user is asked whether they will pay it:
a fifth, which moves too often for a question."""
_MILLION: Final = 1_000_000

LEVELS: Final = (Level.PROCESSED, Level.CONFIRMED, Level.FINALIZED)


@dataclass(frozen=True, slots=True)
class Watched:
    """A broadcast transaction: its signature and the height after which it cannot land."""

    signature: str
    last_valid_block_height: int

    @classmethod
    def of(cls, request: JsonObject) -> "Watched":
        """As the broadcast effect's request names it."""
        return cls(str(request["signature"]), int(request["last_valid_block_height"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where on the chain a leg was found, and what it left there."""

    slot: int
    commitment: str
    left: Footprint


class LegKind(Protocol):
    """One kind of leg: how it is built, and how it is read when it has landed."""

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        """What the user signs, on a fresh blockhash. It only reads, so it may be repeated; raises
        `RpcError` where Solana could not be asked."""
        ...

    def read(self, stream: Stream, seen: Seen) -> AnyLanded | None:
        """What it did; None where that cannot be read from here yet."""
        ...


def network_cost(cost: TransferCost, price: Price) -> NetworkCost:
    """Lamports in USDC, which counts as US dollars, rounded down to the base unit."""
    return NetworkCost(
        network_fee_lamports=cost.network_fee_lamports,
        rent_lamports=cost.rent_lamports,
        total_base_units=usd_value_rounded_down(cost.total_lamports, SOL, price),
        price=SolPrice(micro_usd=price.micro_usd, source=price.source, at=price.at),
    )


def cost_by_quote(cost: TransferCost, quoted: NetworkCost) -> NetworkCost:
    """The same at the price that the user was quoted: what they pay rises with the lamports alone."""
    known = quoted.price
    if known is None:
        raise LookupError("nothing was quoted in lamports")
    price = Price(symbol=SOL.symbol, micro_usd=known.micro_usd, source=known.source, at=known.at)
    return network_cost(cost, price)


def charge(
    asked: NetworkCost, shown: NetworkCost, *, payable: int | None = None
) -> NetworkCost | MoreCharged | Declined:
    """What the user pays of what the network asks: never more than they were shown. Up to a limit
    the rest is borne for them; beyond it they are asked, where it can be paid at all, which has to
    be out of less than `payable`."""
    if asked.total_base_units <= shown.total_base_units:
        return asked
    if is_borne(asked.total_base_units, shown.total_base_units):
        return shown
    if payable is not None and asked.total_base_units >= payable:
        return Declined(code="TXN_COST_ROSE", reason="the network asks more than there is")
    return MoreCharged(network_cost=asked)


def is_borne(asked: int, shown: int) -> bool:
    """Whether the platform, who pays the network, bears what is asked beyond what was shown."""
    return asked <= shown + shown * BORNE_MILLIONTHS // _MILLION


def built(
    prepared: PreparedTransfer,
    now: datetime,
    *,
    summary: str,
    brings: tuple[int, str],
    charged: NetworkCost,
    due: int,
    reference: str | None = None,
) -> Built:
    """A message to be signed before its blockhash is too old; it `brings` so much of an asset, and
    pays what is `due` from earlier."""
    lifetime = max(0.0, prepared.blocks_left * SECONDS_PER_BLOCK - SIGNING_MARGIN_SECONDS)
    return Built(
        message=base64.b64encode(prepared.built.message).decode(),
        payload=base64.b64encode(prepared.built.unsigned).decode(),
        summary=f"{summary}{_with_due(due)}",
        blockhash=prepared.built.blockhash,
        last_valid_block_height=prepared.last_valid_block_height,
        recipient_amount=brings[0],
        asset=brings[1],
        network_cost=charged,
        reference=reference,
        fee_due=due,
        expires_at=now + timedelta(seconds=lifetime),
        exchange={
            "blockhash": prepared.built.blockhash,
            "last_valid_block_height": prepared.last_valid_block_height,
        },
    )


def _with_due(due: int) -> str:
    return f", and {AssetAmount.of(due, USDC.symbol)} of fees due from earlier" if due else ""


class SolanaLegs:
    """`kinds` by the event that asks for them; `commitment` is the level that counts as confirmed."""

    def __init__(
        self,
        gateway: SolanaGateway,
        *,
        kinds: Mapping[type[LegRequested], LegKind],
        commitment: Level,
    ) -> None:
        self._gateway = gateway
        self._kinds = kinds
        self._commitment = commitment

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        """The message of the leg, on a fresh blockhash. It only reads, so it may be repeated."""
        try:
            return await self._kind(stream).build(stream, now)
        except RpcError as error:
            due_at = now + timedelta(seconds=RETRY_SECONDS)
            return NotAttempted(reason=str(error), due_at=due_at)

    async def broadcast(
        self, _stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome:
        """Hands the stored bytes to a node; sending them again is the same transaction."""
        signed = base64.b64decode(request["transaction"])
        answer = await self._gateway.broadcast(signed)
        watch_until = now + timedelta(seconds=LOOK_AGAIN_SECONDS)
        match answer.kind:
            case BroadcastKind.ACCEPTED:
                return Accepted(due_at=watch_until)
            case BroadcastKind.NOT_ATTEMPTED:
                pause = timedelta(seconds=answer.retry_after_seconds or RETRY_SECONDS)
                return NotAttempted(reason=answer.reason or "", due_at=now + pause)
            case BroadcastKind.UNKNOWN | BroadcastKind.DECLINED:
                retry_at = now + timedelta(seconds=RETRY_SECONDS)
                return Unknown(reason=answer.reason or "", due_at=retry_at)

    async def inquire(
        self, stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome | None:
        """What became of bytes that may have been sent; None: nothing is known, and they may yet
        land, so sending them again is safe and useful."""
        watched = Watched.of(request)
        try:
            statuses = await self._gateway.statuses([watched.signature], search_history=True)
            status = statuses[watched.signature]
            if status is not None:
                return await self._landed(stream, watched, status, now)
            absence = await self._gateway.prove_absence(
                watched.signature, watched.last_valid_block_height
            )
        except RpcError as error:
            due_at = now + timedelta(seconds=RETRY_SECONDS)
            return Unknown(reason=str(error), due_at=due_at)
        if absence is Absence.ABSENT:
            return Absent(block_height=watched.last_valid_block_height)
        return None

    async def confirmed(self, signatures: Sequence[str]) -> Mapping[str, Status]:
        """Those that reached the commitment or landed with an error."""
        statuses = await self._gateway.statuses(signatures)
        return {
            signature: status
            for signature, status in statuses.items()
            if status is not None and self._reached(status)
        }

    async def landed(
        self, stream: Stream, watched: Watched, status: Status, now: datetime
    ) -> BroadcastOutcome:
        """What a confirmed transaction did, as the chain shows it."""
        try:
            return await self._landed(stream, watched, status, now)
        except RpcError as error:
            due_at = now + timedelta(seconds=RETRY_SECONDS)
            return Unknown(reason=str(error), due_at=due_at)

    async def _landed(
        self, stream: Stream, watched: Watched, status: Status, now: datetime
    ) -> BroadcastOutcome:
        if not self._reached(status):
            return Accepted(due_at=now + timedelta(seconds=LOOK_AGAIN_SECONDS))
        left = await self._gateway.footprint(watched.signature)
        if left is None:
            return _unreadable(now)
        if status.error is not None:
            return LandedWithError(reason=status.error, lamports_spent=left.lamports_spent)
        seen = Seen(slot=status.slot, commitment=self._commitment, left=left)
        return self._kind(stream).read(stream, seen) or _unreadable(now)

    def _kind(self, stream: Stream) -> LegKind:
        requested = stream.known(LegRequested)
        return next(kind for of, kind in self._kinds.items() if isinstance(requested, of))

    def _reached(self, status: Status) -> bool:
        return LEVELS.index(status.level) >= LEVELS.index(self._commitment)


def _unreadable(now: datetime) -> Unknown:
    """Confirmed and yet unreadable here: a node behind. It is asked again, never guessed."""
    retry_at = now + timedelta(seconds=RETRY_SECONDS)
    return Unknown(reason="the transaction is confirmed but not readable yet", due_at=retry_at)
