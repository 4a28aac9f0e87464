"""What a transaction would be, and what a quote is worth, asked of the real platform over HTTP."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from tests.integration.api.client import (
    ERRORS,
    Json,
    Person,
    Records,
    new_key,
    only_error,
)
from tests.integration.api.test_bank_withdraws import added

pytestmark = pytest.mark.enable_socket

PREVIEW: Final = f"""query ($input: TransactionPreviewInput!) {{
  transactionPreview(input: $input) {{ {ERRORS}
    transaction: preview {{ type asset amount fees {{ kind amount asset provider }} feesTotal
      targetAsset received receivedAtLeast spendableAfter recipient {{ username address }}
      route provider providerExplanation rejected {{ provider reason }} estimatedSeconds
      warnings {{ code whatHappened }} quoteId expiresAt }} }} }}"""
_PROVIDED: Final = """query ($id: ID!) { transaction(id: $id) {
  provider targetAmount fees { kind amount asset } } }"""
_EXPECTED: Final = "query ($id: ID!) { transaction(id: $id) { estimatedCompletion createdAt } }"
_STRATEGIES: Final = "{ strategies { nodes { id provider lockSeconds } } }"
_POSITIONS: Final = "{ wallet { positions { id } } }"

README: Final = Path(__file__).resolve().parents[3] / "README.md"
SEND: Final = {"amount": "25", "recipient": "@bob"}
BUY: Final = {"asset": "SOL", "source": {"available": {"amount": "30"}}}
PAID: Final = {"asset": "SOL", "source": {"payment": {"amount": "100", "paymentMethod": "CARD"}}}
DEPOSIT: Final = {"amount": "100", "paymentMethod": "CARD"}
STRANGER: Final = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"


async def looked_at(person: Person, **given: object) -> Json:
    return (await person.data(PREVIEW, input=given))["transactionPreview"]


async def previewed(person: Person, **given: object) -> Json:
    """What was shown of something that may begin."""
    payload = await looked_at(person, **given)
    assert payload["errors"] == []
    shown = payload["transaction"]
    assert shown["quoteId"]
    assert datetime.now(UTC) < datetime.fromisoformat(shown["expiresAt"])
    assert shown["estimatedSeconds"] > 0
    assert shown["route"]
    assert shown["provider"] in shown["providerExplanation"] or shown["rejected"] == []
    return shown


async def expected_seconds(person: Person, transaction_id: str) -> int:
    """From its beginning to when it should be done."""
    row = (await person.data(_EXPECTED, id=transaction_id))["transaction"]
    end, beginning = (
        datetime.fromisoformat(row[each]) for each in ("estimatedCompletion", "createdAt")
    )
    return int((end - beginning).total_seconds())


async def begin(person: Person, name: str, given: Mapping[str, object], **more: object) -> Json:
    return await person.mutate(name, **given, **{"idempotencyKey": new_key(), **more})


def codes(shown: Json) -> set[str]:
    return {warning["code"] for warning in shown["warnings"]}


# ------------------------------------------------------------------ what is shown


async def test_a_send_is_shown_with_all_it_costs(alice: Person, records: Records) -> None:
    before = await records.now()

    shown = await previewed(alice, send=SEND)

    assert (shown["type"], shown["recipient"]["username"]) == ("SEND", "bob")
    own = [fee for fee in shown["fees"] if fee["kind"] != "FEE_DUE"]
    costs = sum(Decimal(fee["amount"]) for fee in own)
    assert Decimal(shown["feesTotal"]) == costs
    assert Decimal(shown["received"]) == 25 - costs == Decimal(shown["receivedAtLeast"])
    assert shown["warnings"] == []
    assert await records.now() == before


async def test_who_sends_to_nobody_known_is_warned(alice: Person) -> None:
    shown = await previewed(alice, send={"amount": "25", "recipient": STRANGER})

    assert codes(shown) == {"TXN_RECIPIENT_STRANGER"}


async def test_a_buy_is_shown_with_its_route_and_who_was_not_chosen(alice: Person) -> None:
    shown = await previewed(alice, buy=BUY)

    assert (shown["type"], shown["asset"], shown["targetAsset"]) == ("BUY", "USDC", "SOL")
    assert Decimal(shown["received"]) > Decimal(shown["receivedAtLeast"]) > 0
    assert {"NETWORK", "PLATFORM"} <= {fee["kind"] for fee in shown["fees"]}
    assert "score" in shown["providerExplanation"]
    expires = datetime.fromisoformat(shown["expiresAt"])
    assert expires <= datetime.now(UTC) + timedelta(seconds=61)


async def test_a_large_slippage_is_warned_of(alice: Person) -> None:
    source = {"available": {"amount": "30", "maxSlippagePercent": "4"}}

    assert codes(await previewed(alice, buy={"asset": "SOL", "source": source})) == {
        "TXN_SLIPPAGE_HIGH"
    }


@pytest.mark.parametrize(
    ("given", "kind", "asset", "target"),
    [
        ({"deposit": DEPOSIT}, "DEPOSIT", "USD", "USDC"),
        ({"buy": PAID}, "BUY", "USD", "SOL"),
        ({"sell": {"asset": "SOL", "amount": "0.2"}}, "SELL", "SOL", "USDC"),
    ],
)
async def test_what_is_paid_for_or_sold_is_shown(
    alice: Person, given: dict[str, object], kind: str, asset: str, target: str
) -> None:
    await bought(alice)

    shown = await previewed(alice, **given)

    assert (shown["type"], shown["asset"], shown["targetAsset"]) == (kind, asset, target)
    assert Decimal(shown["received"]) > 0
    assert "PLATFORM" in {fee["kind"] for fee in shown["fees"]}


@pytest.mark.parametrize("known", [False, True])
async def test_a_withdraw_is_shown(alice: Person, bob: Person, *, known: bool) -> None:
    address = bob.address if known else STRANGER
    destination = {"externalWallet": {"address": address}}

    shown = await previewed(alice, withdraw={"amount": "25", "destination": destination})

    whom = {"username": "bob" if known else None, "address": address}
    assert (shown["type"], shown["recipient"]) == ("WITHDRAW", whom)
    assert codes(shown) == (set() if known else {"TXN_RECIPIENT_STRANGER"})


async def test_a_launch_and_a_stop_are_shown(alice: Person) -> None:
    found = (await alice.data(_STRATEGIES))["strategies"]["nodes"]
    kamino = next(
        each for each in found if each["provider"] == "kamino" and not each["lockSeconds"]
    )
    launch = {"strategyId": kamino["id"], "amount": "40"}

    shown = await previewed(alice, strategyLaunch=launch)

    assert "TXN_STRATEGY_CAN_LOSE" in codes(shown)
    assert Decimal(shown["received"]) == 40 - Decimal(shown["feesTotal"])
    payload = await begin(alice, "initiateStrategyLaunch", launch, quoteId=shown["quoteId"])
    await completed(alice, payload)

    position = (await alice.data(_POSITIONS))["wallet"]["positions"][-1]["id"]
    stop = {"positionId": position}
    shown = await previewed(alice, strategyStop=stop)

    assert shown["type"] == "STRATEGY_STOP"
    fees = {fee["kind"]: Decimal(fee["amount"]) for fee in shown["fees"]}
    assert fees["PLATFORM"] == Decimal("0.25")
    payload = await begin(alice, "initiateStrategyStop", stop, quoteId=shown["quoteId"])
    ended = await completed(alice, payload)
    assert ended["state"] == "COMPLETED"


async def test_a_payout_is_shown(alice: Person) -> None:
    destination = {"bankAccount": {"id": await added(alice)}}

    shown = await previewed(alice, withdraw={"amount": "100", "destination": destination})

    assert (shown["type"], shown["targetAsset"], shown["receivedAtLeast"]) == (
        "WITHDRAW",
        "USD",
        None,
    )
    assert Decimal(90) < Decimal(shown["received"]) < 100
    fees = {fee["kind"]: Decimal(fee["amount"]) for fee in shown["fees"]}
    assert fees["PLATFORM"] == Decimal("0.48")
    assert shown["estimatedSeconds"] >= 172_800
    wish = {"amount": "100", "destination": destination}
    begun = (await begin(alice, "initiateWithdraw", wish, quoteId=shown["quoteId"]))["transaction"]
    assert (await expected_seconds(alice, begun["id"])) == shown["estimatedSeconds"]
    await alice.cancel(begun["id"])


async def test_the_readmes_preview_works_as_it_is_pasted(alice: Person) -> None:
    blocks = re.findall(r"```graphql\n(.*?)```", README.read_text(), re.DOTALL)
    (query,) = [text for text in blocks if "transactionPreview" in text]

    payload = (await alice.data(query))["transactionPreview"]

    assert payload["errors"] == []
    assert payload["preview"]["quoteId"]


async def test_what_would_be_refused_is_refused_when_it_is_looked_at(
    alice: Person, bob: Person
) -> None:
    before = only_error(await looked_at(alice, buy={**BUY, "asset": "DOGE"}))
    assert (before["code"], before["field"]) == ("VAL_ASSET_UNTRADED", "input.buy.asset")
    poor = only_error(await looked_at(bob, sell={"asset": "SOL", "amount": "1"}))
    assert poor["code"] == "TXN_INSUFFICIENT_BALANCE"


# ------------------------------------------------------------------ what a quote is worth


@pytest.mark.parametrize(
    ("name", "flow", "given"),
    [
        ("initiateSend", "send", SEND),
        ("initiateBuy", "buy", BUY),
    ],
)
async def test_a_quote_is_begun_by_what_it_showed(
    alice: Person, name: str, flow: str, given: dict[str, object]
) -> None:
    shown = await previewed(alice, **{flow: given})

    payload = await begin(alice, name, given, quoteId=shown["quoteId"])

    assert payload["errors"] == []
    found = (await alice.data(_PROVIDED, id=payload["transaction"]["id"]))["transaction"]
    assert found["provider"] == shown["provider"]
    if flow == "buy":
        assert Decimal(found["targetAmount"]) == Decimal(shown["received"])


async def test_a_quote_is_good_once_and_its_key_answers_the_same(alice: Person) -> None:
    quote, key = (await previewed(alice, send=SEND))["quoteId"], new_key()
    first = await begin(alice, "initiateSend", SEND, quoteId=quote, idempotencyKey=key)
    again = await begin(alice, "initiateSend", SEND, quoteId=quote, idempotencyKey=key)

    assert first["errors"] == []
    assert again["transaction"]["id"] == first["transaction"]["id"]
    error = only_error(await begin(alice, "initiateSend", SEND, quoteId=quote))
    assert (error["code"], error["field"]) == ("TXN_QUOTE_USED", "input.quoteId")
    other = await begin(alice, "initiateSend", SEND, idempotencyKey=key)
    assert only_error(other)["code"] == "VAL_IDEMPOTENCY_CONFLICT"


async def test_of_twins_with_one_quote_one_begins(alice: Person) -> None:
    quote = (await previewed(alice, send=SEND))["quoteId"]

    payloads = await asyncio.gather(
        *(begin(alice, "initiateSend", SEND, quoteId=quote) for _ in range(6))
    )

    assert sorted(len(each["errors"]) for each in payloads) == [0, 1, 1, 1, 1, 1]
    refused = [each["errors"][0]["code"] for each in payloads if each["errors"]]
    assert set(refused) == {"TXN_QUOTE_USED"}


async def test_a_quote_is_nobody_elses_and_of_nothing_else(alice: Person, bob: Person) -> None:
    quote = (await previewed(alice, send=SEND))["quoteId"]

    stolen = await begin(bob, "initiateSend", {**SEND, "recipient": "@carol"}, quoteId=quote)
    assert only_error(stolen)["code"] == "TXN_QUOTE_UNKNOWN"
    other = await begin(alice, "initiateSend", {**SEND, "amount": "26"}, quoteId=quote)
    assert only_error(other)["code"] == "TXN_QUOTE_OTHER_INPUT"
    flow = await begin(alice, "initiateBuy", BUY, quoteId=quote)
    assert only_error(flow)["code"] == "TXN_QUOTE_OTHER_INPUT"
    nothing = await begin(alice, "initiateSend", SEND, quoteId="bm90aGluZw==")
    assert only_error(nothing)["code"] == "VAL_ID"


async def test_an_expired_quote_begins_nothing(alice: Person, records: Records) -> None:
    quote = (await previewed(alice, buy=BUY))["quoteId"]
    await records.expire(quote)
    before = await records.now()

    error = only_error(await begin(alice, "initiateBuy", BUY, quoteId=quote))

    assert (error["code"], error["field"]) == ("TXN_QUOTE_EXPIRED", "input.quoteId")
    assert (await records.now()).balances == before.balances


async def bought(person: Person) -> None:
    await completed(
        person,
        await begin(person, "initiateBuy", {**BUY, "source": {"available": {"amount": "50"}}}),
    )


async def completed(person: Person, payload: Json) -> Json:
    """What has become of it once its user has signed."""
    ended = await person.ended(await person.signed(payload))
    assert ended["state"] == "COMPLETED"
    return ended
