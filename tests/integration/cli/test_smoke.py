"""The first minutes of somebody new: start, the README's requests, a send, stop."""

import asyncio
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform, Ready, environment, started, still_running
from bench.socket_client import Event, signed_in

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


def request(kind: str) -> str:
    """The README's query or mutation."""
    blocks = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
    found: str = next(text for text in blocks if text.startswith(kind))
    return found


def ask(ready: Ready, username: str, document: str) -> dict[str, dict[str, object]]:
    answer = httpx.post(
        ready.graphql,
        json={"query": document},
        headers={"Authorization": f"Bearer {ready.user(username).token}"},
        trust_env=False,
    )
    content = answer.json()
    assert answer.status_code == 200, content
    assert "errors" not in content
    data: dict[str, dict[str, object]] = content["data"]
    return data


def posted(ready: Ready, username: str) -> Decimal:
    data = ask(ready, username, "{ wallet { available { posted } } }")
    available = data["wallet"]["available"]
    assert isinstance(available, dict)
    return Decimal(available["posted"])


def demo_send(platform: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return demo(platform, "send", *arguments)


def demo(platform: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infrastructure.cli", "demo", *arguments]
    return subprocess.run(
        [*command, "--ready-file", str(platform.ready_file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )


async def heard(ready: Ready, username: str, document: str) -> list[Event]:
    """What the user's subscription tells of a send that they ask for over HTTP."""
    events: list[Event] = []
    async with (
        asyncio.timeout(20),
        signed_in(ready.subscriptions, ready.user(username).token) as client,
    ):
        answer = await asyncio.to_thread(ask, ready, username, document)
        assert answer["initiateSend"]["errors"] == []
        while not events or events[-1].type != "UserActionRequired":
            events.append(await client.events.get())
    return events


def test_the_first_minutes(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        ready = platform.ready
        tree = platform.tree()

        assert ask(ready, "alice", request("query"))["me"]["username"] == "alice"
        assert [posted(ready, name) for name in ("alice", "bob")] == [Decimal(1000), Decimal(250)]

        sent = demo_send(platform, "--from", "alice", "--to", "bob", "--amount", "25")
        assert sent.returncode == 0, sent.stderr
        assert "COMPLETED" in sent.stdout
        assert posted(ready, "alice") == 975
        assert Decimal(274) < posted(ready, "bob") <= 275

        events = asyncio.run(heard(ready, "bob", request("mutation").replace("@bob", "@alice")))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert events[0].type == "SendTransactionInitiated"

        assert platform.stop() == 0
    assert not still_running(tree, after_seconds=0.5)


def test_a_strategy_earns_and_comes_back(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        for provider in ("kamino", "jupiter_lend"):
            before = posted(platform.ready, "alice")

            shown = demo(platform, "strategy", "--provider", provider, "--days", "300")

            assert shown.returncode == 0, shown.stderr
            assert "300 days pass in the sandbox" in shown.stdout
            assert "StrategyStopCompleted" in shown.stdout
            assert posted(platform.ready, "alice") > before

        # What else is shown goes on working after the jump of the sandbox's clock.
        assert demo(platform, "deposit").returncode == 0

        unknown = demo(platform, "strategy", "--provider", "nobody")
        assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)


def test_a_refused_send_is_one_line(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        for arguments in (["--amount", "1000000"], ["--amount", "1e3"], ["--to", "alice"]):
            refused = demo_send(platform, *arguments)

            assert refused.returncode == 1
            assert refused.stderr.startswith("diboas: ")
            assert refused.stderr.count("\n") == 1
        assert posted(platform.ready, "alice") == 1000

    late = demo_send(platform)
    assert late.returncode == 1
    assert late.stderr.startswith(f"diboas: there is no {platform.ready_file}")


def test_the_readmes_websocket_client_hears_a_send(tmp_path: Path) -> None:
    script = next(text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    with started(tmp_path / "data") as platform:
        place = tmp_path / "somewhere"
        (place / ".diboas").mkdir(parents=True)
        (place / ".diboas" / "ready.json").write_bytes(platform.ready_file.read_bytes())
        watcher = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=place,
            env={**os.environ},
        )
        assert watcher.stdout is not None
        try:
            assert json.loads(watcher.stdout.readline())["type"] == "connection_ack"
            demo_send(platform)
            first = json.loads(watcher.stdout.readline())["payload"]["data"]["transactionUpdates"]
            assert first == {"type": "SendTransactionInitiated", "state": "INITIATED"}
        finally:
            watcher.kill()
            watcher.wait()
            watcher.stdout.close()
