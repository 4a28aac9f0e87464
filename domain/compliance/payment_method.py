"""A payment that goes on with another payment method takes of that method's limits instead."""

from collections.abc import Callable

from domain.compliance.errors import ComplianceRefusal
from domain.compliance.model import assess
from domain.compliance.screening import Movement
from domain.contracts.deposit_events import (
    PaymentMethodUpdated,
    PaymentMethodUpdateRefused,
    PaymentMethodUpdateRequested,
)
from domain.contracts.envelope import Event
from domain.shared.decision import Decision, Facts
from domain.shared.figures import Figures
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_method(movement: Callable[[Stream, Figures], Movement]) -> Reaction:
    """What compliance says of another payment method in a flow with such a `movement`."""

    def on_requested(stream: Stream, _event: Event, facts: Facts) -> Decision:
        method = stream.known(PaymentMethodUpdateRequested).payment_method
        if facts.rejection is not None and facts.rejection.limit is not None:
            return _refused(facts.rejection.limit)
        moved = movement(stream, facts.figures)
        try:
            assessed = assess(
                flow=moved.flow,
                amount=moved.amount,
                addresses=moved.addresses,
                profile=facts.profile,
                facts=facts,
                method=method,
            )
        except ComplianceRefusal as refusal:
            return _refused(refusal.code)
        return Decision(
            events=(PaymentMethodUpdated(payment_method=method),),
            limits_reserved=(assessed.reserved,) if assessed.reserved else (),
        )

    return on_requested


def _refused(code: str) -> Decision:
    return Decision(events=(PaymentMethodUpdateRefused(code=code),))
