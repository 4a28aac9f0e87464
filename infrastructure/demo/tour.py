"""Every flow of the platform, one after the other, as one user lives them."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from domain.shared.assets import SOL
from infrastructure.demo.api import Api
from infrastructure.demo.documents import Answered, Problem
from infrastructure.demo.following import WishRefused
from infrastructure.demo.wishing import Wish, Wishing

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
_USDC_MAX: Final = 100_000_000
"""More no stop of the tour lets leave at once."""


class BankAccount(Answered, frozen=True):
    id: str


class BankAccounts(Answered, frozen=True):
    bank_accounts: tuple[BankAccount, ...] = ()
    errors: tuple[Problem, ...] = ()


class Added(msgspec.Struct, frozen=True, rename="camel"):
    add_bank_account: BankAccounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One flow: what is told about it, and what runs it."""

    title: str
    run: Callable[[Wishing], Awaitable[str]]


def tour(*, friend: str, stranger: str) -> tuple[Stop, ...]:
    """`friend` is another user's name, `stranger` an address of nobody here."""
    return (
        _stop(
            "pays 100 USD in by card", "initiateDeposit", {"amount": "100", "paymentMethod": "CARD"}
        ),
        _stop(
            f"sends 25 USDC to {friend}",
            "initiateSend",
            {"amount": "25", "recipient": f"@{friend}"},
        ),
        _stop(
            "withdraws 20 USDC to another wallet",
            "initiateWithdraw",
            {"amount": "20", "destination": {"externalWallet": {"address": stranger}}},
        ),
        Stop(title="withdraws 50 USDC to a bank", run=_to_bank),
        _stop(
            "buys SOL with 30 USDC",
            "initiateBuy",
            {"asset": SOL.symbol, "source": {"available": {"amount": "30"}}},
        ),
        _stop(
            "buys SOL with 50 USD by card",
            "initiateBuy",
            {
                "asset": SOL.symbol,
                "source": {"payment": {"amount": "50", "paymentMethod": "CARD"}},
            },
        ),
        Stop(title="sells 0.1 SOL", run=_sell),
        _stop(
            "buys ETH with 30 USDC, which arrives on Ethereum",
            "initiateBuy",
            {"asset": "ETH", "source": {"available": {"amount": "30"}}},
            hours_pass=True,
        ),
    )


def _stop(
    title: str, operation: str, order: dict[str, object], *, hours_pass: bool = False
) -> Stop:
    wish = Wish(
        operation=operation,
        input_type=f"{operation[0].upper()}{operation[1:]}Input",
        order=order,
        spends_at_most=_USDC_MAX,
        hours_pass=hours_pass,
    )
    return Stop(title=title, run=lambda wishing: wishing.run(wish))


async def _to_bank(wishing: Wishing) -> str:
    wish = Wish(
        operation="initiateWithdraw",
        input_type="InitiateWithdrawInput",
        order={
            "amount": "50",
            "destination": {"bankAccount": {"id": await _bank_account(wishing.api)}},
        },
        spends_at_most=_USDC_MAX,
        hours_pass=True,
    )
    return await wishing.run(wish)


async def _sell(wishing: Wishing) -> str:
    wish = Wish(
        operation="initiateSell",
        input_type="InitiateSellInput",
        order={"asset": SOL.symbol, "amount": "0.1"},
        spends_at_most=10**8,
        asset=SOL,
    )
    return await wishing.run(wish)


async def _bank_account(api: Api) -> str:
    order = {**_BANK, "idempotencyKey": uuid.uuid4().hex}
    payload = (await api.ask(_ADD_BANK, Added, input=order)).add_bank_account
    if payload.errors:
        raise WishRefused(payload.errors[0])
    return payload.bank_accounts[-1].id
