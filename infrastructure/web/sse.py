"""GraphQL over server-sent events, distinct connections mode: one stream, one operation.

Events end in LF alone: clients that split at a blank line miss CRLF.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from infrastructure.web.limits import WebLimits
from infrastructure.web.operation import OperationScope, Outcome, encode_outcome, refusal

HEARTBEAT = ": ping\n\n"
COMPLETE = "event: complete\ndata: \n\n"  # browsers ignore events without data
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",  # proxies of the nginx kind hold events back otherwise
}


def encode_next(outcome: Outcome, *, request_id: str) -> str:
    text, _shown = encode_outcome(outcome, request_id=request_id)
    return f"event: next\ndata: {text}\n\n"


class EventStreamResponse:
    """Sends a stream's events until it ends, the client leaves or stops reading, or the server
    stops."""

    def __init__(
        self, outcomes: AsyncGenerator[Outcome, None], scope: OperationScope, *, limits: WebLimits
    ) -> None:
        self._outcomes = outcomes
        self._operation = scope
        self._limits = limits
        headers = {**HEADERS, "x-request-id": scope.request_id}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_client_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The server stops. Without `complete`, the client comes back and goes on elsewhere.
            await _stop(sending)
            await self._send(send, "", more=False)
        finally:
            await _stop(leaving)
            await _stop(sending)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        async with aclosing(self._events()) as events:
            async for event in events:
                await self._send(send, event, more=True)
        await self._send(send, "", more=False)

    async def _send(self, send: Send, event: str, *, more: bool) -> None:
        body = {"type": "http.response.body", "body": event.encode(), "more_body": more}
        async with asyncio.timeout(self._limits.send_timeout_seconds):
            await send(body)

    async def _events(self) -> AsyncGenerator[str, None]:
        interval_seconds = self._limits.heartbeat_interval_seconds
        request_id = self._operation.request_id
        async with aclosing(with_pauses(self._outcomes, interval_seconds)) as outcomes:
            async for outcome in outcomes:
                if outcome is not None:
                    yield encode_next(outcome, request_id=request_id)
                    continue
                ended = self._operation.recheck()
                if ended is not None:
                    shown = refusal(ended, self._operation)
                    yield encode_next(shown, request_id=request_id)
                    break
                yield HEARTBEAT
        yield COMPLETE


async def with_pauses(
    outcomes: AsyncGenerator[Outcome, None], interval_seconds: float
) -> AsyncGenerator[Outcome | None, None]:
    """The outcomes, and None after each interval without one. All of `outcomes` runs in one task."""
    queue: asyncio.Queue[Outcome | None] = asyncio.Queue(maxsize=1)
    pump = asyncio.create_task(_pump(outcomes, queue))
    try:
        while True:
            try:
                async with asyncio.timeout(interval_seconds):
                    item = await queue.get()
            except TimeoutError:
                yield None
                continue
            if item is None:
                return
            yield item
    finally:
        await _stop(pump)


async def _pump(
    outcomes: AsyncGenerator[Outcome, None], queue: "asyncio.Queue[Outcome | None]"
) -> None:
    async with aclosing(outcomes):
        async for outcome in outcomes:
            await queue.put(outcome)
    await queue.put(None)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stop(task: "asyncio.Task[None]") -> None:
    """Cancels a task and waits for its clean-up; what a dropped client caused is of no interest."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
