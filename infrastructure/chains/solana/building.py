"""Builds the messages that users sign: pure, the same input gives the same bytes.

Messages are in the legacy format, which every wallet signs and which names every account in the
open: nothing hides behind a lookup table.
"""

import struct
from dataclasses import dataclass
from typing import Final

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    MEMO_PROGRAM,
    SYSTEM_PROGRAM,
    TOKEN_PROGRAM,
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
)

SIGNATURE_BYTES: Final = 64
# A packet of the network: what is longer never arrives.
TRANSACTION_BYTES_MAX: Final = 1232
LAMPORTS_PER_SIGNATURE: Final = 5000
_CREATE_IDEMPOTENT: Final = b"\x01"
_TRANSFER_CHECKED: Final = 12
_U64_MAX: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class BuiltMessage:
    """`message` is what is signed; `unsigned` the transaction with empty signature slots."""

    message: bytes
    unsigned: bytes
    blockhash: str
    signature_count: int

    @property
    def network_fee_lamports(self) -> int:
        return self.signature_count * LAMPORTS_PER_SIGNATURE


def build_usdc_transfer(
    *,
    sender: Pubkey,
    recipient_owner: Pubkey,
    fee_payer: Pubkey,
    amount_base_units: int,
    platform_fee_base_units: int,
    network_cost_base_units: int,
    fee_due_base_units: int = 0,
    treasury_owner: Pubkey,
    create_recipient_account: bool,
    memo: str | None,
    reference: Pubkey,
    blockhash: str,
) -> BuiltMessage:
    """USDC from sender to recipient, and what the sender owes the platform to its treasury.

    The fee payer pays lamports and rent, never a token; the sender repays them in USDC
    (`network_cost_base_units`) together with the platform's fee and what is due from earlier, in one
    transfer to the treasury's account, which must exist. `reference` is an address that nobody has: it makes each transfer's
    message its own, where the same one twice would be one transaction, and finds it on the chain
    (as Solana Pay does). ValueError for an amount out of range or a message too long to send.
    """
    fees = (platform_fee_base_units, network_cost_base_units, fee_due_base_units)
    owed = sum(fees)
    if min(fees) < 0 or amount_base_units <= 0:
        raise ValueError("amounts must be positive, fees not negative")
    source = associated_token_account(sender)
    target = associated_token_account(recipient_owner)
    treasury = associated_token_account(treasury_owner)
    instructions: list[Instruction] = []
    if create_recipient_account:
        instructions.append(create_token_account(payer=fee_payer, owner=recipient_owner))
    instructions.append(
        transfer_usdc(
            source=source,
            target=target,
            owner=sender,
            base_units=amount_base_units,
            reference=reference,
        )
    )
    if owed > 0:
        instructions.append(
            transfer_usdc(source=source, target=treasury, owner=sender, base_units=owed)
        )
    if memo:
        instructions.append(Instruction(MEMO_PROGRAM, memo.encode(), []))
    return build_message(instructions, fee_payer=fee_payer, blockhash=blockhash)


def build_message(
    instructions: list[Instruction], *, fee_payer: Pubkey, blockhash: str
) -> BuiltMessage:
    """The message of `instructions` with `fee_payer` in the first slot."""
    message = Message.new_with_blockhash(instructions, fee_payer, Hash.from_string(blockhash))
    raw = bytes(message)
    unsigned = unsigned_transaction(raw)
    if len(unsigned) > TRANSACTION_BYTES_MAX:
        raise ValueError(f"the transaction has {len(unsigned)} of {TRANSACTION_BYTES_MAX} bytes")
    return BuiltMessage(raw, unsigned, blockhash, message.header.num_required_signatures)


def unsigned_transaction(message: bytes) -> bytes:
    """The wire form of a legacy message with every signature slot empty."""
    slots = message[0]
    # Legacy messages begin with the count of signers; it fits one byte of the length prefix.
    return bytes([slots]) + bytes(SIGNATURE_BYTES * slots) + message


def create_token_account(*, payer: Pubkey, owner: Pubkey, mint: Pubkey = USDC_MINT) -> Instruction:
    """Creates the owner's account for `mint` at the payer's cost; nothing if it exists."""
    accounts = [
        AccountMeta(payer, is_signer=True, is_writable=True),
        AccountMeta(associated_token_account(owner, mint), is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=False, is_writable=False),
        AccountMeta(mint, is_signer=False, is_writable=False),
        AccountMeta(SYSTEM_PROGRAM, is_signer=False, is_writable=False),
        AccountMeta(TOKEN_PROGRAM, is_signer=False, is_writable=False),
    ]
    return Instruction(ASSOCIATED_TOKEN_PROGRAM, _CREATE_IDEMPOTENT, accounts)


def transfer_usdc(
    *,
    source: Pubkey,
    target: Pubkey,
    owner: Pubkey,
    base_units: int,
    reference: Pubkey | None = None,
) -> Instruction:
    """`transferChecked`: the runtime verifies mint and decimals as well."""
    if not 0 < base_units <= _U64_MAX:
        raise ValueError(f"not an amount of USDC: {base_units}")
    accounts = [
        AccountMeta(source, is_signer=False, is_writable=True),
        AccountMeta(USDC_MINT, is_signer=False, is_writable=False),
        AccountMeta(target, is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=True, is_writable=False),
    ]
    if reference is not None:
        accounts.append(AccountMeta(reference, is_signer=False, is_writable=False))
    data = struct.pack("<BQB", _TRANSFER_CHECKED, base_units, USDC_DECIMALS)
    return Instruction(TOKEN_PROGRAM, data, accounts)
