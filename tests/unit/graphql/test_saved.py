"""What a user keeps, at the API: added, shown under `me`, used for money, removed."""

from typing import Any

import pytest

from domain.contracts.services import DepositInput, WithdrawInput
from domain.shared.errors import InvalidInput, Refused
from tests.unit.graphql.examples import ALICE, global_id
from tests.unit.graphql.memory import MemoryMoney
from tests.unit.graphql.memory_saved import MemorySaved
from tests.unit.graphql.support import World, codes

CONTACT = {"username": "@bob", "label": "Bob", "idempotencyKey": "key-1"}
ADDRESS = {"chain": "ETHEREUM", "address": "0xabc", "label": "Mine", "idempotencyKey": "key-1"}
METHOD = {
    "provider": "stripe",
    "paymentMethod": "CARD",
    "token": "pm_12345678",
    "label": "My card",
    "idempotencyKey": "key-1",
}
KINDS = [
    ("Contact", "contacts", "label username", CONTACT, {"label": "Bob", "username": "bob"}),
    (
        "SavedAddress",
        "savedAddresses",
        "label chain address",
        ADDRESS,
        {"label": "Mine", "chain": "ETHEREUM", "address": "0xabc"},
    ),
    (
        "PaymentMethod",
        "paymentMethods",
        "label provider paymentMethod",
        METHOD,
        {"label": "My card", "provider": "stripe", "paymentMethod": "CARD"},
    ),
]
PREFER = """mutation ($input: SetPreferredProvidersInput!) { setPreferredProviders(input: $input) {
  preferredProviders errors { code field } } }"""


def change(verb: str, kind: str, shown: str, fields: str) -> str:
    return (
        f"mutation ($input: {verb.capitalize()}{kind}Input!) {{ {verb}{kind}(input: $input) {{ "
        f"{shown} {{ id {fields} }} errors {{ code field }} }} }}"
    )


async def kept(world: World, verb: str, kind: str, **given: object) -> Any:  # noqa: ANN401 (JSON, which tests index)
    _, shown, fields, _, _ = next(each for each in KINDS if each[0] == kind)
    return (await world.data(change(verb, kind, shown, fields), input=given))[f"{verb}{kind}"]


@pytest.mark.parametrize(("kind", "shown", "fields", "given", "expected"), KINDS)
async def test_what_is_added_is_shown_until_it_is_removed(
    kind: str, shown: str, fields: str, given: dict[str, str], expected: dict[str, str]
) -> None:
    world = World()

    payload = await kept(world, "add", kind, **given)

    assert payload["errors"] == []
    (item,) = payload[shown]
    assert {name: item[name] for name in expected} == expected
    assert (await world.data(f"{{ me {{ {shown} {{ id {fields} }} }} }}"))["me"][shown] == [item]

    gone = await kept(world, "remove", kind, id=item["id"])
    assert (gone["errors"], gone[shown]) == ([], [])
    again = await kept(world, "remove", kind, id=item["id"])
    assert again["errors"] == [{"code": "VAL_NOT_SAVED", "field": "input.id"}]
    foreign = await kept(world, "remove", kind, id=global_id(1))
    assert foreign["errors"] == [{"code": "VAL_ID", "field": "input.id"}]


@pytest.mark.parametrize(("kind", "given"), [(each[0], each[3]) for each in KINDS])
async def test_a_refusal_is_typed(kind: str, given: dict[str, str]) -> None:
    refusal = Refused(code="VAL_TOO_MANY", field="input", limit="100")
    payload = await kept(World(saved=MemorySaved(refusal=refusal)), "add", kind, **given)
    assert payload["errors"] == [{"code": "VAL_TOO_MANY", "field": "input"}]


@pytest.mark.parametrize(
    "query", ["{ me { contacts { id } } }", "{ me { bankAccounts { id } preferredProviders } }"]
)
async def test_a_stranger_is_shown_nothing(query: str) -> None:
    assert codes(await World().ask(query, by=None)) == ["AUTH_MISSING"]


async def test_preferred_providers_are_said_as_a_whole() -> None:
    world = World()
    await world.data(PREFER, input={"providers": ["stripe", "due"]})

    answer = (await world.data(PREFER, input={"providers": ["stripe"]}))["setPreferredProviders"]

    assert answer == {"preferredProviders": ["stripe"], "errors": []}
    assert (await world.data("{ me { preferredProviders } }"))["me"] == {
        "preferredProviders": ["stripe"]
    }


DEPOSIT = """mutation ($input: InitiateDepositInput!) { initiateDeposit(input: $input) {
  transaction { id } errors { code field } } }"""
WITHDRAW = """mutation ($input: InitiateWithdrawInput!) { initiateWithdraw(input: $input) {
  transaction { id } errors { code field } } }"""
LOOK_AHEAD = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { quoteId } errors { code field } } }"""
PAID = {"amount": "25", "idempotencyKey": "key-2"}


async def test_a_deposit_with_a_saved_payment_method_prefers_who_knows_it() -> None:
    world = World()
    (method,) = (await kept(world, "add", "PaymentMethod", **METHOD))["paymentMethods"]

    data = await world.data(DEPOSIT, input={**PAID, "paymentMethodId": method["id"]})

    assert data["initiateDeposit"]["errors"] == []
    name, user_id, wish = world.money.calls[-1]
    assert (name, user_id) == ("initiate_deposit", ALICE.id)
    assert isinstance(wish, DepositInput)
    assert (wish.payment_method, wish.provider) == ("CARD", "stripe")


@pytest.mark.parametrize("given", [{}, {"paymentMethod": "CARD", "paymentMethodId": "x"}])
async def test_a_payment_has_one_method(given: dict[str, str]) -> None:
    data = await World().data(DEPOSIT, input={**PAID, **given})
    (error,) = data["initiateDeposit"]["errors"]
    assert error == {"code": "VAL_PAYMENT_METHOD", "field": "input.paymentMethod"}


async def test_a_withdraw_goes_to_a_saved_address() -> None:
    world = World()
    (address,) = (await kept(world, "add", "SavedAddress", **ADDRESS))["savedAddresses"]
    destination = {"savedAddress": {"id": address["id"]}}

    await world.data(WITHDRAW, input={**PAID, "destination": destination})

    name, _, wish = world.money.calls[-1]
    assert name == "initiate_withdraw"
    assert isinstance(wish, WithdrawInput)
    assert (wish.chain, wish.address) == ("ETHEREUM", "0xabc")

    await kept(world, "remove", "SavedAddress", id=address["id"])
    data = await world.data(WITHDRAW, input={**PAID, "destination": destination})
    (error,) = data["initiateWithdraw"]["errors"]
    assert error == {"code": "VAL_NOT_SAVED", "field": "input.destination.savedAddress.id"}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("input.destination.externalWallet.chain", "input.destination.savedAddress.id"),
        ("input.destination.externalWallet.address", "input.destination.savedAddress.id"),
        ("input.amount", "input.amount"),
    ],
)
async def test_what_is_wrong_with_a_saved_address_is_about_it(told: str, shown: str) -> None:
    refusal = InvalidInput(code="VAL_CHAIN", field=told)
    world = World(money=MemoryMoney(refusal=refusal))
    (address,) = (await kept(world, "add", "SavedAddress", **ADDRESS))["savedAddresses"]
    destination = {"savedAddress": {"id": address["id"]}}

    begun = await world.data(WITHDRAW, input={**PAID, "destination": destination})
    refusal.field = told
    wish = {"withdraw": {"amount": "25", "destination": destination}}
    ahead = await world.data(LOOK_AHEAD, input=wish)

    assert begun["initiateWithdraw"]["errors"] == [{"code": "VAL_CHAIN", "field": shown}]
    within = shown.replace("input.", "input.withdraw.")
    assert ahead["transactionPreview"]["errors"] == [{"code": "VAL_CHAIN", "field": within}]
