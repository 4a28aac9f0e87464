"""The nine flows, each in its variants, as its user begins it."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from solders.keypair import Keypair

from tests.integration.api.client import Json, Person, new_key
from tests.integration.matrix.world import World

_ADD: Final = """mutation ($input: AddBankAccountInput!) { addBankAccount(input: $input) {
  bankAccounts { id } errors { code } } }"""
_BANK_ACCOUNTS: Final = "{ wallet { bankAccounts { id } } }"
_WALLET: Final = "{ wallet { invested { asset posted } positions { id closing lockedUntil } } }"
_CATALOGUE: Final = "{ strategies { nodes { id provider lockSeconds } } }"
_BANK: Final = {
    "account_number": "000123456789",
    "routing_number": "021000021",
    "street_line_1": "1 Example Street",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
}
SOL_SOLD: Final = "0.08"


@dataclass(frozen=True, slots=True)
class Wish:
    """The mutation that begins a flow, and what it is given but for the key."""

    mutation: str
    given: Json


Wishing = Callable[[Person], Awaitable[Wish]]


async def _send(_person: Person) -> Wish:
    return Wish("initiateSend", {"amount": "5", "recipient": "@bob"})


async def _deposit(_person: Person) -> Wish:
    return Wish("initiateDeposit", {"amount": "50", "paymentMethod": "CARD"})


async def _to_wallet(_person: Person) -> Wish:
    wallet = {"externalWallet": {"address": str(Keypair().pubkey())}}
    return Wish("initiateWithdraw", {"amount": "10", "destination": wallet})


async def _to_wallet_converted(_person: Person) -> Wish:
    wallet = {"externalWallet": {"address": f"0x{secrets.token_hex(20)}"}}
    given = {"amount": "30", "targetAsset": "ETH", "destination": wallet}
    return Wish("initiateWithdraw", given)


async def _to_bank(person: Person) -> Wish:
    bank = {"bankAccount": {"id": await bank_account(person)}}
    return Wish("initiateWithdraw", {"amount": "50", "destination": bank})


async def bank_account(person: Person) -> str:
    """The one that the user has, or a new one."""
    accounts = (await person.data(_BANK_ACCOUNTS))["wallet"]["bankAccounts"]
    if not accounts:
        wish = {
            "ownerName": "Ada Example",
            "currency": "USD",
            "country": "US",
            "rail": "ACH",
            "details": [{"name": name, "value": value} for name, value in _BANK.items()],
            "idempotencyKey": new_key(),
        }
        added = (await person.data(_ADD, input=wish))["addBankAccount"]
        assert added["errors"] == []
        accounts = added["bankAccounts"]
    return str(accounts[-1]["id"])


async def _buy(_person: Person) -> Wish:
    return Wish("initiateBuy", {"asset": "SOL", "source": {"available": {"amount": "20"}}})


async def _buy_by_payment(_person: Person) -> Wish:
    payment = {"amount": "50", "paymentMethod": "CARD"}
    return Wish("initiateBuy", {"asset": "SOL", "source": {"payment": payment}})


async def _sell(_person: Person) -> Wish:
    return Wish("initiateSell", {"asset": "SOL", "amount": SOL_SOLD})


async def _launch(person: Person) -> Wish:
    catalogue = (await person.data(_CATALOGUE))["strategies"]["nodes"]
    strategy = next(
        each for each in catalogue if each["provider"] == "kamino" and not each["lockSeconds"]
    )
    return Wish("initiateStrategyLaunch", {"strategyId": strategy["id"], "amount": "20"})


async def _stop(person: Person) -> Wish:
    position = next(
        each for each in (await person.data(_WALLET))["wallet"]["positions"] if not each["closing"]
    )
    return Wish("initiateStrategyStop", {"positionId": position["id"]})


WISHES: Final[dict[str, Wishing]] = {
    "send": _send,
    "deposit": _deposit,
    "withdraw_to_wallet": _to_wallet,
    "withdraw_with_conversion": _to_wallet_converted,
    "withdraw_to_bank": _to_bank,
    "buy": _buy,
    "buy_by_payment": _buy_by_payment,
    "sell": _sell,
    "launch": _launch,
    "stop": _stop,
}


async def begin(person: Person, flow: str) -> Json:
    """What the API answers to a wish of that flow."""
    wish = await WISHES[flow](person)
    return await person.mutate(wish.mutation, **wish.given, idempotencyKey=new_key())


async def prepare(world: World, flow: str) -> None:
    """What the flow needs that the user does not have: SOL to sell, a position to stop."""
    person = world.person
    wallet = (await person.data(_WALLET))["wallet"]
    sol = sum(Decimal(row["posted"]) for row in wallet["invested"] if row["asset"] == "SOL")
    if flow == "sell" and sol < Decimal(SOL_SOLD):
        assert (await world.lead(await begin(person, "buy"))).outcome == "COMPLETED"
    if flow == "launch":  # what is on offer is known when its protocol goes out
        await person.data(_CATALOGUE)
    if flow == "stop" and all(each["closing"] for each in wallet["positions"]):
        assert (await world.lead(await begin(person, "launch"))).outcome == "COMPLETED"
