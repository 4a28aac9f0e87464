"""The nine flows, each as its user begins it."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

from solders.keypair import Keypair

from tests.integration.api.client import Json, Person, new_key
from tests.integration.matrix.world import World

Begin = Callable[[Person], Awaitable[Json]]

_DEPOSIT: Final = """mutation ($input: InitiateDepositInput!) { initiateDeposit(input: $input) {
  transaction { id } errors { code } } }"""
_ADD: Final = """mutation ($input: AddBankAccountInput!) { addBankAccount(input: $input) {
  bankAccounts { id } errors { code } } }"""
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
_SOL_SOLD: Final = "0.08"


async def _send(person: Person) -> Json:
    return await person.mutate(
        "initiateSend", amount="5", recipient="@bob", idempotencyKey=new_key()
    )


async def _deposit(person: Person) -> Json:
    wish = {"amount": "50", "paymentMethod": "CARD", "idempotencyKey": new_key()}
    return (await person.data(_DEPOSIT, input=wish))["initiateDeposit"]


async def _to_wallet(person: Person) -> Json:
    wallet = {"externalWallet": {"address": str(Keypair().pubkey())}}
    return await _withdraw(person, "10", wallet)


async def _to_bank(person: Person) -> Json:
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
    bank = {"bankAccount": {"id": added["bankAccounts"][-1]["id"]}}
    return await _withdraw(person, "50", bank)


async def _withdraw(person: Person, amount: str, destination: Json) -> Json:
    return await person.mutate(
        "initiateWithdraw", amount=amount, destination=destination, idempotencyKey=new_key()
    )


async def _buy(person: Person) -> Json:
    return await _bought(person, {"available": {"amount": "20"}})


async def _buy_by_payment(person: Person) -> Json:
    return await _bought(person, {"payment": {"amount": "50", "paymentMethod": "CARD"}})


async def _bought(person: Person, source: Json) -> Json:
    return await person.mutate("initiateBuy", asset="SOL", source=source, idempotencyKey=new_key())


async def _sell(person: Person) -> Json:
    return await person.mutate(
        "initiateSell", asset="SOL", amount=_SOL_SOLD, idempotencyKey=new_key()
    )


async def _launch(person: Person) -> Json:
    catalogue = (await person.data(_CATALOGUE))["strategies"]["nodes"]
    strategy = next(
        each for each in catalogue if each["provider"] == "kamino" and not each["lockSeconds"]
    )
    return await person.mutate(
        "initiateStrategyLaunch", strategyId=strategy["id"], amount="20", idempotencyKey=new_key()
    )


async def _stop(person: Person) -> Json:
    position = next(
        each for each in (await person.data(_WALLET))["wallet"]["positions"] if not each["closing"]
    )
    return await person.mutate(
        "initiateStrategyStop", positionId=position["id"], idempotencyKey=new_key()
    )


BEGIN: Final[dict[str, Begin]] = {
    "send": _send,
    "deposit": _deposit,
    "withdraw_to_wallet": _to_wallet,
    "withdraw_to_bank": _to_bank,
    "buy": _buy,
    "buy_by_payment": _buy_by_payment,
    "sell": _sell,
    "launch": _launch,
    "stop": _stop,
}


async def prepare(world: World, flow: str) -> None:
    """What the flow needs that the user does not have: SOL to sell, a position to stop."""
    wallet = (await world.person.data(_WALLET))["wallet"]
    sol = sum(Decimal(row["posted"]) for row in wallet["invested"] if row["asset"] == "SOL")
    if flow == "sell" and sol < Decimal(_SOL_SOLD):
        assert (await world.lead(await _buy(world.person))).outcome == "COMPLETED"
    if flow == "launch":  # what is on offer is known when its protocol goes out
        await world.person.data(_CATALOGUE)
    if flow == "stop" and all(each["closing"] for each in wallet["positions"]):
        assert (await world.lead(await _launch(world.person))).outcome == "COMPLETED"
