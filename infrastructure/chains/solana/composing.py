"""Composes a provider's instructions into a message of the platform: its fee payer, its own fee."""

from collections.abc import Sequence
from typing import Final

from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from domain.provider.ports.unsigned import SolanaInstruction, SolanaInstructions, SolanaTransaction
from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    COMPUTE_BUDGET_PROGRAM,
    associated_token_account,
    parse_address,
)
from infrastructure.chains.solana.building import transfer_usdc

AnyMessage = Message | MessageV0 | MessageV1

_ACCOUNT_POSITION: Final = 1
_SET_LIMIT: Final = 2
_SET_PRICE: Final = 3
UNITS_PER_INSTRUCTION: Final = 200_000
UNITS_MAX: Final = 1_400_000
"""Compute units that an instruction, and a transaction, get where none are asked for."""
MICRO_LAMPORTS: Final = 1_000_000


class CannotCompose(ValueError):
    """What the provider gave cannot be made the platform's: others must sign it too, it hides
    accounts behind lookup tables, or it is too long."""


def instructions_of(unsigned: SolanaInstructions | SolanaTransaction) -> list[Instruction]:
    """The provider's instructions, whichever way it gave them. Raises `CannotCompose`."""
    if isinstance(unsigned, SolanaInstructions):
        return [_instruction(each) for each in unsigned.instructions]
    message = VersionedTransaction.from_bytes(unsigned.wire).message
    if isinstance(message, MessageV0) and message.address_table_lookups:
        raise CannotCompose("accounts behind lookup tables")
    if message.header.num_required_signatures != 1:
        raise CannotCompose("others have to sign it too")
    keys = message.account_keys
    return [
        Instruction(
            keys[each.program_id_index],
            bytes(each.data),
            [
                AccountMeta(
                    keys[index],
                    is_signer=index < message.header.num_required_signatures,
                    is_writable=_is_writable(message, index),
                )
                for index in each.accounts
            ],
        )
        for each in message.instructions
    ]


def with_our_fee(
    instructions: Sequence[Instruction],
    *,
    owner: Pubkey,
    treasury_owner: Pubkey,
    base_units: int,
    reference: Pubkey,
) -> list[Instruction]:
    """The same, and what the owner owes the platform in USDC behind them."""
    if not base_units:
        return list(instructions)
    fee = transfer_usdc(
        source=associated_token_account(owner),
        target=associated_token_account(treasury_owner),
        owner=owner,
        base_units=base_units,
        reference=reference,
    )
    return [*instructions, fee]


def sponsored_accounts(instructions: Sequence[Instruction], fee_payer: Pubkey) -> list[Pubkey]:
    """The token accounts that the fee payer may have to pay for."""
    return list(
        dict.fromkeys(
            each.accounts[_ACCOUNT_POSITION].pubkey
            for each in instructions
            if each.program_id == ASSOCIATED_TOKEN_PROGRAM
            and each.accounts
            and each.accounts[0].pubkey == fee_payer
        )
    )


def priority_lamports(instructions: Sequence[Instruction]) -> int:
    """What the instructions offer for priority, rounded up: units times their price."""
    limit = UNITS_PER_INSTRUCTION * sum(
        each.program_id != COMPUTE_BUDGET_PROGRAM for each in instructions
    )
    price = 0
    for each in instructions:
        data = bytes(each.data)
        if each.program_id != COMPUTE_BUDGET_PROGRAM or not data:
            continue
        if data[0] == _SET_LIMIT:
            limit = int.from_bytes(data[1:5], "little")
        elif data[0] == _SET_PRICE:
            price = int.from_bytes(data[1:9], "little")
    return -(-min(limit, UNITS_MAX) * price // MICRO_LAMPORTS)


def _is_writable(message: AnyMessage, index: int) -> bool:
    """As the header orders the accounts: writable ones first among signers, and among the others."""
    header, signers = message.header, message.header.num_required_signatures
    if index < signers:
        return index < signers - header.num_readonly_signed_accounts
    return index < len(message.account_keys) - header.num_readonly_unsigned_accounts


def _instruction(given: SolanaInstruction) -> Instruction:
    return Instruction(
        parse_address(given.program),
        given.data,
        [
            AccountMeta(
                parse_address(use.address), is_signer=use.is_signer, is_writable=use.is_writable
            )
            for use in given.accounts
        ],
    )
