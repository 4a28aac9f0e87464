"""Reads Kamino's figures exactly: offers, positions and instructions. Pure."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined
from domain.provider.ports.defi import StrategyOffer
from domain.provider.ports.unsigned import AccountUse, SolanaInstruction
from domain.shared.assets import USDC
from infrastructure.providers.kamino.wire import (
    Account,
    Instruction,
    Metrics,
    Move,
    Shares,
    Vault,
    VaultState,
)
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.solana_review import address
from infrastructure.providers.unsigned import Unacceptable, from_base64

logger = logging.getLogger(__name__)

BPS: Final = 10_000
_MILLIONTHS_PER_BPS: Final = 100
# Of a role: whether it signs, whether it is written.
_ROLES: Final = {
    "READONLY": (False, False),
    "WRITABLE": (False, True),
    "READONLY_SIGNER": (True, False),
    "WRITABLE_SIGNER": (True, True),
}


def is_for_usdc(vault: Vault) -> bool:
    """Anybody may open a vault; its decimals must be those that USDC has."""
    state = vault.state
    return (state.token_mint, state.token_mint_decimals) == (USDC.contract, USDC.decimals)


def readable(parts: Sequence[msgspec.Raw]) -> list[Vault]:
    """Those that are what a vault should be."""
    found = []
    for part in parts:
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(part, type=Vault))
    return found


def minimum(state: VaultState) -> int:
    """In base units, rounded up."""
    return -int(-Fraction(state.min_deposit_amount) // 1)


def offer_of(
    vault: Vault, metrics: Metrics, *, lock_seconds: int, source: str, at: datetime
) -> StrategyOffer:
    """`liquidity` is what lies idle in the vault: it may be able to call in more."""
    idle, lent = Fraction(metrics.tokens_available), Fraction(metrics.tokens_invested)
    fee_bps = min(BPS, int(vault.state.withdrawal_penalty_bps))
    return StrategyOffer(
        id=vault.address,
        name=vault.state.name,
        asset=USDC,
        apy=Decimal(metrics.apy),
        minimum=minimum(vault.state),
        lock_seconds=lock_seconds,
        exit_fee_millionths=fee_bps * _MILLIONTHS_PER_BPS,
        liquidity=_base_units(idle, USDC.decimals),
        total_value=_base_units(idle + lent, USDC.decimals),
        source=source,
        at=at,
    )


def share_units(shares: Shares, vault: Vault) -> int | Declined:
    """All that the owner has, staked or not, in the share's smallest unit."""
    if shares.vault_address != vault.address:
        return nonsense("a position in another vault")
    one = 10**vault.state.shares_mint_decimals
    total = Fraction(shares.total_shares) * one
    parts = (Fraction(shares.staked_shares) + Fraction(shares.unstaked_shares)) * one
    # A farm keeps fractions of the smallest unit, which nobody can take out.
    if abs(total - parts) >= 1:
        return nonsense(f"{shares.total_shares} shares are not the sum of their parts")
    return int(min(total, parts) // 1)


def value_of(share_count: int, vault: Vault, metrics: Metrics) -> int:
    """What comes out for it now, after what the vault keeps at the exit."""
    shares = Fraction(share_count, 10**vault.state.shares_mint_decimals)
    gross = _base_units(shares * Fraction(metrics.tokens_per_share), USDC.decimals)
    kept = -(-gross * int(vault.state.withdrawal_penalty_bps) // BPS)
    return max(0, gross - kept - int(vault.state.withdrawal_penalty_lamports))


def locked_until(moves: Sequence[Move], vault: str, lock_seconds: int) -> datetime | None:
    """From the last deposit on. Raises ValueError for a date that is none."""
    deposits = [
        _moment(move.created_on)
        for move in moves
        if move.kvault == vault and "deposit" in move.instruction.lower()
    ]
    return max(deposits) + timedelta(seconds=lock_seconds) if deposits else None


def in_decimals(number: int, decimals: int) -> str:
    """Smallest units as the exact text that Kamino takes."""
    return f"{Decimal(number).scaleb(-decimals):f}"


def instruction_of(part: Instruction) -> SolanaInstruction:
    """Raises `Unacceptable`."""
    return SolanaInstruction(
        program=address(part.program_address),
        accounts=tuple(_account(account) for account in part.accounts),
        data=from_base64(part.data or ""),
    )


def _account(account: Account) -> AccountUse:
    if account.role not in _ROLES:
        logger.warning("kamino: account role %r is unknown", account.role)
        raise Unacceptable(f"unknown role {account.role!r}")
    if account.signer is not None and account.signer.address != account.address:
        raise Unacceptable("somebody signs for another account")
    is_signer, is_writable = _ROLES[account.role]
    return AccountUse(
        address=address(account.address), is_signer=is_signer, is_writable=is_writable
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _base_units(whole: Fraction, decimals: int) -> int:
    """Rounded down: what somebody has is never shown as more."""
    return int(whole * 10**decimals // 1)
