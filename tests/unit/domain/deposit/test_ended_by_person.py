"""What does not fit ends by a person's decision: what came is kept, or nothing had moved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.deposit_events import DepositTransactionFailed
from domain.contracts.suspense_events import EndedByPerson
from domain.provider.ended_by_person import (
    MayHaveMoved,
    brought_another,
    end_unmoved,
    is_unmoved,
    keep_what_came,
)
from domain.provider.payment_outcomes import Waiting, WrongDelivery
from domain.provider.ramps import Mismatch
from domain.shared.decision import Decision, Facts
from domain.shared.screening import ScreeningList
from domain.shared.stream import Stream
from domain.shared.unit import EffectState
from domain.wallet.suspense import SenderStillListed, release_suspense, suspended_in
from tests.unit.domain.deposit.journey import DELIVERED, Payment
from tests.unit.domain.deposit.test_deposit import APART
from tests.unit.domain.send.journey import ALICE_WALLET, GROUPS, START, TAKEN, watched

AVAILABLE, INVESTED = f"available:{ALICE_WALLET}", f"invested:{ALICE_WALLET}:SOL"
SUSPENSE = f"suspense:{ALICE_WALLET}"
LATER = START + timedelta(seconds=5)
PAID = Waiting(due_at=LATER, paid=True)
WRONG = WrongDelivery(
    reason="delivered SOL instead",
    due_at=LATER,
    instead=replace(DELIVERED, asset="SOL", amount=7, account="alice-address"),
)
OTHER_AMOUNT = Mismatch(reason="another amount", due_at=LATER)
DECIDED = EndedByPerson(resolved_by="olga", reason="seen on the chain")
NOBODY = ScreeningList(version="later")


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def payment(request: pytest.FixtureRequest) -> Payment:
    return Payment(groups=request.param).initiate()


def released(stream: Stream, facts: Facts) -> Decision:
    return release_suspense(stream, operator="olga", reason="seen on the chain", facts=facts)


def kept(stream: Stream, facts: Facts) -> Decision:
    return keep_what_came(stream, DECIDED) + released(stream, facts)


@pytest.mark.parametrize("was_confirmed", [True, False])
def test_another_asset_than_was_bought_is_kept_and_the_payment_is_over(
    payment: Payment, *, was_confirmed: bool
) -> None:
    payment.opened()
    if was_confirmed:
        payment.checked(PAID)
    payment.checked(WRONG)
    assert brought_another(payment.stream)

    payment.decide(kept)

    assert (payment.posted[f"{SUSPENSE}:SOL"], payment.posted[INVESTED]) == (0, 7)
    # As it had been booked, had it been bought: by the provider, for what was paid
    assert payment.posted["provider:first:USD"] == payment.posted["chain:SOLANA:SOL"] == 0
    assert payment.posted["fiat:USD"] == -payment.posted["conversion:USD"] == -10_000
    assert payment.posted["conversion:SOL"] == -7
    assert (payment.incoming[AVAILABLE], payment.posted[AVAILABLE]) == (0, 0)
    assert payment.stream.known(DepositTransactionFailed).reason == "PAY_OTHER_ASSET"
    assert payment.states[-2:] == ["COMPENSATING", "FAILED"]
    assert (payment.row["funds_location"], payment.row["waiting_on"]) == ("DELIVERED", "NONE")
    moved = [each for unit in payment.units for each in unit.effects_moved][-1]
    assert moved.state is EffectState.CANCELLED

    # What a look that was under way then brings changes nothing
    before = payment.types
    payment.checked(DELIVERED)
    assert payment.types == before
    assert not brought_another(payment.stream)
    assert released(payment.stream, payment.facts) == Decision()


def test_what_the_watcher_booked_is_kept_where_it_is(payment: Payment) -> None:
    payment.opened().checked(PAID)
    payment.rejections = [watched("hash", "SOL")]
    payment.checked(WRONG)

    payment.decide(kept)

    assert payment.posted[f"{SUSPENSE}:SOL"] == payment.posted[INVESTED] == 0
    assert payment.posted["conversion:SOL"] == -7
    assert payment.types[-1] == "DepositTransactionFailed"


def test_what_is_booked_as_something_else_is_kept_by_nobody(payment: Payment) -> None:
    payment.opened().checked(PAID)
    payment.rejections = [TAKEN]
    payment.checked(WRONG)

    assert not brought_another(payment.stream)
    assert not is_unmoved(payment.stream)


def test_where_the_right_one_came_too_only_suspense_ends(payment: Payment) -> None:
    payment.opened().checked(PAID).checked(WRONG)
    payment.checked(replace(DELIVERED, transaction_hash="other"))
    assert not brought_another(payment.stream)

    payment.decide(released)

    assert payment.posted[INVESTED] == 7
    assert (payment.states[-1], payment.row["waiting_on"]) == ("COMPLETED", "NONE")


def test_what_a_sender_sent_who_is_listed_no_more_is_the_users(payment: Payment) -> None:
    payment.opened().checked(PAID).checked(replace(DELIVERED, senders=("sanctioned",)))
    assert [each.amount for each in suspended_in(payment.stream)] == [98_000_000]
    with pytest.raises(SenderStillListed):
        payment.decide(released)

    payment.facts = replace(payment.facts, screening=NOBODY)
    payment.decide(released)

    assert payment.posted[f"{SUSPENSE}:USDC"] == 0
    assert payment.posted[AVAILABLE] == 98_000_000
    assert (payment.states[-1], payment.row["funds_location"]) == ("COMPLETED", "DELIVERED")


def test_what_the_watcher_has_in_suspense_ends_there_and_not_twice(payment: Payment) -> None:
    payment.opened().checked(PAID)
    payment.rejections = [watched("hash")]
    payment.checked(replace(DELIVERED, senders=("sanctioned",)))

    assert suspended_in(payment.stream) == ()


def test_an_opening_that_does_not_fit_is_ended_with_nothing_expected(payment: Payment) -> None:
    payment.opened(OTHER_AMOUNT)
    assert is_unmoved(payment.stream)

    payment.decide(lambda stream, _facts: end_unmoved(stream, DECIDED))

    assert payment.stream.known(DepositTransactionFailed).reason == "PAY_MISMATCH"
    assert (payment.incoming[AVAILABLE], payment.posted["fiat:USD"]) == (0, 0)
    assert (payment.row["funds_location"], payment.row["waiting_on"]) == ("WALLET", "NONE")
    before = payment.types
    payment.opened()
    assert payment.types == before


def test_what_may_have_been_paid_is_ended_by_nobody(payment: Payment) -> None:
    payment.opened().checked(OTHER_AMOUNT)

    with pytest.raises(MayHaveMoved):
        payment.decide(lambda stream, _facts: end_unmoved(stream, DECIDED))
    payment.checked(PAID)
    with pytest.raises(MayHaveMoved):
        payment.decide(lambda stream, _facts: end_unmoved(stream, DECIDED))
