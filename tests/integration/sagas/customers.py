"""Customers with keys of their own, who send to each other through the public API alone.

Their client does what an app does that is worth its money: it asks again where no answer came, with
the same key of idempotency, and goes on with its events after the last one that it heard.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import uuid4

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from domain.shared.accounts import available
from domain.shared.assets import USDC
from domain.shared.ids import UserId, WalletId
from domain.shared.money import format_amount
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.device import Device
from infrastructure.demo.documents import (
    ACTIONS,
    INITIATE,
    SUBMIT,
    Action,
    Found,
    Initiated,
    Payload,
    SentTransaction,
    Submitted,
)
from infrastructure.demo.users import CHAIN
from infrastructure.http import HttpClient, HttpError
from infrastructure.web.auth import TokenAuthority, TokenSettings
from tests.integration.sagas.processes import Platform

FIRST_USDC: Final = 1_000
TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
# So long a customer waits for one send before the test counts it as stuck.
SEND_SECONDS_MAX: Final = 90.0
_BOOKED_SECONDS_MAX: Final = 30.0
# Events tell when to look; this stands behind them while the relay or the API is down.
_LOOK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.2
_PROGRESS_SECONDS: Final = 0.02
_TELLING: Final = frozenset(
    {"UserActionRequired", "SendTransactionCompleted", "SendTransactionFailed"}
)
# "Somebody does not answer just now": what an app tries again.
_TRY_AGAIN: Final = frozenset({"PRV_UNAVAILABLE", "SYS_UNAVAILABLE", "SYS_BUSY"})
# The answer to an action that ended meanwhile, or that took our signature before.
_OVER: Final = frozenset({"TXN_ACTION_STALE", "TXN_ACTION_REPLAYED"})
_MOVED: Final = "SELECT count(*) FROM balance WHERE account_id = ANY($1) AND sequence > 0"
_LIVE: Final = "subscription {{ transactionUpdates{after} {{ cursor type sequence resync }} }}"

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A user of the platform, with the key that nobody else has."""

    user_id: UserId
    wallet_id: WalletId
    username: str
    keypair: Keypair = field(repr=False)
    token: str = field(repr=False)

    @property
    def address(self) -> Pubkey:
        return self.keypair.pubkey()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A send that is wanted: `amount` in base units. One that is not `signed` is left waiting."""

    recipient: Customer
    amount: int
    signed: bool
    key: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A wish and the transaction that it became."""

    sender: Customer
    wish: Wish
    transaction_id: str


@dataclass(slots=True)
class Progress:
    """How many sends have begun."""

    begun: int = 0

    async def reaches(self, begun: int) -> None:
        while True:
            if self.begun >= begun:
                return
            await asyncio.sleep(_PROGRESS_SECONDS)


class Heard(msgspec.Struct, frozen=True):
    """A live event."""

    cursor: str
    type: str
    sequence: int | None
    resync: bool


class _Update(msgspec.Struct, frozen=True, rename="camel"):
    transaction_updates: Heard


class _Fault(msgspec.Struct, frozen=True):
    message: str


class _Answer(msgspec.Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[_Fault] = []


class Phone:
    """One customer's app. `heard` has every live event in the order of its arrival; `lost` counts
    the requests that got no answer."""

    def __init__(self, platform: Platform, customer: Customer) -> None:
        place = platform.fleet.api_place
        self.customer = customer
        self.heard: list[Heard] = []
        self.lost = 0
        self._client: HttpClient = platform.client
        self._url = f"http://{place}"
        self._live = Api(
            platform.client, url=self._url, live_url=f"ws://{place}", token=customer.token
        )
        self._device = Device(customer.keypair)
        self._news = asyncio.Event()
        self._listening = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hears the customer's events from when the block is entered."""
        task = asyncio.create_task(self._listen())
        try:
            await self._listening.wait()
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def send(self, wish: Wish) -> Sent:
        """A send as far as the wish goes: to its end, or until it waits for a signature."""
        async with asyncio.timeout(SEND_SECONDS_MAX):
            transaction_id = await self._initiate(wish)
            while not await self._is_done(transaction_id, wish):
                await self._wait_for_news()
        return Sent(sender=self.customer, wish=wish, transaction_id=transaction_id)

    async def ask(self, document: str, kind: type[Data], **variables: object) -> Data:
        """The data of a query or mutation. It is asked again until an answer comes."""
        content = msgspec.json.encode({"query": document, "variables": variables})
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.customer.token}",
        }
        while True:
            try:
                answer = await self._client.request(
                    "POST", self._url, content=content, headers=headers
                )
            except HttpError:
                self.lost += 1
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            decoded = msgspec.json.decode(answer.body, type=_Answer)
            # Whatever is killed: an untyped error is a defect.
            assert not decoded.errors, decoded.errors
            return msgspec.json.decode(decoded.data, type=kind)

    async def found(self, transaction_id: str) -> SentTransaction:
        """One of the customer's transactions."""
        found = (await self.ask(ACTIONS, Found, id=transaction_id)).transaction
        assert found is not None, transaction_id
        return found

    async def _initiate(self, wish: Wish) -> str:
        order = {
            "amount": format_amount(wish.amount, USDC.decimals),
            "recipient": f"@{wish.recipient.username}",
            "idempotencyKey": wish.key,
        }
        while True:
            answer = (await self.ask(INITIATE, Initiated, input=order)).initiate_send
            if not await _is_to_be_repeated(answer):
                assert answer.transaction is not None, answer.errors
                return answer.transaction.id

    async def _is_done(self, transaction_id: str, wish: Wish) -> bool:
        found = await self.found(transaction_id)
        waiting = [action for action in found.user_actions if action.status == "PENDING"]
        if not wish.signed:
            return bool(waiting)
        for action in waiting:
            await self._sign(action, wish)
        return found.state in TERMINAL

    async def _sign(self, action: Action, wish: Wish) -> None:
        signed = self._device.sign(action.payload, spends_at_most=wish.amount)
        order = {"actionId": action.id, "signedTransaction": signed}
        while True:
            answer = (await self.ask(SUBMIT, Submitted, input=order)).submit_user_action
            if not await _is_to_be_repeated(answer):
                assert {error.code for error in answer.errors} <= _OVER, answer.errors
                return

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
        except TimeoutError:
            return
        self._news.clear()

    async def _listen(self) -> None:
        """For ever, from one connection to the next, each after the last event that was heard."""
        while True:
            after = f'(after: "{self.heard[-1].cursor}")' if self.heard else ""
            try:
                async with self._live.news(_LIVE.format(after=after), _Update) as news:
                    self._listening.set()
                    async for update in news:
                        self._hear(update.transaction_updates)
            except ApiError:
                await asyncio.sleep(_PAUSE_SECONDS)

    def _hear(self, event: Heard) -> None:
        self.heard.append(event)
        if event.type in _TELLING:
            self._news.set()


async def _is_to_be_repeated(answer: Payload) -> bool:
    again = any(error.code in _TRY_AGAIN for error in answer.errors)
    if again:
        await asyncio.sleep(_PAUSE_SECONDS)
    return again


async def introduced(platform: Platform, pool: Pool, count: int) -> list[Customer]:
    """That many customers, whose first money is on the chain and booked."""
    tokens = TokenAuthority(TokenSettings(secret=platform.jwt_secret))
    store, faucet = IdentityStore(pool), platform.faucet
    customers = [_customer(f"customer_{number}", tokens) for number in range(count)]
    for customer in customers:
        await store.create_user(
            user_id=customer.user_id,
            wallet_id=customer.wallet_id,
            username=customer.username,
            addresses={CHAIN: str(customer.address)},
            kyc_level="advanced",
            country="US",
        )
        await faucet.fund_user(customer.address, str(FIRST_USDC))
    accounts = [available(customer.wallet_id).id for customer in customers]
    async with asyncio.timeout(_BOOKED_SECONDS_MAX):
        while True:
            if await pool.fetchval(_MOVED, accounts) == count:
                return customers
            await asyncio.sleep(_PAUSE_SECONDS)


def _customer(username: str, tokens: TokenAuthority) -> Customer:
    user_id = UserId(uuid4())
    return Customer(
        user_id=user_id,
        wallet_id=WalletId(uuid4()),
        username=username,
        keypair=Keypair(),
        token=tokens.issue_token(user_id=str(user_id), username=username),
    )


def wishes(
    customers: Sequence[Customer], *, sends: int, unsigned: int, chance: random.Random
) -> list[list[Wish]]:
    """What each customer wants, as evenly as it goes: `sends` in all, some of them left unsigned."""
    left_alone = set(chance.sample(range(sends), unsigned))
    wanted: list[list[Wish]] = [[] for _ in customers]
    for number in range(sends):
        sender = number % len(customers)
        others = [*customers[:sender], *customers[sender + 1 :]]
        wanted[sender].append(
            Wish(
                recipient=chance.choice(others),
                amount=chance.randint(5_000_000, 12_000_000),
                signed=number not in left_alone,
            )
        )
    return wanted


async def crowd(
    phones: Sequence[Phone], wanted: Sequence[Sequence[Wish]], progress: Progress
) -> list[Sent]:
    """All customers at once, each with one send after another."""

    async def serve(phone: Phone, own: Sequence[Wish]) -> list[Sent]:
        done = []
        for wish in own:
            progress.begun += 1
            done.append(await phone.send(wish))
        return done

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(serve(phone, own)) for phone, own in zip(phones, wanted, strict=True)
        ]
    return [sent for task in tasks for sent in task.result()]
