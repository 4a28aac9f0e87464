"""Everything that the adapters of the type ever say, with what they are answered."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from domain.provider.ports.unsigned import SolanaInstructions
from infrastructure.http import HttpClient
from tests.contracts.defi.cases import LENDING_TOKEN, VAULTS, DefiWorld, held

Change = Callable[[object], None]
AMOUNT = 200_000_000


@dataclass(frozen=True)
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    sent: object
    status: int
    body: object


class Passing(httpx.AsyncBaseTransport):
    """Passes requests on, remembers them, and changes what comes back from a path's end."""

    def __init__(self, inner: HttpClient, *, at: str = "", change: Change | None = None) -> None:
        self._inner = inner
        self._at = at
        self._change = change
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in {"host", "content-length"}
        }
        answer = await self._inner.request(
            request.method, str(request.url), content=request.content, headers=headers
        )
        parts = urlsplit(str(request.url))
        body = msgspec.json.decode(answer.body)
        if self._change is not None and parts.path.endswith(self._at):
            self._change(body)
        sent = msgspec.json.decode(request.content) if request.content else None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.exchanges.append(
            Exchange(request.method, parts.path, query, sent, answer.status, body)
        )
        return httpx.Response(answer.status, content=msgspec.json.encode(body))


@asynccontextmanager
async def passing(
    world: DefiWorld, *, at: str = "", change: Change | None = None
) -> AsyncIterator[tuple[HttpClient, list[Exchange]]]:
    transport = Passing(world.providers.client, at=at, change=change)
    async with HttpClient(transport=transport) as client:
        yield client, transport.exchanges


def put(path: str, value: object) -> Change:
    """Sets one member; `a.0.b` walks through members and places."""

    def change(body: object) -> None:
        *walk, last = path.split(".")
        here = body
        for step in walk:
            here = here[int(step)] if isinstance(here, list) else here[step]  # type: ignore[index]  # JSON
        if isinstance(here, list):
            here[int(last)] = value
        else:
            here[last] = value  # type: ignore[index]  # JSON

    return change


async def everything_said(world: DefiWorld) -> dict[str, list[Exchange]]:
    """By provider; refusals, too."""
    said = {}
    places = {"kamino": VAULTS["locked"], "jupiter_lend": LENDING_TOKEN}
    both = {"owner": world.owner, "fee_payer": world.payer}
    for name, place in places.items():
        async with passing(world) as (client, exchanges):
            adapter = world.adapter(name, client=client)
            await adapter.offers()
            await adapter.get_strategy_status(place, owner=world.owner)
            steps = await adapter.deploy_strategy(place, amount=AMOUNT, **both)
            assert isinstance(steps, SolanaInstructions)
            world.land(steps)
            world.providers.skip(days=40)
            position = held(await adapter.get_strategy_status(place, owner=world.owner))
            await adapter.withdraw_from_strategy(place, shares=position.shares, **both)
            await adapter.withdraw_from_strategy(place, shares=position.shares + 1, **both)
            if name == "kamino":
                await adapter.get_strategy_status(LENDING_TOKEN, owner=world.owner)
            said[name] = exchanges
    return said
