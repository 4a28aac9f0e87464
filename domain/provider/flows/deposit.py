"""The provider context picks the on-ramp of a Deposit and asks it for the payment."""

from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    PaymentMethodValidated,
)
from domain.contracts.envelope import Event, EventPayload
from domain.provider import on_ramp
from domain.provider.on_ramp import select
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_credit_reserved(stream: Stream, _event: Event, facts: Facts) -> Decision:
    method = stream.known(DepositTransactionInitiated).payment_method
    validated = PaymentMethodValidated(payment_method=method)
    return Decision(events=(validated,)) + select(stream, facts)


REACTIONS: dict[type[EventPayload], Reaction] = {
    **on_ramp.REACTIONS,
    ExpectedCreditReserved: on_credit_reserved,
}
