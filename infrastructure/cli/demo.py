"""`diboas demo send`, `deposit`, `strategy` and `all`: what a demo user does, as any client outside of the
platform would.

All that it knows is in the ready file: addresses, tokens, and where the users' keys lie.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from solders.keypair import Keypair

from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.cli.progress import View, shown
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.device import Device, WillNotSign
from infrastructure.demo.documents import WALLET, Action, Owned, Problem, Update
from infrastructure.demo.following import WishRefused
from infrastructure.demo.investing import Investing
from infrastructure.demo.paying import Paying
from infrastructure.demo.sending import Sending
from infrastructure.demo.signing import Signing
from infrastructure.demo.tour import Stop, tour
from infrastructure.demo.wishing import Wishing
from infrastructure.http import HttpClient, HttpError
from infrastructure.settings import StartupError

_COMPLETED: Final = "COMPLETED"
TOUR_AMOUNT: Final = "50"
TOUR_PROVIDER: Final = "kamino"
TOUR_DAYS: Final = 90


class ReadyUser(msgspec.Struct, frozen=True):
    username: str
    token: str
    keypair_file: Path


class Ready(msgspec.Struct, frozen=True):
    """The part of the ready file that a client needs."""

    graphql: str
    subscriptions: str
    users: list[ReadyUser]
    sandbox_url: str = ""

    def user(self, username: str) -> ReadyUser:
        wanted = username.removeprefix("@").lower()
        for user in self.users:
            if user.username.lower() == wanted:
                return user
        names = ", ".join(user.username for user in self.users) or "nobody"
        raise StartupError(f"there is no demo user {username}: there is {names}")


def send(*, sender: str, recipient: str, amount: str, ready_file: Path) -> int:
    """Send, sign and show each step; 0 when the recipient has the money. Raises StartupError."""
    ready = _read(ready_file)
    return _ran(_send(ready, sender=sender, recipient=recipient, amount=amount))


def deposit(*, user: str, amount: str, method: str, ready_file: Path) -> int:
    """Pay in, show each step; 0 when the user has the money. Raises StartupError."""
    return _ran(_deposit(_read(ready_file), username=user, amount=amount, method=method))


def strategy(*, user: str, amount: str, provider: str, days: int, ready_file: Path) -> int:
    """Launch, let it earn, stop, show each step; 0 when it is out again. Raises StartupError."""
    ready = _read(ready_file)
    return _ran(_strategy(ready, username=user, amount=amount, provider=provider, days=days))


def everything(*, user: str, ready_file: Path) -> int:
    """Every flow, one after the other; 0 when all have ended well. Raises StartupError."""
    return _ran(_everything(_read(ready_file), username=user))


def _ran(demonstration: Coroutine[None, None, int]) -> int:
    try:
        return asyncio.run(demonstration)
    except WishRefused as refused:
        raise StartupError(explain(refused.problem)) from None
    except WillNotSign as error:
        raise StartupError(f"the device does not sign: {error}") from None
    except (ApiError, HttpError, InvalidKeyFile) as error:
        raise StartupError(str(error)) from None
    except TimeoutError:
        raise StartupError("it did not end in time; it goes on without us") from None


def explain(problem: Problem) -> str:
    """The four parts of a typed error in one line."""
    parts = [problem.what_happened, problem.why, problem.what_to_do, *problem.alternatives]
    return f"{problem.code}: " + " ".join(part for part in parts if part)


async def _send(ready: Ready, *, sender: str, recipient: str, amount: str) -> int:
    giver, taker = ready.user(sender), ready.user(recipient)
    title = f"{giver.username} sends {amount} USDC to {taker.username}"
    async with HttpClient() as client:
        people = {
            user.username: _api(ready, user, client) for user in dict.fromkeys((giver, taker))
        }
        return await _shown(
            title,
            people,
            lambda view: _sending(view, people[giver.username], giver, taker, amount).run(),
        )


async def _deposit(ready: Ready, *, username: str, amount: str, method: str) -> int:
    user = ready.user(username)
    title = f"{user.username} pays {amount} USD in by {method.lower()}"
    async with HttpClient() as client:
        api = _api(ready, user, client)

        def paying(view: View) -> Awaitable[str]:
            return Paying(
                api=api,
                browser=client,
                amount=amount,
                method=method,
                on_update=lambda update: _show_step(view, update),
                on_paid=lambda action: view.note(
                    f"            {user.username} pays at {action.payload}"
                ),
            ).run()

        return await _shown(title, {user.username: api}, paying)


async def _strategy(ready: Ready, *, username: str, amount: str, provider: str, days: int) -> int:
    user = ready.user(username)
    title = f"{user.username} puts {amount} USDC to work with {provider} and takes it out again"
    async with HttpClient() as client:
        api = _api(ready, user, client)

        def investing(view: View) -> Awaitable[str]:
            return Investing(
                api=api,
                client=client,
                signing=Signing(
                    api=api,
                    device=Device.load(user.keypair_file),
                    on_signed=partial(_show_signed, view, user),
                ),
                provider=provider,
                amount=amount,
                days=days,
                sandbox_url=ready.sandbox_url,
                on_update=partial(_show_step, view),
                note=view.note,
            ).run()

        return await _shown(title, {user.username: api}, investing)


async def _everything(ready: Ready, *, username: str) -> int:
    user = ready.user(username)
    friend = next(each for each in ready.users if each.username != user.username)
    async with HttpClient() as client:
        api = _api(ready, user, client)
        for stop in tour(friend=friend.username, stranger=str(Keypair().pubkey())):

            def living(view: View, stop: Stop = stop) -> Awaitable[str]:
                return stop.run(
                    Wishing(
                        api=api,
                        client=client,
                        device=Device.load(user.keypair_file),
                        sandbox_url=ready.sandbox_url,
                        on_update=partial(_show_step, view),
                        on_action=partial(_show_signed, view, user),
                    )
                )

            if await _shown(f"{user.username} {stop.title}", {user.username: api}, living):
                return 1
    return await _strategy(
        ready, username=username, amount=TOUR_AMOUNT, provider=TOUR_PROVIDER, days=TOUR_DAYS
    )


async def _shown(
    title: str, people: Mapping[str, Api], do: Callable[[View], Awaitable[str]]
) -> int:
    before = await _balances(people)
    started = time.monotonic()
    with shown(title) as view:
        state = await do(view)
    seconds = time.monotonic() - started
    if state != _COMPLETED:
        print(f"diboas: it ended as {state}", file=sys.stderr)
        return 1
    print(f"{state} after {seconds:.2f} s", flush=True)
    _show_balances(before, await _balances(people))
    return 0


def _sending(view: View, api: Api, giver: ReadyUser, taker: ReadyUser, amount: str) -> Sending:
    return Sending(
        api=api,
        device=Device.load(giver.keypair_file),
        recipient=f"@{taker.username}",
        amount=amount,
        on_update=lambda update: _show_step(view, update),
        on_signed=partial(_show_signed, view, giver),
    )


def _show_signed(view: View, user: ReadyUser, action: Action) -> None:
    view.note(f"            {user.username} signs: {action.summary}")


def _show_step(view: View, update: Update) -> None:
    percent = update.transaction.progress_percent if update.transaction else 0
    view.step(update.type, update.state or "", percent)


def _api(ready: Ready, user: ReadyUser, client: HttpClient) -> Api:
    return Api(client, url=ready.graphql, live_url=ready.subscriptions, token=user.token)


async def _balances(people: Mapping[str, Api]) -> dict[str, str]:
    return {
        name: (await api.ask(WALLET, Owned)).wallet.available.posted for name, api in people.items()
    }


def _show_balances(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for name, was in before.items():
        print(f"  {name:<10} {was:>16} → {after[name]:>16} USDC", flush=True)


def _read(ready_file: Path) -> Ready:
    try:
        return msgspec.json.decode(ready_file.read_bytes(), type=Ready, dec_hook=_path)
    except OSError as error:
        raise StartupError(f"cannot read {ready_file}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise StartupError(f"{ready_file} is no ready file: {error}") from None


def _path(_kind: type, value: object) -> Path:
    return Path(str(value))
