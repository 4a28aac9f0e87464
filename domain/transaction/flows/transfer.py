"""What the events of a signed transfer say of the transaction, whatever its flow calls them."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    CancellationRequested,
    OperatorRequired,
    OutcomeUnknown,
    SignatureWanted,
    UserActionExpired,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.terms_events import (
    GasReservationRaised,
    GasReservationRejected,
    GasReservationRequested,
    NetworkCostRose,
)
from domain.contracts.transfer_events import (
    LegRequested,
    TransferBroadcast,
    TransferConfirmed,
    TransferExpired,
    TransferFailed,
    TransferRequested,
)
from domain.shared.assets import ASSETS
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Record
from domain.transaction.flows.choice import CHOICE_RECORDS
from domain.transaction.states import Trigger


def transfer_records(
    *,
    requested: type[TransferRequested],
    broadcast: type[TransferBroadcast],
    confirmed: type[TransferConfirmed],
    expired: type[TransferExpired],
    failed: type[TransferFailed],
) -> dict[type[EventPayload], Record]:
    """The records of the leg; its steps are `prepare`, begun before it, and `transfer`."""
    return {
        requested: Record(
            moves=((Trigger.PROCESS, "TRANSACTION_BUILDING"),),
            waiting_on="PROVIDER",
            outcome_certainty="CERTAIN",
            funds_location="RESERVED",
        ),
        UserActionRequired: Record(moves=((None, "TRANSACTION_SIGNING"),), waiting_on="USER"),
        UserActionExpired: Record(waiting_on="NONE"),
        NetworkCostRose: Record(waiting_on="NONE"),
        GasReservationRequested: Record(waiting_on="NONE"),
        GasReservationRaised: Record(),
        GasReservationRejected: Record(),
        **CHOICE_RECORDS,
        UserActionSubmitted: Record(
            moves=((Trigger.SUBMIT_TO_CHAIN, "TRANSACTION_BROADCASTING"),),
            waiting_on="CHAIN",
            steps=(("prepare", "PROVIDER", "COMPLETED"), ("transfer", "BLOCKCHAIN", "STARTED")),
        ),
        # Solana has no public pool: a node that takes a transaction hands it to the leader at once.
        broadcast: Record(
            moves=((None, "MEMPOOL_PENDING"), (None, "BLOCK_CONFIRMATION_PENDING")),
            waiting_on="CHAIN",
            funds_location="CHAIN",
            outcome_certainty="CERTAIN",
        ),
        OperatorRequired: Record(waiting_on="OPERATOR"),
        OutcomeUnknown: Record(outcome_certainty="UNKNOWN", funds_location="CHAIN"),
        confirmed: Record(
            moves=((Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),),
            waiting_on="NONE",
            outcome_certainty="CERTAIN",
            steps=(("transfer", "BLOCKCHAIN", "COMPLETED"), ("book", "UPDATE", "STARTED")),
        ),
        # A final expiry fails from here: nothing happened on the chain, so nothing is compensated.
        expired: Record(outcome_certainty="CERTAIN"),
        failed: Record(
            moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
        ),
        CancellationRequested: Record(waiting_on="NONE"),
    }


def transfer_columns(stream: Stream, event: Event) -> Columns:
    """What the leg's events fill in the row beside the state."""
    match event.data:
        case UserActionRequired(signature=SignatureWanted(network_cost=cost)):
            return {"network_fee": cost.total_base_units}
        case UserActionSubmitted(signature=signature):
            chain = stream.known(LegRequested).chain
            return {"chain": chain, "chain_signature": signature, "cancellable": False}
        case TransferConfirmed(recipient_amount=amount, signature=signature):
            return {"received_amount": amount, "chain_signature": signature}
        case _:
            return {}


def delivery_columns(asset: str, transaction_hash: str) -> Columns:
    """What a provider delivered, on the asset's own chain."""
    return {"delivery_chain": ASSETS[asset].chain, "delivery_hash": transaction_hash}
