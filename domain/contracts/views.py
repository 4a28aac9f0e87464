"""The read models: what a user may see of accounts, balances and transactions.

Amounts are integers in base units of the named asset; times are aware (UTC). Nothing here says how
it is stored.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from domain.shared.actions import UserAction
from domain.shared.ids import ActionId, TransactionId, UserId, WalletId
from domain.shared.money import Balance, TransactionAmount, TransactionFee, WalletAddress

T = TypeVar("T")


class BalanceKind(StrEnum):
    """The three balances of a wallet."""

    AVAILABLE = "AVAILABLE"
    INVESTED = "INVESTED"
    STRATEGY = "STRATEGY"


class Role(StrEnum):
    """Which side of a transaction the viewer is on."""

    SENDER = "SENDER"
    RECIPIENT = "RECIPIENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """A user, with the wallet that belongs to them."""

    id: UserId
    wallet_id: WalletId
    username: str
    kyc_level: str
    country: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit over the last `days` and what is taken of it (USD in millionths); `frees_at`: when the
    oldest of it no longer counts."""

    days: int
    payment_method: str | None
    limit: int
    used: int
    left: int
    frees_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsView:
    """What a user may move (USD in millionths): at once, without a person's approval, over time."""

    transaction: int
    approval_above: int
    flows: tuple[str, ...]
    windows: tuple[LimitView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletView:
    """A wallet with an address on each chain that it is used on."""

    id: WalletId
    user_id: UserId
    addresses: tuple[WalletAddress, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """One asset in one of the balances of a wallet; `booked` is what its entries add up to.

    `reserved` cannot be spent, `earmarked` is promised but still shows, `pending` is expected;
    `spendable` is free of all that; `amount_max` the most that a new movement may take of it, so that
    the reserve for fees stays; `fee_due` is owed to the platform from earlier, in
    none of the others and still at the wallet's address, until a next signature pays it.
    """

    kind: BalanceKind
    booked: Balance
    reserved: int = 0
    earmarked: int = 0
    pending: int = 0
    spendable: int = 0
    amount_max: int = 0
    fee_due: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    """One side of a transaction, as far as the viewer may know it."""

    username: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionView:
    """A transaction as one viewer sees it; `role` is the viewer's side.

    `given` is what the sender typed, all fees included; `received_amount` what its recipient has
    more of in the end, `target_amount` what was promised of that, both without all that is taken of it.
    `reason` is a code of the catalogue, where the transaction failed.
    """

    id: TransactionId
    role: Role
    type: str
    state: str
    sub_state: str | None
    given: TransactionAmount
    target_amount: int | None
    received_amount: int | None
    fees: tuple[TransactionFee, ...]
    sender: PartyView
    recipient: PartyView
    memo: str | None
    reason: str | None
    waiting_on: str
    next_check_at: datetime | None
    outcome_certainty: str
    funds_location: str
    progress_percent: int
    attempt: int
    provider: str | None
    provider_explanation: str | None
    chain: str | None
    chain_signature: str | None
    delivery_chain: str | None
    delivery_hash: str | None
    strategy_id: str | None
    position_id: UUID | None
    cancellable: bool
    approval_deadline: datetime | None
    estimated_completion: datetime | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    correlation_id: str | None


STATES_SHOWN_TO_RECIPIENTS = frozenset({"BALANCE_UPDATED", "COMPLETED"})
"""A recipient learns of a transaction when it is credited, not of one under way or failed."""


def as_recipient_sees(view: TransactionView) -> TransactionView | None:
    """What is left for the other side: what they got, of whom, with which words.

    None before they are credited.
    """
    if view.state not in STATES_SHOWN_TO_RECIPIENTS or view.received_amount is None:
        return None
    return replace(
        view,
        role=Role.RECIPIENT,
        given=TransactionAmount(
            value=view.received_amount, source_asset=view.given.arrives_as, target_asset=None
        ),
        target_amount=None,
        fees=(),
        sender=PartyView(username=view.sender.username),
        reason=None,
        waiting_on="NONE",
        next_check_at=None,
        attempt=1,
        provider=None,
        provider_explanation=None,
        chain=None,
        chain_signature=None,
        delivery_chain=None,
        delivery_hash=None,
        strategy_id=None,
        position_id=None,
        cancellable=False,
        approval_deadline=None,
        estimated_completion=None,
        correlation_id=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntryView:
    """One state that was passed, and the event that led there."""

    transaction_id: TransactionId
    sequence: int
    state: str
    sub_state: str | None
    event_type: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step that began or ended: one row for each change of its status."""

    transaction_id: TransactionId
    name: str
    type: str
    status: str
    attempt: int
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """An attempt to recover: what was tried, why, and with what result."""

    id: UUID
    transaction_id: TransactionId
    strategy: str
    reason: str
    attempt: int
    at: datetime
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionView:
    """One exchange with a provider or chain: that it happened and how it ended, not its content."""

    id: UUID
    transaction_id: TransactionId
    provider: str
    operation: str
    outcome: str
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionView:
    """Something only the user can do; `payload` is base64 of what is to be signed, in the form that
    wallets of `chain` take; `options` are the answers of a choice: each its name, and what it does."""

    id: ActionId
    transaction_id: TransactionId
    action: UserAction
    status: str
    payload: str
    summary: str
    expires_at: datetime | None
    chain: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageItem(Generic[T]):
    """A node and the opaque cursor of its place."""

    cursor: str
    node: T


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView(Generic[T]):
    """A part of a list, in the list's own order whichever way it was paged."""

    items: tuple[PageItem[T], ...]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """`count` items behind (or, `backwards`, before) the cursor; from the end without one.

    The list's own order is newest first.
    """

    count: int
    cursor: str | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """An error in the reader's language. Severity and retryability are those of the catalogue."""

    code: str
    severity: str
    retryability: str
    what_happened: str
    why: str
    what_to_do: str
    alternatives: tuple[str, ...] = field(default=())
    field: str | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyView:
    """A protocol's offer, with the goals that point at it. `apy` is a decimal fraction; amounts in
    base units of `asset`; `source` and `at` belong to every figure; `stale`: older than it should
    be."""

    id: str
    provider: str
    name: str
    asset: str
    risk: str
    goals: tuple[str, ...]
    apy: str | None
    minimum: int
    lock_seconds: int
    exit_fee_millionths: int
    liquidity: int | None
    total_value: int | None
    source: str
    at: datetime
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingStrategiesView:
    """A provider whose offers are not in the catalogue now, and why."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyCatalogueView:
    """What may be chosen, the goals, and what is missing of it."""

    strategies: tuple[StrategyView, ...]
    goals: tuple[tuple[str, str], ...]
    missing: tuple[MissingStrategiesView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceView:
    """What one whole unit of an asset costs, in millionths of a US dollar, by its source's word `at`
    that time; None where no source tells. By a stale one nothing is decided."""

    asset: str
    micro_usd: int | None
    source: str | None
    at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """What somebody has in a strategy. `value` is what it would give now, by the protocol's word
    `at` that time; None while it does not answer. `profit` may be negative."""

    id: UUID
    strategy_id: str
    provider: str
    name: str
    asset: str
    principal: int
    value: int | None
    source: str | None
    at: datetime | None
    opened_at: datetime
    locked_until: datetime | None
    closing: bool

    @property
    def profit(self) -> int | None:
        """What it has earned (or, below zero, lost) since it was opened."""
        return None if self.value is None else self.value - self.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountView:
    """A bank account of the user's; `label` shows its last digits."""

    id: UUID
    label: str
    currency: str
    country: str
    rail: str
    created_at: datetime | None
