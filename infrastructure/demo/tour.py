"""What the demonstration shows: each flow as a stop, and all of them one after the other."""

import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from domain.shared.assets import SOL, USDC
from infrastructure.demo import wishes
from infrastructure.demo.api import Api
from infrastructure.demo.documents import Answered, Problem
from infrastructure.demo.following import WishRefused
from infrastructure.demo.investing import Investing
from infrastructure.demo.wishes import Wish
from infrastructure.demo.wishing import Wishing

_ETHEREUM_BYTES: Final = 20
_BANK_ACCOUNTS: Final = "{ wallet { bankAccounts { id } } }"
_ADD_BANK: Final = """mutation ($input: AddBankAccountInput!) { addBankAccount(input: $input) {
  bankAccounts { id } errors { code whatHappened why whatToDo alternatives } } }"""
_BANK: Final = {
    "ownerName": "Alice Example",
    "currency": "USD",
    "country": "US",
    "rail": "ACH",
    "details": [
        {"name": "account_number", "value": "000123456789"},
        {"name": "routing_number", "value": "021000021"},
        {"name": "street_line_1", "value": "1 Example Street"},
        {"name": "city", "value": "New York"},
        {"name": "state", "value": "NY"},
        {"name": "postal_code", "value": "10001"},
    ],
}


class BankAccount(Answered, frozen=True):
    id: str


class BankAccounts(Answered, frozen=True):
    bank_accounts: tuple[BankAccount, ...] = ()
    errors: tuple[Problem, ...] = ()


class Added(Answered, frozen=True):
    add_bank_account: BankAccounts


class Kept(msgspec.Struct, frozen=True):
    wallet: BankAccounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One flow: what is told about its user, and what runs it. `friend` gets something of it."""

    title: str
    run: Callable[[Wishing], Awaitable[str]]
    friend: str | None = None


def deposit(*, amount: str, method: str) -> Stop:
    return _stop(
        f"pays {amount} USD in by {method.lower()}", wishes.deposit(amount=amount, method=method)
    )


def send(*, amount: str, recipient: str) -> Stop:
    wish = wishes.send(amount=amount, recipient=recipient)
    return replace(_stop(f"sends {amount} USDC to {recipient}", wish), friend=recipient)


def withdraw(*, amount: str, address: str, target: str = USDC.symbol) -> Stop:
    """As USDC, or as what is bought with it on the way."""
    what = "" if target == USDC.symbol else f" as {target}"
    return _stop(
        f"withdraws {amount} USDC{what} to another wallet",
        wishes.withdraw_to_wallet(amount=amount, address=address, target=target),
    )


def withdraw_to_bank(*, amount: str) -> Stop:
    """To the bank account that the user has; who has none adds one."""

    async def run(user: Wishing) -> str:
        bank_account = await _bank_account(user.api)
        return await user.run(wishes.withdraw_to_bank(amount=amount, bank_account=bank_account))

    return Stop(title=f"withdraws {amount} USDC to a bank", run=run)


def buy(*, asset: str, amount: str) -> Stop:
    return _stop(f"buys {asset} with {amount} USDC", wishes.buy(asset=asset, amount=amount))


def buy_by_payment(*, asset: str, amount: str, method: str) -> Stop:
    return _stop(
        f"buys {asset} with {amount} USD by {method.lower()}",
        wishes.buy_by_payment(asset=asset, amount=amount, method=method),
    )


def sell(*, asset: str, amount: str) -> Stop:
    return _stop(f"sells {amount} {asset}", wishes.sell(asset=asset, amount=amount))


def strategy(*, amount: str, provider: str, days: int) -> Stop:
    """Launched, left to earn for so many days of the sandbox's, and stopped."""
    investing = Investing(provider=provider, amount=amount, days=days)
    title = f"puts {amount} USDC to work with {provider} and takes it out again"
    return Stop(title=title, run=investing.run)


def tour(*, friend: str, stranger: str) -> tuple[Stop, ...]:
    """Every flow. `friend` is another user's name, `stranger` an address of nobody here."""
    return (
        deposit(amount="100", method="CARD"),
        send(amount="25", recipient=friend),
        withdraw(amount="20", address=stranger),
        withdraw(amount="20", address=f"0x{secrets.token_hex(_ETHEREUM_BYTES)}", target="ETH"),
        withdraw_to_bank(amount="50"),
        buy(asset=SOL.symbol, amount="30"),
        buy_by_payment(asset=SOL.symbol, amount="50", method="CARD"),
        sell(asset=SOL.symbol, amount="0.1"),
        buy(asset="ETH", amount="30"),
        strategy(amount="50", provider="kamino", days=90),
    )


def _stop(title: str, wish: Wish) -> Stop:
    return Stop(title=title, run=lambda user: user.run(wish))


async def _bank_account(api: Api) -> str:
    accounts = (await api.ask(_BANK_ACCOUNTS, Kept)).wallet.bank_accounts
    if not accounts:
        order = {**_BANK, "idempotencyKey": uuid.uuid4().hex}
        payload = (await api.ask(_ADD_BANK, Added, input=order)).add_bank_account
        if payload.errors:
            raise WishRefused(payload.errors[0])
        accounts = payload.bank_accounts
    return accounts[-1].id
