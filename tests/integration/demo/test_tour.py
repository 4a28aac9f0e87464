"""`diboas demo all`: every flow of the platform, as a newcomer sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.platform import environment, started

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

FLOWS = 10
"""The eight stops of the tour, then a strategy that is launched and stopped."""


def test_every_flow_ends_well(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        shown = subprocess.run(
            [
                *(sys.executable, "-m", "infrastructure.cli", "demo", "all"),
                *("--ready-file", str(platform.ready_file)),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
        )

    assert shown.returncode == 0, shown.stdout + shown.stderr
    completed = [line for line in shown.stdout.splitlines() if line.rstrip().endswith("COMPLETED")]
    assert len(completed) == FLOWS
