"""The provider context picks the way to the chain of a Send and asks for the transfer."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    CancellationRequested,
    GatewaySelected,
    SendTransactionInitiated,
)
from domain.contracts.flows import FlowName
from domain.contracts.transfer_events import TransferWanted
from domain.provider.leg import (
    OWN,
    SOLANA_GATEWAY,
    approval_deadline,
    cancelled,
    leg_reactions,
    request_transfer,
)
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_reserved(stream: Stream, _event: Event, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return cancelled(stream)
    send = stream.known(SendTransactionInitiated)
    selected = GatewaySelected(
        provider=SOLANA_GATEWAY, explanation="the configured gateway to Solana; the only candidate"
    )
    recipient = send.recipient
    wanted = TransferWanted(
        sender_address=send.sender_address,
        recipient_address=recipient.address,
        recipient_name=f"@{recipient.username}" if recipient.username else recipient.address,
        amount=send.amount,
        platform_fee=send.platform_fee,
        memo=send.memo,
    )
    return Decision(events=(selected,)) + request_transfer(
        stream,
        facts,
        wanted,
        network_cost=send.network_cost,
        approval_deadline=approval_deadline(stream, facts, send.approval_deadline),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    AvailableBalanceReserved: on_reserved,
    **leg_reactions(OWN[FlowName.SEND]),
}
