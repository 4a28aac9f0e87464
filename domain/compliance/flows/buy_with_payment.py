"""Compliance clears or blocks a Buy with a payment method when it is begun."""

from domain.compliance.payment_method import on_method
from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.buy_events import (
    BuyTransactionCompleted,
    BuyTransactionFailed,
    BuyTransactionInitiated,
)
from domain.contracts.deposit_events import PaymentMethodUpdateRequested
from domain.contracts.payments import payment_of
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    payment = payment_of(stream.known(BuyTransactionInitiated))
    return Movement(
        flow="buy",
        amount=payment.usd_value,
        addresses=(payment.address,),
        method=payment.payment_method,
    )


REACTIONS = {
    **reactions(
        Policy(
            movement=movement,
            asked_by=BuyTransactionInitiated,
            completed=BuyTransactionCompleted,
            failed=BuyTransactionFailed,
        )
    ),
    PaymentMethodUpdateRequested: on_method(movement),
}
