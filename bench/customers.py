"""What the demo users of a running platform do, through its public API alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from bench.platform import Ready
from infrastructure.demo.api import Api
from infrastructure.demo.device import Device
from infrastructure.demo.documents import ACTIONS, WALLET, Found, Owned
from infrastructure.demo.following import TERMINAL
from infrastructure.demo.sending import Sending
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
    state = await _sending(users, ready, sender, recipient, amount).run()
    assert state == "COMPLETED", state


async def interrupted_send(
    users: Mapping[str, Api], ready: Ready, sender: str, recipient: str, amount: str
) -> str:
    """The transaction of a send that is left as soon as its signature was accepted."""
    sending = _sending(users, ready, sender, recipient, amount)
    transaction_id = await sending.initiate()
    async with asyncio.timeout(_SETTLED_SECONDS_MAX):
        while True:
            if await sending.sign(transaction_id):
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


def _sending(
    users: Mapping[str, Api], ready: Ready, sender: str, recipient: str, amount: str
) -> Sending:
    return Sending(
        api=users[sender],
        device=Device.load(ready.user(sender).keypair_file),
        recipient=f"@{recipient}",
        amount=amount,
        on_update=lambda _update: None,
        on_signed=lambda _action: None,
    )
