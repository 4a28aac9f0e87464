"""What the tests of the API share: its users as outside clients, and what the platform stores."""

import asyncio
import base64
import contextlib
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import asyncpg
import httpx
from solders.keypair import Keypair
from solders.message import Message, to_bytes_versioned
from solders.transaction import VersionedTransaction

from bench.platform import Ready
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.db.pool import Connection
from infrastructure.db.positions import Position
from infrastructure.embedded.postgres import SUPERUSER
from resolvers.ids import Kind, decode
from tests.integration.breakers import forget_breakers

ERRORS: Final = """errors { code severity retryability retryable whatHappened why whatToDo
  alternatives field retryAfterSeconds }"""
SHOWN: Final = """transaction { id state reason cancellable availableActions
  userActions { id type status payload summary expiresAt options { name summary } } }"""
INPUTS: Final = {
    "initiateSend": "InitiateSendInput",
    "initiateDeposit": "InitiateDepositInput",
    "initiateWithdraw": "InitiateWithdrawInput",
    "initiateBuy": "InitiateBuyInput",
    "initiateSell": "InitiateSellInput",
    "initiateStrategyLaunch": "InitiateStrategyLaunchInput",
    "initiateStrategyStop": "InitiateStrategyStopInput",
    "submitUserAction": "SubmitUserActionInput",
    "cancelTransaction": "CancelTransactionInput",
}
FOUND: Final = f"query ($id: ID!) {{ {SHOWN.replace('transaction', 'transaction(id: $id)', 1)} }}"
TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})

_WAIT_SECONDS_MAX: Final = 20.0
_POLL_SECONDS: Final = 0.02
_TABLES: Final = (
    "stream",
    "outbox",
    "idempotency_key",
    "transaction",
    "transaction_history",
    "hold",
    "journal",
    "entry",
    "user_action",
    "effect",
)
_LEAST_USDC: Final = 500
_APP: Final = "diboas_app"
_COUNTS: Final = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in _TABLES)
_BALANCES: Final = "SELECT account_id, posted, held, soft, incoming FROM balance ORDER BY 1"
_LAST: Final = """
    SELECT generation, xid::text::bigint AS xid, id FROM outbox
    ORDER BY generation DESC, outbox.xid DESC, id DESC LIMIT 1
"""
# Older than the longest window of any limit.
_FORGET_LIMITS: Final = "UPDATE limit_use SET at = at - interval '31 days'"
_OPEN: Final = """
    SELECT u.username, t.id FROM transaction t JOIN app_user u ON u.id = t.user_id
    WHERE t.state NOT IN ('COMPLETED', 'FAILED') AND t.funds_location <> 'SUSPENSE'
"""
_PUBLISHED: Final = "SELECT type FROM outbox WHERE stream_id = $1 ORDER BY sequence"
_ADDRESSES: Final = """
    SELECT a.chain, a.address FROM wallet_address a
    JOIN wallet w ON w.id = a.wallet_id JOIN app_user u ON u.id = w.user_id WHERE u.username = $1
"""
_REFERENCE: Final = "SELECT provider_reference FROM transaction WHERE id = $1"
_QUOTE: Final = (
    "SELECT id, user_id, operation, input_hash, provider, terms FROM quote WHERE id = $1"
)
_EXPIRED: Final = """
    INSERT INTO quote (id, user_id, operation, input_hash, provider, terms, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 hour')
"""
_REFUSALS: Final = """
    SELECT type, kind, sequence, data FROM outbox WHERE user_id = (
        SELECT id FROM app_user WHERE username = $1) AND type = 'TransactionRefused'
    ORDER BY generation, outbox.xid, id
"""

Json = Any  # answers, which tests index


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A demo user with their token and their key. Anybody without a token is a stranger."""

    name: str
    token: str
    keypair: Keypair
    http: httpx.AsyncClient
    ready: Ready

    @property
    def address(self) -> str:
        return str(self.keypair.pubkey())

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(
        self, query: str, *, headers: Mapping[str, str] | None = None, **variables: object
    ) -> httpx.Response:
        return await self.http.post(
            self.ready.graphql,
            json={"query": query, "variables": variables},
            headers={**self.headers, **(headers or {})},
        )

    async def ask(self, query: str, **variables: object) -> Json:
        """The whole response of a request that the server executed."""
        answer = await self.post(query, headers=None, **variables)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def data(self, query: str, **variables: object) -> Json:
        """The data of a response without errors."""
        content = await self.ask(query, **variables)
        assert "errors" not in content, content["errors"]
        return content["data"]

    async def mutate(self, name: str, **given: object) -> Json:
        """The payload of a mutation that moves money."""
        document = (
            f"mutation ($input: {INPUTS[name]}!) {{ {name}(input: $input) {{ {SHOWN} {ERRORS} }} }}"
        )
        return (await self.data(document, input=given))[name]

    async def begin(
        self, recipient: str = "@bob", amount: str = "25", *, key: str | None = None, **more: str
    ) -> str:
        """A Send that is taken; its transaction."""
        payload = await self.mutate(
            "initiateSend",
            amount=amount,
            recipient=recipient,
            idempotencyKey=key or new_key(),
            **more,
        )
        assert payload["errors"] == []
        return str(payload["transaction"]["id"])

    async def spendable(self) -> Decimal:
        """USDC that they can spend now."""
        data = await self.data("{ wallet { available { spendable } } }")
        return Decimal(data["wallet"]["available"]["spendable"])

    async def found(self, transaction_id: str) -> Json:
        return (await self.data(FOUND, id=transaction_id))["transaction"]

    async def pending(self, transaction_id: str, *, besides: str = "") -> Json:
        """The action that the transaction waits for, as soon as there is one but `besides`."""
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                for action in (await self.found(transaction_id))["userActions"]:
                    if action["status"] == "PENDING" and action["id"] != besides:
                        return action
                await asyncio.sleep(_POLL_SECONDS)

    async def ended(self, transaction_id: str) -> Json:
        """The transaction in the state in which it ends without its user."""
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                found = await self.found(transaction_id)
                if found["state"] in TERMINAL:
                    return found
                await asyncio.sleep(_POLL_SECONDS)

    async def submit(self, action_id: str, signed: str) -> Json:
        return await self.mutate("submitUserAction", actionId=action_id, signedTransaction=signed)

    async def choose(self, action_id: str, option: str) -> Json:
        return await self.mutate("submitUserAction", actionId=action_id, option=option)

    async def cancel(self, transaction_id: str) -> Json:
        return await self.mutate("cancelTransaction", id=transaction_id)

    async def sign(self, transaction_id: str) -> None:
        """What the transaction waits for."""
        action = await self.pending(transaction_id)
        taken = await self.submit(action["id"], sign(action["payload"], self.keypair))
        assert taken["errors"] == []

    async def signed(self, payload: Json) -> str:
        """The transaction of a beginning that was taken, and that they have signed."""
        assert payload["errors"] == []
        transaction_id = str(payload["transaction"]["id"])
        await self.sign(transaction_id)
        return transaction_id

    async def send(self, recipient: str = "@bob", amount: str = "25") -> str:
        """A whole Send, to its completion; its transaction."""
        transaction_id = await self.begin(recipient, amount)
        await self.sign(transaction_id)
        assert (await self.ended(transaction_id))["state"] == "COMPLETED"
        return transaction_id


@dataclass(frozen=True, slots=True)
class Stored:
    """How much of everything there is, and every balance."""

    counts: Mapping[str, int]
    balances: tuple[tuple[object, ...], ...]

    def more(self, before: "Stored") -> dict[str, int]:
        """What was added since, by table."""
        return {
            name: count - before.counts[name]
            for name, count in self.counts.items()
            if count != before.counts[name]
        }


class Records:
    """What is in the platform's database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def now(self) -> Stored:
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            counts = await self._connection.fetchrow(f"SELECT {_COUNTS}")
            balances = await self._connection.fetch(_BALANCES)
        assert counts is not None
        return Stored(dict(counts), tuple(tuple(row) for row in balances))

    async def cursor(self) -> str:
        """Behind everything that has happened."""
        row = await self._connection.fetchrow(_LAST)
        assert row is not None
        return Position(row["generation"], row["xid"], row["id"]).encode()

    async def refusals(self, username: str) -> list[Json]:
        """The user's refused attempts in the log, in their order."""
        return [dict(row) for row in await self._connection.fetch(_REFUSALS, username)]

    async def published(self, transaction_id: str) -> list[str]:
        """The types of the transaction's events, in their order."""
        key = decode(Kind.TRANSACTION, transaction_id)
        return [row["type"] for row in await self._connection.fetch(_PUBLISHED, key)]

    async def reference(self, transaction_id: str) -> str:
        """The provider's own name for it."""
        key = decode(Kind.TRANSACTION, transaction_id)
        return str(await self._connection.fetchval(_REFERENCE, key))

    async def open_transactions(self) -> list[tuple[str, uuid.UUID]]:
        """Who has which transaction that has not ended and waits for no person."""
        return [tuple(row) for row in await self._connection.fetch(_OPEN)]

    async def expire(self, quote: str) -> None:
        """The quote, as if it had been given an hour ago."""
        key = decode(Kind.QUOTE, quote)
        async with self._connection.transaction():
            row = await self._connection.fetchrow(_QUOTE, key)
            assert row is not None
            await self._connection.execute("DELETE FROM quote WHERE id = $1", key)
            await self._connection.execute(_EXPIRED, *row.values())

    async def addresses(self, username: str) -> dict[str, str]:
        """The user's own, by chain."""
        return {row[0]: row[1] for row in await self._connection.fetch(_ADDRESSES, username)}

    async def count(self, query: str) -> int:
        return int(await self._connection.fetchval(query))


async def receive(person: Person, usdc: int) -> None:
    """USDC from outside, until their wallet shows them."""
    expected = await person.spendable() + usdc
    minted = await person.http.post(
        f"{person.ready.sandbox_url}/control/solana/mint",
        json={"owner": person.address, "amount": str(usdc)},
    )
    assert minted.status_code == 200, minted.text
    async with asyncio.timeout(_WAIT_SECONDS_MAX):
        while await person.spendable() < expected:  # noqa: ASYNC110  another process tells it
            await asyncio.sleep(_POLL_SECONDS)


@contextlib.asynccontextmanager
async def owner_of(ready: Ready) -> AsyncIterator[Connection]:
    """The database as its owner sees it: for what no process of the platform may do."""
    connection: Connection = await asyncpg.connect(ready.database_url.replace(_APP, SUPERUSER))
    try:
        yield connection
    finally:
        await connection.close()


async def renew(person: Person) -> None:
    """As good as new, whatever they spent before: enough USDC, all of their limits, and
    providers that never failed."""
    async with owner_of(person.ready) as connection:
        await connection.execute(_FORGET_LIMITS)
    if await person.spendable() < _LEAST_USDC:
        await receive(person, 2 * _LEAST_USDC)
    forget_breakers(person.ready)


@contextlib.asynccontextmanager
async def loopback(timeout_seconds: float = 20) -> AsyncIterator[httpx.AsyncClient]:
    """A client of what is on this machine, unencrypted: it reads no certificates, which cost most."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(trust_env=False, timeout=timeout_seconds, verify=context) as http:
        yield http


def demo_people(ready: Ready, http: httpx.AsyncClient) -> dict[str, Person]:
    """The demo users by name."""
    return {
        user.username: Person(
            name=user.username,
            token=user.token,
            keypair=load_keypair(user.keypair_file),
            http=http,
            ready=ready,
        )
        for user in ready.users
    }


def new_key() -> str:
    return uuid.uuid4().hex


def only_error(payload: Json) -> Json:
    """The one typed error of a refused mutation; all of its parts say something."""
    assert payload["transaction"] is None
    (error,) = payload["errors"]
    for part in ("whatHappened", "why", "whatToDo"):
        assert error[part].strip()
    assert error["alternatives"]
    assert all(text.strip() for text in error["alternatives"])
    assert error["retryable"] is (error["retryability"] == "TEMPORARY")
    return error


def sign(payload: str, keypair: Keypair) -> str:
    """What a wallet does: the key's signature in its owner's slot, whatever the key."""
    transaction = VersionedTransaction.from_bytes(base64.b64decode(payload))
    return signed(transaction.message, keypair)


def signed(message: Any, keypair: Keypair, *, fee_payer: bytes = bytes(64)) -> str:  # noqa: ANN401 (of either version)
    """A transaction of two signers in base64; the user is the second of them."""
    assert isinstance(message, Message)
    own = bytes(keypair.sign_message(to_bytes_versioned(message)))
    return base64.b64encode(b"\x02" + fee_payer + own + bytes(message)).decode()
