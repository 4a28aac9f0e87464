"""Delivers a provider's webhooks, with retries as real providers have, and the faults that are set.

Whoever sends gives a function that signs: each try is signed anew, with its own time.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from infrastructure.http import HttpClient, HttpError
from infrastructure.sandbox.frame.world import World

logger = logging.getLogger(__name__)

RETRIES_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Shorter than a real provider's hours: nobody waits so long for a sandbox."""
DUPLICATES: Final = 10
_TARGETS: Final = "webhook_target"
_OK: Final = range(200, 300)

Sign = Callable[[bytes, bool], Mapping[str, str]]
"""Headers for a body, signed now; with True, by somebody who does not have the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`event` is the operation that faults name."""

    provider: str
    event: str
    body: bytes
    sign: Sign


class WebhookSender:
    """One for a sandbox; a message goes where its provider was told to send, or nowhere."""

    def __init__(self, world: World, client: HttpClient) -> None:
        self._world = world
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._held_back: dict[str, Message] = {}

    def send_to(self, provider: str, url: str) -> None:
        """From now on this provider's messages go there."""
        self._world.memory.put(_TARGETS, provider, url)

    def send(self, message: Message) -> None:
        """Returns at once; the message is on its way, unless a fault has it otherwise."""
        take = self._world.faults.take
        provider, event = message.provider, message.event
        if take("webhook_lost", provider, event) is not None:
            return
        if take("webhook_reordered", provider, event) is not None:
            self._held_back[provider] = message
            return
        duplicated = take("webhook_duplicated", provider, event) is not None
        for _ in range(DUPLICATES if duplicated else 1):
            self._start(message)
        overtaken = self._held_back.pop(provider, None)
        if overtaken is not None:
            self._start(overtaken)

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, message: Message) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, message: Message) -> None:
        url = self._world.memory.get(_TARGETS, message.provider, str)
        if url is None:
            return
        take = self._world.faults.take
        delayed = take("webhook_delayed", message.provider, message.event)
        if delayed is not None:
            await asyncio.sleep(delayed.delay_ms / 1000)
        forged = take("webhook_forged", message.provider, message.event) is not None
        for pause in (*RETRIES_SECONDS, None):
            headers = {"content-type": "application/json", **message.sign(message.body, forged)}
            try:
                answer = await self._client.request(
                    "POST", url, content=message.body, headers=headers
                )
            except HttpError as error:
                logger.info("webhook of %s not delivered: %s", message.provider, error)
            else:
                if answer.status in _OK:
                    return
            if pause is None:
                return
            await asyncio.sleep(pause)
