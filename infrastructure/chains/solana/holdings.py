"""What a transaction did to an owner's holding of one of our assets on Solana: pure."""

from collections.abc import Sequence

from solders.pubkey import Pubkey

from domain.provider.effects import Moved
from domain.provider.ports.chain import Credit
from domain.shared.assets import SOL, USDC, Asset
from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.chains.solana.model import Footprint, TokenMovement


def moved(left: Footprint, owner: str, asset: Asset) -> Moved | None:
    """What went into (positive) or out of the owner's holding of an asset on Solana."""
    if asset == SOL:
        for lamports in left.lamports:
            if lamports.account == owner:
                return Moved(
                    amount=lamports.delta_lamports,
                    instruction=lamports.instruction_index,
                    account=owner,
                )
        return None
    movement = usdc_of(left.movements, parse_address(owner))
    if movement is None:
        return None
    return Moved(
        amount=movement.delta_base_units,
        instruction=movement.instruction_index,
        account=movement.account,
    )


def usdc_of(movements: Sequence[TokenMovement], owner: Pubkey) -> TokenMovement | None:
    """What a transaction moved on the owner's own USDC account."""
    account = str(associated_token_account(owner))
    for movement in movements:
        if movement.account == account and movement.mint == str(USDC_MINT):
            return movement
    return None


def credit_of(left: Footprint, signature: str, owner: str, asset: Asset) -> Credit | None:
    """What it left the owner with of the asset; None where that is nothing."""
    came = moved(left, owner, asset)
    if came is None or came.amount <= 0:
        return None
    return Credit(
        transaction_hash=signature,
        index=came.instruction,
        asset=asset.symbol,
        address=came.account,
        amount=came.amount,
        senders=_senders(left, asset),
    )


def _senders(left: Footprint, asset: Asset) -> tuple[str, ...]:
    """Owners and accounts that it left; nobody, where it was minted."""
    if asset != USDC:
        return tuple(one.account for one in left.lamports if one.delta_lamports < 0)
    sent = [
        one for one in left.movements if one.mint == str(USDC_MINT) and one.delta_base_units < 0
    ]
    owners = (one.owner for one in sent if one.owner is not None)
    return (*owners, *(one.account for one in sent))
