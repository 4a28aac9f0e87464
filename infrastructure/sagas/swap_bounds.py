"""What a swap on Solana may take of its user, and what it must bring: the most that a provider's
transaction is signed for, by the user or by the platform."""

from collections import Counter

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from domain.contracts.events import SignatureWanted
from domain.contracts.swap_events import SwapTerms
from domain.shared.assets import ASSETS, SOL, USDC, Chain
from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    WRAPPED_SOL_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.chains.solana.trial import LAMPORTS, Bounds
from infrastructure.providers.solana_review import Payment, given, review_swap

_KEYS = {USDC.symbol: str(USDC_MINT), SOL.symbol: LAMPORTS}


def review(instructions: list[Instruction], swap: SwapTerms, *, fee_payer: Pubkey) -> None:
    """Raises `Unacceptable` for what is given, in the open, beyond what was asked."""
    owner = parse_address(swap.sender_address)
    wrapped = associated_token_account(owner, WRAPPED_SOL_MINT)
    is_sol = swap.source == SOL.symbol
    payment = Payment(
        owner=str(owner),
        account=str(wrapped if is_sol else associated_token_account(owner)),
        amount=swap.amount,
        lamports=(swap.amount if is_sol else 0) + _aside(swap),
        wrapped=str(wrapped),
        unwrapped_to=frozenset({swap.sender_address, swap.recipient_address}),
    )
    review_swap([given(each) for each in instructions], payment, fee_payer=str(fee_payer))


def bounds_of(swap: SwapTerms, *, owed: int, delivers_later: bool) -> tuple[Bounds, ...]:
    """`owed`: what the sender pays the platform beside it, in USDC base units. Who delivers later
    brings nothing with this transaction."""
    least = Counter({_KEYS[swap.source]: -swap.amount})
    least[_KEYS[USDC.symbol]] -= owed
    least[LAMPORTS] -= _aside(swap)
    brings = 0 if delivers_later or swap.crosses else swap.target_minimum
    if not brings or swap.recipient_address == swap.sender_address:
        if brings:
            least[_KEYS[swap.target]] += brings
        return (Bounds(owner=parse_address(swap.sender_address), least=least),)
    return (
        Bounds(owner=parse_address(swap.sender_address), least=least),
        Bounds(owner=parse_address(swap.recipient_address), least={_KEYS[swap.target]: brings}),
    )


def bounds_of_signed(swap: SwapTerms, wanted: SignatureWanted) -> tuple[Bounds, ...]:
    """Of what the user was asked to sign."""
    owed = swap.platform_fee + wanted.network_cost.total_base_units + wanted.fee_due
    return bounds_of(swap, owed=owed, delivers_later=wanted.reference is not None)


def _aside(swap: SwapTerms) -> int:
    aside = swap.aside
    return aside.amount if aside and ASSETS[aside.asset].chain is Chain.SOLANA else 0
