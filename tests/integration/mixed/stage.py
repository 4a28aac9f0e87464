"""Two workers and two apis beside each other, with a sandbox in which time runs fast."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from solders.keypair import Keypair

from bench.platform import Ready
from bench.population import populate
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.db.pool import create_pool
from infrastructure.demo.api import Api
from infrastructure.embedded.ports import free_port
from infrastructure.http import HttpClient
from tests.integration.api.client import loopback
from tests.integration.matrix.flows import bank_account
from tests.integration.matrix.node import Node
from tests.integration.mixed.books import Books
from tests.integration.mixed.hearing import Listener
from tests.integration.mixed.people import Customer
from tests.integration.sagas.roles import Deployment

# Forty lanes send everything four times over: a small machine takes its time.
_ANSWER_SECONDS_MAX: Final = 60.0
# A bank takes a minute of the sandbox's: twenty times as fast, that is three seconds.
_EVERY_SECONDS: Final = 0.5
_SKIPPED_SECONDS: Final = 10
_TIMING: Final = {"confirm_ms": 100, "finalize_ms": 200}
# What is sent again is the same message: once in a while a provider does that.
_DOUBLED: Final = ("coinbase", "stripe", "bridge", "due")
# Their messages come to the second api, the others' to the first.
_CALLS_SECOND: Final = ("stripe", "due")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`listeners` hear what happens to the customer of the same place."""

    customers: Sequence[Customer]
    listeners: Sequence[Listener]
    books: Books


@asynccontextmanager
async def side_by_side(
    deployment: Deployment, folder: Path, *, customers: int
) -> AsyncIterator[Stage]:
    """Everybody has USDC and hears their events."""
    second_port = free_port()
    for role in ("api", "relay", "worker", "worker"):
        deployment.start(role)
    deployment.start("api", "--port", str(second_port))
    await deployment.ready()
    ready = await deployment.seed()
    doors = (ready.graphql, f"http://127.0.0.1:{second_port}/graphql")
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(loopback(_ANSWER_SECONDS_MAX))
        await _arrange(http, ready.sandbox_url, second_port)
        found = await _introduced(ready, folder, http, doors, customers)
        for customer in found:
            await bank_account(customer)
        client = await stack.enter_async_context(HttpClient())
        listeners = [
            await stack.enter_async_context(_listener(client, customer, doors[number % 2]))
            for number, customer in enumerate(found)
        ]
        yield Stage(
            customers=found,
            listeners=listeners,
            books=Books(
                pool=await stack.enter_async_context(
                    await create_pool(ready.database_url, size_max=2)
                ),
                rpc=SolanaRpc(client, (ready.solana_rpc_url,)),
                node=Node(http, ready.solana_rpc_url),
                http=http,
                sandbox_url=ready.sandbox_url,
                treasury=load_keypair(folder / "keys" / "fee_payer.json").pubkey(),
            ),
        )


@asynccontextmanager
async def time_flies(http: httpx.AsyncClient, sandbox_url: str) -> AsyncIterator[None]:
    """In the sandbox, for as long as the block lasts."""

    async def go_on() -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            # A sandbox that is busy hears of it the next time.
            with contextlib.suppress(httpx.TransportError):
                await _control(http, sandbox_url, "clock", {"skip_seconds": _SKIPPED_SECONDS})

    flying = asyncio.create_task(go_on())
    try:
        yield
    finally:
        flying.cancel()
        await asyncio.wait({flying})
        if not flying.cancelled():
            flying.result()


async def _arrange(http: httpx.AsyncClient, sandbox_url: str, second_port: int) -> None:
    await _control(http, sandbox_url, "solana/timing", _TIMING)
    for name in _CALLS_SECOND:
        url = f"http://127.0.0.1:{second_port}/webhooks/{name}"
        await _control(http, sandbox_url, "webhooks", {"provider": name, "url": url})
    faults = [{"kind": "webhook_duplicated", "provider": name} for name in _DOUBLED]
    await _control(http, sandbox_url, "faults", faults)


async def _control(http: httpx.AsyncClient, sandbox_url: str, path: str, order: object) -> None:
    answer = await http.post(f"{sandbox_url}/control/{path}", json=order)
    assert answer.status_code == httpx.codes.OK, answer.text


async def _introduced(
    ready: Ready, folder: Path, http: httpx.AsyncClient, doors: Sequence[str], count: int
) -> list[Customer]:
    return [
        Customer(
            name=f"sender_{number}",
            token=known.token,
            keypair=Keypair.from_base58_string(known.key),
            http=http,
            ready=ready,
            doors=itertools.cycle(doors),
        )
        for number, known in enumerate(await populate(ready, folder, count))
    ]


@asynccontextmanager
async def _listener(client: HttpClient, customer: Customer, door: str) -> AsyncIterator[Listener]:
    live_url = door.replace("http://", "ws://", 1)
    listener = Listener(Api(client, url=door, live_url=live_url, token=customer.token))
    async with listener.listening():
        yield listener
