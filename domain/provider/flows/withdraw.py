"""The provider context converts and transfers for a Withdraw as the orchestrator tells it to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.transfer_events import TransferWanted
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    AssetConversionRequested,
    CrossChainTransferRequested,
    DEXProviderSelected,
    WithdrawTransactionInitiated,
)
from domain.provider.leg import (
    GATEWAYS,
    GENERAL,
    approval_deadline,
    cancelled,
    leg_reactions,
    request_transfer,
)
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.SELECT_PROVIDER):
            return _selected(stream.known(WithdrawTransactionInitiated))
        case CommandIssued(command=Command.CONVERT):
            return _converted()
        case CommandIssued(command=Command.TRANSFER):
            return _transfer(stream, facts)
        case _:
            return NOTHING


def _selected(withdraw: WithdrawTransactionInitiated) -> Decision:
    """The asset is wanted as it is, on the chain where it is: nobody has to convert it."""
    selected = DEXProviderSelected(
        provider=GATEWAYS[ASSETS[withdraw.asset].chain],
        explanation="the same asset on the same chain: no conversion, a plain transfer",
        skipped=True,
    )
    return Decision(events=(selected,))


def _converted() -> Decision:
    return Decision(
        events=(AssetConversionRequested(skipped=True), AssetConversionCompleted(skipped=True))
    )


def _transfer(stream: Stream, facts: Facts) -> Decision:
    requested = Decision(events=(CrossChainTransferRequested(same_chain=True),))
    if stream.has(CancellationRequested):
        return requested + cancelled(stream)
    withdraw = stream.known(WithdrawTransactionInitiated)
    wanted = TransferWanted(
        sender_address=withdraw.sender_address,
        recipient_address=withdraw.recipient.address,
        recipient_name=withdraw.recipient.address,
        amount=withdraw.amount,
        platform_fee=withdraw.platform_fee,
        memo=None,
        asset=withdraw.asset,
    )
    return requested + request_transfer(
        stream,
        facts,
        wanted,
        network_cost=withdraw.network_cost,
        approval_deadline=approval_deadline(stream, facts, withdraw.approval_deadline),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    **leg_reactions(GENERAL),
}
