"""What messaging asks of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.shared.ids import StreamId, WalletId
from infrastructure.db.positions import Logged, Position


class RefillRefused(Exception):
    """Nothing can be replayed after this cursor: too old, or of a log that is no more."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events a subscriber may ask for; no wallet: those of all (operators)."""

    wallet_id: WalletId | None
    stream_id: StreamId | None = None


class Refill(Protocol):
    """The log as the hub reads it. All reads are in order and below the oldest open writer."""

    async def head(self) -> Position:
        """A place at or above all events that can be read, below all that cannot yet."""
        ...

    async def read(self, after: Position, limit: int) -> Sequence[Logged]:
        """The next events of all wallets; fewer than `limit`: there are no more now.

        Raises `RefillRefused`.
        """
        ...

    async def replay(self, scope: Scope, after: Position, limit: int) -> Sequence[Logged]:
        """`read` within `scope`: own events and those with the wallet as counterparty."""
        ...
