"""What the demo users of a running platform do, through its public API alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from bench.platform import Ready
from infrastructure.demo import wishes
from infrastructure.demo.api import Api
from infrastructure.demo.device import Device
from infrastructure.demo.documents import ACTIONS, WALLET, Found, Owned
from infrastructure.demo.following import TERMINAL
from infrastructure.demo.wishing import Wishing
from infrastructure.http import HttpClient

_SETTLED_SECONDS_MAX: Final = 60.0
_POLL_SECONDS: Final = 0.1


@asynccontextmanager
async def apis(ready: Ready) -> AsyncIterator[Mapping[str, Api]]:
    """A client for each demo user."""
    async with HttpClient() as client:
        yield {
            user.username: Api(
                client, url=ready.graphql, live_url=ready.subscriptions, token=user.token
            )
            for user in ready.users
        }


async def send(
    users: Mapping[str, Api], ready: Ready, sender: str, recipient: str, amount: str
) -> None:
    """One send, to its end; it must complete."""
    wish = wishes.send(amount=amount, recipient=recipient)
    state = await wishing(users, ready, sender).run(wish)
    assert state == "COMPLETED", state


async def interrupted_send(
    users: Mapping[str, Api], ready: Ready, sender: str, recipient: str, amount: str
) -> str:
    """The transaction of a send that is left as soon as its signature was accepted."""
    user, wish = wishing(users, ready, sender), wishes.send(amount=amount, recipient=recipient)
    transaction_id = await user.begin(wish)
    async with asyncio.timeout(_SETTLED_SECONDS_MAX):
        while True:
            if await user.act(wish, transaction_id):
                return transaction_id
            await asyncio.sleep(_POLL_SECONDS)


async def settled(api: Api, transaction_id: str) -> str:
    """The terminal state that a transaction reaches without its user."""
    async with asyncio.timeout(_SETTLED_SECONDS_MAX):
        while True:
            found = (await api.ask(ACTIONS, Found, id=transaction_id)).transaction
            assert found is not None, transaction_id
            if found.state in TERMINAL:
                return found.state
            await asyncio.sleep(_POLL_SECONDS)


async def balances(users: Mapping[str, Api]) -> Mapping[str, str]:
    """What is booked for each, in USDC."""
    return {
        name: (await api.ask(WALLET, Owned)).wallet.available.posted for name, api in users.items()
    }


def wishing(users: Mapping[str, Api], ready: Ready, username: str) -> Wishing:
    """A user with what they sign with; nobody is told of what happens."""
    return Wishing(api=users[username], device=Device.load(ready.user(username).keypair_file))
