"""The view of a terminal: lines scroll above a bar that moves on with each event."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infrastructure.cli.progress import line


class Terminal:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("waiting for the platform", total=100)
        self._started = time.monotonic()

    def step(self, what: str, state: str, percent: int) -> None:
        self._print(line(time.monotonic() - self._started, what, state, percent))
        self._progress.update(self._task, completed=percent, description=state)

    def note(self, text: str) -> None:
        self._print(text)

    def _print(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


@contextmanager
def live() -> Iterator[Terminal]:
    """A bar at the bottom while the block runs; it goes with the block."""
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=30),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, transient=True) as progress:
        yield Terminal(progress)
