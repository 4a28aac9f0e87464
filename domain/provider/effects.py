"""What the provider context asks of others, and hears of it: external calls, and actions of users."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.contracts.events import NetworkCost, UserActionRequired
from domain.contracts.gas import Gas, PreparedMessage
from domain.contracts.strategy_events import StrategyTerms
from domain.shared.assets import USDC
from domain.shared.decision import Decision
from domain.shared.ids import ActionId, EffectId, StreamId, derived
from domain.shared.unit import ActionOpened, EffectRequested, Group, JsonObject


class EffectKind(StrEnum):
    """What an effect calls; the deadlines call nobody."""

    ONRAMP_QUOTE = "onramp.quote"
    ONRAMP_OPEN = "onramp.open"
    ONRAMP_CHECK = "onramp.check"
    BUILD = "leg.build"
    SIGN_DEADLINE = "leg.sign_deadline"
    BROADCAST = "leg.broadcast"
    SWAP_TRACK = "swap.track"
    PAYOUT_QUOTE = "payout.quote"
    PAYOUT_OPEN = "payout.open"
    PAYOUT_CHECK = "payout.check"
    CHOICE_DEADLINE = "user.choice_deadline"
    PAYOUT_CANCEL = "payout.cancel"
    SUSPENSE_LOOK = "suspense.look"


def effect_id(stream_id: StreamId, kind: EffectKind, attempt: int) -> EffectId:
    """The effect of that kind in that attempt; one for ever."""
    return EffectId(derived(stream_id, "effect", kind, attempt))


def request_effect(
    stream_id: StreamId,
    kind: EffectKind,
    attempt: int,
    *,
    request: JsonObject,
    due_at: datetime,
    key: str | None = None,
) -> EffectRequested:
    """The effect of that kind in that attempt; its own name is its key, where no other is given."""
    wanted = effect_id(stream_id, kind, attempt)
    return EffectRequested(
        id=wanted,
        group=Group.PROVIDER,
        kind=kind,
        key=key or str(wanted),
        attempt=attempt,
        request=request,
        due_at=due_at,
    )


def ask_user(required: UserActionRequired, *, attempt: int, at: datetime) -> Decision:
    """Publishes what is asked of the user, and opens the action."""
    opened = ActionOpened(
        id=required.action_id,
        type=required.action,
        payload=required.payload,
        summary=required.summary,
        attempt=attempt,
        expires_at=required.expires_at,
        at=at,
        chain=None if required.signature is None else required.signature.chain,
    )
    return Decision(events=(required,), actions_opened=(opened,))


def action_id(stream_id: StreamId, attempt: int) -> ActionId:
    """The signature asked for in that attempt."""
    return ActionId(derived(stream_id, "action", "sign", attempt))


def payment_action_id(stream_id: StreamId, attempt: int) -> ActionId:
    """The payment asked for in that attempt."""
    return ActionId(derived(stream_id, "action", "pay", attempt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An effect in hand: `epoch` fences what is written of it to whoever holds the lease.

    `reference` is the provider's name for what the effect is about, where it has given one. Not
    `held`: it was looked at without a lease, and goes on by itself where nothing is new.
    """

    id: EffectId
    epoch: int
    attempt: int
    reference: str = ""
    held: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A message ready to sign; `message` and `payload` (wire bytes, unsigned) are base64.

    On Solana it lives as long as its blockhash; `prepared` on any other chain.
    """

    message: str
    payload: str
    summary: str
    recipient_amount: int
    network_cost: NetworkCost
    expires_at: datetime
    exchange: JsonObject
    blockhash: str = ""
    last_valid_block_height: int = 0
    asset: str = USDC.symbol
    reference: str | None = None
    fee_due: int = 0
    prepared: PreparedMessage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """It cannot be done as asked; `code` is of the catalogue. Nothing has happened."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LessOffered:
    """The provider would do it for less than was promised (base units of the target). Nothing has
    happened."""

    target_amount: int
    target_minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthLess:
    """The protocol would give only `value` (USDC base units) for what it was shown to give more for.
    Nothing has happened."""

    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreCharged:
    """The network asks more than the user was shown, beyond what is borne for them. Nothing has
    happened."""

    network_cost: NetworkCost


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAttempted:
    """The call certainly did not take place; to be tried again from `due_at`."""

    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A node took the transaction; look again at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can say whether the node took it; ask again at `due_at`."""

    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """So much went into or out of an account, by the instruction of that place."""

    amount: int
    instruction: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """The chain shows the transfer at the configured commitment."""

    slot: int
    commitment: str
    recipient_amount: int
    recipient_instruction: int
    recipient_account: str
    fee_amount: int
    fee_instruction: int | None
    fee_account: str | None
    lamports_spent: int
    gas: Gas | None = None
    signature: str | None = None
    """Here and below: of the transaction that did it, where that is not the one that was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapLanded:
    """The source's chain shows the swap: what it took, the platform's part, and what it gave; on
    chains without a sponsor what the user paid for it, and what the provider took aside."""

    slot: int
    commitment: str
    lamports_spent: int
    spent: Moved
    fee: Moved | None
    received: Moved | None
    gas: Gas | None = None
    aside: Gas | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLanded:
    """The chain shows that a provider's contract may take what it is to be paid."""

    slot: int
    commitment: str
    gas: Gas
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLanded:
    """The chain shows a protocol's call: USDC that went out of (negative) or into the owner's
    account, the platform's part aside, and the protocol's shares the other way."""

    slot: int
    commitment: str
    lamports_spent: int
    moved: Moved
    shares: int
    fee: Moved | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedWithError:
    """The chain has the transaction, and it moved nothing but the network's fee: the platform's
    lamports, or the user's own `gas`."""

    reason: str
    lamports_spent: int = 0
    gas: Gas | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Proof that the transaction is not on the chain and cannot come there any more: on Solana it is
    too old at that height, on others what it spends was spent otherwise."""

    block_height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested:
    """What was signed can land no more, but what landed in its place may have done some of it: only a
    person can tell. Nothing is released or built anew; it is looked at again from `due_at`."""

    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyChanged:
    """The strategy is no longer what its user agreed to; `code` is of the catalogue. It may be had by
    the `amended` terms, or one of the `alternatives`. Nothing has happened."""

    code: str
    reason: str
    amended: StrategyTerms | None = None
    alternatives: tuple[StrategyTerms, ...] = ()


AnyLanded = Landed | SwapLanded | CallLanded | ApprovalLanded
TermsChanged = LessOffered | WorthLess | MoreCharged
BuildOutcome = Built | Declined | TermsChanged | StrategyChanged | NotAttempted
BroadcastOutcome = (
    Accepted | Unknown | NotAttempted | AnyLanded | LandedWithError | Absent | Contested
)
