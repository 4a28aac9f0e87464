"""What the wallet claims of a protocol's call, so that each movement is booked once."""

from domain.contracts.strategy_events import BlockchainCallConfirmed
from domain.shared.assets import Chain
from domain.shared.unit import ChainClaim


def call_claims(seen: BlockchainCallConfirmed) -> tuple[ChainClaim, ...]:
    """The owner's account, and the platform's where it was paid."""
    moved = [(seen.moved_instruction, seen.moved_account)]
    if seen.fee_instruction is not None and seen.fee_account is not None:
        moved.append((seen.fee_instruction, seen.fee_account))
    return tuple(
        ChainClaim(
            chain=Chain.SOLANA, signature=seen.signature, instruction=instruction, account=account
        )
        for instruction, account in moved
    )
