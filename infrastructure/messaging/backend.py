"""A Redis backend for broadcaster that survives what happens to connections.

The library's own marks itself ready before it subscribes, ends when a connection is killed, dies
of one payload that is not UTF-8, and queues without bound. This one alone reads its connection,
and tells of every new subscription of a known channel by a `LOST` message on it: what was
published in between is gone.
"""

import asyncio
import contextlib
import logging
from typing import Any, Final, TypedDict, cast

from broadcaster import Event
from broadcaster._backends.redis import RedisBackend
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from infrastructure.messaging.codec import LOST
from infrastructure.messaging.retrying import REDIS_ERRORS, backoff_seconds, heed_cancellation

_log: Final = logging.getLogger(__name__)

_SENTINEL: Final = "diboas:sentinel"  # always subscribed, so that there is always what to read
_QUEUE_EVENTS_MAX: Final = 4096  # some seconds of a busy platform; beyond it all is refilled
_SOCKET_SECONDS_MAX: Final = 2.0
_READ_SECONDS: Final = 1.0
_PING_SECONDS: Final = 2.0
_SILENCE_SECONDS_MAX: Final = 5.0  # two pings without an answer: the peer is gone


class _Reply(TypedDict):
    type: str
    channel: bytes | None
    data: bytes | int


def redis_client(url: str) -> Redis:
    """A client that fails at once: whoever uses it knows better when to try again."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=_SOCKET_SECONDS_MAX,
        socket_connect_timeout=_SOCKET_SECONDS_MAX,
        health_check_interval=2,
        retry=Retry(NoBackoff(), 0),
    )


class SteadyRedisBackend(RedisBackend):
    """`RedisBackend` with the mends. `subscribe` returns once the server has acknowledged."""

    def __init__(self, url: str) -> None:  # the library's would open a client of its own
        self._conn = redis_client(url)
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE_EVENTS_MAX)
        self._listener: asyncio.Task[None] | None = None
        self._live: PubSub | None = None
        self._wanted: dict[str, asyncio.Event] = {}
        self._unacknowledged: set[str] = set()
        self._resubscribed: set[str] = set()
        self._broken = False

    async def connect(self) -> None:
        """Starts to listen; a server that is down is waited for in the background."""
        self._listener = asyncio.create_task(self._pubsub_listener(), name="redis-listener")

    async def disconnect(self) -> None:
        """Stops listening and closes the connections."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await self._conn.aclose()

    async def subscribe(self, channel: str) -> None:
        """Returns when the server has acknowledged, however often it is away before that."""
        acknowledged = self._wanted.setdefault(channel, asyncio.Event())
        if self._live is not None and not acknowledged.is_set():
            await self._command(self._live, "SUBSCRIBE", channel)
            heed_cancellation()
        await acknowledged.wait()

    async def unsubscribe(self, channel: str) -> None:
        """Drops the channel; a server that is away learns it by not being asked again."""
        self._wanted.pop(channel, None)
        if self._live is not None:
            await self._command(self._live, "UNSUBSCRIBE", channel)

    async def next_published(self) -> Event:
        """The next message, or `LOST` on a channel that was subscribed anew."""
        return await self._queue.get()

    async def _command(self, live: PubSub, command: str, channel: str) -> None:
        try:
            if command == "SUBSCRIBE":
                await live.subscribe(channel)
            else:
                await live.unsubscribe(channel)
        except REDIS_ERRORS:
            # The listener owns the connection: it opens the next one and subscribes again.
            self._broken = True

    async def _pubsub_listener(self) -> None:
        failures = 0
        while True:
            heard = False
            try:
                async with contextlib.aclosing(self._conn.pubsub()) as pubsub:
                    heard = await self._open(pubsub)
                    await self._listen(pubsub)
            except REDIS_ERRORS as error:
                _log.warning("redis subscription lost: %s", error)
            finally:
                self._live = None
            failures = 0 if heard else failures + 1
            await asyncio.sleep(backoff_seconds(failures))

    async def _open(self, pubsub: PubSub) -> bool:
        self._broken = False
        self._resubscribed.clear()
        await pubsub.subscribe(_SENTINEL)
        self._live = pubsub
        self._unacknowledged = set(self._wanted)
        if self._unacknowledged:
            await pubsub.subscribe(*self._unacknowledged)
        return True

    async def _listen(self, pubsub: PubSub) -> None:
        clock = asyncio.get_running_loop().time
        heard_at = pinged_at = clock()
        while not self._broken:
            heed_cancellation()
            reply = await pubsub.get_message(timeout=_READ_SECONDS)
            now = clock()
            if reply is not None:
                heard_at = now
                self._handle(cast("_Reply", reply))
            if now - heard_at > _SILENCE_SECONDS_MAX:
                raise TimeoutError("the server does not answer")
            if now - pinged_at >= _PING_SECONDS:
                pinged_at = now
                await pubsub.ping("listener")

    def _handle(self, reply: _Reply) -> None:
        channel = (reply["channel"] or b"").decode(errors="replace")
        if reply["type"] == "subscribe":
            self._acknowledge(channel)
        elif reply["type"] == "message" and channel in self._wanted:
            self._emit(channel, cast("bytes", reply["data"]))

    def _acknowledge(self, channel: str) -> None:
        # The client may also reconnect on its own; a second acknowledgement betrays that.
        acknowledged = self._wanted.get(channel)
        if acknowledged is None:
            return
        if acknowledged.is_set():
            self._resubscribed.add(channel)
        acknowledged.set()
        self._unacknowledged.discard(channel)
        if not self._unacknowledged:
            for again in self._resubscribed:
                self._put(Event(channel=again, message=LOST))
            self._resubscribed.clear()

    def _emit(self, channel: str, data: bytes) -> None:
        try:
            self._put(Event(channel=channel, message=data.decode()))
        except UnicodeDecodeError:
            _log.warning("a payload on %s is not UTF-8", channel)
            self._put(Event(channel=channel, message=LOST))

    def _put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._overflow()

    def _overflow(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
        for channel in self._wanted:
            self._queue.put_nowait(Event(channel=channel, message=LOST))


class RedisPublisher:
    """Publishes batches in order. Raises `RedisError` or `OSError`; then try all of it again."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        """One round trip; returns when the server has taken all of the batch."""
        pipeline: Any = self._client.pipeline(transaction=False)
        for channel, payload in batch:
            pipeline.publish(channel, payload)
        await pipeline.execute()
        heed_cancellation()
