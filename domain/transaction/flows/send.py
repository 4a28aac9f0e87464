"""What the Send's events say of the transaction: its states, where the money is, who acts next.

A record, not a definition: nothing here decides what happens next; the contexts do.
"""

from dataclasses import dataclass

from domain.contracts.envelope import EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationReleased,
    CancellationRequested,
    ComplianceCleared,
    GatewaySelected,
    OutcomeUnknown,
    RecipientBalanceUpdated,
    RecipientValidated,
    SendTransactionCompleted,
    SendTransactionFailed,
    SendTransactionInitiated,
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
    SolanaTransferRequested,
    UserActionExpired,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.transaction.states import Trigger

Move = tuple[Trigger | None, str | None]
"""A trigger and the sub-state to enter. Without a trigger, or where it leads to the present state,
only the sub-state changes (a message that expired unsigned is built again).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one event changes in the transaction's row.

    `step`: (name, type, whether the step begins, ends or fails with the event).
    """

    moves: tuple[Move, ...] = ()
    waiting_on: str | None = None
    funds_location: str | None = None
    outcome_certainty: str | None = None
    steps: tuple[tuple[str, str, str], ...] = ()


RECORDS: dict[type[EventPayload], Record] = {
    SendTransactionInitiated: Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    ),
    ComplianceCleared: Record(),
    RecipientValidated: Record(
        steps=(("validate", "VALIDATION", "COMPLETED"), ("reserve", "RESERVATION", "STARTED"))
    ),
    AvailableBalanceReserved: Record(
        moves=((Trigger.RESERVE, None),),
        funds_location="RESERVED",
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
    GatewaySelected: Record(
        moves=((Trigger.SELECT_PROVIDER, None),),
        steps=(("prepare", "PROVIDER", "STARTED"),),
    ),
    SolanaTransferRequested: Record(
        moves=((Trigger.PROCESS, "TRANSACTION_BUILDING"),),
        waiting_on="PROVIDER",
        outcome_certainty="CERTAIN",
        funds_location="RESERVED",
    ),
    UserActionRequired: Record(moves=((None, "TRANSACTION_SIGNING"),), waiting_on="USER"),
    UserActionExpired: Record(waiting_on="NONE"),
    UserActionSubmitted: Record(
        moves=((Trigger.SUBMIT_TO_CHAIN, "TRANSACTION_BROADCASTING"),),
        waiting_on="CHAIN",
        steps=(("prepare", "PROVIDER", "COMPLETED"), ("transfer", "BLOCKCHAIN", "STARTED")),
    ),
    # Solana has no public pool: a node that takes a transaction hands it to the leader at once.
    SolanaTransferBroadcast: Record(
        moves=((None, "MEMPOOL_PENDING"), (None, "BLOCK_CONFIRMATION_PENDING")),
        waiting_on="CHAIN",
        funds_location="CHAIN",
        outcome_certainty="CERTAIN",
    ),
    OutcomeUnknown: Record(outcome_certainty="UNKNOWN", funds_location="CHAIN"),
    SolanaTransferConfirmed: Record(
        moves=((Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),),
        waiting_on="NONE",
        outcome_certainty="CERTAIN",
        steps=(("transfer", "BLOCKCHAIN", "COMPLETED"), ("book", "UPDATE", "STARTED")),
    ),
    # A final expiry fails from here: nothing happened on the chain, so nothing is compensated.
    SolanaTransferExpired: Record(outcome_certainty="CERTAIN"),
    SolanaTransferFailed: Record(
        moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
    ),
    CancellationRequested: Record(waiting_on="NONE"),
    RecipientBalanceUpdated: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    BalanceReservationReleased: Record(funds_location="RETURNED"),
    SendTransactionCompleted: Record(
        moves=((Trigger.COMPLETE, None),),
        waiting_on="NONE",
        steps=(("notify", "NOTIFICATION", "COMPLETED"),),
    ),
    SendTransactionFailed: Record(moves=((Trigger.FAIL, None),), waiting_on="NONE"),
}

MILESTONES = (
    SendTransactionInitiated,
    RecipientValidated,
    AvailableBalanceReserved,
    SolanaTransferRequested,
    UserActionRequired,
    UserActionSubmitted,
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    RecipientBalanceUpdated,
    SendTransactionCompleted,
)
"""What a Send passes on its way; how far it is, is how many of them have happened."""
