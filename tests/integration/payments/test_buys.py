"""Buying an asset with a payment method, through the whole platform."""

import asyncio
import re
import time
import uuid
from decimal import Decimal

import pytest

from domain.shared.assets import ASSETS
from infrastructure.db.pool import connect
from resolvers.ids import Kind, decode
from tests.integration.payments.conftest import PATIENCE_SECONDS
from tests.integration.payments.payer import Json, Payer

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

SEQUENCE = [
    "BuyTransactionInitiated",
    "ExpectedCreditReserved",
    "OnRampProviderSelected",
    "FiatPaymentRequested",
    "UserActionRequired",
    "FiatPaymentConfirmed",
    "DirectAssetPurchaseRequested",
    "DirectAssetPurchaseCompleted",
    "InvestedBalanceUpdated",
    "BuyTransactionCompleted",
]
_INITIATE = """mutation ($input: InitiateBuyInput!) { initiateBuy(input: $input) {
  transaction { id state } errors { code field } } }"""
_SUSPENDED = """
    SELECT sum(b.posted) FROM balance b JOIN account a ON a.id = b.account_id WHERE a.code LIKE $1
"""
_INVESTED = "{ wallet { invested { asset posted pending } } }"


def initiated(payer: Payer, asset: str = "SOL", amount: str = "100", **more: str) -> Json:
    source = {"payment": {"amount": amount, "paymentMethod": "CARD", **more}}
    wish = {"asset": asset, "source": source, "idempotencyKey": uuid.uuid4().hex}
    return payer.ask(_INITIATE, input=wish)["initiateBuy"]


def begun(payer: Payer, asset: str = "SOL", **more: str) -> str:
    payload = initiated(payer, asset, **more)
    assert payload["errors"] == []
    identifier: str = payload["transaction"]["id"]
    return identifier


def invested(payer: Payer, asset: str, field: str = "posted") -> Decimal:
    rows = payer.ask(_INVESTED)["wallet"]["invested"]
    return sum((Decimal(row[field]) for row in rows if row["asset"] == asset), Decimal(0))


def test_a_bought_asset_arrives_on_its_chain_and_is_invested(alice: Payer) -> None:
    before = invested(alice, "SOL")
    buy = begun(alice)
    alice.page(buy)
    assert invested(alice, "SOL", "pending") > 0

    alice.pay(buy)
    done = alice.until(buy, state="COMPLETED")

    events = [row["eventType"] for row in done["timeline"]]
    assert list(dict.fromkeys(events)) == SEQUENCE
    assert invested(alice, "SOL") - before == Decimal(done["receivedAmount"]) > Decimal("0.5")
    assert invested(alice, "SOL", "pending") == 0
    assert done["fundsLocation"] == "DELIVERED"
    alice.verify()


@pytest.mark.parametrize(
    ("kind", "operation"),
    [("error", "create_session"), ("timeout_after_executing", "create_session")],
)
def test_it_is_bought_once_whatever_happens(alice: Payer, kind: str, operation: str) -> None:
    before = invested(alice, "SOL")
    alice.fault(kind, "coinbase", operations=[operation], remaining=1, hang_ms=200)
    buy = begun(alice)

    alice.pay(buy)

    done = alice.until(buy, state="COMPLETED")
    assert invested(alice, "SOL") - before == Decimal(done["receivedAmount"])
    alice.verify()


@pytest.mark.parametrize("fault", ["webhook_lost", "webhook_duplicated"])
def test_what_webhooks_do_makes_no_difference(alice: Payer, fault: str) -> None:
    before = invested(alice, "SOL")
    alice.fault(fault, "coinbase")
    buy = begun(alice)

    alice.pay(buy)

    done = alice.until(buy, state="COMPLETED")
    assert invested(alice, "SOL") - before == Decimal(done["receivedAmount"])


def test_one_that_is_declined_brings_nothing(alice: Payer) -> None:
    buy = begun(alice, paymentMethod="APPLE_PAY")

    alice.decline(buy)
    assert alice.choose(buy, "STOP", asked="UPDATE_PAYMENT_METHOD")["errors"] == []

    failed = alice.until(buy, state="FAILED")
    assert failed["reason"] == "PAY_FAILED"
    assert invested(alice, "SOL", "pending") == 0


@pytest.mark.parametrize(
    ("asset", "wish", "code", "field"),
    [
        ("USDC", {}, "VAL_ASSET_UNTRADED", "asset"),
        ("DOGE", {}, "VAL_ASSET_UNTRADED", "asset"),
        ("SOL", {"amount": "9"}, "TXN_BELOW_MINIMUM", "source.payment.amount"),
        ("SOL", {"amount": "24.99"}, "TXN_BELOW_MINIMUM", "source.payment.amount"),
        ("SOL", {"amount": "5000.01"}, "PRV_LIMIT", "source.payment.amount"),
        ("SOL", {"amount": "1e3"}, "VAL_AMOUNT_FORMAT", "source.payment.amount"),
        ("SOL", {"paymentMethod": "CASH"}, "VAL_PAYMENT_METHOD", "source.payment.paymentMethod"),
        ("SOL", {"currency": "XYZ"}, "VAL_CURRENCY", "source.payment.currency"),
        ("SOL", {"returnUrl": "ftp://x"}, "VAL_RETURN_URL", "source.payment.returnUrl"),
    ],
)
def test_what_cannot_be_bought_is_refused(
    alice: Payer, asset: str, wish: dict[str, str], code: str, field: str
) -> None:
    payload = initiated(alice, asset, **wish)
    refusals = [(error["code"], error["field"]) for error in payload["errors"]]
    assert refusals == [(code, f"input.{field}")]


LATE = {"BTC": 250_000, "ETH": 3 * 10**16, "SUI": 7 * 10**9, "SOL": 2 * 10**8}
FINAL_SECONDS = {"BTC": 3_700, "ETH": 800, "SUI": 2, "SOL": 0}
"""How long the simulated chains take until nothing is undone any more."""


@pytest.mark.parametrize("asset", list(LATE))
def test_what_is_delivered_after_the_payment_ended_is_invested(alice: Payer, asset: str) -> None:
    before = invested(alice, asset)
    buy = begun(alice, asset, paymentMethod="APPLE_PAY")
    alice.decline(buy)
    alice.choose(buy, "STOP", asked="UPDATE_PAYMENT_METHOD")
    alice.until(buy, state="FAILED")

    # When the provider delivers all the same
    alice.fund(asset, LATE[asset])
    alice.control("clock", {"skip_seconds": FINAL_SECONDS[asset]})

    brought = Decimal(LATE[asset]).scaleb(-ASSETS[asset].decimals)
    alice.wait_for(lambda: invested(alice, asset) - before == brought)
    alice.verify()


@pytest.mark.parametrize(
    "asset", ["BTC", *(pytest.param(each, marks=pytest.mark.chaos) for each in ("SUI", "SOL"))]
)
@pytest.mark.parametrize("first", ["the purchase", "the watcher"])
def test_a_delivery_is_booked_once_whoever_sees_it_first(
    alice: Payer, asset: str, first: str
) -> None:
    before = invested(alice, asset)
    buy = begun(alice, asset)
    alice.page(buy)
    if first == "the watcher":
        alice.fault("outage", "coinbase", operations=["list_transactions", "get_order"])
        alice.fault("outage", "stripe")
    alice.pay(buy)
    if first == "the watcher":
        # After its patience with the purchase, which cannot know
        alice.wait_for(lambda: invested(alice, asset) > before, passing=FINAL_SECONDS[asset])
        assert alice.shown(buy)["transaction"]["state"] != "COMPLETED"
        alice.clear_faults()
        alice.forget_breakers()

    alice.wait_for(
        lambda: alice.shown(buy)["transaction"]["state"] == "COMPLETED",
        passing=FINAL_SECONDS[asset],
    )
    done = alice.shown(buy)["transaction"]

    received = Decimal(done["receivedAmount"])
    assert invested(alice, asset) - before == received
    time.sleep(PATIENCE_SECONDS + 1)
    assert invested(alice, asset) - before == received
    assert invested(alice, asset, "pending") == 0
    alice.verify()


async def suspended(payer: Payer, asset: str) -> int:
    """Base units of it in suspense, of all users."""
    connection = await connect(payer.ready.database_url)
    try:
        return int(await connection.fetchval(_SUSPENDED, f"suspense:%:{asset}") or 0)
    finally:
        await connection.close()


async def published(payer: Payer, stream_id: str) -> list[str]:
    """The types of its events."""
    connection = await connect(payer.ready.database_url)
    try:
        rows = await connection.fetch("SELECT type FROM outbox WHERE stream_id = $1", stream_id)
        return [row["type"] for row in rows]
    finally:
        await connection.close()


def test_another_asset_than_was_bought_is_in_suspense(alice: Payer) -> None:
    before = {asset: invested(alice, asset) for asset in ("ETH", "PAXG")}
    buy = begun(alice, "ETH")
    alice.deliver_instead(buy, "PAXG")
    alice.control("clock", {"skip_seconds": FINAL_SECONDS["ETH"]})

    stopped = alice.until(buy, waitingOn="OPERATOR")

    assert stopped["fundsLocation"] == "SUSPENSE"
    assert asyncio.run(suspended(alice, "PAXG")) == ASSETS["PAXG"].minimum_base_units
    # What was bought is still owed, and nothing of the other is theirs to spend
    assert invested(alice, "ETH", "pending") > 0
    time.sleep(PATIENCE_SECONDS + 1)
    assert {asset: invested(alice, asset) for asset in before} == before
    alice.verify()

    # Until a person has looked at it
    case = str(decode(Kind.TRANSACTION, buy))
    listed = next(
        line for line in alice.operator("suspense", "list").stdout.splitlines() if case in line
    )
    assert "0.001000000000000000 PAXG in suspense" in listed
    shown = alice.operator("suspense", "show", case).stdout
    assert "to resolve: keep" in shown
    assert alice.ready.user("alice").addresses["ethereum"].lower() in shown.lower()
    # What brought it did not bring it back, as the chain shows
    found = re.search(r"by (0x\w+)", shown)
    assert found is not None
    returned = ("suspense", "resolve", case, "returned", "--reason", "so we were told")
    assert alice.operator(*returned, "--transaction", found[1]).returncode == 0
    alice.wait_for(lambda: "SuspenseReturnRefuted" in asyncio.run(published(alice, case)))
    resolving = ("suspense", "resolve", case, "keep", "--reason", "agreed with alice")
    done = alice.operator(*resolving, "--by", "olga")
    assert (done.returncode, done.stderr) == (0, "")

    over = alice.until(buy, state="FAILED")
    assert (over["reason"], over["fundsLocation"]) == ("PAY_OTHER_ASSET", "DELIVERED")
    assert over["timeline"][-1]["eventType"] == "BuyTransactionFailed"
    assert invested(alice, "PAXG") - before["PAXG"] == Decimal("0.001")
    assert invested(alice, "ETH", "pending") == 0
    assert asyncio.run(suspended(alice, "PAXG")) == 0
    again = alice.operator(*resolving)
    assert (again.returncode, "does not wait" in again.stderr) == (1, True)
    alice.verify()
