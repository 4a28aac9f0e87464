"""One connection of the committer: batches in, results out, across lost connections."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from domain.shared.ids import AccountId, StreamId
from domain.shared.unit import (
    Account,
    Booked,
    CommitResult,
    Committed,
    KeyConflict,
    Message,
    Rejected,
    Replayed,
    Stale,
    Unit,
)
from infrastructure.db.encoding import EncodedUnit, encode_batch, encode_unit
from infrastructure.db.pool import Connection

_log = logging.getLogger(__name__)

_DEADLOCK_ATTEMPTS_MAX: Final = 5
_LOST_SECONDS_MAX: Final = 30.0  # an embedded server is back from a crash within 15
_RECONNECT_PAUSE_SECONDS: Final = 0.1
_KNOWN_ACCOUNTS_MAX: Final = 200_000  # some 30 MB
_COMMIT: Final = "SELECT commit_units($1, $2, $3)"

# The connection may have died before or after its commit: nobody knows until the units are
# repeated. OperatorInterventionError: the server shuts down, crashes, or starts up.
LOST: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidTransactionStateError,
)
_TRANSIENT: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

Pair: TypeAlias = tuple[Unit, EncodedUnit]
Outcome: TypeAlias = CommitResult | Exception


class CommitFailed(Exception):
    """The database refused the Unit with an error that no result stands for: a defect."""


class DatabaseUnavailable(Exception):
    """Whether the Unit was committed is unknown; committing it again is safe."""


class Lane:
    """Commits one batch at a time. A batch has at most one unit of a stream."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        lease_owner: str | None,
        lease_seconds: float,
    ) -> None:
        self._connect = connect
        self._lease_owner = lease_owner
        self._lease_seconds = lease_seconds
        self._connection: Connection | None = None
        self._open_accounts: set[AccountId] = set()

    async def connect(self) -> None:
        self._connection = await self._connect()

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def commit(
        self, batch: Sequence[Pair], messages: Sequence[Message] = ()
    ) -> tuple[list[Outcome], bool]:
        """One outcome a unit, in order, and whether `messages` were stored with them; never raises
        for what one unit caused."""
        try:
            return await self._until_answered(batch, messages), True
        except DatabaseUnavailable as error:
            return [error] * len(batch), False
        except Exception as error:  # noqa: BLE001  whatever it is, it is this batch's outcome
            if len(batch) == 1 and not messages:
                _log.exception("unit of stream %s failed", batch[0][0].stream_id)
                failed = CommitFailed(str(error))
                failed.__cause__ = error
                return [failed], False
        # One unit is at fault and took the others with it: each for itself.
        outcomes = [await self.commit([pair]) for pair in batch]
        return [outcome for (outcome,), _ in outcomes], False

    async def _until_answered(
        self, batch: Sequence[Pair], messages: Sequence[Message]
    ) -> list[Outcome]:
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        deadlocks = 0
        while True:
            try:
                return await self._call(batch, messages)
            except _TRANSIENT:
                deadlocks += 1
                if deadlocks == _DEADLOCK_ATTEMPTS_MAX:
                    raise
            except LOST as error:
                deadline = deadline or loop.time() + _LOST_SECONDS_MAX
                if loop.time() >= deadline:
                    raise DatabaseUnavailable(str(error) or type(error).__name__) from error
                _log.warning("commit interrupted (%s); asking again", type(error).__name__)
                self._drop_connection()
                batch = [(unit, encode_unit(unit, again=True)) for unit, _ in batch]
                await asyncio.sleep(_RECONNECT_PAUSE_SECONDS)

    async def _call(self, batch: Sequence[Pair], messages: Sequence[Message]) -> list[Outcome]:
        if self._connection is None:
            await self.connect()
        connection = self._connection
        if connection is None:
            raise DatabaseUnavailable("not connected")
        units = [encoded for _, encoded in batch]
        document = encode_batch(units, self._unopened(batch), messages)
        answer: Mapping[str, Any] = await connection.fetchval(
            _COMMIT, msgspec.Raw(document), self._lease_owner, self._lease_seconds
        )
        refused, epochs = answer["refused"], answer["epochs"]
        outcomes: list[Outcome] = [
            _result(unit, refused.get(str(unit.stream_id)), epochs) for unit, _ in batch
        ]
        self._remember(batch, outcomes)
        return outcomes

    def _unopened(self, batch: Sequence[Pair]) -> list[Account]:
        """Accounts never close: those that a commit has named need no opening again."""
        named = {
            account_id: account
            for _, encoded in batch
            for account_id, account in encoded.accounts.items()
            if account_id not in self._open_accounts
        }
        return list(named.values())

    def _remember(self, batch: Sequence[Pair], outcomes: Sequence[Outcome]) -> None:
        if len(self._open_accounts) > _KNOWN_ACCOUNTS_MAX:
            self._open_accounts.clear()
        for (_, encoded), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self._open_accounts.update(encoded.accounts)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        self._open_accounts.clear()


def _result(
    unit: Unit, verdict: Mapping[str, Any] | None, epochs: Mapping[str, int]
) -> CommitResult:
    match verdict:
        case None | {"result": "COMMITTED"}:
            return Committed(
                {
                    effect.id: epochs[str(effect.id)]
                    for effect in unit.effects_requested
                    if str(effect.id) in epochs
                }
            )
        case {"result": "REPLAYED", "stored": stored}:
            return Replayed(stored)
        case {"result": "KEY_CONFLICT"}:
            return KeyConflict()
        case {"result": "STALE", "what": what}:
            return Stale(what)
        case {"result": "REJECTED", "reason": reason, "account": account, "booked": booked}:
            return Rejected(reason, account, _booked(booked))
        case {"result": "REJECTED", "reason": reason, "account": account}:
            return Rejected(reason, account)
        case _:
            raise ValueError(f"commit_units answered {verdict}")


def _booked(told: Mapping[str, str]) -> Booked:
    stream_id = StreamId(UUID(told["stream_id"]))
    return Booked(stream_id, datetime.fromisoformat(told["at"]))
