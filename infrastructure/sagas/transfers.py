"""The Send's calls to Solana: from an effect's request to an outcome that the domain knows.

The adapter's errors end here. What was not executed is NotAttempted, what may have been is
Unknown; a node's refusal of signed bytes proves nothing and is watched like any other.
"""

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from solders.pubkey import Pubkey

from domain.contracts.events import NetworkCost
from domain.contracts.transfer_events import LegRequested, TransferRequested, TransferWanted
from domain.provider.effects import (
    Absent,
    Accepted,
    BroadcastOutcome,
    BuildOutcome,
    Built,
    Declined,
    Landed,
    LandedWithError,
    NotAttempted,
    Unknown,
)
from domain.shared.assets import USDC
from domain.shared.figures import Figures
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject
from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    associated_token_account,
    parse_address,
    reference_of,
)
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import (
    Absence,
    BroadcastKind,
    Level,
    Status,
    TokenMovement,
    TransferCost,
    TransferRequest,
)

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
"""When a call that did not take place is tried again."""
LOOK_AGAIN_SECONDS: Final = 5.0
"""How long a broadcast is watched here before anybody may take it over."""
QUOTE_SECONDS: Final = 15.0
"""So long a Send's quoted cost is taken for the chain's; a rebuild comes later and asks again."""
SECONDS_PER_BLOCK: Final = 0.4
SIGNING_MARGIN_SECONDS: Final = 5.0
"""An action expires this long before its blockhash, so that what is signed in time can land."""
BASE_UNITS_PER_USDC: Final = 10**USDC.decimals

LEVELS: Final = (Level.PROCESSED, Level.CONFIRMED, Level.FINALIZED)


@dataclass(frozen=True, slots=True)
class Watched:
    """A broadcast transfer: its signature and the height after which it cannot land."""

    signature: str
    last_valid_block_height: int

    @classmethod
    def of(cls, request: JsonObject) -> "Watched":
        """As the broadcast effect's request names it."""
        return cls(str(request["signature"]), int(request["last_valid_block_height"]))


def network_cost(cost: TransferCost, figures: Figures) -> NetworkCost:
    """Lamports in USDC at the configured price, rounded down to the base unit."""
    total = cost.total_lamports * BASE_UNITS_PER_USDC // figures.lamports_per_usdc
    return NetworkCost(
        network_fee_lamports=cost.network_fee_lamports,
        rent_lamports=cost.rent_lamports,
        total_base_units=total,
        lamports_price_source=figures.lamports_price_source,
    )


class SolanaTransfers:
    """`commitment` is the level at which a transfer counts as confirmed."""

    def __init__(self, gateway: SolanaGateway, *, figures: Figures, commitment: Level) -> None:
        self._gateway = gateway
        self._figures = figures
        self._commitment = commitment

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        """The message of the Send, on a fresh blockhash. It only reads, so it may be repeated."""
        try:
            return await self._build(stream, now)
        except RpcError as error:
            due_at = now + timedelta(seconds=RETRY_SECONDS)
            return NotAttempted(reason=str(error), due_at=due_at)

    async def broadcast(self, request: JsonObject, now: datetime) -> BroadcastOutcome:
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

    async def _build(self, stream: Stream, now: datetime) -> BuildOutcome:
        requested = stream.known(TransferRequested)
        wanted = requested.transfer
        recipient = parse_address(wanted.recipient_address)
        charged = await self._cost(stream, recipient, now)
        if charged.total_base_units > requested.network_cost.total_base_units:
            return Declined(code="TXN_COST_ROSE", reason="the network's cost rose above the quote")
        delivered = wanted.amount - wanted.platform_fee - charged.total_base_units
        prepared = await self._gateway.prepare_transfer(
            TransferRequest(
                sender=parse_address(wanted.sender_address),
                recipient_owner=recipient,
                amount_base_units=delivered,
                platform_fee_base_units=wanted.platform_fee,
                network_cost_base_units=charged.total_base_units,
                memo=wanted.memo,
                reference=reference_of(stream.id),
                create_recipient_account=charged.rent_lamports > 0,
            )
        )
        lifetime = max(0.0, prepared.blocks_left * SECONDS_PER_BLOCK - SIGNING_MARGIN_SECONDS)
        return Built(
            message=base64.b64encode(prepared.built.message).decode(),
            payload=base64.b64encode(prepared.built.unsigned).decode(),
            summary=_summary(wanted, delivered),
            blockhash=prepared.built.blockhash,
            last_valid_block_height=prepared.last_valid_block_height,
            recipient_amount=delivered,
            network_cost=charged,
            expires_at=now + timedelta(seconds=lifetime),
            exchange={
                "blockhash": prepared.built.blockhash,
                "last_valid_block_height": prepared.last_valid_block_height,
            },
        )

    async def _cost(self, stream: Stream, recipient: Pubkey, now: datetime) -> NetworkCost:
        """What was quoted a moment ago, else what the chain asks now."""
        quoted_at = stream.events[0].occurred_at
        if now - quoted_at <= timedelta(seconds=QUOTE_SECONDS):
            return stream.known(LegRequested).network_cost
        return network_cost(await self._gateway.transfer_cost(recipient), self._figures)

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
        wanted = stream.known(TransferRequested).transfer
        received = _received(left.movements, parse_address(wanted.recipient_address))
        if received is None:
            return _unreadable(now)
        fee = _received(left.movements, self._gateway.treasury_owner)
        return Landed(
            slot=status.slot,
            commitment=self._commitment,
            recipient_amount=received.delta_base_units,
            recipient_instruction=received.instruction_index,
            recipient_account=received.account,
            fee_amount=fee.delta_base_units if fee else 0,
            fee_instruction=fee.instruction_index if fee else None,
            fee_account=fee.account if fee else None,
            lamports_spent=left.lamports_spent,
        )

    def _reached(self, status: Status) -> bool:
        return LEVELS.index(status.level) >= LEVELS.index(self._commitment)


def _unreadable(now: datetime) -> Unknown:
    """Confirmed and yet unreadable here: a node behind. It is asked again, never guessed."""
    retry_at = now + timedelta(seconds=RETRY_SECONDS)
    return Unknown(reason="the transfer is confirmed but not readable yet", due_at=retry_at)


def _received(movements: Sequence[TokenMovement], owner: Pubkey) -> TokenMovement | None:
    account = str(associated_token_account(owner))
    for movement in movements:
        if movement.account == account and movement.mint == str(USDC_MINT):
            return movement
    return None


def _summary(wanted: TransferWanted, delivered: int) -> str:
    """What signing does, in plain words."""
    fees = wanted.amount - delivered
    what = "for the network" if not wanted.platform_fee else "in fees"
    return (
        f"Send {AssetAmount.of(delivered, USDC.symbol)} to {wanted.recipient_name} and pay "
        f"{AssetAmount.of(fees, USDC.symbol)} {what}"
    )
