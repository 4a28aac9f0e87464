"""A stream: all that has happened to one transaction, and how far each group has heard it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import SignatureWanted, UserActionRequired
from domain.contracts.flows import FlowName
from domain.shared.ids import StreamId, WalletId
from domain.shared.unit import Group

P = TypeVar("P", bound=EventPayload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The events of one aggregate in sequence order; contexts decide from what it tells."""

    id: StreamId
    wallet_id: WalletId
    events: tuple[Event, ...] = ()
    handled: Mapping[Group, int] = field(default_factory=dict)

    @property
    def sequence(self) -> int:
        """The number of the last event; 0 where nothing has happened yet."""
        return len(self.events)

    @property
    def flow(self) -> FlowName | None:
        """The flow that its opening names; None in streams that are no transaction."""
        return self.events[0].data.flow() if self.events else None

    def latest(self, payload: type[P]) -> P | None:
        """The last event of this type, or None."""
        for event in reversed(self.events):
            if isinstance(event.data, payload):
                return event.data
        return None

    def known(self, payload: type[P]) -> P:
        """The last event of this type, where the flow guarantees that there is one."""
        found = self.latest(payload)
        if found is None:
            raise LookupError(f"stream {self.id} has no {payload.type_name()}")
        return found

    def signature_wanted(self) -> SignatureWanted:
        """What the user was asked to sign last, where the flow guarantees that they were."""
        for event in reversed(self.events):
            if isinstance(event.data, UserActionRequired) and event.data.signature is not None:
                return event.data.signature
        raise LookupError(f"stream {self.id} has asked for no signature")

    def count(self, payload: type[EventPayload]) -> int:
        """How often this type happened."""
        return sum(isinstance(event.data, payload) for event in self.events)

    def has(self, *payloads: type[EventPayload]) -> bool:
        """Whether any of these types happened."""
        return any(isinstance(event.data, payloads) for event in self.events)

    def happened_since(self, payload: type[EventPayload], since: type[EventPayload]) -> bool:
        """Whether `payload` happened after the last `since`."""
        for event in reversed(self.events):
            if isinstance(event.data, payload):
                return True
            if isinstance(event.data, since):
                return False
        return False

    def extended(self, events: tuple[Event, ...]) -> "Stream":
        """The stream with more events behind the last."""
        return replace(self, events=self.events + events)
