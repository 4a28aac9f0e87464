"""The first minutes of somebody new: start, the README's requests, a send, stop."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bench.platform import Ready, started, still_running
from bench.socket_client import Event, signed_in
from tests.integration.demo.newcomer import ask, demo, posted, request

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


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

        sent = demo(platform.ready_file, "send", "--from", "alice", "--to", "bob", "--amount", "25")
        assert sent.returncode == 0, sent.stderr
        assert "COMPLETED" in sent.stdout
        assert posted(ready, "alice") == 975
        assert Decimal(274) < posted(ready, "bob") <= 275

        events = asyncio.run(heard(ready, "bob", request("mutation").replace("@bob", "@alice")))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert events[0].type == "SendTransactionInitiated"

        assert platform.stop() == 0
        said = (tmp_path / "data.log").read_text().splitlines()
        assert [line for line in said if line.startswith("ERROR")] == []
    assert not still_running(tree, after_seconds=0.5)
