"""Addresses of Solana: parsing, and the associated token account of an owner.

The derivation is that of the Associated Token Account program (solana.com/docs/tokens): the
program address of (owner, token program, mint). Program addresses lie off the ed25519 curve, so
an owner who can sign is on it.
"""

import hashlib
from typing import Final
from uuid import UUID

from solders.pubkey import Pubkey

SYSTEM_PROGRAM: Final = Pubkey.from_string("11111111111111111111111111111111")
TOKEN_PROGRAM: Final = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM: Final = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED_TOKEN_PROGRAM: Final = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
MEMO_PROGRAM: Final = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
COMPUTE_BUDGET_PROGRAM: Final = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
LIGHTHOUSE_PROGRAM: Final = Pubkey.from_string("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95")

USDC_MINT: Final = Pubkey.from_string("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
USDC_DECIMALS: Final = 6
WRAPPED_SOL_MINT: Final = Pubkey.from_string("So11111111111111111111111111111111111111112")

TOKEN_ACCOUNT_BYTES: Final = 165
# 32 bytes in base58 have 32 to 44 digits.
ADDRESS_DIGITS_MAX: Final = 44


_REFERENCE_DOMAIN: Final = b"diboas:transfer:"


class InvalidAddress(ValueError):
    """The text is no base58 of 32 bytes."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a Solana address: {text[:ADDRESS_DIGITS_MAX]!r}")
        self.text = text


def parse_address(text: str) -> Pubkey:
    """The address that `text` spells in base58, exactly; InvalidAddress otherwise."""
    if len(text) > ADDRESS_DIGITS_MAX:
        raise InvalidAddress(text)
    try:
        address = Pubkey.from_string(text)
    except ValueError as error:
        raise InvalidAddress(text) from error
    # One spelling per address: what is stored, compared and screened is the canonical one.
    if str(address) != text:
        raise InvalidAddress(text)
    return address


def is_on_curve(address: Pubkey) -> bool:
    """Whether a private key can exist for it: an owner that is off the curve is a program's."""
    return address.is_on_curve()


def associated_token_account(owner: Pubkey, mint: Pubkey = USDC_MINT) -> Pubkey:
    """Where `owner` holds `mint` by convention."""
    seeds = [bytes(owner), bytes(TOKEN_PROGRAM), bytes(mint)]
    address, _bump = Pubkey.find_program_address(seeds, ASSOCIATED_TOKEN_PROGRAM)
    return address


def reference_of(transaction: UUID) -> Pubkey:
    """The address that marks one transaction of the platform on the chain, and nothing else."""
    return Pubkey(hashlib.sha256(_REFERENCE_DOMAIN + transaction.bytes).digest())
