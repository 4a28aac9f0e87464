"""One customer of a benchmark at work: begins transactions, signs or pays, and hears how they end."""

import asyncio
import base64
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction

from bench.pace import Pace
from bench.send_client import Customer
from bench.socket_client import Event, SocketClient
from infrastructure.http import HttpClient

_ACTIONS: Final = "query ($id: ID!) { transaction(id: $id) { userActions { id status payload } } }"
_SUBMIT: Final = """mutation ($input: SubmitUserActionInput!) {
  submitUserAction(input: $input) { errors { code field } } }"""
_WAITS_FOR_USER: Final = "UserActionRequired"
_PAID_ON_CHAIN: Final = "BLOCKCHAIN_CONFIRMED"
_TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
_OK_MAX: Final = 400
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_PAY: Final = b"outcome=pay"

Data = TypeVar("Data")
Wish = dict[str, object]


class Done(msgspec.Struct, frozen=True):
    """One completed transaction, from begin to end (Unix seconds)."""

    began_at: float
    ended_at: float


class Identified(msgspec.Struct, frozen=True):
    id: str


class Refusal(msgspec.Struct, frozen=True):
    code: str
    field: str | None = None


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """What a mutation answers."""

    transaction: Identified | None = None
    bank_accounts: list[Identified] = []
    errors: list[Refusal] = []


class _Action(msgspec.Struct, frozen=True):
    id: str
    status: str
    payload: str


class _Transaction(msgspec.Struct, frozen=True, rename="camel"):
    user_actions: list[_Action]


class _Found(msgspec.Struct, frozen=True):
    transaction: _Transaction


@dataclass(frozen=True, slots=True)
class Flow:
    """The mutation that begins a flow, and what it is given but for the key."""

    mutation: str
    wish: "Callable[[Person], Awaitable[Wish]]"

    @property
    def document(self) -> str:
        kind = f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        return (
            f"mutation ($input: {kind}!) {{ {self.mutation}(input: $input) "
            "{ transaction { id } errors { code field } } }"
        )


@dataclass(frozen=True, slots=True)
class Person:
    """One customer at work."""

    socket: SocketClient
    customer: Customer
    keypair: Keypair
    browser: HttpClient
    pace: Pace

    async def carry_out(self, flow: Flow) -> Done:
        """A whole transaction; it must complete."""
        wish = {**await flow.wish(self), "idempotencyKey": uuid.uuid4().hex}
        while not self.socket.events.empty():
            self.socket.events.get_nowait()
        began_at = time.time()
        await self.pace.begin()
        payload = await self.mutate(flow.document, flow.mutation, wish)
        assert payload.transaction is not None, payload.errors
        await self._follow(payload.transaction.id)
        return Done(began_at, time.time())

    async def _follow(self, transaction_id: str) -> None:
        """Does whatever its user has to, until it is completed: who has paid, or whose transfer is
        on the chain, waits for what takes time."""
        waits = False
        while True:
            event = await self._next(hurried=waits)
            done = event.state == _PAID_ON_CHAIN
            if event.type == _WAITS_FOR_USER:
                if waits:
                    await self.pace.begin()
                waits, done = False, await self._act(transaction_id)
            is_over = event.state in _TERMINAL
            if not waits and (done or is_over):
                await self.pace.rest()
                waits = True
            if is_over:
                assert event.state == "COMPLETED", event
                return

    async def ask(self, document: str, kind: type[Data], **variables: object) -> Data:
        return msgspec.json.decode(await self.socket.ask(document, **variables), type=kind)

    async def mutate(self, document: str, name: str, wish: Wish) -> Payload:
        """What the mutation of that name answers; nothing of it may be refused."""
        payload = (await self.ask(document, dict[str, Payload], input=wish))[name]
        assert not payload.errors, payload.errors
        return payload

    async def _next(self, *, hurried: bool) -> Event:
        """The next event; while it is hurried, time passes in the sandbox."""
        if not hurried:
            return await self.socket.events.get()
        async with asyncio.TaskGroup() as group:
            hurrying = group.create_task(self.pace.hurry())
            event = await self.socket.events.get()
            hurrying.cancel()
        return event

    async def _act(self, transaction_id: str) -> bool:
        """Pays at the page or signs, whatever is asked for; whether it was paid."""
        found = await self.ask(_ACTIONS, _Found, id=transaction_id)
        actions = found.transaction.user_actions
        action = next(action for action in actions if action.status == "PENDING")
        if action.payload.startswith("http"):
            await post(self.browser, action.payload, _PAY, _FORM)
            return True
        signed = _sign(action.payload, self.keypair)
        answer: Wish = {"actionId": action.id, "signedTransaction": signed}
        await self.mutate(_SUBMIT, "submitUserAction", answer)
        return False


async def post(
    browser: HttpClient, url: str, content: bytes, headers: Mapping[str, str] | None = None
) -> None:
    """It must be taken."""
    answer = await browser.request("POST", url, content=content, headers=headers or {})
    assert answer.status < _OK_MAX, answer.body


def _sign(payload: str, keypair: Keypair) -> str:
    """The transaction in base64 with the key's signature in its slot, whatever it moves."""
    unsigned = VersionedTransaction.from_bytes(base64.b64decode(payload))
    message, signatures = unsigned.message, unsigned.signatures
    own = keypair.sign_message(to_bytes_versioned(message))
    signatures[message.account_keys.index(keypair.pubkey())] = own
    return base64.b64encode(bytes(VersionedTransaction.populate(message, signatures))).decode()
