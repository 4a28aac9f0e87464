"""Instructions of the token program, of which swaps and vaults are made (solana.com/docs/tokens)."""

import struct
from collections.abc import Sequence
from typing import Final

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

from infrastructure.chains.solana.addresses import TOKEN_ACCOUNT_BYTES, TOKEN_PROGRAM

WRAPPED_SOL: Final = Pubkey.from_string("So11111111111111111111111111111111111111112")
_MINT_TO: Final = 7
_CLOSE_ACCOUNT: Final = b"\x09"
_TRANSFER_CHECKED: Final = 12
_APPROVE_CHECKED: Final = 13
_BURN_CHECKED: Final = 15
_SYNC_NATIVE: Final = b"\x11"
_INITIALIZE_ACCOUNT_3: Final = b"\x12"
_BATCH: Final = b"\xff"


def transfer_checked(
    *,
    source: Pubkey,
    mint: Pubkey,
    target: Pubkey,
    authority: Pubkey,
    base_units: int,
    decimals: int,
) -> Instruction:
    """`authority` owns the source, or was approved for as much."""
    accounts = [
        AccountMeta(source, is_signer=False, is_writable=True),
        AccountMeta(mint, is_signer=False, is_writable=False),
        AccountMeta(target, is_signer=False, is_writable=True),
        AccountMeta(authority, is_signer=True, is_writable=False),
    ]
    data = struct.pack("<BQB", _TRANSFER_CHECKED, base_units, decimals)
    return Instruction(TOKEN_PROGRAM, data, accounts)


def approve_checked(
    *,
    source: Pubkey,
    mint: Pubkey,
    delegate: Pubkey,
    owner: Pubkey,
    base_units: int,
    decimals: int,
) -> Instruction:
    """Lets `delegate` take that much, once."""
    accounts = [
        AccountMeta(source, is_signer=False, is_writable=True),
        AccountMeta(mint, is_signer=False, is_writable=False),
        AccountMeta(delegate, is_signer=False, is_writable=False),
        AccountMeta(owner, is_signer=True, is_writable=False),
    ]
    data = struct.pack("<BQB", _APPROVE_CHECKED, base_units, decimals)
    return Instruction(TOKEN_PROGRAM, data, accounts)


def open_account(
    *, payer: Pubkey, account: Pubkey, mint: Pubkey, owner: Pubkey, lamports: int
) -> list[Instruction]:
    """A token account of its own key; of wrapped SOL it holds what is above the rent."""
    made = create_account(
        CreateAccountParams(
            from_pubkey=payer,
            to_pubkey=account,
            lamports=lamports,
            space=TOKEN_ACCOUNT_BYTES,
            owner=TOKEN_PROGRAM,
        )
    )
    accounts = [
        AccountMeta(account, is_signer=False, is_writable=True),
        AccountMeta(mint, is_signer=False, is_writable=False),
    ]
    return [made, Instruction(TOKEN_PROGRAM, _INITIALIZE_ACCOUNT_3 + bytes(owner), accounts)]


def close_account(*, account: Pubkey, target: Pubkey, owner: Pubkey) -> Instruction:
    """Its lamports go to `target`; of wrapped SOL, the SOL too."""
    accounts = [
        AccountMeta(account, is_signer=False, is_writable=True),
        AccountMeta(target, is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=True, is_writable=False),
    ]
    return Instruction(TOKEN_PROGRAM, _CLOSE_ACCOUNT, accounts)


def sync_native(account: Pubkey) -> Instruction:
    """Makes wrapped SOL of the lamports that came to the account."""
    accounts = [AccountMeta(account, is_signer=False, is_writable=True)]
    return Instruction(TOKEN_PROGRAM, _SYNC_NATIVE, accounts)


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
