"""The world that simulated providers live in: one for a sandbox, given to each of them."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from infrastructure.sandbox.frame.faults import ProviderFaults
from infrastructure.sandbox.frame.memory import Memory

Chore = Callable[[], Awaitable[None]]
Book = Callable[[], "Iterable[CarriedOut]"]

_SECRET_BYTES: Final = 32
_CREDENTIALS: Final = "credentials"
_SKIPPED: Final = "skipped"


class CarriedOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order that moved money, in the books of its provider.

    `reference` is the provider's name for it; `transaction_hash` is of the delivery on its chain, of
    a payout that of what came in for it.
    """

    provider: str
    reference: str
    asset: str
    amount: int
    transaction_hash: str | None


class SandboxClock:
    """The wall clock, and what was skipped of it, so that days can pass in a test."""

    def __init__(self, memory: Memory, wall_clock: Callable[[], float]) -> None:
        self._memory = memory
        self._wall_clock = wall_clock
        self._before_skip: list[Callable[[timedelta], None]] = []

    def now(self) -> datetime:
        skipped = self._memory.get("clock", _SKIPPED, float) or 0.0
        return datetime.fromtimestamp(self._wall_clock() + skipped, UTC)

    def shared(self) -> datetime:
        """Without what was skipped: signatures, tokens and prices are of the time that both sides
        share, whatever day it is in the simulated business."""
        return datetime.fromtimestamp(self._wall_clock(), UTC)

    def before_skip(self, tell: Callable[[timedelta], None]) -> None:
        """`tell` hears of each skip before it happens."""
        self._before_skip.append(tell)

    def skip(self, duration: timedelta) -> None:
        """Time goes on from there; never back."""
        for tell in self._before_skip:
            tell(duration)
        skipped = self._memory.get("clock", _SKIPPED, float) or 0.0
        self._memory.put("clock", _SKIPPED, skipped + max(0.0, duration.total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is shared. `public_url` is how the outside reaches the sandbox. `chores` are
    done over and over while the sandbox runs: what happens by itself as time goes by. `books` are the
    providers' own, of what they have carried out."""

    memory: Memory
    clock: SandboxClock
    faults: ProviderFaults = field(default_factory=ProviderFaults)
    public_url: str = ""
    chores: list[Chore] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)

    def credential(self, provider: str, name: str, make: Callable[[], str] | None = None) -> str:
        """A secret that this sandbox and the platform share, made on first use and then kept.

        All of them are told at GET /control/credentials.
        """

        def random_text() -> str:
            return secrets.token_hex(_SECRET_BYTES)

        return self.memory.once(_CREDENTIALS, f"{provider}.{name}", make or random_text)

    def credentials(self) -> dict[str, str]:
        """All of them by `provider.name`."""
        return dict(self.memory.items(_CREDENTIALS, str))
