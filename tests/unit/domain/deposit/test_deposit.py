from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.contracts.suspense_events import SuspenseReleased
from domain.provider.effects import Declined, NotAttempted, Unknown
from domain.provider.payment_outcomes import Ended, Told, Waiting, WrongDelivery
from domain.provider.ramps import Mismatch
from domain.shared.decision import Decision
from domain.shared.unit import EffectState, Group, Rejected
from tests.unit.domain.deposit.journey import DELIVERED, Payment, offer
from tests.unit.domain.send.journey import ALICE_WALLET, FIGURES, GROUPS, START, TAKEN, watched

LATER = START + timedelta(seconds=5)
PAID = Waiting(due_at=LATER, paid=True, told=Told(fiat_amount=10_000))
UNPAID = Ended(code="PAY_FAILED", reason="rejected", refunded=False, due_at=LATER)
APART: Sequence[Sequence[Group]] = tuple((group,) for group in GROUPS)
AVAILABLE, DUE = f"available:{ALICE_WALLET}", f"fee_due:{ALICE_WALLET}"

SEQUENCE = [
    "DepositTransactionInitiated",
    "PaymentMethodValidationRequested",
    "PaymentMethodValidated",
    "OnRampProviderSelected",
    "FiatPaymentRequested",
    "FiatPaymentConfirmed",
    "USDCConversionRequested",
    "USDCConversionCompleted",
    "AvailableBalanceUpdateRequested",
    "AvailableBalanceUpdated",
    "DepositTransactionCompleted",
]
STATES = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING.PAYMENT_METHOD_AUTHORIZING",
    "PROVIDER_PROCESSING.FIAT_PAYMENT_PENDING",
    "PROVIDER_PROCESSING.FIAT_PAYMENT_CONFIRMED",
    "PROVIDER_PROCESSING.CONVERSION_PENDING",
    "PROVIDER_PROCESSING.CONVERSION_COMPLETED",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
    "BALANCE_UPDATED",
    "COMPLETED",
]


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def payment(request: pytest.FixtureRequest) -> Payment:
    return Payment(groups=request.param)


def test_a_deposit_publishes_its_events_and_passes_its_states_in_order(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID).checked(DELIVERED)

    assert [name for name in payment.types if name in SEQUENCE] == SEQUENCE
    assert payment.states == STATES
    assert (payment.row["delivery_chain"], payment.row["delivery_hash"]) == ("SOLANA", "hash")


def test_in_one_process_a_deposit_is_four_units() -> None:
    payment = Payment().initiate().opened().checked(PAID).checked(DELIVERED)

    assert len(payment.units) == 4


def test_what_arrived_is_credited_less_the_fee_that_is_owed(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID).checked(DELIVERED)

    assert payment.posted[AVAILABLE] == 98_000_000 - 470_400
    assert payment.row["target_amount"] == payment.row["received_amount"] == 98_000_000 - 470_400
    assert payment.posted[DUE] == 470_400
    assert payment.posted["fiat:USD"] == -10_000
    assert payment.posted["conversion:USD"] == 10_000
    assert payment.posted["conversion:USDC"] == -98_000_000
    assert payment.posted["provider:first:USD"] == payment.posted["provider:first:USDC"] == 0
    assert payment.incoming[AVAILABLE] == 0


def test_until_it_arrives_it_is_expected_and_cannot_be_spent(payment: Payment) -> None:
    payment.initiate().opened()

    assert (payment.posted[AVAILABLE], payment.incoming[AVAILABLE]) == (0, 98_000_000)


def test_a_delivery_that_was_never_seen_paid_tells_of_the_payment_first(payment: Payment) -> None:
    payment.initiate().opened().checked(DELIVERED)

    assert [name for name in payment.types if name in SEQUENCE] == SEQUENCE
    assert payment.posted["provider:first:USD"] == 0


@pytest.mark.parametrize("setback", ["declined", "not attempted"])
def test_a_provider_that_cannot_is_followed_by_the_next(payment: Payment, setback: str) -> None:
    refused = {
        "declined": Declined(code="PRV_DECLINED", reason="no"),
        "not attempted": NotAttempted(reason="busy", due_at=LATER),
    }[setback]
    payment.initiate().opened(refused).opened().checked(DELIVERED)  # type: ignore[arg-type]  # of both types

    assert payment.types.count("OnRampProviderSelected") == 2
    assert payment.states.count("PROVIDER_FAILOVER") == 1
    assert payment.posted["provider:second:USDC"] == 0
    assert payment.stream.events[-1].type == "DepositTransactionCompleted"
    assert payment.stream.events[-1].attempt == 2
    code = "PRV_DECLINED" if setback == "declined" else "PRV_UNAVAILABLE"
    assert [step for step in payment.steps if step[0] == "pay"] == [
        ("pay", 1, "FAILED", code),
        ("pay", 2, "COMPLETED", None),
    ]
    assert "STARTED" not in {status for _, _, status, _ in payment.steps}


def test_without_a_next_provider_or_method_it_fails_and_nothing_is_expected(
    payment: Payment,
) -> None:
    payment.initiate(methods=("CARD",)).opened(Declined(code="PRV_LIMIT", reason="no"))
    payment.opened(Declined(code="PRV_DECLINED", reason="no"))

    assert payment.types[-3:] == [
        "FiatPaymentFailed",
        "BalanceReservationReleased",
        "DepositTransactionFailed",
    ]
    assert payment.incoming[AVAILABLE] == 0
    assert payment.states[-2:] == ["COMPENSATING", "FAILED"]


def test_an_offer_that_has_expired_is_not_taken(payment: Payment) -> None:
    payment.initiate(offers=(offer("first", minutes=-1), offer("second")))

    selected = [e.data for e in payment.stream.events if e.type == "OnRampProviderSelected"]
    assert [getattr(data, "provider", None) for data in selected] == ["second"]


def test_an_unknown_outcome_is_no_failure_and_starts_no_failover(payment: Payment) -> None:
    unknown = Unknown(reason="timeout", due_at=LATER)
    payment.initiate().opened(unknown).opened(unknown)

    assert payment.types.count("OutcomeUnknown") == 1
    assert payment.types.count("OnRampProviderSelected") == 1
    assert payment.states[-1] == "PROVIDER_PROCESSING.PAYMENT_METHOD_AUTHORIZING"
    assert payment.incoming[AVAILABLE] == 98_000_000

    payment.opened().checked(DELIVERED)
    assert payment.stream.events[-1].type == "DepositTransactionCompleted"


def test_a_payment_that_is_never_made_ends_when_the_provider_says_so(payment: Payment) -> None:
    payment.initiate().opened().at(START + timedelta(days=3))
    payment.checked(Waiting(due_at=LATER, paid=False))
    assert payment.states[-1] == "PROVIDER_PROCESSING.FIAT_PAYMENT_PENDING"

    # Our own clock's word is no proof that nobody pays there any more: nothing takes its place.
    payment.checked(replace(UNPAID, code="PAY_EXPIRED", is_dead=False))

    assert payment.types[-4:] == [
        "UserActionExpired",
        "FiatPaymentFailed",
        "BalanceReservationReleased",
        "DepositTransactionFailed",
    ]
    assert (payment.incoming[AVAILABLE], payment.posted["fiat:USD"]) == (0, 0)


def test_money_that_was_paid_and_given_back_is_a_refund(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.checked(replace(UNPAID, refunded=True))

    assert payment.types[-4:] == [
        "FiatPaymentFailed",
        "FiatPaymentRefunded",
        "BalanceReservationReleased",
        "DepositTransactionFailed",
    ]
    assert payment.posted["fiat:USD"] == payment.posted["provider:first:USD"] == 0
    assert payment.incoming[AVAILABLE] == 0


@pytest.mark.parametrize("is_dead", [True, False])
def test_what_failed_after_it_was_paid_waits_for_a_person_with_nothing_given_back(
    payment: Payment, *, is_dead: bool
) -> None:
    payment.initiate().opened().checked(PAID)
    failed = replace(UNPAID, is_dead=is_dead)
    payment.checked(failed).checked(failed)

    assert payment.types[-1] == "OperatorRequired"
    assert payment.types.count("OperatorRequired") == 1
    assert payment.posted["provider:first:USD"] == 10_000
    assert payment.incoming[AVAILABLE] == 98_000_000
    assert (payment.row["funds_location"], payment.row["waiting_on"]) == ("SUSPENSE", "OPERATOR")
    moved = payment.units[-1].effects_moved[0]
    assert (moved.state, moved.due_at) == (EffectState.UNKNOWN, LATER)

    # It may be given back, or delivered all the same
    payment.checked(replace(UNPAID, code="PAY_REFUNDED", refunded=True))
    assert payment.types[-1] == "DepositTransactionFailed"
    assert payment.posted["provider:first:USD"] == payment.posted["fiat:USD"] == 0
    assert payment.row["funds_location"] == "RETURNED"


def test_what_does_not_fit_waits_for_a_person_with_nothing_released(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.checked(Mismatch(reason="another address", due_at=LATER))
    payment.checked(Mismatch(reason="another address", due_at=LATER))

    assert payment.types.count("OperatorRequired") == 1
    assert payment.incoming[AVAILABLE] == 98_000_000
    assert payment.units[-1].effects_moved[0].due_at == LATER


WRONG = replace(DELIVERED, asset="SOL", amount=7, account="alice-address")
SUSPENSE = f"suspense:{ALICE_WALLET}"


def test_another_asset_than_was_bought_is_in_suspense(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    wrong = WrongDelivery(reason="delivered SOL instead", due_at=LATER, instead=WRONG)
    payment.checked(wrong).checked(wrong)

    assert (
        payment.types.count("WrongAssetDelivered") == payment.types.count("OperatorRequired") == 1
    )
    assert payment.posted[f"{SUSPENSE}:SOL"] == 7 == -payment.posted["chain:SOLANA:SOL"]
    claims = [claim for unit in payment.units for claim in unit.claims]
    assert [(claim.signature, claim.account) for claim in claims] == [("hash", "alice-address")]
    assert payment.row["funds_location"] == "SUSPENSE"
    assert payment.row["waiting_on"] == "OPERATOR"

    # What was bought is still expected, and may come yet
    assert payment.incoming[AVAILABLE] == 98_000_000
    payment.checked(replace(DELIVERED, transaction_hash="other"))
    assert payment.stream.events[-1].type == "DepositTransactionCompleted"


def test_what_the_watcher_booked_of_it_stays_booked(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [watched("hash")]
    payment.checked(WrongDelivery(reason="wrong", due_at=LATER, instead=WRONG))

    assert payment.posted[f"{SUSPENSE}:SOL"] == 0
    assert "OperatorRequired" in payment.types


def test_what_a_sanctioned_sender_delivered_is_in_suspense(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.checked(replace(DELIVERED, senders=("somebody", "sanctioned")))

    assert payment.posted[f"{SUSPENSE}:USDC"] == 98_000_000
    assert (payment.posted[AVAILABLE], payment.posted[DUE]) == (0, 0)
    assert (payment.incoming[AVAILABLE], payment.posted["provider:first:USDC"]) == (0, 0)
    assert "BlockedDepositReceived" in payment.types
    assert payment.stream.events[-1].type == "DepositTransactionCompleted"
    assert (payment.row["funds_location"], payment.row["received_amount"]) == ("SUSPENSE", 0)


def test_what_a_person_lets_out_of_suspense_was_received(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.checked(replace(DELIVERED, senders=("somebody", "sanctioned")))
    released = SuspenseReleased(
        asset="USDC",
        amount=98_000_000,
        journal_id=UUID(int=1),
        resolved_by="olga",
        reason="a namesake",
    )

    payment.decide(lambda _stream, _facts: Decision(events=(released,)))

    assert payment.row["received_amount"] == 98_000_000
    assert payment.row["funds_location"] == "DELIVERED"


def test_and_stays_where_the_watcher_has_put_it(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [watched("hash")]
    payment.checked(replace(DELIVERED, senders=("sanctioned",)))

    assert payment.posted[f"{SUSPENSE}:USDC"] == payment.posted[AVAILABLE] == 0
    assert payment.posted["chain:SOLANA:USDC"] == 98_000_000
    assert payment.row["funds_location"] == "SUSPENSE"


def test_an_opening_that_does_not_fit_stops_and_asks_nobody_else(payment: Payment) -> None:
    mismatch = Mismatch(reason="another amount", due_at=LATER)
    payment.initiate().opened(mismatch)

    assert payment.types[-1] == "OperatorRequired"
    assert payment.types.count("OnRampProviderSelected") == 1
    assert payment.incoming[AVAILABLE] == 98_000_000
    moved = [each for unit in payment.units for each in unit.effects_moved][-1]
    assert (moved.state, moved.due_at) == (EffectState.UNKNOWN, LATER)


@pytest.mark.parametrize("amount", [97_000_000, 99_000_000])
def test_more_or_less_than_expected_is_posted_as_it_arrived(payment: Payment, amount: int) -> None:

    payment.initiate().opened().checked(replace(DELIVERED, amount=amount))

    fee = amount * 4_800 // 1_000_000
    assert payment.posted[AVAILABLE] == payment.row["received_amount"] == amount - fee
    assert payment.row["target_amount"] == 98_000_000 - 470_400
    assert payment.incoming[AVAILABLE] == 0
    updated = next(e.data for e in payment.stream.events if e.type == "AvailableBalanceUpdated")
    assert getattr(updated, "difference", None) == amount - 98_000_000


def test_money_that_the_watcher_booked_first_is_not_credited_twice(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [watched("hash")]
    payment.checked(DELIVERED)

    assert payment.posted[AVAILABLE] == -470_400
    assert payment.posted[DUE] == 470_400
    assert payment.posted["chain:SOLANA:USDC"] == 98_000_000
    assert payment.posted["provider:first:USDC"] == 0
    assert not payment.units[-1].claims


def test_and_where_it_is_spent_already_the_fee_is_let_go(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [
        watched("hash"),
        replace(watched("hash"), reason="INSUFFICIENT_BALANCE"),
    ]
    payment.checked(DELIVERED)

    assert (payment.posted[AVAILABLE], payment.posted[DUE]) == (0, 0)
    assert payment.stream.events[-1].type == "DepositTransactionCompleted"


@pytest.mark.parametrize("claim", [TAKEN, watched("hash", at=START - timedelta(seconds=1))])
def test_what_was_booked_as_something_else_completes_nothing(
    payment: Payment, claim: Rejected
) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [claim]
    payment.checked(DELIVERED)

    assert payment.types[-1] == "OperatorRequired"
    assert (payment.posted[AVAILABLE], payment.posted[DUE]) == (0, 0)
    assert payment.incoming[AVAILABLE] == 98_000_000
    assert payment.posted["provider:first:USDC"] == 98_000_000
    assert (payment.row["funds_location"], payment.row["waiting_on"]) == ("SUSPENSE", "OPERATOR")


def test_what_nobody_has_booked_is_booked_here_whatever_was_refused(payment: Payment) -> None:
    payment.initiate().opened().checked(PAID)
    payment.rejections = [Rejected(reason="INSUFFICIENT_BALANCE", account="a")]
    payment.checked(DELIVERED)

    assert payment.posted[AVAILABLE] == 98_000_000 - 470_400
    assert payment.posted[DUE] == 470_400
    assert [claim.signature for unit in payment.units for claim in unit.claims] == ["hash"]


def test_compliance_can_stop_it_before_anybody_is_asked(payment: Payment) -> None:
    payment.initiate(usd_value=100_010_000)

    assert payment.types[-2:] == ["ComplianceBlocked", "DepositTransactionFailed"]
    assert payment.states == ["INITIATED", "FAILED"]
    assert not any(unit.effects_requested for unit in payment.units)


def test_above_the_line_a_person_decides_before_anything_is_expected(payment: Payment) -> None:
    line = replace(FIGURES.regions["US"], approval=99_999_999)
    regions = {**FIGURES.regions, "US": line}
    payment.facts = replace(payment.facts, figures=replace(FIGURES, regions=regions))
    payment.initiate()
    assert payment.types[-1] == "ComplianceReviewRequired"
    assert payment.incoming[AVAILABLE] == 0

    payment.reviewed(approves=True)

    assert payment.types[3:5] == ["ComplianceCleared", "ExpectedCreditReserved"]
    assert payment.states[:2] == ["INITIATED", "BALANCE_RESERVED"]


def test_a_refused_review_ends_it_with_nothing_expected(payment: Payment) -> None:
    line = replace(FIGURES.regions["US"], approval=99_999_999)
    regions = {**FIGURES.regions, "US": line}
    payment.facts = replace(payment.facts, figures=replace(FIGURES, regions=regions))

    payment.initiate().reviewed(approves=False)

    assert payment.types[-2:] == ["ComplianceBlocked", "DepositTransactionFailed"]
    assert payment.states == ["INITIATED", "FAILED"]
    assert [each.state for unit in payment.units for each in unit.limits_settled] == ["RELEASED"]
