"""How a transaction is shown: a moving bar in a terminal, plain lines anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class View(Protocol):
    def step(self, what: str, state: str, percent: int) -> None:
        """Something happened; the line says when, counted from the beginning, and how far it is by
        the platform's own word."""
        ...

    def note(self, text: str) -> None:
        """Something to know that is no step."""
        ...


class Plain:
    """A line each."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def step(self, what: str, state: str, percent: int) -> None:
        print(line(time.monotonic() - self._started, what, state, percent), flush=True)

    def note(self, text: str) -> None:
        print(text, flush=True)


def line(seconds: float, what: str, state: str, percent: int) -> str:
    return f"  {seconds:6.2f} s  {percent:>3} %  {what:<32} {state}"


@contextmanager
def shown(title: str) -> Iterator[View]:
    """The view that suits standard output, from the beginning of a transaction to its end."""
    print(title, flush=True)
    if not sys.stdout.isatty():
        yield Plain()
        return
    from infrastructure.cli.terminal import live

    with live() as view:
        yield view
