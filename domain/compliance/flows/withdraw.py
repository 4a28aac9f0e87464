"""Compliance screens a Withdraw when the orchestrator tells it to."""

from domain.compliance.errors import ComplianceRefusal
from domain.compliance.model import assess
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceCleared
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    if not isinstance(event.data, CommandIssued) or event.data.command is not Command.SCREEN:
        return NOTHING
    withdraw = stream.known(WithdrawTransactionInitiated)
    addresses = (withdraw.sender_address, withdraw.recipient.address)
    version = f"{facts.figures.policy_version}+{facts.screening.version}"
    try:
        assess(
            flow="withdraw",
            amount=withdraw.amount,
            addresses=addresses,
            profile=facts.profile,
            facts=facts,
        )
    except ComplianceRefusal as refusal:
        return Decision(events=(ComplianceBlocked(policy_version=version, code=refusal.code),))
    return Decision(
        events=(ComplianceCleared(policy_version=version, screened_addresses=addresses),)
    )


REACTIONS: dict[type[EventPayload], Reaction] = {CommandIssued: on_command}
