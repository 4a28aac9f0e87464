"""Streams for tests that are about what follows from their events."""

from datetime import UTC, datetime
from uuid import UUID

from domain.contracts.envelope import Event, EventPayload
from domain.shared.ids import EventId, StreamId, UserId, WalletId
from domain.shared.stream import Stream

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stream_of(*payloads: EventPayload, user_id: UserId | None = None) -> Stream:
    """A transaction's stream with these events in it, all of them `NOW`."""
    events = tuple(
        Event(
            id=EventId(UUID(int=number)),
            stream_id=StreamId(UUID(int=1)),
            sequence=number,
            wallet_id=WalletId(UUID(int=2)),
            user_id=user_id,
            type=payload.type_name(),
            kind=payload.kind_name(),
            attempt=1,
            causation_id=None,
            correlation_id="test",
            occurred_at=NOW,
            data=payload,
        )
        for number, payload in enumerate(payloads, 1)
    )
    return Stream(id=StreamId(UUID(int=1)), wallet_id=WalletId(UUID(int=2)), events=events)
