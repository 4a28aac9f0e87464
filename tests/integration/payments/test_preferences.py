"""Whom a user prefers counts when their provider is chosen, and is said with the choice."""

import uuid
from collections.abc import Iterator

import pytest

from tests.integration.payments.payer import Payer

pytestmark = pytest.mark.enable_socket

_PREFER = """mutation ($input: SetPreferredProvidersInput!) { setPreferredProviders(input: $input) {
  preferredProviders errors { code } } }"""
_ADD = """mutation ($input: AddPaymentMethodInput!) { addPaymentMethod(input: $input) {
  paymentMethods { id provider } errors { code } } }"""
_DEPOSIT = """mutation ($input: InitiateDepositInput!) { initiateDeposit(input: $input) {
  transaction { id } errors { code field } } }"""
PREFERENCE_POINTS = 5.0
"""Half of the weight of preference and geography, of 100."""


@pytest.fixture
def nobody_preferred(alice: Payer) -> Iterator[None]:
    yield
    prefer(alice)


def prefer(person: Payer, *providers: str) -> None:
    answer = person.ask(_PREFER, input={"providers": list(providers)})["setPreferredProviders"]
    assert answer == {"preferredProviders": sorted(providers), "errors": []}


def lead_of_stripe(person: Payer, **method: str) -> float:
    """By how much it scored more than coinbase for a new Deposit."""
    wish = {"amount": "100", "idempotencyKey": uuid.uuid4().hex, **method}
    payload = person.ask(_DEPOSIT, input=wish)["initiateDeposit"]
    assert payload["errors"] == []
    chosen = person.until(payload["transaction"]["id"], waitingOn="USER")
    told = dict(part.split(": ", 1) for part in chosen["providerExplanation"].split("; ")[1:])
    scores = {name: float(text.split("score ")[1].split()[0]) for name, text in told.items()}
    return scores["stripe"] - scores["coinbase"]


@pytest.mark.usefixtures("nobody_preferred")
def test_a_preferred_provider_scores_more(alice: Payer) -> None:
    before = lead_of_stripe(alice, paymentMethod="CARD")

    prefer(alice, "stripe")

    more = lead_of_stripe(alice, paymentMethod="CARD") - before
    assert more == pytest.approx(PREFERENCE_POINTS, abs=1)
    prefer(alice, "coinbase")
    less = lead_of_stripe(alice, paymentMethod="CARD") - before
    assert less == pytest.approx(-PREFERENCE_POINTS, abs=1)


def test_who_knows_the_saved_payment_method_scores_more(alice: Payer) -> None:
    wish = {
        "provider": "stripe",
        "paymentMethod": "CARD",
        "token": "pm_12345678abc",
        "label": "Blue",
        "idempotencyKey": uuid.uuid4().hex,
    }
    answer = alice.ask(_ADD, input=wish)["addPaymentMethod"]
    assert answer["errors"] == []
    (saved,) = answer["paymentMethods"]
    before = lead_of_stripe(alice, paymentMethod="CARD")

    more = lead_of_stripe(alice, paymentMethodId=saved["id"]) - before

    assert more == pytest.approx(PREFERENCE_POINTS, abs=1)
