"""Compliance hears of every new movement and clears or blocks it."""

from domain.compliance.errors import ComplianceRefusal
from domain.compliance.model import assess
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceCleared, SendTransactionInitiated
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_send_initiated(stream: Stream, _event: Event, facts: Facts) -> Decision:
    send = stream.known(SendTransactionInitiated)
    addresses = (send.sender_address, send.recipient.address)
    version = f"{facts.figures.policy_version}+{facts.screening.version}"
    try:
        assess(
            flow="send",
            amount=send.amount,
            addresses=addresses,
            profile=facts.profile,
            facts=facts,
        )
    except ComplianceRefusal as refusal:
        return Decision(events=(ComplianceBlocked(policy_version=version, code=refusal.code),))
    return Decision(
        events=(ComplianceCleared(policy_version=version, screened_addresses=addresses),)
    )


REACTIONS: dict[type[EventPayload], Reaction] = {SendTransactionInitiated: on_send_initiated}
