"""Compliance clears or blocks a Deposit when its payment method is to be validated."""

from domain.compliance.errors import ComplianceRefusal
from domain.compliance.model import assess
from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    PaymentMethodValidationRequested,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceCleared
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_validation_requested(stream: Stream, _event: Event, facts: Facts) -> Decision:
    deposit = stream.known(DepositTransactionInitiated)
    version = f"{facts.figures.policy_version}+{facts.screening.version}"
    try:
        assess(
            flow="deposit",
            amount=deposit.offers[0].asset_amount,
            addresses=(deposit.address,),
            profile=facts.profile,
            facts=facts,
        )
    except ComplianceRefusal as refusal:
        return Decision(events=(ComplianceBlocked(policy_version=version, code=refusal.code),))
    cleared = ComplianceCleared(policy_version=version, screened_addresses=(deposit.address,))
    return Decision(events=(cleared,))


REACTIONS: dict[type[EventPayload], Reaction] = {
    PaymentMethodValidationRequested: on_validation_requested
}
