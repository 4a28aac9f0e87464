"""`diboas demo …`: what a demo user does, as any client outside of the platform would.

All that it knows is in the ready file: addresses, tokens, and where the users' keys lie.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from solders.keypair import Keypair

from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.cli.progress import View, shown
from infrastructure.demo import tour
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.device import Device, WillNotSign
from infrastructure.demo.documents import WALLET, Action, Owned, Problem, Update
from infrastructure.demo.following import WishRefused
from infrastructure.demo.tour import Stop
from infrastructure.demo.wishing import Wishing
from infrastructure.http import HttpClient, HttpError
from infrastructure.settings import StartupError

_COMPLETED: Final = "COMPLETED"


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


def demo(options: argparse.Namespace, ready_file: Path) -> int:
    """Act as the options say and show each step; 0 when all has ended well. Raises StartupError."""
    return _ran(_show_all(_read(ready_file), options))


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


async def _show_all(ready: Ready, options: argparse.Namespace) -> int:
    user = ready.user(options.user)
    async with HttpClient() as client:
        for stop in _stops(ready, user, options):
            if await _show(ready, user, client, stop):
                return 1
    return 0


def _stops(ready: Ready, user: ReadyUser, options: argparse.Namespace) -> Sequence[Stop]:
    """What is to be shown, one after the other."""
    stranger = str(Keypair().pubkey())
    match options.action:
        case "send":
            recipient = ready.user(options.recipient).username
            found = [tour.send(amount=options.amount, recipient=recipient)]
        case "deposit":
            found = [tour.deposit(amount=options.amount, method=options.method.upper())]
        case "withdraw" if options.bank:
            found = [tour.withdraw_to_bank(amount=options.amount)]
        case "withdraw":
            address, target = options.to or stranger, options.target
            found = [tour.withdraw(amount=options.amount, address=address, target=target)]
        case "buy" if options.method:
            found = [
                tour.buy_by_payment(
                    asset=options.asset, amount=options.amount, method=options.method.upper()
                )
            ]
        case "buy":
            found = [tour.buy(asset=options.asset, amount=options.amount)]
        case "sell":
            found = [tour.sell(asset=options.asset, amount=options.amount)]
        case "strategy":
            found = [
                tour.strategy(amount=options.amount, provider=options.provider, days=options.days)
            ]
        case _:
            friend = next(each for each in ready.users if each.username != user.username)
            found = list(tour.tour(friend=friend.username, stranger=stranger))
    return found


async def _show(ready: Ready, user: ReadyUser, client: HttpClient, stop: Stop) -> int:
    names = dict.fromkeys((user.username, stop.friend or user.username))
    people = {name: _api(ready, ready.user(name), client) for name in names}
    before = {name: await _holdings(api) for name, api in people.items()}
    started = time.monotonic()
    with shown(f"{user.username} {stop.title}") as view:
        state = await stop.run(
            Wishing(
                api=people[user.username],
                device=Device.load(user.keypair_file),
                sandbox_url=ready.sandbox_url,
                on_update=partial(_show_step, view),
                on_action=partial(_show_action, view, user),
                note=view.note,
            )
        )
    seconds = time.monotonic() - started
    if state != _COMPLETED:
        print(f"diboas: it ended as {state}", file=sys.stderr)
        return 1
    print(f"{state} after {seconds:.2f} s", flush=True)
    for name, api in people.items():
        _show_holdings(name, before[name], await _holdings(api))
    return 0


def _api(ready: Ready, user: ReadyUser, client: HttpClient) -> Api:
    return Api(client, url=ready.graphql, live_url=ready.subscriptions, token=user.token)


def _show_action(view: View, user: ReadyUser, action: Action) -> None:
    pays = action.payload.startswith("http")
    done = f"pays at {action.payload}" if pays else f"signs: {action.summary}"
    view.note(f"            {user.username} {done}")


def _show_step(view: View, update: Update) -> None:
    percent = update.transaction.progress_percent if update.transaction else 0
    view.step(update.type, update.state or "", percent)


async def _holdings(api: Api) -> dict[str, str]:
    wallet = (await api.ask(WALLET, Owned)).wallet
    return {each.asset: each.posted for each in (wallet.available, *wallet.invested)}


def _show_holdings(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Of what is another now, how much there was and is."""
    for asset, now in after.items():
        was = before.get(asset, "0")
        if was != now:
            print(f"  {name:<10} {was:>20} → {now:>20} {asset}", flush=True)


def _read(ready_file: Path) -> Ready:
    try:
        return msgspec.json.decode(ready_file.read_bytes(), type=Ready, dec_hook=_path)
    except OSError as error:
        raise StartupError(f"cannot read {ready_file}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise StartupError(f"{ready_file} is no ready file: {error}") from None


def _path(_kind: type, value: object) -> Path:
    return Path(str(value))
