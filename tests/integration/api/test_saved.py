"""What users keep through the real platform: seen by themselves alone, and used."""

import json

import pytest

from tests.integration.api.client import Json, Person, Records, new_key

pytestmark = pytest.mark.enable_socket

_ME = """{ me { contacts { id label username } savedAddresses { id label chain address }
  paymentMethods { id label provider paymentMethod } preferredProviders } }"""
_ERRORS = "errors { code field }"
_CHANGES = {
    "addContact": "contacts { id label username }",
    "removeContact": "contacts { id }",
    "addSavedAddress": "savedAddresses { id label chain address }",
    "removeSavedAddress": "savedAddresses { id }",
    "addPaymentMethod": "paymentMethods { id label provider paymentMethod }",
    "removePaymentMethod": "paymentMethods { id }",
    "setPreferredProviders": "preferredProviders",
}
ETHEREUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


async def change(person: Person, name: str, **given: object) -> Json:
    kind = name[0].upper() + name[1:]
    document = (
        f"mutation ($input: {kind}Input!) {{ {name}(input: $input) "
        f"{{ {_CHANGES[name]} {_ERRORS} }} }}"
    )
    return (await person.data(document, input=given))[name]


async def test_what_is_kept_is_seen_by_its_user_alone(alice: Person, bob: Person) -> None:
    key = new_key()
    contact = {"username": "@BOB", "label": "Bob", "idempotencyKey": key}
    address = {"chain": "ETHEREUM", "address": ETHEREUM.lower(), "label": "Cold"}
    method = {"provider": "stripe", "paymentMethod": "CARD", "token": "pm_12345678abc"}

    for _ in range(2):
        assert (await change(alice, "addContact", **contact))["errors"] == []
        assert (await change(alice, "addSavedAddress", **address, idempotencyKey=key))[
            "errors"
        ] == []
        added = await change(alice, "addPaymentMethod", **method, label="Blue", idempotencyKey=key)
        assert added["errors"] == []

    me = (await alice.data(_ME))["me"]
    (kept,) = me["contacts"]
    assert (kept["label"], kept["username"]) == ("Bob", "bob")
    (kept,) = me["savedAddresses"]
    assert (kept["label"], kept["address"]) == ("Cold", ETHEREUM)
    (kept,) = me["paymentMethods"]
    assert (kept["label"], kept["provider"]) == ("Blue", "stripe")
    assert method["token"] not in json.dumps(me)
    assert (await bob.data(_ME))["me"] == {
        "contacts": [],
        "savedAddresses": [],
        "paymentMethods": [],
        "preferredProviders": [],
    }

    foreign = await change(bob, "removeSavedAddress", id=me["savedAddresses"][0]["id"])
    assert foreign["errors"] == [{"code": "VAL_NOT_SAVED", "field": "input.id"}]
    for name, shown in (
        ("removeContact", "contacts"),
        ("removeSavedAddress", "savedAddresses"),
        ("removePaymentMethod", "paymentMethods"),
    ):
        gone = await change(alice, name, id=me[shown][0]["id"])
        assert (gone["errors"], gone[shown]) == ([], [])


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("addContact", {"username": "@nobody_here"}, ("TXN_RECIPIENT_UNKNOWN", "input.username")),
        ("addContact", {"username": "@alice"}, ("TXN_SELF_SEND", "input.username")),
        (
            "addSavedAddress",
            {"chain": "BITCOIN", "address": ETHEREUM, "label": "x"},
            ("VAL_ADDRESS", "input.address"),
        ),
        (
            "addPaymentMethod",
            {
                "provider": "stripe",
                "paymentMethod": "CARD",
                "token": "4111111111111111",
                "label": "x",
            },
            ("VAL_PAYMENT_TOKEN", "input.token"),
        ),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_not_stored(
    alice: Person,
    records: Records,
    name: str,
    given: dict[str, str],
    error: tuple[str, str],
) -> None:
    before = await records.count("SELECT count(*) FROM saved_item")

    payload = await change(alice, name, **given, idempotencyKey=new_key())

    assert [(each["code"], each["field"]) for each in payload["errors"]] == [error]
    assert await records.count("SELECT count(*) FROM saved_item") == before
