"""What a user may decide about a launch whose strategy is no longer what they chose: other terms,
another strategy, another try, or the end. Nothing is signed then, so nothing can have moved.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from domain.contracts.choice_events import ChoiceOption, UserChoiceMade
from domain.contracts.strategies import terms_in
from domain.contracts.strategy_events import (
    StrategyAdjustmentRequired,
    StrategyLaunchInitiated,
    StrategyTerms,
)
from domain.provider.choices import MAY_PASS, ask_choice
from domain.provider.effects import StrategyChanged
from domain.shared.decision import Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream

ADJUST_STRATEGY: Final = "ADJUST_STRATEGY"
ACCEPT: Final = "ACCEPT"
RETRY: Final = "RETRY"
STOP: Final = "STOP"

ADJUSTMENTS_MAX: Final = 3
"""So often a user is asked about one launch."""
_DAY_SECONDS: Final = 86_400

_RETRY: Final = ChoiceOption(name=RETRY, summary="Try the same strategy again")
_STOP: Final = ChoiceOption(name=STOP, summary="Stop here: nothing leaves your balance")


def may_adjust(stream: Stream, changed: StrategyChanged) -> bool:
    """Whether there is anything to choose but the end."""
    offers = changed.amended is not None or changed.code in MAY_PASS or changed.alternatives
    return bool(offers) and stream.count(StrategyAdjustmentRequired) < ADJUSTMENTS_MAX


def ask_adjustment(stream: Stream, changed: StrategyChanged, facts: Facts) -> Decision:
    """Asks how to go on; what is held stays held until the answer."""
    terms, held = terms_in(stream), stream.known(StrategyLaunchInitiated).amount
    required = StrategyAdjustmentRequired(
        code=changed.code,
        reason=changed.reason,
        amended=changed.amended,
        alternatives=changed.alternatives,
    )
    amount = AssetAmount.of(held, terms.asset)
    what = "is not available" if changed.amended is None else "has other terms now"
    return Decision(events=(required,)) + ask_choice(
        stream,
        facts,
        action=ADJUST_STRATEGY,
        summary=f"{terms.name} {what}: choose what becomes of your {amount}",
        options=(
            *((_accept(changed.amended),) if changed.amended else ()),
            *((_RETRY,) if changed.code in MAY_PASS else ()),
            *(_instead(each) for each in changed.alternatives),
            _STOP,
        ),
        expires_at=facts.now + timedelta(seconds=facts.figures.approval_window_seconds),
    )


def chosen_terms(stream: Stream, made: UserChoiceMade) -> StrategyTerms:
    """What the user agreed to by their choice; another try is by the same terms."""
    required = stream.known(StrategyAdjustmentRequired)
    if made.option == ACCEPT and required.amended is not None:
        return required.amended
    found = (each for each in required.alternatives if _name(each) == made.option)
    return next(found, terms_in(stream))


def _accept(terms: StrategyTerms) -> ChoiceOption:
    return ChoiceOption(name=ACCEPT, summary=f"Go on with {_told(terms)}")


def _instead(terms: StrategyTerms) -> ChoiceOption:
    return ChoiceOption(name=_name(terms), summary=f"Take {_told(terms)} instead")


def _name(terms: StrategyTerms) -> str:
    return f"{terms.provider}:{terms.offer_id}"


def _told(terms: StrategyTerms) -> str:
    """What matters of a strategy, in plain words."""
    parts = [f"{terms.name} of {terms.provider}"]
    if terms.apy is not None:
        parts.append(f"{Decimal(terms.apy).scaleb(2):.2f} % a year")
    if terms.lock_seconds:
        parts.append(f"kept for {-(-terms.lock_seconds // _DAY_SECONDS)} days")
    if terms.exit_fee_millionths:
        parts.append(f"{Decimal(terms.exit_fee_millionths).scaleb(-4):.2f} % to leave")
    return ", ".join(parts)
