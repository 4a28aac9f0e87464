"""A protocol's call that a user signs, as a leg of any flow: a deposit, a redemption."""

from datetime import datetime

from domain.contracts.events import NetworkCost
from domain.contracts.strategy_events import BlockchainCallRequested, ProtocolCall
from domain.provider.leg import NO_EFFECT, request_leg
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream


def request_call(
    stream: Stream,
    facts: Facts,
    call: ProtocolCall,
    *,
    network_cost: NetworkCost,
    approval_deadline: datetime,
) -> Decision:
    """The call is to be built and signed by the owner."""
    requested = BlockchainCallRequested(
        effect_id=NO_EFFECT,
        signer_address=call.owner_address,
        network_cost=network_cost,
        approval_deadline=approval_deadline,
        call=call,
    )
    return request_leg(stream, requested, facts)
