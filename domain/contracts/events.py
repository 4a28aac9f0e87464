"""The event types: each flow's own, and the general ones that stand between them.

Amounts are integers in base units of the named asset; addresses in their chain's notation.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.flows import FlowName
from domain.contracts.gas import Gas, PreparedMessage
from domain.shared.assets import Chain
from domain.shared.ids import ActionId, EffectId, HoldId, TransactionId, UserId, WalletId


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a Send goes to: `address` always; the rest where it is a user of the platform."""

    address: str
    username: str | None = None
    user_id: UserId | None = None
    wallet_id: WalletId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SolPrice:
    """Millionths of a US dollar for one SOL, by whom and when it was told."""

    micro_usd: int
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """What the network asks, in lamports, and what the user pays for it, in USDC base units, by the
    `price` of SOL when it was quoted.

    `gas` where there is no sponsor: what the user's own transactions may cost them at most.
    """

    network_fee_lamports: int
    rent_lamports: int
    total_base_units: int
    price: SolPrice | None = None
    gas: Gas | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTransactionInitiated(EventPayload):
    """A user asked to send `amount` of USDC, all fees included."""

    KIND = "TransactionInitiated"
    transaction_id: TransactionId
    username: str
    sender_address: str
    recipient: Recipient
    asset: str
    amount: int
    platform_fee: int
    network_cost: NetworkCost
    memo: str | None
    approval_deadline: datetime

    def flow(self) -> FlowName:
        return FlowName.SEND


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRefused(EventPayload):
    """A wish that was not taken up: the attempt, recorded."""

    operation: str
    code: str
    amount: int
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceCleared(EventPayload):
    """Screening and limits let the movement pass; after a review, who let it pass and why."""

    policy_version: str
    screened_addresses: tuple[str, ...]
    reviewed_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReviewRequired(EventPayload):
    """A person has to approve the movement of `amount` (millionths of a US dollar)."""

    policy_version: str
    amount: int
    screened_addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceHeldForReview(EventPayload):
    """The amount is held softly until the decision: it shows, and cannot be spent otherwise."""

    KIND = "BalanceReserved"
    hold_id: HoldId
    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceBlocked(EventPayload):
    """Screening, limits or a person stop the movement; `code` is in the catalogue."""

    policy_version: str
    code: str
    reviewed_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientValidated(EventPayload):
    """The recipient can receive the asset."""

    recipient: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableBalanceReserved(EventPayload):
    """The amount is held in two parts: what goes to the recipient, and the fees."""

    KIND = "BalanceReserved"
    principal_hold_id: HoldId
    principal: int
    fees_hold_id: HoldId | None
    fees: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeDueReserved(EventPayload):
    """What the user owes from earlier (USDC) is held, to be paid with what they sign next; no other
    transaction can collect it meanwhile."""

    hold_id: HoldId
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeDueSettled(EventPayload):
    """The hold on what is owed has ended: so much was paid with a transaction that the chain shows,
    and the rest is still owed."""

    hold_id: HoldId
    collected: int
    released: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReservationRejected(EventPayload):
    """The balance no longer covered the hold when the database was asked."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySelected(EventPayload):
    """The way to the chain that carries this transaction, and why."""

    KIND = "ProviderSelected"
    provider: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureWanted:
    """The exact `message` (base64) that a user is asked to sign and, on Solana, until when it can
    land; `prepared` on any other chain.

    `recipient_amount` of `asset` is what it brings at least; `reference` the provider's name for it;
    `fee_due` what it pays the platform (USDC) beside its own costs, owed from earlier.
    """

    message: str
    recipient_amount: int
    network_cost: NetworkCost
    blockhash: str = ""
    last_valid_block_height: int = 0
    asset: str = "USDC"
    reference: str | None = None
    fee_due: int = 0
    prepared: PreparedMessage | None = None

    @property
    def chain(self) -> Chain:
        """Where it is to land."""
        return Chain.SOLANA if self.prepared is None else self.prepared.chain


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionRequired(EventPayload):
    """Only the user can go on. `payload`: base64 of what is to be signed, or the address of the
    page to go on at."""

    action_id: ActionId
    action: str
    payload: str
    summary: str
    expires_at: datetime | None
    signature: SignatureWanted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionSubmitted(EventPayload):
    """The user signed; the complete bytes are stored and cancelling is closed.

    `signature`: what the chain knows the transaction by. Only on Solana it gets too old.
    """

    action_id: ActionId
    signature: str
    effect_id: EffectId
    last_valid_block_height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionCompleted(EventPayload):
    """What the user did has taken effect."""

    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionExpired(EventPayload):
    """The user did not act in time; nothing can happen any more with what was shown."""

    action_id: ActionId
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActionCancelled(EventPayload):
    """The action is no longer asked for."""

    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested(EventPayload):
    """The user asked to cancel before anything irreversible happened."""

    requested_by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown(EventPayload):
    """Nobody can say yet whether the call took effect; it is being asked again."""

    effect_id: EffectId
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientBalanceUpdated(EventPayload):
    """Both sides are booked: what the sender paid and what the recipient got."""

    KIND = "BalanceUpdated"
    debited: int
    credited: int
    fees: int
    recipient_wallet_id: WalletId | None
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReservationReleased(EventPayload):
    """What was held is free again."""

    released: int
    reason: str
    asset: str = "USDC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedBalanceCaptured(EventPayload):
    """What was held has left the user's balance, as the chain shows it; what the hold had beyond
    `captured` is free again."""

    KIND = "BalanceUpdated"
    asset: str
    captured: int
    released: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTransactionCompleted(FlowCompleted):
    """The Send is done; both sides are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTransactionFailed(FlowFailed):
    """The Send ended without moving money; `reason` is a code of the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnannouncedDepositReceived(EventPayload):
    """Money came in that no transaction announced: it is booked as the chain shows it."""

    KIND = "BalanceUpdated"
    chain: str
    signature: str
    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedDepositReceived(EventPayload):
    """Money came in from an address on the sanctions list: it is at the user's address, where nobody
    can seize it, and in suspense here, from where nothing is spent. Not `is_booked`: who saw it come
    in has told and booked it already."""

    chain: str
    signature: str
    account: str
    asset: str
    amount: int
    senders: tuple[str, ...]
    policy_version: str
    is_booked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRequired(EventPayload):
    """Something does not fit, and money may be involved: a person has to look before it goes on."""

    reason: str


GENERAL_EVENTS: tuple[type[EventPayload], ...] = (
    TransactionRefused,
    ComplianceCleared,
    ComplianceBlocked,
    ComplianceReviewRequired,
    BalanceHeldForReview,
    FeeDueReserved,
    FeeDueSettled,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ReservedBalanceCaptured,
    UserActionRequired,
    UserActionSubmitted,
    UserActionCompleted,
    UserActionExpired,
    UserActionCancelled,
    CancellationRequested,
    OutcomeUnknown,
    OperatorRequired,
    UnannouncedDepositReceived,
    BlockedDepositReceived,
)

SEND_EVENTS: tuple[type[EventPayload], ...] = (
    SendTransactionInitiated,
    RecipientValidated,
    AvailableBalanceReserved,
    GatewaySelected,
    RecipientBalanceUpdated,
    SendTransactionCompleted,
    SendTransactionFailed,
)
