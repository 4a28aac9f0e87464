"""Every event type by its published name."""

from domain.contracts.deposit_events import DEPOSIT_EVENTS
from domain.contracts.envelope import EventPayload
from domain.contracts.events import GENERAL_EVENTS, SEND_EVENTS
from domain.contracts.transfer_events import TRANSFER_EVENTS

EVENT_TYPES: dict[str, type[EventPayload]] = {
    payload.type_name(): payload
    for payload in (*GENERAL_EVENTS, *SEND_EVENTS, *TRANSFER_EVENTS, *DEPOSIT_EVENTS)
}
