"""Compliance clears or blocks a Deposit when its payment method is to be validated."""

from domain.compliance.payment_method import on_method
from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.deposit_events import (
    DepositTransactionCompleted,
    DepositTransactionFailed,
    DepositTransactionInitiated,
    PaymentMethodUpdateRequested,
    PaymentMethodValidationRequested,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    deposit = stream.known(DepositTransactionInitiated)
    return Movement(
        flow="deposit",
        amount=deposit.usd_value,
        addresses=(deposit.address,),
        method=deposit.payment_method,
    )


REACTIONS = {
    **reactions(
        Policy(
            movement=movement,
            asked_by=PaymentMethodValidationRequested,
            completed=DepositTransactionCompleted,
            failed=DepositTransactionFailed,
        )
    ),
    PaymentMethodUpdateRequested: on_method(movement),
}
