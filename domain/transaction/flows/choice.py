"""What the events of a choice say of the transaction: it waits for its user, whatever its flow is."""

from typing import Final

from domain.contracts.choice_events import (
    UserChoiceExpired,
    UserChoiceMade,
    UserChoiceRequired,
    UserChoiceWithdrawn,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.transfer_events import ApprovalTimeExtended
from domain.transaction.flow import Columns, Record

CHOICE_RECORDS: Final[dict[type[EventPayload], Record]] = {
    UserChoiceRequired: Record(waiting_on="USER"),
    # Whom it waits for then is said by what follows from it.
    UserChoiceMade: Record(),
    UserChoiceExpired: Record(),
    UserChoiceWithdrawn: Record(),
    ApprovalTimeExtended: Record(),
}


def choice_columns(event: Event) -> Columns:
    """What the user's answer fills in the row: until when they may sign, if that is later now."""
    match event.data:
        case ApprovalTimeExtended(until=until):
            return {"approval_deadline": until}
        case _:
            return {}
