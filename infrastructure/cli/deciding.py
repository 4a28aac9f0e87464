"""What operators' commands have in common: whose decision it is, why, and how it is stored."""

import getpass
from uuid import UUID

from domain.registry import REGISTRY
from domain.shared.ids import StreamId
from infrastructure.db.clock import DatabaseClock
from infrastructure.db.committer import Committer
from infrastructure.db.dues import DueReader
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool, connect
from infrastructure.db.streams import StreamReader
from infrastructure.sagas.engine import Handler, SagaEngine
from infrastructure.services.policy import load_policy
from infrastructure.settings import StartupError, sanctions_list


async def decide_on(pool: Pool, url: str, stream_id: StreamId, handler: Handler) -> None:
    """Commits what the handler decides on the stream; running processes react to it from the log.
    Raises `LookupError` where there is no such stream, and what the handler raises."""
    clock = DatabaseClock(pool)
    await clock.sync()
    committer = Committer(lambda: connect(url))
    await committer.start()
    engine = SagaEngine(
        commits=committer,
        streams=StreamReader(pool),
        profiles=IdentityStore(pool),
        dues=DueReader(pool),
        registry=REGISTRY,
        groups=(),
        policy=load_policy(sanctions_list()),
        clock=clock,
    )
    try:
        await engine.decide(stream_id, handler)
    finally:
        await committer.close()


def read_id(text: str) -> StreamId:
    """Raises `StartupError` where it is none."""
    try:
        return StreamId(UUID(text))
    except ValueError:
        raise StartupError(f"{text} is no identifier as the list shows them") from None


def read_reason(text: str) -> str:
    """Raises `StartupError` where there is none."""
    if not text.strip():
        raise StartupError("a reason is needed: it is kept with the decision")
    return text.strip()


def read_operator(given: str | None) -> str:
    """Who decides: the login of this machine, where nobody is named."""
    return (given or getpass.getuser()).strip()
