"""A launch whose strategy is no longer what was chosen: its user decides before anything is signed."""

from dataclasses import replace

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.strategy_events import (
    BlockchainCallRequested,
    DeFiProviderSelected,
    DeFiStrategyDeployRequested,
    StrategyBalanceUpdated,
    StrategyLaunchFailed,
)
from domain.provider.choices import make_choice, on_choice_deadline
from domain.provider.effects import Claimed, EffectKind, MoreCharged, StrategyChanged, effect_id
from domain.provider.strategy_choices import ADJUSTMENTS_MAX
from tests.sequences import LAUNCH
from tests.unit.domain.choosing import asked
from tests.unit.domain.send.journey import COST, PROCESS_NAMES, PROCESSES, Journey, allowed
from tests.unit.domain.strategy.test_strategies import (
    AVAILABLE,
    LAUNCHING,
    OPENED_HERE,
    PRINCIPAL,
    TERMS,
    landed,
    launched,
    told,
)

WORSE = replace(TERMS, exit_fee_millionths=5_000, lock_seconds=86_400)
OTHER = replace(TERMS, provider="lend", offer_id="token", name="Token", lock_seconds=60)
CHANGED = StrategyChanged(
    code="TXN_STRATEGY_CHANGED", reason="it costs more", amended=WORSE, alternatives=(OTHER,)
)
AWAY = StrategyChanged(code="PRV_UNAVAILABLE", reason="away", alternatives=(OTHER,))


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return launched(Journey(groups=request.param, facts=allowed("strategy")))


def names(journey: Journey) -> list[str]:
    return [each.name for each in asked(journey).options]


def chosen(journey: Journey, option: str) -> Journey:
    action = asked(journey).action_id
    journey.decide(lambda stream, facts: make_choice(stream, action, option, facts))
    return journey


def test_worse_terms_are_taken_or_left_by_the_user(journey: Journey) -> None:
    journey.built(CHANGED)

    assert asked(journey).action == "ADJUST_STRATEGY"
    assert names(journey) == ["ACCEPT", "lend:token", "STOP"]
    assert "0.50 % to leave" in asked(journey).options[0].summary
    assert journey.held[AVAILABLE] == LAUNCHING.amount

    chosen(journey, "ACCEPT").built().signed().accepted()
    landed(journey, moved=-PRINCIPAL, fee=1_500)

    assert journey.states[-2:] == ["BALANCE_UPDATED", "COMPLETED"]
    opened = journey.stream.known(StrategyBalanceUpdated)
    assert opened.locked_until is not None
    assert journey.stream.count(DeFiProviderSelected) == 1
    assert journey.posted[OPENED_HERE] == PRINCIPAL


def test_another_strategy_takes_its_place_as_an_attempt_of_its_own(journey: Journey) -> None:
    journey.built(AWAY)
    assert names(journey) == ["RETRY", "lend:token", "STOP"]

    chosen(journey, "lend:token").built().signed().accepted()
    landed(journey, moved=-PRINCIPAL, fee=1_500)

    opened = journey.stream.known(StrategyBalanceUpdated)
    assert (opened.provider, opened.offer_id, opened.name) == ("lend", "token", "Token")
    assert journey.row["strategy_id"] == "lend:token"
    assert journey.states.count("PROVIDER_FAILOVER") == 1
    last = [event.type for event in journey.stream.events if event.attempt == 2]
    assert [name for name in last if name in LAUNCH] == LAUNCH[2:]
    assert journey.states[-1] == "COMPLETED"
    assert journey.held[AVAILABLE] == 0


def test_another_try_is_by_the_same_terms(journey: Journey) -> None:
    chosen(journey.built(AWAY), "RETRY").built().signed().accepted()
    landed(journey, moved=-PRINCIPAL, fee=1_500)

    assert told(journey, LAUNCH) == LAUNCH
    assert journey.stream.known(StrategyBalanceUpdated).provider == TERMS.provider
    assert journey.stream.count(DeFiStrategyDeployRequested) == 1


@pytest.mark.parametrize("changed", [CHANGED, AWAY])
def test_who_stops_has_their_money_back(journey: Journey, changed: StrategyChanged) -> None:
    chosen(journey.built(changed), "STOP")

    assert journey.stream.known(StrategyLaunchFailed).reason == changed.code
    assert journey.held[AVAILABLE] == 0
    assert journey.states[-1] == "FAILED"


def test_who_does_not_answer_is_not_waited_for(journey: Journey) -> None:
    journey.built(CHANGED)
    deadline = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, 1)
    effect = Claimed(id=deadline, epoch=1, attempt=1)

    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))

    assert journey.stream.known(StrategyLaunchFailed).reason == CHANGED.code
    assert journey.held[AVAILABLE] == 0


def test_who_cancels_is_asked_no_longer(journey: Journey) -> None:
    journey.built(CHANGED).cancelled()

    assert "UserChoiceWithdrawn" in journey.types
    assert journey.stream.known(StrategyLaunchFailed).reason == "TXN_CANCELLED"
    assert journey.held[AVAILABLE] == 0


def test_a_user_is_asked_so_often_and_no_more(journey: Journey) -> None:
    for _ in range(ADJUSTMENTS_MAX):
        chosen(journey.built(AWAY), "RETRY")

    journey.built(AWAY)

    assert journey.stream.known(StrategyLaunchFailed).reason == AWAY.code
    assert journey.stream.count(UserChoiceRequired) == ADJUSTMENTS_MAX


def test_where_there_is_nothing_to_choose_nobody_is_asked(journey: Journey) -> None:
    journey.built(StrategyChanged(code="PRV_LIMIT", reason="less than the minimum"))

    assert "UserChoiceRequired" not in journey.types
    assert journey.stream.known(StrategyLaunchFailed).reason == "PRV_LIMIT"


def test_what_was_agreed_to_before_still_holds(journey: Journey) -> None:
    dearer = replace(COST, total_base_units=COST.total_base_units + 1_000)
    chosen(journey.built(MoreCharged(network_cost=dearer)), "ACCEPT")

    chosen(journey.built(CHANGED), "ACCEPT")

    requested = journey.stream.known(BlockchainCallRequested)
    assert requested.network_cost == dearer
    assert requested.call.amount == PRINCIPAL - 1_000
    assert journey.stream.known(DeFiStrategyDeployRequested).amount == PRINCIPAL - 1_000
