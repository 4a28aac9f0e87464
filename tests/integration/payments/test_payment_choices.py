"""A payment that was declined goes on as its user says: through the API, to its end."""

from decimal import Decimal

import pytest

from tests.integration.payments.payer import Json, Payer

pytestmark = pytest.mark.enable_socket

ASKED = "UPDATE_PAYMENT_METHOD"
BALANCE = "{ wallet { available { posted pending } } }"


def declined(alice: Payer, **more: str) -> str:
    deposit = alice.begin(method="APPLE_PAY", **more)
    alice.decline(deposit)
    return deposit


def page_of(alice: Payer, deposit: str, *, attempt: int) -> str:
    """The page to pay at in that attempt."""
    found = alice.until(deposit, waitingOn="USER", attempt=attempt)
    (pending,) = [each for each in found["userActions"] if each["status"] == "PENDING"]
    assert pending["type"] == "COMPLETE_PAYMENT"
    return str(pending["payload"])


def test_another_method_brings_what_the_first_did_not(alice: Payer) -> None:
    before = Decimal(alice.posted())
    # More than somebody may pay in whom compliance does not know.
    deposit = declined(alice, amount="300")

    assert alice.choose(deposit, "CARD", asked=ASKED)["errors"] == []
    page = page_of(alice, deposit, attempt=2)
    paid = alice.http.post(page, data={"outcome": "pay"})
    assert paid.status_code < 400, paid.text
    done = alice.until(deposit, state="COMPLETED")

    assert done["attempt"] == 2
    actions: list[Json] = done["userActions"]
    assert [(each["type"], each["status"]) for each in actions] == [
        ("COMPLETE_PAYMENT", "EXPIRED"),
        (ASKED, "COMPLETED"),
        ("COMPLETE_PAYMENT", "COMPLETED"),
    ]
    assert actions[1]["approval"] == "CARD"
    assert [each["state"] for each in done["timeline"]].count("PROVIDER_FAILOVER") == 1
    assert {"PAYMENT_ANEW"} == {each["strategy"] for each in done["attempts"]}
    came = Decimal(alice.posted()) - before
    assert (
        Decimal("0.99") * Decimal(done["receivedAmount"]) < came <= Decimal(done["receivedAmount"])
    )
    alice.verify()


def test_the_same_method_is_asked_of_another_provider(alice: Payer) -> None:
    deposit = declined(alice)
    first = alice.shown(deposit)["transaction"]["provider"]

    assert alice.choose(deposit, "APPLE_PAY", asked=ASKED)["errors"] == []

    page_of(alice, deposit, attempt=2)
    assert alice.shown(deposit)["transaction"]["provider"] != first


def test_nothing_is_submitted_where_a_page_has_to_be_paid(alice: Payer) -> None:
    waiting = alice.until(alice.begin(), waitingOn="USER")
    assert "SUBMIT_USER_ACTION" not in waiting["availableActions"]

    (action,) = waiting["userActions"]
    payload = alice.submit(actionId=action["id"], signedTransaction="AQID")

    (refused,) = payload["errors"]
    assert (refused["code"], refused["field"]) == ("TXN_ACTION_REFUSED", "input.actionId")


def test_what_nobody_offers_leaves_the_choice_open(alice: Payer) -> None:
    deposit = declined(alice)
    alice.until(deposit, state="PROVIDER_FAILOVER", waitingOn="USER")
    alice.fault("outage", "coinbase")
    alice.fault("outage", "stripe")

    (refused,) = alice.choose(deposit, "CARD", asked=ASKED)["errors"]
    assert refused["code"] == "PRV_NONE_AVAILABLE"
    (refused,) = alice.choose(deposit, "CASH", asked=ASKED)["errors"]
    assert (refused["code"], refused["field"]) == ("VAL_OPTION", "input.option")

    assert alice.choose(deposit, "STOP", asked=ASKED)["errors"] == []
    assert alice.until(deposit, state="FAILED")["reason"] == "PAY_FAILED"
    alice.verify()


def test_who_finds_nobody_to_open_the_payment_chooses_again(alice: Payer) -> None:
    alice.fault("outage", "coinbase")
    alice.fault("rate_limit", "stripe", operations=["create_session"], remaining=1)
    deposit = alice.begin(amount="50")

    asked = alice.until(deposit, state="PROVIDER_FAILOVER", waitingOn="USER")
    (choice,) = asked["userActions"]
    # What takes 100 or nothing of ours is no way to pay 50.
    names = [each["name"] for each in choice["options"]]
    assert (choice["type"], names) == (ASKED, ["CARD", "APPLE_PAY", "GOOGLE_PAY", "STOP"])
    assert Decimal(alice.shown(deposit)["wallet"]["available"]["pending"]) > 0

    # Who was out of reach may be asked for the same again.
    assert alice.choose(deposit, "CARD", asked=ASKED)["errors"] == []
    assert alice.http.post(alice.page(deposit), data={"outcome": "pay"}).is_success
    assert alice.until(deposit, state="COMPLETED")["provider"] == "stripe"
    alice.verify()


@pytest.mark.parametrize("provider", ["coinbase", "stripe"])
def test_what_nobody_has_begun_to_pay_is_stopped_and_what_comes_all_the_same_is_booked(
    alice: Payer, provider: str
) -> None:
    if provider == "stripe":
        alice.fault("outage", "coinbase", operations=["create_session", "create_order"])
    before = alice.ask(BALANCE)["wallet"]["available"]
    deposit = alice.begin()
    alice.page(deposit)
    open_ = alice.shown(deposit)["transaction"]
    assert (open_["provider"], open_["cancellable"]) == (provider, True)

    assert alice.cancel(deposit)["errors"] == []

    over = alice.until(deposit, state="FAILED")
    assert (over["reason"], over["waitingOn"], over["cancellable"]) == (
        "TXN_CANCELLED",
        "NONE",
        False,
    )
    assert [each["status"] for each in over["userActions"]] == ["CANCELLED"]
    assert alice.ask(BALANCE)["wallet"]["available"] == before
    assert alice.cancel(deposit)["errors"] == []

    # When it is delivered all the same
    alice.fund("USDC", 50_000_000)
    alice.wait_for(lambda: Decimal(alice.posted()) - Decimal(before["posted"]) == Decimal(50))
    alice.verify()


def test_what_somebody_has_begun_to_pay_is_not_stopped_and_says_why(alice: Payer) -> None:
    deposit = alice.begin("500", "BANK")
    alice.pay(deposit)
    paid = alice.until(deposit, cancellable=False)
    assert paid["state"] != "FAILED"

    (refused,) = alice.cancel(deposit)["errors"]

    assert (refused["code"], refused["field"]) == ("TXN_NOT_CANCELLABLE", "input.id")
    assert refused["alternatives"] == [f"Ask {paid['provider']} to give the money back."]
    assert paid["provider"] in refused["why"]
    alice.until(deposit, state="COMPLETED")
