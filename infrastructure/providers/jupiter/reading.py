"""Reads Jupiter's quotes: whether they are about what was asked, and what they cost. Pure."""

from decimal import Decimal
from typing import Final

from domain.provider.ports.answers import Declined, ProviderFee
from domain.provider.ports.dex import SwapRequest
from domain.provider.ports.unsigned import AccountUse, SolanaInstruction, SolanaInstructions
from domain.shared.assets import SOL, USDC, Asset, Chain
from infrastructure.chains.solana.addresses import WRAPPED_SOL_MINT
from infrastructure.providers.jupiter.wire import Build, Instruction, Order, Quoted
from infrastructure.providers.unsigned import Unacceptable, from_base64

WRAPPED_SOL: Final = str(WRAPPED_SOL_MINT)
MINTS: Final = {USDC.symbol: str(USDC.contract), SOL.symbol: WRAPPED_SOL}
SYMBOLS: Final = {mint: symbol for symbol, mint in MINTS.items()}
MILLIONTHS_PER_BPS: Final = 100
_BPS_MAX: Final = 10_000


def unsupported(request: SwapRequest) -> Declined | None:
    """Jupiter swaps what lives on Solana."""
    for asset in (request.source, request.target):
        if asset.chain is not Chain.SOLANA or asset.symbol not in MINTS:
            return Declined(code="PRV_UNSUPPORTED", reason=f"{asset.symbol} is not on Solana")
    if request.source == request.target:
        return Declined(code="PRV_UNSUPPORTED", reason="nothing to swap")
    if request.amount <= 0 or not 0 <= slippage_bps(request) <= _BPS_MAX:
        return Declined(code="PRV_INVALID", reason="amount or slippage out of range")
    return None


def mint_of(asset: Asset) -> str:
    return MINTS[asset.symbol]


def slippage_bps(request: SwapRequest) -> int:
    """Rounded down, so that the promise is never weaker than what was asked."""
    return request.slippage_millionths // MILLIONTHS_PER_BPS


def mismatch(quoted: Quoted, request: SwapRequest, *, bps: int) -> str | None:
    """In what the quote differs from the request; None where it fits."""
    if (quoted.input_mint, quoted.output_mint) != (
        mint_of(request.source),
        mint_of(request.target),
    ):
        return "other assets than asked"
    if int(quoted.in_amount) != request.amount:
        return f"{quoted.in_amount} to be spent instead of {request.amount}"
    expected, least = int(quoted.out_amount), int(quoted.other_amount_threshold)
    if not 0 < least <= expected:
        return f"at least {least} of {expected}"
    if quoted.slippage_bps > bps or least * _BPS_MAX < expected * (_BPS_MAX - bps) - _BPS_MAX:
        return f"more slippage than {bps} basis points"
    return None


def order_fees(order: Order, request: SwapRequest) -> tuple[ProviderFee, ...]:
    """What Jupiter keeps, and what of the network's fees the sender pays."""
    fees = []
    kept = order.platform_fee
    if kept is not None and kept.amount and int(kept.amount) > 0:
        asset = SYMBOLS.get(kept.fee_mint or "", request.source.symbol)
        fees.append(ProviderFee(kind="PROVIDER", amount=int(kept.amount), asset=asset))
    network = (
        (order.signature_fee_payer, order.signature_fee_lamports),
        (order.prioritization_fee_payer, order.prioritization_fee_lamports),
        (order.rent_fee_payer, order.rent_fee_lamports),
    )
    lamports = sum(_lamports(amount) for payer, amount in network if payer == request.sender)
    if lamports > 0:
        fees.append(ProviderFee(kind="NETWORK", amount=lamports, asset=SOL.symbol))
    return tuple(fees)


def instructions_of(build: Build, request: SwapRequest) -> SolanaInstructions:
    """In the order in which they belong together. Raises `Unacceptable`: no other than sender and
    fee payer may have to sign, and nothing may be a tip that was not asked for."""
    if build.tip_instruction is not None:
        raise Unacceptable("a tip that was not asked for")
    last = [] if build.cleanup_instruction is None else [build.cleanup_instruction]
    parts = [
        *build.compute_budget_instructions,
        *build.setup_instructions,
        build.swap_instruction,
        *last,
        *build.other_instructions,
    ]
    read = tuple(_instruction(part) for part in parts)
    allowed = {request.sender, request.fee_payer}
    for instruction in read:
        for account in instruction.accounts:
            if account.is_signer and account.address not in allowed:
                raise Unacceptable(f"another signer than asked: {account.address}")
    tables = tuple(build.addresses_by_lookup_table_address or ())
    return SolanaInstructions(instructions=read, lookup_tables=tables)


def _instruction(part: Instruction) -> SolanaInstruction:
    accounts = tuple(
        AccountUse(
            address=account.pubkey,
            is_signer=account.is_signer,
            is_writable=account.is_writable,
        )
        for account in part.accounts
    )
    return SolanaInstruction(
        program=part.program_id, accounts=accounts, data=from_base64(part.data)
    )


def _lamports(number: Decimal) -> int:
    """Rounded up: an estimate of a cost is never shown as less."""
    whole = int(number)
    return whole + 1 if number > whole else whole
