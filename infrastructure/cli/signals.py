"""Ctrl-C and SIGTERM: both mean to stop in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Final

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


def interrupt_on_terminate() -> None:
    """While no event loop runs, SIGTERM unwinds the stack as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def run_until_stopped(main: Coroutine[None, None, int], stop: asyncio.Event) -> int:
    """Run `main` in a new event loop; the first signal sets `stop`, a second one cancels it."""

    async def supervised() -> int:
        loop = asyncio.get_running_loop()
        task = loop.create_task(main)

        def on_signal() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        for number in _STOPPING:
            loop.add_signal_handler(number, on_signal)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(supervised())


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    import uvloop

    return uvloop.Loop
