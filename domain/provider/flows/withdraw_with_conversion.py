"""The provider context finds who converts for a Withdraw and brings it to its address, in one
transaction that its user signs.

What the chain of the address shows is followed until it is there: in the same transaction, or after
the provider was paid.
"""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import OperatorRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.swap_events import (
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
    CrossChainDelivered,
    SwapTerms,
)
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    AssetConversionRequested,
    Conversion,
    ConversionOrder,
    ConversionResult,
    CrossChainTransferRequested,
    WithdrawTransactionInitiated,
)
from domain.provider.leg import approval_deadline
from domain.provider.swap import TOO_LITTLE, SwapWanted, follow, is_short, offered_swap
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def _wanted(stream: Stream, facts: Facts) -> SwapWanted:
    withdraw = stream.known(WithdrawTransactionInitiated)
    conversion = _conversion(withdraw)
    fees = withdraw.platform_fee + withdraw.network_cost.total_base_units
    return SwapWanted(
        source=withdraw.asset,
        target=conversion.target,
        amount=withdraw.amount - fees,
        slippage_millionths=conversion.slippage_millionths,
        sender_address=withdraw.sender_address,
        recipient_address=withdraw.recipient.address,
        is_outward=True,
        platform_fee=withdraw.platform_fee,
        network_cost=withdraw.network_cost,
        approval_deadline=approval_deadline(stream, facts, withdraw.approval_deadline),
        offers=conversion.offers,
        rejected=conversion.rejected,
    )


def _conversion(withdraw: WithdrawTransactionInitiated) -> Conversion:
    if withdraw.conversion is None:
        raise LookupError(f"transaction {withdraw.transaction_id} converts nothing")
    return withdraw.conversion


def _announced(swap: SwapTerms) -> EventPayload:
    order = ConversionOrder(
        provider=swap.provider,
        source=swap.source,
        target=swap.target,
        amount=swap.amount,
        target_minimum=swap.target_minimum,
    )
    return AssetConversionRequested(skipped=False, order=order)


def on_confirmed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    """The user's own part is done; whether it has arrived is the next step's question."""
    seen = stream.known(BlockchainSwapConfirmed)
    result = ConversionResult(
        provider=stream.known(BlockchainSwapRequested).swap.provider,
        source=seen.source,
        target=seen.target,
        spent=seen.spent,
        received=seen.received,
    )
    return Decision(events=(AssetConversionCompleted(skipped=False, result=result),))


def _transferred(stream: Stream, facts: Facts) -> Decision:
    """On one chain it has arrived with the same transaction; who delivers later is followed."""
    swap, seen = stream.known(BlockchainSwapRequested).swap, stream.known(BlockchainSwapConfirmed)
    requested = Decision(events=(CrossChainTransferRequested(same_chain=not swap.crosses),))
    if seen.received is None:
        return requested + follow(stream, facts)
    if is_short(swap, seen.received):
        return requested + Decision(events=(OperatorRequired(reason=TOO_LITTLE),))
    delivered = CrossChainDelivered(
        provider=swap.provider,
        asset=swap.target,
        amount=seen.received,
        transaction_hash=seen.signature,
        instruction=seen.received_instruction or 0,
        account=seen.received_account or "",
    )
    return requested + Decision(events=(delivered,))


_OFFERED = offered_swap(_wanted, announced=_announced)


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.TRANSFER):
            return _transferred(stream, facts)
        case _:
            return _OFFERED[CommandIssued](stream, event, facts)


REACTIONS: dict[type[EventPayload], Reaction] = {
    **_OFFERED,
    CommandIssued: on_command,
    BlockchainSwapConfirmed: on_confirmed,
}
