"""A network that became dearer before anything was signed: its user is asked, whatever they sign."""

from dataclasses import replace

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.strategy_events import BlockchainCallRequested
from domain.contracts.transfer_events import LegRequested
from domain.provider.choices import make_choice
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import MoreCharged
from domain.transaction.strategies import launch_strategy
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    COST,
    EVERYBODY,
    GROUPS,
    Journey,
    allowed,
)
from tests.unit.domain.strategy.test_strategies import LAUNCHING

AVAILABLE = f"available:{ALICE_WALLET}"
DEARER = replace(COST, total_base_units=301_500)


@pytest.fixture(params=[(GROUPS,), tuple((group,) for group in GROUPS)], ids=["one", "four"])
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param)


def asked(journey: Journey) -> UserChoiceRequired:
    return journey.built(MoreCharged(network_cost=DEARER)).stream.known(UserChoiceRequired)


def answered(journey: Journey, option: str) -> Journey:
    action = asked(journey).action_id
    journey.decide(lambda stream, facts: make_choice(stream, action, option, facts))
    return journey


def test_a_send_asks_its_user(journey: Journey) -> None:
    required = asked(journey.initiate())

    assert required.action == "CONFIRM_NETWORK_FEE"
    assert "asks 0.301500 USDC, where 0.001500 USDC was shown" in required.summary
    assert (journey.row["state"], journey.row["waiting_on"]) == ("PROVIDER_PROCESSING", "USER")
    assert journey.held[AVAILABLE] == 25_000_000


def test_who_pays_more_for_it_sends_the_less(journey: Journey) -> None:
    answered(journey.initiate(), ACCEPT)

    requested = journey.stream.known(LegRequested)
    assert requested.network_cost == DEARER
    assert requested.approval_deadline >= journey.facts.now
    journey.built(replace(journey.message(), network_cost=DEARER)).signed().accepted()
    journey.landed(recipient_amount=24_698_500, fee_amount=301_500)
    assert journey.row["state"] == "COMPLETED"
    assert journey.row["network_fee"] == 301_500
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (-25_000_000, 0)


def test_who_does_not_pay_it_has_their_money_back(journey: Journey) -> None:
    answered(journey.initiate(), REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_it_can_be_cancelled_while_its_user_is_asked(journey: Journey) -> None:
    asked(journey.initiate())
    journey.cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert journey.held[AVAILABLE] == 0


def test_a_launch_puts_the_less_to_work() -> None:
    launch = Journey(groups=(EVERYBODY,), facts=allowed("strategy"))
    launch.decide(lambda _stream, facts: launch_strategy(LAUNCHING, facts))
    answered(launch, ACCEPT)

    requested = launch.stream.known(BlockchainCallRequested)
    assert requested.call.amount == LAUNCHING.amount - 301_500
    assert requested.network_cost == DEARER
