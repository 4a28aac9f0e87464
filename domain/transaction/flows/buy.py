"""What an on-chain Buy's events say of the transaction: its states, where the money is, who acts next."""

from typing import Final

from domain.contracts.buy_events import (
    BuyTransactionCompleted,
    BuyTransactionFailed,
    BuyTransactionInitiated,
    InvestedBalanceUpdated,
    OnChainPurchase,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import AvailableBalanceReserved
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
    BuyTransactionInitiated: opening_record(),
    **SWAP_RECORDS,
    BuyTransactionCompleted: completed_record(),
    BuyTransactionFailed: failed_record(),
}

MILESTONES: Final = (
    BuyTransactionInitiated,
    AvailableBalanceReserved,
    *SWAP_MILESTONES,
    InvestedBalanceUpdated,
    BuyTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case BuyTransactionInitiated() as opening:
            return _opening(stream, event, opening)
        case _:
            return swap_columns(stream, event, _plan(stream))


def _purchase(stream: Stream) -> OnChainPurchase:
    purchase = stream.known(BuyTransactionInitiated).on_chain
    if purchase is None:
        raise LookupError(f"stream {stream.id} is no purchase on a chain")
    return purchase


def _plan(stream: Stream) -> SwapPlan:
    purchase = _purchase(stream)
    return SwapPlan(offers=purchase.offers, network_cost=purchase.network_cost, platform_fee=0)


def _opening(stream: Stream, event: Event, buy: BuyTransactionInitiated) -> Columns:
    purchase = _purchase(stream)
    return {
        "type": "BUY",
        "user_id": event.user_id,
        "amount": purchase.amount,
        "asset": USDC.symbol,
        "target_asset": buy.asset,
        "target_amount": purchase.offers[0].target_amount,
        "network_fee": purchase.network_cost.total_base_units,
        "sender_username": buy.username,
        "sender_address": purchase.sender_address,
        "recipient_username": buy.username,
        "recipient_address": buy.address,
        **crossing_columns(USDC.symbol, buy.asset),
        "definition_version": purchase.definition_version,
        "correlation_id": event.correlation_id,
        "approval_deadline": purchase.approval_deadline,
        "created_at": event.occurred_at,
    }


FLOW: Final = Flow(
    records=RECORDS,
    milestones=MILESTONES,
    columns=columns,
    answers=led(BuyTransactionCompleted, BuyTransactionFailed),
)
