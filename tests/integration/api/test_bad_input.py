"""What the API must refuse before anything moves, asked of the real platform over HTTP: each time
a typed error, and afterwards no balance is another and no transaction has begun."""

import asyncio
from decimal import Decimal
from typing import Final

import httpx
import pytest

from bench.platform import Platform
from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    USDC_MINT,
    associated_token_account,
)
from tests.integration.api.chain import Chain
from tests.integration.api.client import ERRORS, Json, Person, Records, Stored, new_key, only_error

pytestmark = pytest.mark.enable_socket

AMOUNT, RECIPIENT, MEMO = "input.amount", "input.recipient", "input.memo"
KEY: Final = "input.idempotencyKey"
PREVIEW: Final = f"""query ($input: TransactionPreviewInput!) {{
  transactionPreview(input: $input) {{ transaction: preview {{ amount }} {ERRORS} }} }}"""
NOT_AMOUNTS: Final = (
    *("", " ", "-5", "+5", "-0", "NaN", "nan", "Infinity", "1e3", "1E3", "25.", ".5", "25,50"),
    *(" 25", "25 ", "2 5", "25\n", "\t25", "025", "0x19", "1_000", "1'000", "$25", "25 USDC"),
    *("25.0.0", "٢٥", "\uff12\uff15", "½", "9" * 21, "twenty"),
)
TOO_PRECISE: Final = ("25.0000001", "0.0000001", "25.0000000", "5." + "0" * 1_000)
ZEROS: Final = ("0", "0.0", "0.000000")
NOT_NAMES: Final = ("@", "@b", "@bo", "@1bob", "@bob ", "@bób", "@" + "b" * 21, "@bob\n", "@@bob")
NOT_ADDRESSES: Final = ("", "bob", " @bob", "0" * 44, "1" * 45, "5qGrCWqGsaphk5e8L32aCMm9SFyK1")
NOT_MEMOS: Final = ("x" * 257, "é" * 129, "a\nb", "a\x00b", "\u202etxt", "\ufeff")
NOT_KEYS: Final = ("", " ", "a b", "x" * 129, "schlüssel", "a\n", "\x7f")

MALFORMED: Final = [
    *(("amount", text, "VAL_AMOUNT_FORMAT") for text in NOT_AMOUNTS),
    *(("amount", text, "VAL_AMOUNT_PRECISION") for text in TOO_PRECISE),
    *(("amount", text, "VAL_AMOUNT_ZERO") for text in ZEROS),
    *(("recipient", text, "VAL_RECIPIENT") for text in NOT_NAMES),
    *(("recipient", text, "VAL_ADDRESS") for text in NOT_ADDRESSES),
    *(("memo", text, "VAL_MEMO") for text in NOT_MEMOS),
    *(("idempotencyKey", text, "VAL_IDEMPOTENCY_KEY") for text in NOT_KEYS),
]
ATTEMPT: Final = {"stream": 1, "outbox": 1, "idempotency_key": 1}
"""What a refused attempt adds: its event in a stream of its own, and its key's result."""


@pytest.fixture
def chain(platform: Platform, http: httpx.AsyncClient) -> Chain:
    return Chain(platform.ready, http)


def wish(**changes: str) -> dict[str, str]:
    return {"amount": "25", "recipient": "@bob", "idempotencyKey": new_key(), **changes}


async def initiate(person: Person, given: dict[str, str]) -> Json:
    return await person.mutate("initiateSend", **given)


# ------------------------------------------------------------------ malformed


@pytest.mark.parametrize(("name", "text", "code"), MALFORMED)
async def test_malformed_input_is_named_and_nothing_is_stored(
    alice: Person, records: Records, name: str, text: str, code: str
) -> None:
    before = await records.now()

    error = only_error(await initiate(alice, wish(**{name: text})))

    assert (error["code"], error["field"]) == (code, f"input.{name}")
    assert (error["severity"], error["retryability"]) == ("LOW", "USER_ACTION")
    assert await records.now() == before


async def test_the_preview_names_the_same_and_stores_nothing(
    alice: Person, records: Records
) -> None:
    before = await records.now()
    for name, text, code in MALFORMED:
        if name in {"amount", "recipient"}:
            given = {"send": {"amount": "25", "recipient": "@bob", name: text}}
            payload = (await alice.data(PREVIEW, input=given))["transactionPreview"]
            error = only_error(payload)
            assert (error["code"], error["field"]) == (code, f"input.send.{name}"), text
    assert await records.now() == before


@pytest.mark.parametrize(
    "given",
    [
        {"amount": 25},
        {"amount": 25.5},
        {"amount": None},
        {"amount": ["25"]},
        {"recipient": {"username": "bob"}},
        {"idempotencyKey": 7},
        {"tip": "1"},
    ],
)
async def test_input_of_another_type_does_not_execute(
    alice: Person, records: Records, given: dict[str, object]
) -> None:
    before = await records.now()
    document = "mutation ($input: InitiateSendInput!) { initiateSend(input: $input) { __typename }}"

    answer = await alice.ask(document, input={**wish(), **given})

    assert "data" not in answer
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"VAL_REQUEST"}
    assert await records.now() == before


async def test_what_fits_exactly_is_taken(alice: Person) -> None:
    longest = await alice.begin("@carol", "5.000000", key="~" * 128, memo="é" * 128)
    assert (await alice.pending(longest))["summary"].startswith("Send ")


# ------------------------------------------------------------------ refused


async def refused(person: Person, records: Records, given: dict[str, str]) -> Json:
    """The error of a Send that is refused: the attempt is in the log, and its key is spent."""
    before = await records.now()
    error = only_error(await initiate(person, given))
    after = await records.now()
    assert after.balances == before.balances
    assert after.more(before) == ATTEMPT
    attempt = (await records.refusals(person.name))[-1]
    assert (attempt["kind"], attempt["sequence"]) == ("TransactionRefused", 1)
    assert attempt["data"] == {
        "operation": "initiateSend",
        "code": error["code"],
        "amount": int(Decimal(given["amount"]).scaleb(6)),
        "asset": "USDC",
    }
    # The same wish is refused again without a second attempt; another one may not have its key.
    assert only_error(await initiate(person, given)) == error
    conflict = only_error(await initiate(person, {**given, "amount": "26"}))
    assert (conflict["code"], conflict["field"]) == ("VAL_IDEMPOTENCY_CONFLICT", KEY)
    assert await records.now() == after
    return error


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"recipient": "@nobody_here"}, "TXN_RECIPIENT_UNKNOWN", RECIPIENT),
        ({"recipient": "@alice"}, "TXN_SELF_SEND", RECIPIENT),
        ({"recipient": "@ALICE"}, "TXN_SELF_SEND", RECIPIENT),
        ({"amount": "4.999999"}, "TXN_BELOW_MINIMUM", AMOUNT),
        ({"amount": "0.000001"}, "TXN_BELOW_MINIMUM", AMOUNT),
    ],
)
async def test_a_send_that_may_not_be_is_refused_and_recorded(
    alice: Person, records: Records, given: dict[str, str], code: str, field: str
) -> None:
    error = await refused(alice, records, wish(**given))
    assert (error["code"], error["field"]) == (code, field)


@pytest.mark.parametrize("amount", ["10000.000001", "9" * 20])
async def test_above_the_users_limit_nothing_is_sent(
    alice: Person, records: Records, amount: str
) -> None:
    error = await refused(alice, records, wish(amount=amount))
    assert (error["code"], error["retryability"]) == ("CMP_TRANSACTION_LIMIT", "USER_ACTION")


async def test_sending_to_ones_own_address_is_sending_to_oneself(
    alice: Person, records: Records
) -> None:
    error = await refused(alice, records, wish(recipient=alice.address))
    assert (error["code"], error["field"]) == ("TXN_SELF_SEND", RECIPIENT)


async def test_more_than_there_is_is_not_sent(
    alice: Person, carol: Person, records: Records
) -> None:
    for person in (alice, carol):
        beyond = await person.spendable() + 30
        error = await refused(person, records, wish(amount=f"{beyond:.6f}"))
        assert (error["code"], error["field"]) == ("TXN_INSUFFICIENT_BALANCE", AMOUNT)


async def test_addresses_that_nobody_signs_for_are_refused(
    alice: Person, bob: Person, records: Records, chain: Chain
) -> None:
    unsuitable = {
        "off the curve": str(associated_token_account(bob.keypair.pubkey())),
        "a mint": str(USDC_MINT),
        "a token account": await chain.token_account(),
        "a program": str(TOKEN_PROGRAM),
    }
    for kind, address in unsuitable.items():
        error = await refused(alice, records, wish(recipient=address))
        assert (error["code"], error["field"]) == ("TXN_ADDRESS_UNSUITABLE", RECIPIENT), kind


async def test_all_but_the_reserve_can_be_sent_and_not_a_unit_more(
    alice: Person, records: Records
) -> None:
    shown = (await alice.data("{ wallet { available { spendable amountMax } } }"))["wallet"]
    most = Decimal(shown["available"]["amountMax"])
    assert most == Decimal(shown["available"]["spendable"]) - Decimal("0.1")

    error = await refused(alice, records, wish(amount=str(most + Decimal("0.000001"))))
    assert error["code"] == "TXN_INSUFFICIENT_BALANCE"
    assert f"{most:f} USDC" in error["why"]

    before = await records.now()
    whole = await alice.begin(amount=str(most))
    await alice.pending(whole)
    # What is on its way cannot be spent twice.
    error = await refused(alice, records, wish(amount="5"))
    assert error["code"] == "TXN_INSUFFICIENT_BALANCE"
    await alice.cancel(whole)
    after = await records.now()
    assert [row[:4] for row in after.balances] == [row[:4] for row in before.balances]


async def test_together_sends_take_no_more_than_there_is(alice: Person) -> None:
    third = f"{await alice.spendable() / 3 + Decimal('0.01'):.2f}"

    payloads = await asyncio.gather(*(initiate(alice, wish(amount=third)) for _ in range(6)))

    reasons = [only_error(payload)["code"] for payload in payloads if payload["errors"]]
    taken = [
        await alice.found(payload["transaction"]["id"])
        for payload in payloads
        if payload["transaction"]
    ]
    reasons += [found["reason"] for found in taken if found["state"] == "FAILED"]
    # Whether it was refused at once or lost the race for the balance, it says the same.
    assert reasons == ["TXN_INSUFFICIENT_BALANCE"] * 4
    assert await alice.spendable() > 0


# ------------------------------------------------------------------ one key, one wish


def begun_once(after: Stored, before: Stored) -> bool:
    """One transaction of one wish, which holds its principal and its fees."""
    more = after.more(before)
    names = ("transaction", "stream", "idempotency_key", "user_action", "hold")
    return [more[name] for name in names] == [1, 1, 1, 1, 2]


async def test_the_same_key_and_body_are_the_same_transaction(
    alice: Person, records: Records
) -> None:
    before = await records.now()
    given = wish(memo="lunch")
    first = (await initiate(alice, given))["transaction"]["id"]
    await alice.pending(first)
    after = await records.now()

    for same in (given, {**given, "amount": "25.000000"}, {**given, "recipient": "@Bob"}):
        again = await initiate(alice, same)
        assert again["errors"] == []
        assert again["transaction"]["id"] == first

    assert begun_once(after, before)
    assert await records.now() == after
    # Also when it has ended: the wish was that one, whatever became of it.
    await alice.cancel(first)
    again = await initiate(alice, given)
    assert (again["transaction"]["id"], again["transaction"]["state"]) == (first, "FAILED")


@pytest.mark.parametrize(
    "other",
    [{"amount": "25.000001"}, {"recipient": "@carol"}, {"memo": "dinner"}, {"memo": ""}],
)
async def test_the_same_key_with_another_body_is_a_conflict(
    alice: Person, records: Records, other: dict[str, str]
) -> None:
    given = wish(memo="lunch")
    first = (await initiate(alice, given))["transaction"]["id"]
    await alice.pending(first)
    before = await records.now()

    error = only_error(await initiate(alice, {**given, **other}))

    assert (error["code"], error["field"]) == ("VAL_IDEMPOTENCY_CONFLICT", KEY)
    assert (error["severity"], error["retryability"]) == ("MEDIUM", "PERMANENT")
    assert await records.now() == before


async def test_a_key_is_its_users_own(alice: Person, bob: Person) -> None:
    given = wish(recipient="@carol")
    transactions = {(await initiate(person, given))["transaction"]["id"] for person in (alice, bob)}
    assert len(transactions) == 2


async def test_twenty_at_once_with_one_key_are_one_transaction(
    alice: Person, records: Records
) -> None:
    before = await records.now()
    given = wish()

    payloads = await asyncio.gather(*(initiate(alice, given) for _ in range(20)))

    assert [payload["errors"] for payload in payloads] == [[]] * 20
    (transaction,) = {payload["transaction"]["id"] for payload in payloads}
    await alice.pending(transaction)
    assert begun_once(await records.now(), before)


async def test_of_twenty_wishes_with_one_key_one_is_begun(alice: Person, records: Records) -> None:
    before = await records.now()
    given = wish()

    payloads = await asyncio.gather(
        *(initiate(alice, {**given, "amount": str(number)}) for number in range(5, 25))
    )

    begun = [payload["transaction"]["id"] for payload in payloads if payload["transaction"]]
    codes = [only_error(payload)["code"] for payload in payloads if not payload["transaction"]]
    assert codes == ["VAL_IDEMPOTENCY_CONFLICT"] * 19
    await alice.pending(*begun)
    assert begun_once(await records.now(), before)
