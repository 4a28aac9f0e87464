"""One running platform at a time: that of the folder whose tests run.

A platform takes seconds to start and a part of a core even at rest. So the tests of a folder that
share one stay together, in one worker, and it is stopped behind the last of them.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest

from bench.platform import Platform, started


class SharedPlatform:
    """Of the folder that asked last."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._running: dict[Path, Platform] = {}

    def of(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> Platform:
        """The platform with its data there."""
        if data_dir not in self._running:
            self.stop()
            running = self._open.enter_context(started(data_dir, settings=settings))
            self._running[data_dir] = running
        return self._running[data_dir]

    def stop(self) -> None:
        self._running.clear()
        self._open.close()


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[SharedPlatform]:
    platform = SharedPlatform()
    yield platform
    platform.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    yield
    shared = getattr(item, "funcargs", {}).get("shared_platform")
    if shared is not None and (nextitem is None or nextitem.path.parent != item.path.parent):
        shared.stop()
