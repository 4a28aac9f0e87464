"""`diboas demo …`: every flow of the platform, as a newcomer sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.platform import Platform
from tests.integration.demo.newcomer import blocks, completed, demo, posted

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

BITCOIN = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
FLOWS = 11
"""The nine stops of the tour, then a strategy that is launched and stopped."""


@pytest.mark.timeout(300)
def test_every_flow_ends_well(platform: Platform) -> None:
    assert completed(platform, "all") == FLOWS
    # The sandbox is months ahead by now, and alice has her bank account.
    assert completed(platform, "withdraw", "--bank", "--amount", "20") == 1
    bitcoin = ("--as", "BTC", "--to", BITCOIN)
    assert completed(platform, "withdraw", *bitcoin, "--amount", "30") == 1
    assert completed(platform, "buy", "--user", "bob", "--amount", "20") == 1
    assert completed(platform, "sell", "--user", "bob", "--amount", "0.05") == 1


@pytest.mark.parametrize("provider", ["kamino", "jupiter_lend"])
def test_a_strategy_earns_and_comes_back(platform: Platform, provider: str) -> None:
    before = posted(platform.ready, "alice")

    shown = demo(platform.ready_file, "strategy", "--provider", provider, "--days", "300")

    assert shown.returncode == 0, shown.stderr
    assert "300 days pass in the sandbox" in shown.stdout
    assert "StrategyStopCompleted" in shown.stdout
    assert posted(platform.ready, "alice") > before
    # What else is shown goes on working after the jump of the sandbox's clock.
    assert completed(platform, "deposit") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("strategy", "--provider", "nobody"),
        ("send", "--amount", "1000000"),
        ("send", "--amount", "1e3"),
        ("send", "--to", "alice"),
    ],
)
def test_what_is_refused_is_one_line(platform: Platform, arguments: tuple[str, ...]) -> None:
    before = posted(platform.ready, "alice")

    refused = demo(platform.ready_file, *arguments)

    assert refused.returncode == 1
    assert refused.stderr.startswith("diboas: ")
    assert refused.stderr.count("\n") == 1
    assert posted(platform.ready, "alice") == before


def test_without_a_platform_it_says_so(tmp_path: Path) -> None:
    nobody = tmp_path / "ready.json"

    shown = demo(nobody, "send")

    assert shown.returncode == 1
    assert shown.stderr.startswith(f"diboas: there is no {nobody}")


def test_the_readmes_websocket_client_hears_a_send(platform: Platform, tmp_path: Path) -> None:
    place = tmp_path / "somewhere"
    (place / ".diboas").mkdir(parents=True)
    (place / ".diboas" / "ready.json").write_bytes(platform.ready_file.read_bytes())
    watcher = subprocess.Popen(
        [sys.executable, "-c", blocks("python")[0]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=place,
    )
    assert watcher.stdout is not None
    try:
        assert json.loads(watcher.stdout.readline())["type"] == "connection_ack"
        demo(platform.ready_file, "send")
        first = json.loads(watcher.stdout.readline())["payload"]["data"]["transactionUpdates"]
        assert first == {"type": "SendTransactionInitiated", "state": "INITIATED"}
    finally:
        watcher.kill()
        watcher.wait()
        watcher.stdout.close()
