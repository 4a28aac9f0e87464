"""`make bench-start`: from a fresh clone to a platform that serves, and back after a crash.

Everything runs from the clone, with caches that are empty; only this measurement does not.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.checkout import cloned, copied, installed_seconds
from bench.customers import apis, balances, interrupted_send, send, settled
from bench.platform import (
    Platform,
    Ready,
    command,
    environment,
    kill,
    python_memory_bytes,
    started,
)
from bench.targets import Target, report

INSTALL_SECONDS_MAX: Final = 90.0
READY_SECONDS_MAX: Final = 10.0
MEMORY_MB_MAX: Final = 350.0
RECOVERY_SECONDS_MAX: Final = 15.0

_IDLE_SECONDS: Final = 10.0
_SENDS: Final = 3
_MB: Final = 1024 * 1024


def measure(folder: Path, *, here: bool) -> list[Target]:
    """All figures, of HEAD or of the working tree as it is `here`."""
    checkout = folder / "clone"
    (copied if here else cloned)(checkout)
    install_seconds = installed_seconds(checkout, folder / "caches")
    diboas = command(checkout / ".venv" / "bin" / "python")
    with started(folder / "data", diboas=diboas) as first:
        time.sleep(_IDLE_SECONDS)
        memory = python_memory_bytes(first.tree()) / _MB
        before, interrupted = asyncio.run(_use(first.ready))
        kill(first.tree())
    with started(folder / "data", diboas=diboas) as second:
        recovery_seconds = second.seconds
        lost = asyncio.run(_compare(second.ready, before, interrupted))
        broken = _verified(diboas, second)
    return [
        Target("install, cold caches, s", install_seconds, INSTALL_SECONDS_MAX),
        Target("up to ready, empty data directory, s", first.seconds, READY_SECONDS_MAX),
        Target("resident memory of Python when idle, MB", memory, MEMORY_MB_MAX),
        Target(
            "up to ready after kill -9 of everything, s", recovery_seconds, RECOVERY_SECONDS_MAX
        ),
        Target("sends and balances lost", lost, 0),
        Target("invariants broken", broken, 0),
    ]


async def _use(ready: Ready) -> tuple[Mapping[str, str], str]:
    """Complete sends, and one that is on its way when everything is killed: balances before it,
    and its transaction."""
    async with apis(ready) as users:
        for _ in range(_SENDS):
            await send(users, ready, "alice", "bob", "10")
        return await balances(users), await interrupted_send(users, ready, "alice", "bob", "10")


async def _compare(ready: Ready, before: Mapping[str, str], interrupted: str) -> int:
    """How much is missing: the send that was interrupted must complete by itself, once."""
    async with apis(ready) as users:
        state = await settled(users["alice"], interrupted)
        after = await balances(users)
    print(f"interrupted send: {state}; before: {dict(before)}; after: {dict(after)}")
    moved = float(before["alice"]) - float(after["alice"])
    return (state != "COMPLETED") + (round(moved, 6) != 10) + (after["carol"] != before["carol"])


def _verified(diboas: list[str], platform: Platform) -> int:
    """The exit code of `diboas verify`."""
    result = subprocess.run(
        [*diboas, "verify"],
        check=False,
        cwd="/",
        env=environment(DATABASE_URL=platform.ready.database_url),
    )
    return result.returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.start")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    parser.add_argument("--here", action="store_true", help="the working tree instead of HEAD")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="diboas-bench-") as folder:
        reached = report(measure(Path(folder), here=options.here))
    return int(options.check and not reached)


if __name__ == "__main__":
    sys.exit(main())
