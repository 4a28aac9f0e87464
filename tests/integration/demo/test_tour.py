"""`diboas demo …`: every flow of the platform, as a newcomer sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.platform import Platform, environment, started

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

BITCOIN = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
FLOWS = 11
"""The nine stops of the tour, then a strategy that is launched and stopped."""


def test_every_flow_ends_well(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        assert completed(platform, "all") == FLOWS
        # The sandbox is months ahead by now, and alice has her bank account.
        assert completed(platform, "withdraw", "--bank", "--amount", "20") == 1
        bitcoin = ("--as", "BTC", "--to", BITCOIN)
        assert completed(platform, "withdraw", *bitcoin, "--amount", "30") == 1
        assert completed(platform, "buy", "--user", "bob", "--amount", "20") == 1
        assert completed(platform, "sell", "--user", "bob", "--amount", "0.05") == 1


def completed(platform: Platform, *action: str) -> int:
    """How many transactions the demonstration shows completed; it must end well."""
    command = [sys.executable, "-m", "infrastructure.cli", "demo", *action]
    shown = subprocess.run(
        [*command, "--ready-file", str(platform.ready_file)],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return sum(line.rstrip().endswith("COMPLETED") for line in shown.stdout.splitlines())
