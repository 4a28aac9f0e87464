"""Every event type by its published name."""

from domain.contracts.buy_events import BUY_EVENTS
from domain.contracts.choice_events import CHOICE_EVENTS
from domain.contracts.deposit_events import DEPOSIT_EVENTS
from domain.contracts.envelope import EventPayload
from domain.contracts.events import GENERAL_EVENTS, SEND_EVENTS
from domain.contracts.orchestration_events import ORCHESTRATION_EVENTS
from domain.contracts.payout_events import PAYOUT_EVENTS
from domain.contracts.sell_events import SELL_EVENTS
from domain.contracts.strategy_events import STRATEGY_EVENTS
from domain.contracts.suspense_events import SUSPENSE_EVENTS
from domain.contracts.swap_events import SWAP_EVENTS
from domain.contracts.terms_events import TERMS_EVENTS
from domain.contracts.transfer_events import TRANSFER_EVENTS
from domain.contracts.withdraw_events import WITHDRAW_EVENTS

EVENT_TYPES: dict[str, type[EventPayload]] = {
    payload.type_name(): payload
    for payload in (
        *GENERAL_EVENTS,
        *SUSPENSE_EVENTS,
        *CHOICE_EVENTS,
        *TERMS_EVENTS,
        *TRANSFER_EVENTS,
        *ORCHESTRATION_EVENTS,
        *SEND_EVENTS,
        *DEPOSIT_EVENTS,
        *WITHDRAW_EVENTS,
        *SWAP_EVENTS,
        *BUY_EVENTS,
        *SELL_EVENTS,
        *PAYOUT_EVENTS,
        *STRATEGY_EVENTS,
    )
}
