"""What a Sell's events say of the transaction: its states, where the money is, who acts next."""

from typing import Final

from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.sell_events import (
    SellTransactionCompleted,
    SellTransactionFailed,
    SellTransactionInitiated,
)
from domain.contracts.swap_events import InvestedBalanceReserved
from domain.shared.assets import USDC
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.ending import led
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

RECORDS: Final[dict[type[EventPayload], Record]] = {
    SellTransactionInitiated: opening_record(),
    **SWAP_RECORDS,
    SellTransactionCompleted: completed_record(),
    SellTransactionFailed: failed_record(),
}

MILESTONES: Final = (
    SellTransactionInitiated,
    InvestedBalanceReserved,
    *SWAP_MILESTONES,
    AvailableBalanceUpdated,
    SellTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case SellTransactionInitiated() as opening:
            return _opening(stream, event, opening)
        case _:
            return swap_columns(stream, event, _plan(stream))


def _plan(stream: Stream) -> SwapPlan:
    sell = stream.known(SellTransactionInitiated)
    return SwapPlan(
        offers=sell.offers,
        network_cost=sell.network_cost,
        platform_fee=sell.platform_fee,
        is_charged_on_arrival=True,
    )


def _opening(stream: Stream, event: Event, sell: SellTransactionInitiated) -> Columns:
    return {
        "type": "SELL",
        "user_id": event.user_id,
        "amount": sell.amount,
        "asset": sell.asset,
        "target_asset": USDC.symbol,
        "target_amount": _plan(stream).left(sell.offers[0].target_amount),
        "platform_fee": sell.platform_fee,
        "network_fee": sell.network_cost.total_base_units,
        "sender_username": sell.username,
        "sender_address": sell.sender_address,
        "recipient_username": sell.username,
        "recipient_address": sell.recipient_address,
        **crossing_columns(sell.asset, USDC.symbol),
        "definition_version": sell.definition_version,
        "correlation_id": event.correlation_id,
        "approval_deadline": sell.approval_deadline,
        "created_at": event.occurred_at,
    }


FLOW: Final = Flow(
    records=RECORDS,
    milestones=MILESTONES,
    columns=columns,
    answers=led(SellTransactionCompleted, SellTransactionFailed),
)
