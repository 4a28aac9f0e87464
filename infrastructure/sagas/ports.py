"""What sagas need of the database and the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.shared.decision import Profile
from domain.shared.ids import StreamId, UserId, WalletId
from domain.shared.stream import Stream
from domain.shared.unit import CommitResult, Unit


class Commits(Protocol):
    """Commits a Unit: one database transaction."""

    async def commit(self, unit: Unit) -> CommitResult: ...


class Streams(Protocol):
    """Reads a stream whole; one that has no events yet comes back as None."""

    async def stream(self, stream_id: StreamId) -> Stream | None: ...


class Profiles(Protocol):
    """What compliance knows of a user."""

    async def profile(self, user_id: UserId) -> Profile | None: ...


class Dues(Protocol):
    """What a wallet owes the platform from earlier, and no transaction has taken on itself."""

    async def fee_due(self, wallet_id: WalletId) -> int: ...


class Clock(Protocol):
    """The time: of the database, or a test's."""

    def __call__(self) -> datetime: ...


class News(Protocol):
    """Streams that have events which a group of this process has not handled."""

    async def unheard(self, limit: int) -> Sequence[StreamId]: ...

    async def park(self, stream_id: StreamId, reason: str) -> None:
        """Leaves the stream aside, for an operator; the others go on."""
        ...

    async def heard(self, stream_id: StreamId) -> None:
        """The stream went on; it is parked no longer."""
        ...
