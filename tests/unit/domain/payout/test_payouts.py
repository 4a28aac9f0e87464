"""A Withdraw to a bank, led by the orchestrator: in one process and in five."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.events import Recipient
from domain.contracts.payout_events import PayoutOffer
from domain.contracts.suspense_events import EndedByPerson
from domain.contracts.withdraw_events import BankPayout
from domain.provider.effects import (
    Claimed,
    Declined,
    EffectKind,
    Moved,
    NotAttempted,
    Unknown,
    effect_id,
)
from domain.provider.ended_by_person import end_unmoved, is_unmoved
from domain.provider.payouts import (
    CheckOutcome,
    Opened,
    OpenOutcome,
    Paid,
    Returned,
    Waiting,
    on_payout_checked,
    on_payout_opened,
)
from domain.provider.ramps import Mismatch
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.unit import EffectState
from domain.transaction.errors import BelowMinimum, NoProvider
from domain.transaction.handlers import transfer_costs
from domain.transaction.payouts import WithdrawToBankCommand, withdraw_to_bank
from tests.sequences import WITHDRAW_TO_BANK
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    COST,
    FACTS,
    FIGURES,
    PROCESS_NAMES,
    PROCESSES,
    TAKEN,
    TRANSACTION,
    Journey,
    watched,
)

AVAILABLE = f"available:{ALICE_WALLET}"
AMOUNT = 100_000_000
COSTS = transfer_costs(
    amount=AMOUNT,
    network=COST.total_base_units,
    fee_millionths=FIGURES.bank_withdraw_fee_millionths,
)
SENT = COSTS.delivered
FEES = AMOUNT - SENT
STATES = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING.CONVERSION_PENDING",
    "PROVIDER_PROCESSING.TRANSACTION_BUILDING",
    "PROVIDER_PROCESSING.TRANSACTION_SIGNING",
    "BLOCKCHAIN_PENDING.TRANSACTION_BROADCASTING",
    "BLOCKCHAIN_PENDING.MEMPOOL_PENDING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
    "PROVIDER_PROCESSING.CONVERSION_COMPLETED",
    "PROVIDER_PROCESSING.FIAT_PAYMENT_PENDING",
    "PROVIDER_PROCESSING.FIAT_PAYMENT_CONFIRMED",
    "BALANCE_UPDATED",
    "COMPLETED",
]


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param)


def offer(provider: str, fiat_amount: int) -> PayoutOffer:
    return PayoutOffer(
        provider=provider,
        fiat_amount=fiat_amount,
        fiat_currency="USD",
        fees=(),
        expires_at=FACTS.now + timedelta(minutes=5),
        estimated_seconds=86_400,
        score=900_000,
        customer=f"customer-at-{provider}",
        bank_account=f"account-at-{provider}",
        reference=None,
    )


COMMAND = WithdrawToBankCommand(
    transaction_id=TRANSACTION,
    username="alice",
    sender_address="alice",
    recipient=Recipient(address="ACH ****6789"),
    amount=AMOUNT,
    costs=COSTS,
    network_cost=COST,
    spendable=10**12,
    bank=BankPayout(
        bank_account_id=UUID(int=9),
        label="ACH ****6789",
        fiat_currency="USD",
        rail="ACH",
        country="US",
        offers=(offer("first", 9_900), offer("second", 9_800)),
        rejected=(RejectedOffer(provider="third", reason="country not served"),),
    ),
)


def begun(journey: Journey) -> Journey:
    journey.decide(lambda _stream, facts: withdraw_to_bank(COMMAND, facts=facts))
    return journey


def opened(journey: Journey, outcome: OpenOutcome | None = None) -> Journey:
    number = journey.types.count("USDCToFiatConversionRequested")
    effect = effect_id(journey.stream.id, EffectKind.PAYOUT_OPEN, number)
    claimed = Claimed(id=effect, epoch=1, attempt=journey.attempt)
    found = outcome or Opened(reference="payout-1", deposit_address="there", amount=SENT)
    journey.decide(lambda stream, facts: on_payout_opened(stream, claimed, found, facts))
    return journey


def sent(journey: Journey) -> Journey:
    journey.built(replace(journey.message(), recipient_amount=SENT)).signed().accepted()
    return journey.landed(SENT, FEES)


def checked(journey: Journey, outcome: CheckOutcome) -> Journey:
    check = effect_id(journey.stream.id, EffectKind.PAYOUT_CHECK, 1)
    claimed = Claimed(id=check, epoch=1, attempt=journey.attempt)
    journey.decide(lambda stream, facts: on_payout_checked(stream, claimed, outcome, facts))
    return journey


def returned(amount: int) -> Returned:
    return Returned(
        moved=Moved(amount=amount, instruction=0, account="alice-ata"),
        transaction_hash="refund-1",
        code="PAY_RETURNED",
        reason="account closed",
        due_at=FACTS.now,
    )


def waiting(*, received: bool) -> Waiting:
    return Waiting(due_at=FACTS.now, received=received)


def test_it_passes_its_events_and_states_and_ends_booked(journey: Journey) -> None:
    sent(opened(begun(journey)))
    assert journey.posted[AVAILABLE] == -AMOUNT
    assert journey.posted["provider:first:USDC"] == SENT
    checked(journey, waiting(received=True))
    checked(journey, Paid(fiat_amount=9_890))

    assert [name for name in journey.types if name in WITHDRAW_TO_BANK] == WITHDRAW_TO_BANK
    assert journey.states == STATES
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted["conversion:USDC"] == SENT
    assert journey.posted["conversion:USD"] == -9_890
    assert journey.posted["fiat:USD"] == 9_890
    assert journey.posted["fees:USDC"] == FEES
    assert journey.held[AVAILABLE] == 0
    assert (journey.row["received_amount"], journey.row["progress_percent"]) == (9_890, 100)


def test_its_fees_are_a_part_of_the_hold(journey: Journey) -> None:
    begun(journey)

    assert journey.held[AVAILABLE] == AMOUNT
    assert journey.row["platform_fee"] == 480_000
    assert "third: not possible (country not served)" in str(journey.row["provider_explanation"])


def test_what_the_provider_says_often_is_told_once(journey: Journey) -> None:
    sent(opened(begun(journey)))
    for _again in range(3):
        checked(journey, waiting(received=False))
        checked(journey, waiting(received=True))
        checked(journey, Unknown(reason="timeout", due_at=FACTS.now))

    assert journey.types.count("USDCToFiatConversionCompleted") == 1
    assert journey.types.count("FiatTransferRequested") == 1
    assert journey.types.count("OutcomeUnknown") == 1
    assert journey.posted["provider:first:USDC"] == SENT


def test_who_is_paid_at_once_without_more_words_has_passed_every_event(journey: Journey) -> None:
    checked(sent(opened(begun(journey))), Paid(fiat_amount=None))

    assert [name for name in journey.types if name in WITHDRAW_TO_BANK] == WITHDRAW_TO_BANK
    assert journey.row["received_amount"] == 9_900


@pytest.mark.parametrize(
    "outcome",
    [
        Declined(code="PRV_DECLINED", reason="not this account"),
        NotAttempted(reason="kept out", due_at=FACTS.now),
    ],
)
def test_who_has_not_opened_it_gives_way_to_the_next(
    journey: Journey, outcome: OpenOutcome
) -> None:
    opened(begun(journey), outcome)

    assert (journey.row["provider"], journey.attempt) == ("second", 2)
    checked(sent(opened(journey)), Paid(fiat_amount=9_800))
    assert journey.row["state"] == "COMPLETED"
    assert journey.posted["provider:first:USDC"] == 0
    assert "PROVIDER_FAILOVER" in journey.states


def test_when_nobody_opens_it_the_hold_is_released(journey: Journey) -> None:
    declined = Declined(code="PRV_DECLINED", reason="not this account")
    opened(opened(begun(journey), declined), declined)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_DECLINED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_an_opening_that_is_unknown_goes_to_nobody_else(journey: Journey) -> None:
    opened(begun(journey), Unknown(reason="timeout", due_at=FACTS.now))

    assert (journey.row["provider"], journey.attempt) == ("first", 1)
    opening = effect_id(journey.stream.id, EffectKind.PAYOUT_OPEN, 1)
    assert journey.effects[opening] is EffectState.UNKNOWN
    assert journey.held[AVAILABLE] == AMOUNT


def test_an_opening_that_is_not_what_was_asked_waits_for_a_person(journey: Journey) -> None:
    wrong = Mismatch(reason="waits for 1 base units", due_at=FACTS.now)
    opened(opened(begun(journey), wrong), wrong)

    assert journey.types.count("OperatorRequired") == 1
    assert journey.row["waiting_on"] == "OPERATOR"
    assert journey.held[AVAILABLE] == AMOUNT


def test_who_looked_at_it_ends_it_and_the_hold_is_released(journey: Journey) -> None:
    opened(begun(journey), Mismatch(reason="waits for 1 base units", due_at=FACTS.now))

    decided = EndedByPerson(resolved_by="olga", reason="the provider is asked about it")
    journey.decide(lambda stream, _facts: end_unmoved(stream, decided))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PAY_MISMATCH")
    assert (journey.row["waiting_on"], journey.held[AVAILABLE]) == ("NONE", 0)
    opening = effect_id(journey.stream.id, EffectKind.PAYOUT_OPEN, 1)
    assert journey.effects[opening] is EffectState.CANCELLED
    before = journey.types
    opened(journey)
    assert journey.types == before


def test_what_is_to_be_signed_or_was_is_ended_by_nobody(journey: Journey) -> None:
    opened(begun(journey), Mismatch(reason="waits for 1 base units", due_at=FACTS.now))
    opened(journey).built()

    assert not is_unmoved(journey.stream)


def test_what_comes_back_is_the_users_again(journey: Journey) -> None:
    checked(sent(opened(begun(journey))), returned(SENT))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PAY_RETURNED")
    assert journey.row["funds_location"] == "RETURNED"
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted[AVAILABLE] == -FEES
    claims = [claim for unit in journey.units for claim in unit.claims]
    assert [claim.signature for claim in claims].count("refund-1") == 1


def test_what_the_provider_keeps_of_it_is_no_longer_with_it(journey: Journey) -> None:
    checked(sent(opened(begun(journey))), returned(SENT - 250_000))

    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted[AVAILABLE] == -FEES - 250_000


def test_a_refund_that_the_watcher_booked_is_not_booked_again(journey: Journey) -> None:
    sent(opened(begun(journey)))
    journey.facts = replace(journey.facts, rejection=watched("refund-1"))

    checked(journey, returned(SENT))

    assert journey.posted[AVAILABLE] == -AMOUNT
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.row["state"] == "FAILED"


def test_a_refund_that_was_booked_as_something_else_is_for_a_person(journey: Journey) -> None:
    sent(opened(begun(journey)))
    journey.facts = replace(journey.facts, rejection=TAKEN)

    checked(journey, returned(SENT))

    assert journey.types[-1] == "OperatorRequired"
    assert journey.posted["provider:first:USDC"] == SENT
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")


def test_a_payout_that_is_neither_paid_nor_returned_releases_nothing(journey: Journey) -> None:
    gone = Mismatch(reason="not paid: failed", due_at=FACTS.now)
    checked(sent(opened(begun(journey))), gone)

    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")
    assert journey.posted["provider:first:USDC"] == SENT
    assert journey.posted[AVAILABLE] == -AMOUNT


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(COMMAND, amount=4_999_999), BelowMinimum),
        (replace(COMMAND, spendable=AMOUNT + FIGURES.fee_reserve - 1), InsufficientBalance),
        (replace(COMMAND, bank=replace(COMMAND.bank, offers=())), NoProvider),
    ],
)
def test_what_cannot_be_withdrawn_is_refused(
    wish: WithdrawToBankCommand, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        withdraw_to_bank(wish, facts=FACTS)
