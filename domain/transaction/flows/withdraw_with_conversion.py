"""What the events of a Withdraw that converts say of the transaction: its states, where the money is,
who acts next."""

from dataclasses import replace
from typing import Final

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import AvailableBalanceReserved
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    AssetSwapRequested,
    CrossChainDelivered,
    CrossChainDeliveryAwaited,
)
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    AssetConversionRequested,
    CrossChainTransferConfirmed,
    CrossChainTransferRequested,
    ExternalWalletValidated,
    WithdrawTransactionCompleted,
    WithdrawTransactionFailed,
    WithdrawTransactionInitiated,
)
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.swap import (
    SWAP_MILESTONES,
    SWAP_RECORDS,
    SwapPlan,
    completed_record,
    crossing_columns,
    failed_record,
    opening_record,
    swap_columns,
)
from domain.transaction.flows.withdraw import answers, opening_columns
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    **SWAP_RECORDS,
    WithdrawTransactionInitiated: opening_record(),
    ExternalWalletValidated: Record(steps=(("validate", "VALIDATION", "COMPLETED"),)),
    AssetConversionRequested: SWAP_RECORDS[AssetSwapRequested],
    # The user's own part is done. Who has the money is the next event's to say: it may be there.
    AssetConversionCompleted: Record(
        moves=((Trigger.PROCESS, "CONVERSION_COMPLETED"),),
        steps=(("convert", "PROVIDER", "COMPLETED"),),
    ),
    CrossChainTransferRequested: Record(),
    CrossChainDeliveryAwaited: replace(
        SWAP_RECORDS[CrossChainDeliveryAwaited],
        moves=((Trigger.PROCESS, "BRIDGE_INITIALIZING"), (None, "BRIDGE_CONFIRMING")),
    ),
    CrossChainTransferConfirmed: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        waiting_on="NONE",
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    WithdrawTransactionCompleted: completed_record(),
    WithdrawTransactionFailed: failed_record(),
}

_CALLED: Final[dict[type[EventPayload], type[EventPayload]]] = {
    AssetSwapRequested: AssetConversionRequested,
    AssetSwapCompleted: AssetConversionCompleted,
}
"""What this flow calls the events that every swap passes."""
MILESTONES: Final[tuple[type[EventPayload], ...]] = (
    WithdrawTransactionInitiated,
    ExternalWalletValidated,
    AvailableBalanceReserved,
    *(_CALLED.get(each, each) for each in SWAP_MILESTONES),
    CrossChainTransferRequested,
    CrossChainDelivered,
    CrossChainTransferConfirmed,
    WithdrawTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case WithdrawTransactionInitiated() as withdraw:
            return opening_columns(event, withdraw) | _converted(withdraw)
        case CrossChainTransferConfirmed(credited=credited):
            return {"received_amount": credited}
        case _:
            return swap_columns(stream, event, _plan(stream))


def _plan(stream: Stream) -> SwapPlan:
    withdraw = stream.known(WithdrawTransactionInitiated)
    if withdraw.conversion is None:
        raise LookupError(f"stream {stream.id} converts nothing")
    return SwapPlan(
        offers=withdraw.conversion.offers,
        network_cost=withdraw.network_cost,
        platform_fee=withdraw.platform_fee,
    )


def _converted(withdraw: WithdrawTransactionInitiated) -> Columns:
    """What the row says of what is to arrive."""
    conversion = withdraw.conversion
    if conversion is None:
        return {}
    return {
        "target_asset": conversion.target,
        "target_amount": conversion.offers[0].target_amount,
        **crossing_columns(withdraw.asset, conversion.target),
    }


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
