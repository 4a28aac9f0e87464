"""The time to sign: shortly before it is over its user may have more, so often; or it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.events import SendTransactionFailed
from domain.contracts.transfer_events import ApprovalTimeExtended
from domain.provider.choices import make_choice, on_choice_deadline
from domain.provider.effects import Claimed, EffectKind, MoreCharged, effect_id
from domain.provider.errors import ActionRefused
from domain.provider.extensions import EXTENSIONS_MAX
from domain.provider.signing import sign_until
from domain.shared.unit import ActionStatus, EffectState
from tests.unit.domain.send.journey import COST, FIGURES, GROUPS, START, Journey

WINDOW = timedelta(seconds=FIGURES.approval_window_seconds)
NOTICE = WINDOW / 4


@pytest.fixture(params=[(GROUPS,), tuple((group,) for group in GROUPS)], ids=["one", "four"])
def journey(request: pytest.FixtureRequest) -> Journey:
    """To be signed within a quarter of an hour, in a chain's message that is good for all of it."""
    started = Journey(groups=request.param).initiate()
    return started.built(replace(started.message(), expires_at=START + WINDOW))


def at(journey: Journey, moment: datetime) -> Journey:
    """The deadline of what is to be signed is looked at then."""
    return journey.deadline(after_seconds=int((moment - journey.facts.now).total_seconds()))


def chosen(journey: Journey, option: str) -> Journey:
    action = journey.stream.known(UserChoiceRequired).action_id
    journey.decide(lambda stream, facts: make_choice(stream, action, option, facts))
    return journey


def due_dates(journey: Journey) -> Iterator[datetime]:
    """When the deadline of the first message is looked at, in the order in which it is said."""
    first = effect_id(journey.stream.id, EffectKind.SIGN_DEADLINE, 1)
    for unit in journey.units:
        yield from (each.due_at for each in unit.effects_requested if each.id == first)
        for moved in unit.effects_moved:
            if moved.id == first and moved.due_at is not None:
                yield moved.due_at


def statuses(journey: Journey) -> list[ActionStatus]:
    return list(journey.actions.values())


def test_who_has_not_signed_is_asked_before_the_time_is_over_and_may_have_as_long_again(
    journey: Journey,
) -> None:
    at(journey, START + WINDOW - NOTICE)

    asked = journey.stream.known(UserChoiceRequired)
    assert (asked.action, asked.expires_at) == ("EXTEND_TIMEOUT", START + WINDOW)
    assert [each.name for each in asked.options] == ["EXTEND", "LEAVE"]
    # What is to be signed can be signed all the while.
    assert statuses(journey) == [ActionStatus.PENDING, ActionStatus.PENDING]
    assert list(due_dates(journey)) == [START + WINDOW - NOTICE, START + WINDOW]

    chosen(journey, "EXTEND")
    assert journey.row["approval_deadline"] == sign_until(journey.stream) == START + 2 * WINDOW

    at(journey, START + WINDOW).built()
    assert "SendTransactionFailed" not in journey.types
    journey.signed().accepted().landed()
    assert journey.row["state"] == "COMPLETED"
    assert journey.stream.count(UserChoiceRequired) == 1


@pytest.mark.parametrize("answer", ["LEAVE", None])
def test_who_does_not_want_more_has_what_they_had(journey: Journey, answer: str | None) -> None:
    at(journey, START + WINDOW - NOTICE)
    if answer:
        chosen(journey, answer)

    at(journey, START + WINDOW)

    assert journey.stream.known(SendTransactionFailed).reason == "TXN_APPROVAL_EXPIRED"
    assert set(journey.held.values()) == {0}
    assert ActionStatus.PENDING not in statuses(journey)


def test_an_answer_that_nobody_gave_ends_nothing(journey: Journey) -> None:
    at(journey, START + WINDOW - NOTICE)
    timer = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, 1)
    effect = Claimed(id=timer, epoch=1, attempt=1)
    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))

    assert journey.types[-1] == "UserChoiceExpired"
    journey.signed().accepted().landed()
    assert journey.row["state"] == "COMPLETED"


def test_more_time_is_given_so_often_and_no_more(journey: Journey) -> None:
    for number in range(1, EXTENSIONS_MAX + 1):
        chosen(at(journey, START + number * WINDOW - NOTICE), "EXTEND")
        at(journey, START + number * WINDOW)
        end = START + (number + 1) * WINDOW
        journey.built(replace(journey.message(), expires_at=end))

    at(journey, START + (EXTENSIONS_MAX + 1) * WINDOW - NOTICE)
    assert journey.stream.count(ApprovalTimeExtended) == EXTENSIONS_MAX
    assert journey.stream.count(UserChoiceRequired) == EXTENSIONS_MAX

    at(journey, START + (EXTENSIONS_MAX + 1) * WINDOW)
    assert journey.types[-1] == "SendTransactionFailed"


def test_who_signs_is_asked_no_longer(journey: Journey) -> None:
    at(journey, START + WINDOW - NOTICE).signed()

    assert "UserChoiceWithdrawn" in journey.types
    with pytest.raises(ActionRefused):
        chosen(journey, "EXTEND")


def test_who_cancels_is_asked_nothing_any_more(journey: Journey) -> None:
    at(journey, START + WINDOW - NOTICE).cancelled()

    assert statuses(journey) == [ActionStatus.CANCELLED, ActionStatus.CANCELLED]
    assert journey.row["state"] == "FAILED"
    assert set(journey.held.values()) == {0}
    timer = effect_id(journey.stream.id, EffectKind.SIGN_DEADLINE, 1)
    assert journey.effects[timer] is EffectState.CANCELLED


def test_one_question_at_a_time_is_asked() -> None:
    # Given short-lived messages, one of which is built anew in the last quarter of the time
    journey = Journey().initiate().built()
    at(journey, START + WINDOW - NOTICE).built()
    at(journey, START + WINDOW - NOTICE + timedelta(seconds=1))
    assert journey.stream.known(UserChoiceRequired).action == "EXTEND_TIMEOUT"

    # When the network has become dearer by the next
    at(journey, START + WINDOW - NOTICE + timedelta(seconds=61))
    journey.built(MoreCharged(network_cost=replace(COST, total_base_units=9_000)))

    pending = [each for each, status in journey.actions.items() if status is ActionStatus.PENDING]
    asked = journey.stream.known(UserChoiceRequired)
    assert (asked.action, pending) == ("CONFIRM_NETWORK_FEE", [asked.action_id])
