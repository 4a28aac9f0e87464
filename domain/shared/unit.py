"""The Unit: everything that one decision changes, as frozen data; one database transaction.

A Unit never says how it is stored. Every row it carries is either inserted once or moved from an
expected value, so that committing it again is recognised and committing it late is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.contracts.envelope import Event
from domain.shared.ids import AccountId, ActionId, EffectId, HoldId, StreamId, WalletId, account_id
from domain.shared.limits import LimitReserved, LimitSettled

JsonObject = Mapping[str, Any]
LIMIT_PREFIX = "CMP_"
"""How the codes of limits begin, unlike any other reason of the database."""
QUOTE_PREFIX = "TXN_QUOTE_"
"""How the codes of quotes begin."""


class Group(StrEnum):
    """Who reacts to events: the contexts, and the orchestrator of the orchestrated flows."""

    TRANSACTION = "transaction"
    COMPLIANCE = "compliance"
    WALLET = "wallet"
    PROVIDER = "provider"
    ORCHESTRATOR = "orchestrator"


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger account. `floor` None: the balance may be negative (the world beyond us)."""

    code: str
    asset: str
    wallet_id: WalletId | None = None
    floor: int | None = None

    @property
    def id(self) -> AccountId:
        """The identifier, derived from the code."""
        return account_id(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What one decision changes on one account, each part in base units of its asset.

    The `posted` of all postings of a Unit sum to zero per asset; the others mirror holds.
    `leaves`: so much above the account's floor has to be free after it, or the Unit is rejected.
    """

    account: Account
    posted: int = 0
    held: int = 0
    soft: int = 0
    incoming: int = 0
    leaves: int = 0


class HoldKind(StrEnum):
    """HARD cannot be spent; SOFT still shows; INCOMING is an expected credit."""

    HARD = "HARD"
    SOFT = "SOFT"
    INCOMING = "INCOMING"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced:
    """A new hold: `part` names what it is for (principal, fees)."""

    id: HoldId
    account: Account
    kind: HoldKind
    part: str
    amount: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettled:
    """Parts of a hold that end: captured (spent) or released (free again)."""

    id: HoldId
    account: Account
    kind: HoldKind
    captured: int = 0
    released: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionMoved:
    """The present state of a transaction; `fields` are the columns of the row that change.

    The first one of a transaction opens its row and carries all columns.
    """

    state: str
    sub_state: str | None
    opens: bool = False
    fields: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One state that was passed; immutable. `sequence` counts within the transaction."""

    event_sequence: int
    position: int
    state: str
    sub_state: str | None
    event_type: str
    at: datetime
    reason: str | None = None


class StepStatus(StrEnum):
    """Where a step of a transaction stands."""

    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A step that began or ended; `type` is one of the six of the specification."""

    name: str
    type: str
    status: StepStatus
    attempt: int
    event_sequence: int
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRow:
    """One exchange with a provider or chain, as asked and as answered."""

    id: UUID
    provider: str
    operation: str
    outcome: str
    attempt: int
    at: datetime
    request: JsonObject = field(default_factory=dict)
    response: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRow:
    """An attempt to recover: what was tried, why, and with what result."""

    id: UUID
    strategy: str
    reason: str
    attempt: int
    at: datetime
    result: str


class ActionStatus(StrEnum):
    """Where a user action stands; the last three are final."""

    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    COMPLETED = "COMPLETED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOpened:
    """Something only the user can do. `payload` is base64 for a signature, in the form of `chain`; of
    a choice there are `options`, each with its name and summary."""

    id: ActionId
    type: str
    payload: str
    summary: str
    attempt: int
    expires_at: datetime | None
    at: datetime
    chain: str | None = None
    options: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionMoved:
    """The next status of a user action: one more immutable row."""

    id: ActionId
    status: ActionStatus
    at: datetime
    approval: JsonObject = field(default_factory=dict)


class EffectState(StrEnum):
    """Where an external call stands.

    INTENT not tried; PENDING tried and under way; UNKNOWN tried without an answer; the rest final.
    """

    INTENT = "INTENT"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    DECLINED = "DECLINED"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"
    CANCELLED = "CANCELLED"


OPEN_EFFECT_STATES = (EffectState.INTENT, EffectState.PENDING, EffectState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRequested:
    """An external call (or a timer, which calls nobody) that is to happen.

    `key` is the provider's idempotency key, stable for the effect; `due_at` when to look first.
    """

    id: EffectId
    group: Group
    kind: str
    key: str
    attempt: int
    request: JsonObject
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectMoved:
    """What became of an effect. With `epoch` it is fenced to the holder of the lease.

    An open state keeps the lease until `due_at`, when it is looked at again.
    """

    id: EffectId
    state: EffectState
    epoch: int | None = None
    response: JsonObject = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a provider told us by itself: stored once for ever under its own `message_id`.

    `reference` is the provider's name for what it is about; None: nobody can read it. `answered`:
    what it is about was looked at since it came.
    """

    source: str
    message_id: str
    headers: Mapping[str, str]
    body: str
    reference: str | None
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainClaim:
    """The right to book a movement on a chain, given once for ever."""

    chain: str
    signature: str
    instruction: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClaim:
    """An idempotency key with its input's hash and the result to give again.

    `principal` and `operation` scope the key; a quote is used by one key and no other.
    """

    principal: str
    operation: str
    key: str
    input_hash: str
    result: JsonObject
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One decision, ready to commit.

    `expected_sequence` is the stream's last event that the decision knew (0: a new stream);
    `handled` moves a group's mark from the first to the second number. An effect that is requested
    and moved by the same Unit was carried out before: it is stored as it ended. `messages` are
    those that the decision answers.
    """

    stream_id: StreamId
    wallet_id: WalletId
    expected_sequence: int
    handled: Mapping[Group, tuple[int, int]] = field(default_factory=dict)
    key: KeyClaim | None = None
    events: tuple[Event, ...] = ()
    postings: tuple[Posting, ...] = ()
    holds_placed: tuple[HoldPlaced, ...] = ()
    holds_settled: tuple[HoldSettled, ...] = ()
    claims: tuple[ChainClaim, ...] = ()
    limits_reserved: tuple[LimitReserved, ...] = ()
    limits_settled: tuple[LimitSettled, ...] = ()
    transaction: TransactionMoved | None = None
    history: tuple[HistoryRow, ...] = ()
    steps: tuple[StepRow, ...] = ()
    interactions: tuple[InteractionRow, ...] = ()
    recoveries: tuple[RecoveryRow, ...] = ()
    actions_opened: tuple[ActionOpened, ...] = ()
    actions_moved: tuple[ActionMoved, ...] = ()
    effects_requested: tuple[EffectRequested, ...] = ()
    effects_moved: tuple[EffectMoved, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """The Unit is in the database; `epochs` are those of the effects leased to the writer."""

    epochs: Mapping[EffectId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The idempotency key had been used with the same input; this was its result."""

    result: JsonObject


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """The idempotency key had been used with another input; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Something moved since the decision; load and decide again. `what` names it."""

    what: str


@dataclass(frozen=True, slots=True)
class Booked:
    """Whose the movement on a chain is, and since when."""

    stream_id: StreamId
    at: datetime = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The database refused: INSUFFICIENT_BALANCE or ALREADY_BOOKED, and on which account; or the
    code of the limit that would be passed, or of what is wrong with the quote.

    `booked`: who has the claim that stood in the way, of this refusal or of one before it.
    """

    reason: str
    account: str
    booked: Booked | None = None

    @property
    def limit(self) -> str | None:
        """The code of the limit, where it was one."""
        return self.reason if self.reason.startswith(LIMIT_PREFIX) else None

    @property
    def quote(self) -> str | None:
        """The code of why the quote does not hold, where it was that."""
        return self.reason if self.reason.startswith(QUOTE_PREFIX) else None


CommitResult = Committed | Replayed | KeyConflict | Stale | Rejected
