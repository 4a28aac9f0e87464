"""What a handler decides: events to publish and everything that changes with them.

Many decisions (a command's, then those of the reactions to its events) add up to one Unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from domain.contracts.envelope import EventPayload
from domain.shared.figures import Figures
from domain.shared.ids import UserId
from domain.shared.limits import NOTHING_USED, LimitReserved, LimitSettled, Usage
from domain.shared.screening import ScreeningList
from domain.shared.unit import (
    ActionMoved,
    ActionOpened,
    ChainClaim,
    EffectMoved,
    EffectRequested,
    HistoryRow,
    HoldPlaced,
    HoldSettled,
    InteractionRow,
    Posting,
    RecoveryRow,
    Rejected,
    StepRow,
    TransactionMoved,
)


class KycLevel(StrEnum):
    """How well a user is known; each level has its limits."""

    UNVERIFIED = "unverified"
    BASIC = "basic"
    ADVANCED = "advanced"
    INSTITUTIONAL = "institutional"


class RiskTier(StrEnum):
    """How much risk a user carries; the higher, the less of each limit is left."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What compliance knows of a user. `usage` as it was read: the database decides in the end."""

    user_id: UserId
    kyc_level: KycLevel
    country: str
    risk_tier: RiskTier = RiskTier.LOW
    usage: Usage = NOTHING_USED


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a handler may know beside the stream. `rejection`: what the database refused;
    `history`: how long (seconds) nine of ten transactions have lately taken, by the names of
    the figures' usual times; `fee_due`:
    what the wallet owes the platform from earlier and no other transaction collects (USDC)."""

    now: datetime
    figures: Figures
    screening: ScreeningList
    profile: Profile | None = None
    rejection: Rejected | None = None
    history: Mapping[str, int] = field(default_factory=dict)
    fee_due: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Rows and events of one handler; the empty one changes nothing."""

    events: tuple[EventPayload, ...] = ()
    postings: tuple[Posting, ...] = ()
    holds_placed: tuple[HoldPlaced, ...] = ()
    holds_settled: tuple[HoldSettled, ...] = ()
    claims: tuple[ChainClaim, ...] = ()
    limits_reserved: tuple[LimitReserved, ...] = ()
    limits_settled: tuple[LimitSettled, ...] = ()
    moves: tuple[TransactionMoved, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    steps: tuple[StepRow, ...] = ()
    interactions: tuple[InteractionRow, ...] = ()
    recoveries: tuple[RecoveryRow, ...] = ()
    actions_opened: tuple[ActionOpened, ...] = ()
    actions_moved: tuple[ActionMoved, ...] = ()
    effects_requested: tuple[EffectRequested, ...] = ()
    effects_moved: tuple[EffectMoved, ...] = ()

    def __add__(self, other: "Decision") -> "Decision":
        return Decision(
            **{part.name: getattr(self, part.name) + getattr(other, part.name) for part in PARTS}
        )


PARTS = fields(Decision)
NOTHING = Decision()
