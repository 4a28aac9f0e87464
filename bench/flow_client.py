"""The outside client of `make bench-flows`, a process of its own: it reads an order, carries out
transactions of one flow, and writes when each began and ended."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from solders.keypair import Keypair

from bench.flow_person import Done, Flow, Identified, Person, Wish, post
from bench.pace import Pace
from bench.send_client import Customer
from bench.socket_client import signed_in
from infrastructure.http import HttpClient

_ADD_ACCOUNT: Final = """mutation ($input: AddBankAccountInput!) {
  addBankAccount(input: $input) { bankAccounts { id } errors { code field } } }"""
_HELD: Final = "{ wallet { bankAccounts { id } positions { id closing } } }"
_CATALOGUE: Final = "{ strategies { nodes { id provider lockSeconds } } }"

# The machine is shared, and all wait for the slowest before time passes.
_TRANSACTION_SECONDS_MAX: Final = 180.0
# Longer than a ramp takes to pay, and well within the life of a payment page and a quote.
_SKIP: Final = msgspec.json.encode({"skip_seconds": 100})
_AMOUNT: Final = "20"
_PAID: Final = "100"
_SOL: Final = "0.1"
_LENDER: Final = "kamino"
_BANK_ACCOUNT: Final[Wish] = {
    "ownerName": "Ada Example",
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
    "idempotencyKey": "bench",
}


class Order(msgspec.Struct, frozen=True):
    """Each customer carries out `count` transactions of `flow`, a key of FLOWS, one after another;
    all customers at once."""

    url: str
    sandbox_url: str
    flow: str
    customers: list[Customer]
    count: int


class _Strategy(msgspec.Struct, rename="camel"):
    id: str
    provider: str
    lock_seconds: int


class _Strategies(msgspec.Struct):
    nodes: list[_Strategy]


class _Catalogue(msgspec.Struct):
    strategies: _Strategies


class _Position(msgspec.Struct):
    id: str
    closing: bool


class _Wallet(msgspec.Struct, rename="camel"):
    bank_accounts: list[Identified]
    positions: list[_Position]


class _Owned(msgspec.Struct):
    wallet: _Wallet


async def _to_user(person: Person) -> Wish:
    return {"amount": _AMOUNT, "recipient": person.customer.recipient}


async def _by_card(_person: Person) -> Wish:
    return {"amount": _PAID, "paymentMethod": "CARD"}


async def _to_wallet(_person: Person) -> Wish:
    address = str(Keypair().pubkey())
    return {"amount": _AMOUNT, "destination": {"externalWallet": {"address": address}}}


async def _to_wallet_as_sol(person: Person) -> Wish:
    return {**await _to_wallet(person), "targetAsset": "SOL"}


async def _to_bank(person: Person) -> Wish:
    accounts = (await person.ask(_HELD, _Owned)).wallet.bank_accounts
    if not accounts:
        added = await person.mutate(_ADD_ACCOUNT, "addBankAccount", _BANK_ACCOUNT)
        accounts = added.bank_accounts
    return {"amount": _AMOUNT, "destination": {"bankAccount": {"id": accounts[0].id}}}


async def _from_available(_person: Person) -> Wish:
    return {"asset": "SOL", "source": {"available": {"amount": _AMOUNT}}}


async def _from_payment(_person: Person) -> Wish:
    payment = {"amount": _PAID, "paymentMethod": "CARD"}
    return {"asset": "SOL", "source": {"payment": payment}}


async def _of_sol(_person: Person) -> Wish:
    return {"asset": "SOL", "amount": _SOL}


async def _into_strategy(person: Person) -> Wish:
    """The first of the lender's that can be left at any time."""
    found = (await person.ask(_CATALOGUE, _Catalogue)).strategies.nodes
    chosen = next(each for each in found if each.provider == _LENDER and not each.lock_seconds)
    return {"strategyId": chosen.id, "amount": _AMOUNT}


async def _out_of_strategy(person: Person) -> Wish:
    held = (await person.ask(_HELD, _Owned)).wallet.positions
    return {"positionId": next(each.id for each in held if not each.closing)}


# In an order in which each finds what those before it left: SOL to sell, positions to close.
FLOWS: Final[Mapping[str, Flow]] = {
    "send": Flow("initiateSend", _to_user),
    "deposit": Flow("initiateDeposit", _by_card),
    "withdraw, wallet": Flow("initiateWithdraw", _to_wallet),
    "withdraw, converted": Flow("initiateWithdraw", _to_wallet_as_sol),
    "withdraw, bank": Flow("initiateWithdraw", _to_bank),
    "buy, on-chain": Flow("initiateBuy", _from_available),
    "buy, payment": Flow("initiateBuy", _from_payment),
    "sell": Flow("initiateSell", _of_sol),
    "strategy launch": Flow("initiateStrategyLaunch", _into_strategy),
    "strategy stop": Flow("initiateStrategyStop", _out_of_strategy),
}


async def run(order: Order) -> list[Done]:
    """Every transaction of every customer."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(HttpClient())
        pace = Pace(lambda: post(browser, f"{order.sandbox_url}/control/clock", _SKIP))
        people = [
            Person(
                socket=await stack.enter_async_context(signed_in(order.url, customer.token)),
                customer=customer,
                keypair=Keypair.from_base58_string(customer.key),
                browser=browser,
                pace=pace,
            )
            for customer in order.customers
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_serve(person, order)) for person in people]
    return [done for task in tasks for done in task.result()]


async def _serve(person: Person, order: Order) -> Sequence[Done]:
    done = []
    for _ in range(order.count):
        async with asyncio.timeout(_TRANSACTION_SECONDS_MAX):
            done.append(await person.carry_out(FLOWS[order.flow]))
    return done


def main() -> None:
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(run(order))
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
