"""CPU time by process: unlike a rate, it says little of what else runs on the machine."""

import contextlib
import resource
from collections import Counter
from collections.abc import Mapping
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from bench.platform import Platform

PLATFORM: Final = "platform"
CLIENT: Final = "client"
# By words of their command lines; what none names is the platform itself.
_NAMES: Final[Mapping[str, str]] = {
    "postgres": "PostgreSQL",
    "valkey": "Valkey",
    "sandbox": "sandbox",
}


def spent(platform: Platform) -> Counter[str]:
    """Milliseconds so far: of the platform's processes, and of the clients that have ended."""
    seconds: Counter[str] = Counter()
    for process in platform.tree():
        with contextlib.suppress(psutil.NoSuchProcess):
            seconds[_name(process, platform)] += _milliseconds(process)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds[CLIENT] = round((ended.ru_utime + ended.ru_stime) * 1000)
    return seconds


def _name(process: psutil.Process, platform: Platform) -> str:
    if process.pid == platform.process.pid:
        return PLATFORM
    line = " ".join(process.cmdline())
    return next((name for word, name in _NAMES.items() if word in line), PLATFORM)


def _milliseconds(process: psutil.Process) -> int:
    """With those of its children that have ended."""
    times = process.cpu_times()
    used: float = times.user + times.system + times.children_user + times.children_system
    return round(used * 1000)
