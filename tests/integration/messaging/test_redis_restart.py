"""Valkey is killed under a subscription over a WebSocket: its client hears every event once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

from bench.customers import apis, send, settled, wishing
from bench.platform import Platform, Ready, started
from infrastructure.db.positions import START, Position
from infrastructure.demo import wishes
from infrastructure.demo.api import Api
from infrastructure.demo.documents import ACTIONS, Found
from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.messaging.backend import redis_client

SECONDS_MAX = 20.0
POLL_SECONDS = 0.01
FIRST, LAST = "SendTransactionInitiated", "SendTransactionCompleted"
WAITS_FOR_USER = "UserActionRequired"
UPDATES = """subscription {
  transactionUpdates%s { cursor resync type sequence transaction { id } }
}"""
LOG = """
    SELECT o.generation, o.xid::text::bigint, o.id FROM outbox o
    JOIN wallet w ON w.id IN (o.wallet_id, o.counterparty_wallet_id)
    JOIN app_user u ON u.id = w.user_id
    WHERE u.username = $1 AND (o.generation, o.xid, o.id) > ($2, $3::text::xid8, $4)
    ORDER BY o.generation, o.xid, o.id
"""
END = """
    SELECT generation, xid::text::bigint, id FROM outbox
    ORDER BY generation DESC, xid DESC, id DESC LIMIT 1
"""
RELAYED = "SELECT generation, xid::text::bigint, id FROM relay_cursor"

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


class Subject(msgspec.Struct, frozen=True):
    id: str


class Heard(msgspec.Struct, frozen=True):
    cursor: str
    resync: bool
    type: str
    sequence: int | None
    transaction: Subject | None


class Update(msgspec.Struct, frozen=True, rename="camel"):
    transaction_updates: Heard


class Ear:
    """What came in over one socket."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._news = asyncio.Event()

    @property
    def cursors(self) -> list[str]:
        return [heard.cursor for heard in self.heard]

    def has(self, kind: str, transaction_id: str) -> bool:
        return any(
            heard.type == kind and heard.transaction == Subject(transaction_id)
            for heard in self.heard
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            # Not as a TimeoutError: the client takes that for the socket's.
            heard = [(each.type, each.sequence) for each in self.heard]
            raise AssertionError(f"waited in vain after {heard}") from None

    async def until_cursor(self, cursor: str) -> None:
        await self.until(lambda: self.cursors[-1:] == [cursor])

    async def listen(self, updates: AsyncIterator[Update]) -> None:
        async for update in updates:
            self.heard.append(update.transaction_updates)
            self._news.set()


@asynccontextmanager
async def listening(api: Api, *, after: str | None = None) -> AsyncIterator[Ear]:
    """One socket with one subscription, for as long as the block lasts."""
    document = UPDATES % ("" if after is None else f'(after: "{after}")')
    ear = Ear()
    async with api.news(document, Update) as updates:
        task = asyncio.create_task(ear.listen(updates))
        try:
            yield ear
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()


async def log_end(database_url: str) -> Position:
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow(END)
    await connection.close()
    return START if row is None else Position(*row)


async def log_after(database_url: str, username: str, after: Position) -> list[str]:
    """The cursors of all events behind `after` that concern a user, in the log's order."""
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(LOG, username, after.generation, str(after.xid), after.id)
    await connection.close()
    return [Position(*row).encode() for row in rows]


async def relayed(database_url: str, position: Position) -> None:
    """Returns when the server has taken everything up to there, and nobody will publish it again."""
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            row = await connection.fetchrow(RELAYED)
            if row is not None and Position(*row) >= position:
                break
            await asyncio.sleep(POLL_SECONDS)
    await connection.close()


class Story:
    """Sends of alice to bob, step by step."""

    def __init__(self, ready: Ready, users: Mapping[str, Api]) -> None:
        self._ready = ready
        self._users = users
        self._alice = wishing(users, ready, "alice")
        self._wish = wishes.send(amount="5", recipient="bob")

    async def begin(self) -> str:
        """The transaction of a send that waits for its signature by now."""
        transaction_id = await self._alice.begin(self._wish)
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                found = await self._users["alice"].ask(ACTIONS, Found, id=transaction_id)
                if found.transaction is not None and found.transaction.user_actions:
                    return transaction_id
                await asyncio.sleep(POLL_SECONDS)

    async def sign(self, transaction_id: str) -> None:
        assert await self._alice.act(self._wish, transaction_id)

    async def finish(self, transaction_id: str) -> None:
        await self.sign(transaction_id)
        assert await settled(self._users["alice"], transaction_id) == "COMPLETED"

    async def whole(self) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            await send(self._users, self._ready, "alice", "bob", "5")


def kill(server: EmbeddedValkey) -> None:
    """With SIGKILL; returns when it has ended."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    assert server.exit_code == -signal.SIGKILL


async def deafen(server: EmbeddedValkey) -> None:
    """Cuts off whoever is subscribed, and nobody may subscribe any more: until the server is
    started again, what is published reaches nobody."""
    client = redis_client(server.url)
    await client.acl_setuser("default", enabled=True, commands=["-subscribe"])
    await client.client_kill_filter(_type="pubsub")
    await client.aclose()


def assert_whole(heard: list[Heard]) -> None:
    """Each transaction from its first event to its last, in order, none twice, nothing skipped."""
    assert not any(each.resync for each in heard)
    sequences: dict[Subject | None, list[int | None]] = {}
    for each in heard:
        sequences.setdefault(each.transaction, []).append(each.sequence)
    for found in sequences.values():
        assert found == list(range(1, len(found) + 1))
    ended = [each.transaction for each in heard if each.type == LAST]
    assert sorted(map(str, ended)) == sorted(map(str, sequences))


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def platform(
    valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A platform that does not tend its Redis: it is ours to kill."""
    folder = tmp_path_factory.mktemp("platform")
    with started(folder / "data", settings={"REDIS_URL": valkey.url}) as platform:
        yield platform


async def test_a_killed_valkey_costs_a_subscriber_no_event(
    platform: Platform, valkey: EmbeddedValkey
) -> None:
    ready = platform.ready
    async with (
        apis(ready) as users,
        listening(users["alice"]) as ear,
        listening(users["bob"]) as recipient,
    ):
        story, beginning = Story(ready, users), await log_end(ready.database_url)
        await story.whole()
        waiting = await story.begin()
        await ear.until(lambda: ear.has(WAITS_FOR_USER, waiting))

        kill(valkey)
        await story.finish(waiting)
        begun_meanwhile = await story.begin()
        assert not ear.has(LAST, waiting)  # nobody could tell: what follows is about a real outage
        assert not ear.has(FIRST, begun_meanwhile)
        valkey.restart()
        await story.finish(begun_meanwhile)

        published_in_vain = await story.begin()
        await ear.until(lambda: ear.has(WAITS_FOR_USER, published_in_vain))
        await deafen(valkey)
        await story.finish(published_in_vain)
        await relayed(ready.database_url, await log_end(ready.database_url))
        assert not ear.has(LAST, published_in_vain)
        kill(valkey)
        valkey.restart()
        await ear.until(lambda: ear.has(LAST, published_in_vain))

        at_once = [asyncio.create_task(story.whole()) for _ in range(3)]
        count = len(ear.heard)
        await ear.until(lambda: len(ear.heard) > count)
        kill(valkey)
        valkey.restart()
        await asyncio.gather(*at_once)

        await story.whole()
        log = await log_after(ready.database_url, "alice", beginning)
        await ear.until_cursor(log[-1])
        assert ear.cursors == log
        assert_whole(ear.heard)
        async with listening(users["bob"], after=beginning.encode()) as late:
            await late.until_cursor(log[-1])
            await recipient.until_cursor(log[-1])
        assert recipient.heard == late.heard
        assert len({each.transaction for each in ear.heard}) == 8


async def test_a_socket_opened_again_goes_on_behind_its_cursor(
    platform: Platform, valkey: EmbeddedValkey
) -> None:
    ready = platform.ready
    async with apis(ready) as users:
        alice, story = users["alice"], Story(ready, users)
        async with listening(alice) as first:
            beginning = await log_end(ready.database_url)
            one = await story.begin()
            await first.until(lambda: first.has(WAITS_FOR_USER, one))
        await story.finish(one)

        kill(valkey)
        async with listening(alice, after=first.cursors[-1]) as second:
            await second.until(lambda: second.has(LAST, one))  # from the log: no Redis is there
            two = await story.begin()
            valkey.restart()
            await second.until(lambda: second.has(WAITS_FOR_USER, two))
        await story.finish(two)

        async with listening(alice, after=second.cursors[-1]) as third:
            await story.whole()
            log = await log_after(ready.database_url, "alice", beginning)
            await third.until_cursor(log[-1])
        assert first.cursors + second.cursors + third.cursors == log
        assert_whole(first.heard + second.heard + third.heard)
