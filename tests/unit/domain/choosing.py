"""What a user is asked to choose, and what they answer."""

from domain.contracts.choice_events import UserChoiceRequired
from domain.provider.choices import make_choice
from tests.unit.domain.send.journey import Journey


def asked(journey: Journey) -> UserChoiceRequired:
    """The last choice that was asked for."""
    return journey.stream.known(UserChoiceRequired)


def answered(journey: Journey, option: str) -> Journey:
    """Goes on with that answer to it."""
    action = asked(journey).action_id
    journey.decide(lambda stream, facts: make_choice(stream, action, option, facts))
    return journey
