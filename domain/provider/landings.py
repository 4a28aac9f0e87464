"""What the chain shows of a leg that a user signed, as its flow calls it."""

from dataclasses import replace

from domain.contracts.events import UserActionSubmitted
from domain.contracts.strategy_events import BlockchainCallConfirmed
from domain.contracts.swap_events import (
    BlockchainApprovalConfirmed,
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
)
from domain.contracts.transfer_events import LegConfirmed, TransferRequested
from domain.provider.effects import AnyLanded, ApprovalLanded, CallLanded, SwapLanded
from domain.provider.leg import leg_of
from domain.shared.stream import Stream


def confirmed(stream: Stream, seen: AnyLanded) -> LegConfirmed:
    """What the chain shows of the leg, as its flow calls it."""
    return replace(_seen(stream, seen), fee_due=stream.signature_wanted().fee_due)


def _seen(stream: Stream, seen: AnyLanded) -> LegConfirmed:
    submitted = stream.known(UserActionSubmitted).signature
    if isinstance(seen, CallLanded):
        return _call_confirmed(seen, submitted)
    signature = seen.signature or submitted
    if isinstance(seen, SwapLanded):
        return _swap_confirmed(stream, seen, signature)
    if isinstance(seen, ApprovalLanded):
        return _approval_confirmed(stream, seen, signature)
    return leg_of(stream).confirmed(
        signature=signature,
        slot=seen.slot,
        commitment=seen.commitment,
        recipient_amount=seen.recipient_amount,
        recipient_instruction=seen.recipient_instruction,
        recipient_account=seen.recipient_account,
        fee_amount=seen.fee_amount,
        fee_instruction=seen.fee_instruction,
        fee_account=seen.fee_account,
        lamports_spent=seen.lamports_spent,
        gas=seen.gas,
        asset=stream.known(TransferRequested).transfer.asset,
    )


def _swap_confirmed(stream: Stream, seen: SwapLanded, signature: str) -> BlockchainSwapConfirmed:
    swap = stream.known(BlockchainSwapRequested).swap
    fee, received = seen.fee, seen.received
    return BlockchainSwapConfirmed(
        signature=signature,
        slot=seen.slot,
        commitment=seen.commitment,
        lamports_spent=seen.lamports_spent,
        source=swap.source,
        target=swap.target,
        spent=seen.spent.amount,
        spent_instruction=seen.spent.instruction,
        spent_account=seen.spent.account,
        fee_amount=fee.amount if fee else 0,
        fee_instruction=fee.instruction if fee else None,
        fee_account=fee.account if fee else None,
        received=received.amount if received else None,
        received_instruction=received.instruction if received else None,
        received_account=received.account if received else None,
        gas=seen.gas,
        aside=seen.aside,
    )


def _approval_confirmed(
    stream: Stream, seen: ApprovalLanded, signature: str
) -> BlockchainApprovalConfirmed:
    swap = stream.known(BlockchainSwapRequested).swap
    return BlockchainApprovalConfirmed(
        signature=signature,
        slot=seen.slot,
        commitment=seen.commitment,
        lamports_spent=0,
        fee_amount=0,
        fee_instruction=None,
        fee_account=None,
        gas=seen.gas,
        provider=swap.provider,
        asset=swap.source,
        amount=swap.amount,
    )


def _call_confirmed(seen: CallLanded, signature: str) -> BlockchainCallConfirmed:
    fee = seen.fee
    return BlockchainCallConfirmed(
        signature=signature,
        slot=seen.slot,
        commitment=seen.commitment,
        lamports_spent=seen.lamports_spent,
        moved=seen.moved.amount,
        moved_instruction=seen.moved.instruction,
        moved_account=seen.moved.account,
        shares=seen.shares,
        fee_amount=fee.amount if fee else 0,
        fee_instruction=fee.instruction if fee else None,
        fee_account=fee.account if fee else None,
    )
