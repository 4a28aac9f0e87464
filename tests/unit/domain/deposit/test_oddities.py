"""What a provider says of a payment, and what it delivers, where it is not what was ordered."""

from dataclasses import replace

import pytest

from domain.contracts.events import OperatorRequired
from domain.provider.payment_outcomes import Told
from tests.unit.domain.deposit.journey import DELIVERED, Payment
from tests.unit.domain.deposit.test_deposit import APART, AVAILABLE, DUE, PAID
from tests.unit.domain.send.journey import GROUPS

FITTING = Told(fiat_amount=10_000, fiat_currency="USD", asset="USDC", address="alice-address")


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def payment(request: pytest.FixtureRequest) -> Payment:
    return Payment(groups=request.param)


def reasons(payment: Payment) -> list[str]:
    told = [each.data for each in payment.stream.events]
    return [each.reason for each in told if isinstance(each, OperatorRequired)]


@pytest.mark.parametrize(
    ("amount", "odd"),
    [
        (1, ["delivered 0.000001 USDC of 98.000000 USDC"]),
        (96_039_999, ["delivered 96.039999 USDC of 98.000000 USDC"]),
        (96_040_000, []),
        (99_960_000, []),
        (99_960_001, ["delivered 99.960001 USDC of 98.000000 USDC"]),
    ],
)
def test_much_more_or_less_is_credited_and_told_to_a_person(
    payment: Payment, amount: int, odd: list[str]
) -> None:
    payment.initiate().opened().checked(PAID).checked(replace(DELIVERED, amount=amount))

    assert reasons(payment) == odd
    assert payment.types[-1] == "DepositTransactionCompleted"
    assert payment.posted[AVAILABLE] + payment.posted[DUE] == amount
    assert payment.row["funds_location"] == "DELIVERED"


@pytest.mark.parametrize(
    ("word", "paid", "odd"),
    [
        ({}, 10_000, []),
        ({"fiat_amount": 9_800}, 9_800, []),
        ({"fiat_amount": 100}, 100, ["paid 1.00 USD of 100.00 USD"]),
        ({"fiat_amount": 10_201}, 10_201, ["paid 102.01 USD of 100.00 USD"]),
        ({"fiat_amount": 0}, 10_000, ["paid 0.00 USD of 100.00 USD"]),
        ({"fiat_currency": "EUR", "fiat_amount": 1}, 10_000, ["paid in EUR"]),
        ({"asset": "base:USDC"}, 10_000, ["base:USDC is to be delivered"]),
        ({"address": "Alice-address"}, 10_000, ["another address is to be delivered to"]),
    ],
)
@pytest.mark.parametrize("is_delivered", [False, True])
def test_what_the_provider_says_of_it_is_held_against_the_order(
    payment: Payment,
    word: dict[str, object],
    paid: int,
    odd: list[str],
    *,
    is_delivered: bool,
) -> None:
    told = replace(FITTING, **word)  # type: ignore[arg-type]  # the cases name real fields
    payment.initiate().opened()
    if not is_delivered:
        payment.checked(replace(PAID, told=told)).checked(replace(PAID, told=told))
        assert payment.row["waiting_on"] == ("OPERATOR" if odd else "PROVIDER")
    payment.checked(replace(DELIVERED, told=told))

    # Told once; what the chain shows is credited all the same.
    assert reasons(payment) == odd
    assert payment.posted["conversion:USD"] == paid == -payment.posted["fiat:USD"]
    assert payment.posted["provider:first:USD"] == 0
    assert payment.types[-1] == "DepositTransactionCompleted"


def test_an_address_in_hexadecimal_is_the_same_in_either_case(payment: Payment) -> None:
    payment.initiate(address="0xAbCd").opened()
    payment.checked(replace(PAID, told=replace(FITTING, address="0xabcd")))

    assert reasons(payment) == []
