"""Instructions of the token program that vaults need beyond those of swaps."""

import struct
from collections.abc import Sequence
from typing import Final

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM

_MINT_TO: Final = 7
_BURN_CHECKED: Final = 15
_BATCH: Final = b"\xff"


def mint_to(*, mint: Pubkey, account: Pubkey, authority: Pubkey, base_units: int) -> Instruction:
    accounts = [
        AccountMeta(mint, is_signer=False, is_writable=True),
        AccountMeta(account, is_signer=False, is_writable=True),
        AccountMeta(authority, is_signer=True, is_writable=False),
    ]
    return Instruction(TOKEN_PROGRAM, struct.pack("<BQ", _MINT_TO, base_units), accounts)


def burn_checked(
    *, account: Pubkey, mint: Pubkey, owner: Pubkey, base_units: int, decimals: int
) -> Instruction:
    accounts = [
        AccountMeta(account, is_signer=False, is_writable=True),
        AccountMeta(mint, is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=True, is_writable=False),
    ]
    data = struct.pack("<BQB", _BURN_CHECKED, base_units, decimals)
    return Instruction(TOKEN_PROGRAM, data, accounts)


def batch(steps: Sequence[Instruction]) -> Instruction:
    """Several instructions of the token program as one (SIMD-0266): all of them or none."""
    data = _BATCH
    accounts: list[AccountMeta] = []
    for step in steps:
        data += bytes([len(step.accounts), len(step.data)]) + step.data
        accounts += step.accounts
    return Instruction(TOKEN_PROGRAM, data, accounts)
