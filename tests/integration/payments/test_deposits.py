"""Deposits through the whole platform: real processes, the adapters of production, a chain."""

from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bench.platform import started
from resolvers.ids import Kind, decode
from tests.integration.payments.payer import Payer

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

SEQUENCE = [
    "DepositTransactionInitiated",
    "ExpectedCreditReserved",
    "OnRampProviderSelected",
    "FiatPaymentRequested",
    "UserActionRequired",
    "FiatPaymentConfirmed",
    "USDCConversionRequested",
    "USDCConversionCompleted",
    "AvailableBalanceUpdated",
    "DepositTransactionCompleted",
]
NET = Decimal("98.25") * (1 - Decimal("0.0048"))


def test_a_deposit_arrives_and_says_who_brought_it_and_why(alice: Payer) -> None:
    before = Decimal(alice.posted())
    deposit = alice.begin()
    alice.pay(deposit)

    done = alice.until(deposit, state="COMPLETED")

    events = [row["eventType"] for row in done["timeline"]]
    assert list(dict.fromkeys(events)) == SEQUENCE
    assert Decimal(alice.posted()) - before == NET
    assert (done["provider"], done["fundsLocation"]) == ("coinbase", "DELIVERED")
    assert "stripe" in done["providerExplanation"]
    assert (done["receivedAmount"], done["progressPercent"]) == ("97.778400", 100)
    alice.verify()


def test_until_it_is_paid_it_is_pending_and_waits_for_its_user(alice: Payer) -> None:
    deposit = alice.begin(method="APPLE_PAY")
    alice.page(deposit)

    shown = alice.shown(deposit)

    assert shown["transaction"]["subState"] == "FIAT_PAYMENT_PENDING"
    assert Decimal(shown["wallet"]["available"]["pending"]) >= Decimal("98.25")
    alice.decline(deposit)
    assert alice.choose(deposit, "STOP", asked="UPDATE_PAYMENT_METHOD")["errors"] == []
    failed = alice.until(deposit, state="FAILED")
    assert failed["reason"] == "PAY_FAILED"
    assert failed["userActions"][0]["status"] == "EXPIRED"


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("outage", {}),
        ("rate_limit", {"operations": ["create_session", "create_order"]}),
    ],
)
def test_a_provider_that_is_out_is_followed_by_another(
    alice: Payer, fault: str, more: dict[str, object]
) -> None:
    alice.fault(fault, "coinbase", **more)
    deposit = alice.begin()
    alice.pay(deposit)

    done = alice.until(deposit, state="COMPLETED")

    assert done["provider"] == "stripe"
    alice.verify()


@pytest.mark.parametrize("fault", ["timeout_before_executing", "timeout_after_executing"])
def test_a_timeout_is_found_out_and_never_pays_twice(alice: Payer, fault: str) -> None:
    before = Decimal(alice.posted())
    alice.fault(fault, "coinbase", operations=["create_session"], remaining=1, hang_ms=200)
    # The quote is asked for by the same operation: it is used up there, or at the opening.
    alice.fault(fault, "stripe", operations=["create_session"], remaining=1, hang_ms=200)
    deposit = alice.begin()
    alice.pay(deposit)

    alice.until(deposit, state="COMPLETED")

    assert Decimal(96) < Decimal(alice.posted()) - before < Decimal(99)
    alice.verify()


@pytest.mark.parametrize(
    "fault", ["webhook_lost", "webhook_duplicated", "webhook_reordered", "webhook_forged"]
)
def test_whatever_becomes_of_webhooks_there_is_one_outcome(alice: Payer, fault: str) -> None:
    before = Decimal(alice.posted())
    alice.fault(fault, "coinbase")
    deposit = alice.begin()
    alice.pay(deposit)

    alice.until(deposit, state="COMPLETED")

    assert Decimal(alice.posted()) - before == NET
    alice.verify()


def test_answers_that_cannot_be_read_are_asked_for_again(alice: Payer) -> None:
    deposit = alice.begin()
    alice.page(deposit)
    for operation in ("list_transactions", "get_order"):
        alice.fault("malformed_body", "coinbase", operations=[operation], remaining=2)
    alice.pay(deposit)

    alice.until(deposit, state="COMPLETED")
    alice.verify()


def test_days_pass_over_a_restart_and_the_payment_still_arrives(tmp_path: Path) -> None:
    with (
        httpx.Client(trust_env=False, timeout=20) as http,
        started(tmp_path / "data") as first,
    ):
        alice = Payer(ready=first.ready, name="alice", http=http)
        deposit = alice.begin("500", "BANK")
        page = alice.page(deposit)
        assert first.stop() == 0
        with started(tmp_path / "data") as second:
            later = Payer(ready=second.ready, name="alice", http=http)
            path = httpx.URL(page).raw_path.decode()
            answer = http.post(second.ready.sandbox_url + path, data={"outcome": "pay"})
            assert answer.status_code < 400
            later.control("clock", {"skip_seconds": 3 * 24 * 3600})

            done = later.until(deposit, state="COMPLETED")

            assert Decimal(done["receivedAmount"]) > 480
            later.verify()


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"amount": "9.99"}, "TXN_BELOW_MINIMUM", "input.amount"),
        ({"amount": "24.99"}, "TXN_BELOW_MINIMUM", "input.amount"),
        ({"amount": "5000.01"}, "PRV_LIMIT", "input.amount"),
        ({"amount": "100.001"}, "VAL_AMOUNT_PRECISION", "input.amount"),
        ({"amount": "1e3"}, "VAL_AMOUNT_FORMAT", "input.amount"),
        ({"amount": "0"}, "VAL_AMOUNT_ZERO", "input.amount"),
        ({"method": "CASH"}, "VAL_PAYMENT_METHOD", "input.paymentMethod"),
        ({"currency": "XYZ"}, "VAL_CURRENCY", "input.currency"),
        ({"returnUrl": "javascript:alert(1)"}, "VAL_RETURN_URL", "input.returnUrl"),
        ({"currency": "BRL", "method": "PAYPAL"}, "PRV_NONE_AVAILABLE", None),
    ],
)
def test_a_wish_that_cannot_be_is_a_typed_error(
    alice: Payer, wish: dict[str, str], code: str, field: str | None
) -> None:
    before = alice.posted()

    payload = alice.initiate(**wish)

    assert payload["transaction"] is None
    assert [(error["code"], error["field"]) for error in payload["errors"]] == [(code, field)]
    assert alice.posted() == before


def test_the_same_key_is_one_deposit_and_another_body_a_conflict(alice: Payer) -> None:
    first = alice.begin(idempotencyKey="a-deposit")

    assert alice.begin(idempotencyKey="a-deposit") == first
    refused = alice.initiate("200", idempotencyKey="a-deposit")
    assert [error["code"] for error in refused["errors"]] == ["VAL_IDEMPOTENCY_CONFLICT"]


def test_the_command_line_has_a_provider_misbehave(alice: Payer, data_dir: Path) -> None:
    said = alice.diboas("sandbox", "fault", "outage", "--provider", "coinbase", up_dir=data_dir)
    assert said.returncode == 0, said.stderr
    assert '"outage"' in said.stdout

    assert alice.until(alice.begin(), waitingOn="USER")["provider"] == "stripe"

    cleared = alice.diboas("sandbox", "fault", "clear", "--provider", "coinbase", up_dir=data_dir)
    assert '"faults": []' in cleared.stdout
    wrong = alice.diboas("sandbox", "fault", "bad_mood", "--provider", "coinbase", up_dir=data_dir)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("diboas: the sandbox refuses")


def test_a_provider_that_keeps_failing_is_left_alone_and_the_choice_says_so(alice: Payer) -> None:
    alice.fault("outage", "coinbase")
    for _ in range(5):
        alice.until(alice.begin(), provider="stripe")
    alice.clear_faults()

    deposit = alice.begin()
    explained = alice.until(deposit, provider="stripe")["providerExplanation"]
    assert "coinbase: not possible (too many failures of late)" in explained

    alice.forget_breakers()
    deposit = alice.begin()
    alice.pay(deposit)
    assert alice.until(deposit, state="COMPLETED")["provider"] == "coinbase"
    alice.verify()


def test_a_payment_opened_for_another_amount_waits_for_a_person(alice: Payer) -> None:
    alice.fault("outage", "coinbase", remaining=10)
    alice.fault("wrong_amount", "stripe", operations=["create_session"], millionths=900_000)

    deposit = alice.begin()
    stopped = alice.until(deposit, waitingOn="OPERATOR")

    assert (stopped["provider"], stopped["fundsLocation"]) == ("stripe", "SUSPENSE")
    assert stopped["userActions"] == []
    alice.verify()

    case = str(decode(Kind.TRANSACTION, deposit))
    ended = alice.operator("suspense", "resolve", case, "end", "--reason", "told the provider")
    assert (ended.returncode, ended.stderr) == (0, "")
    over = alice.until(deposit, state="FAILED")
    assert (over["reason"], over["waitingOn"]) == ("PAY_MISMATCH", "NONE")
    assert case not in alice.operator("suspense", "list").stdout
    alice.verify()
