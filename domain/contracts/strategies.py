"""A strategy as a launch stands by it: the terms that its user agreed to last."""

from domain.contracts.strategy_events import (
    StrategyLaunchInitiated,
    StrategyTerms,
    StrategyTermsAmended,
)
from domain.shared.stream import Stream


def terms_in(stream: Stream) -> StrategyTerms:
    """Those of the launch, or what the user chose instead."""
    amended = stream.latest(StrategyTermsAmended)
    return amended.terms if amended else stream.known(StrategyLaunchInitiated).terms
