"""A Buy with a payment method: what is delivered, by whom, and what else may come of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.provider.payment_outcomes import Delivered, Ended, Told, Waiting, WrongDelivery
from domain.shared.unit import ChainClaim, Group, Rejected
from tests.unit.domain.deposit.journey import Payment
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    FACTS,
    FIGURES,
    GROUPS,
    START,
    TAKEN,
    watched,
)

EXPECTED, ARRIVED = 1_000_000, 990_000
INVESTED, SUSPENSE = f"invested:{ALICE_WALLET}:BTC", f"suspense:{ALICE_WALLET}:BTC"
LATER = START + timedelta(seconds=5)
LATE = timedelta(seconds=1)
PAID = Waiting(due_at=LATER, paid=True, told=Told(fiat_amount=10_000))
APART: Sequence[Sequence[Group]] = tuple((group,) for group in GROUPS)
LEVEL = replace(FIGURES.kyc["basic"], flows=frozenset({"buy"}))
ALLOWED = replace(FACTS, figures=replace(FIGURES, kyc={**FIGURES.kyc, "basic": LEVEL}))
DELIVERED = Delivered(
    asset="BTC",
    amount=ARRIVED,
    transaction_hash="hash",
    instruction=3,
    account="alice-address",
    senders=("provider",),
)


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def purchase(request: pytest.FixtureRequest) -> Payment:
    """Paid for, and not delivered."""
    return Payment(groups=request.param, facts=ALLOWED).buy("BTC", EXPECTED).opened().checked(PAID)


def claims(purchase: Payment) -> list[ChainClaim]:
    return [claim for unit in purchase.units for claim in unit.claims]


def test_what_arrives_is_invested_and_claimed(purchase: Payment) -> None:
    purchase.checked(DELIVERED)

    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (ARRIVED, 0)
    assert purchase.posted["conversion:BTC"] == -ARRIVED
    assert claims(purchase) == [
        ChainClaim(chain="BITCOIN", signature="hash", instruction=3, account="alice-address")
    ]
    assert purchase.types[-1] == "BuyTransactionCompleted"
    assert purchase.row["funds_location"] == "DELIVERED"


def test_what_the_watcher_booked_first_is_not_invested_twice(purchase: Payment) -> None:
    purchase.rejections = [watched("hash", "BTC")]
    purchase.checked(DELIVERED)

    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (0, 0)
    assert purchase.posted["chain:BITCOIN:BTC"] == ARRIVED
    assert claims(purchase) == []
    assert purchase.types[-1] == "BuyTransactionCompleted"


@pytest.mark.parametrize("claim", [TAKEN, watched("hash", "BTC", at=START - LATE)])
def test_what_was_booked_as_something_else_completes_nothing(
    purchase: Payment, claim: Rejected
) -> None:
    purchase.rejections = [claim]
    purchase.checked(DELIVERED)

    assert purchase.types[-1] == "OperatorRequired"
    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (0, EXPECTED)
    assert purchase.posted["provider:first:BTC"] == ARRIVED
    assert (purchase.row["funds_location"], purchase.row["waiting_on"]) == ("SUSPENSE", "OPERATOR")


def test_what_a_sanctioned_sender_delivers_is_in_suspense(purchase: Payment) -> None:
    purchase.checked(replace(DELIVERED, senders=("provider", "sanctioned")))

    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (0, 0)
    assert purchase.posted[SUSPENSE] == ARRIVED
    assert len(claims(purchase)) == 1
    assert purchase.types[-3:] == [
        "InvestedBalanceUpdated",
        "BlockedDepositReceived",
        "BuyTransactionCompleted",
    ]
    assert purchase.row["funds_location"] == "SUSPENSE"


def test_another_asset_is_in_suspense_and_what_was_bought_still_expected(purchase: Payment) -> None:
    usual = replace(DELIVERED, asset="ETH", amount=7)
    purchase.checked(WrongDelivery(reason="delivered ETH instead", due_at=LATER, instead=usual))

    assert purchase.posted[f"suspense:{ALICE_WALLET}:ETH"] == 7
    assert purchase.posted["chain:ETHEREUM:ETH"] == -7
    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (0, EXPECTED)
    assert (purchase.row["funds_location"], purchase.row["waiting_on"]) == ("SUSPENSE", "OPERATOR")


def test_a_second_wrong_delivery_is_booked_as_well(purchase: Payment) -> None:
    usual = replace(DELIVERED, asset="ETH", amount=7)
    for name in ("one", "other", "one"):
        wrong = replace(usual, transaction_hash=name)
        purchase.checked(WrongDelivery(reason="wrong", due_at=LATER, instead=wrong))

    assert purchase.posted[f"suspense:{ALICE_WALLET}:ETH"] == 14
    assert purchase.types.count("OperatorRequired") == 1


def test_once_it_has_ended_nothing_is_expected(purchase: Payment) -> None:
    """What is delivered all the same, the chain's watcher finds."""
    purchase.checked(Ended(code="PAY_EXPIRED", reason="expired", refunded=True, due_at=LATER))

    assert (purchase.posted[INVESTED], purchase.incoming[INVESTED]) == (0, 0)
    assert purchase.types[-1] == "BuyTransactionFailed"
    assert claims(purchase) == []
