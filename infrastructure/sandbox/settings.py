import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infrastructure.sandbox.solana.timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """`data_dir=None` keeps everything in memory; `wall_clock` answers Unix seconds; `public_url` is
    how the outside reaches the sandbox."""

    data_dir: Path | None = None
    timing: Timing = field(default_factory=Timing)
    wall_clock: Callable[[], float] = time.time
    public_url: str = ""
