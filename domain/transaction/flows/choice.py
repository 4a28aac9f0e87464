"""What the events of a choice say of the transaction: it waits for its user, whatever its flow is."""

from typing import Final

from domain.contracts.choice_events import (
    UserChoiceExpired,
    UserChoiceMade,
    UserChoiceRequired,
    UserChoiceWithdrawn,
)
from domain.contracts.envelope import EventPayload
from domain.transaction.flow import Record

CHOICE_RECORDS: Final[dict[type[EventPayload], Record]] = {
    UserChoiceRequired: Record(waiting_on="USER"),
    # Whom it waits for then is said by what follows from it.
    UserChoiceMade: Record(),
    UserChoiceExpired: Record(),
    UserChoiceWithdrawn: Record(),
}
