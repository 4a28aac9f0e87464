"""What a customer's app hears live of all their transactions, while they run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from infrastructure.demo.api import Api

_LIVE: Final = """subscription { transactionUpdates {
  type kind sequence state subState occurredAt resync transaction { id } } }"""


class Subject(msgspec.Struct, frozen=True):
    id: str


class Heard(msgspec.Struct, frozen=True, rename="camel"):
    """A live event."""

    type: str
    kind: str
    sequence: int
    state: str | None
    sub_state: str | None
    occurred_at: datetime
    resync: bool
    transaction: Subject | None


class _Update(msgspec.Struct, frozen=True, rename="camel"):
    transaction_updates: Heard


@dataclass(frozen=True, slots=True)
class Listener:
    """`heard` has every event in the order of its arrival."""

    api: Api
    heard: list[Heard] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hears from when the block is entered."""
        begun = asyncio.Event()
        task = asyncio.create_task(self._listen(begun))
        try:
            await begun.wait()
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()

    async def _listen(self, begun: asyncio.Event) -> None:
        async with self.api.news(_LIVE, _Update) as news:
            begun.set()
            async for update in news:
                self.heard.append(update.transaction_updates)
