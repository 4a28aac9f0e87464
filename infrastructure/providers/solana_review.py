"""Looks through what a protocol or an exchange wants signed, before anybody is asked to sign it. Pure.

Protocols know the owner alone: nobody else may have to sign. Calls of a provider's own program cannot
be read here; what moves tokens or lamports in the open can, and must be what was asked. What the whole
does in the end, a dry run tells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from solders.instruction import Instruction

from domain.provider.ports.unsigned import AccountUse, SolanaInstruction
from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    SYSTEM_PROGRAM,
    TOKEN_PROGRAM,
    parse_address,
)
from infrastructure.chains.solana.building import create_token_account
from infrastructure.providers.unsigned import Unacceptable

# More fit no transaction.
INSTRUCTIONS_MAX: Final = 16
_AMOUNT = slice(1, 9)
_TRANSFERS: Final = frozenset({3, 12})
_BURNS: Final = frozenset({8, 15})
# What gives somebody power over an account: approve, set authority.
_GIVING_AWAY: Final = frozenset({4, 6, 13})
_CLOSING: Final = 9
_BATCH: Final = 255
# The system program's transfer: its number, then the lamports, from its first account.
_LAMPORTS_SENT: Final = (2).to_bytes(4, "little")
_LAMPORTS = slice(4, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the owner means to give: `amount` out of the token account `account`, and in the open no
    more than `lamports`. What is left in `wrapped`, their account for wrapped SOL, may go to those
    `unwrapped_to`."""

    owner: str
    account: str
    amount: int
    lamports: int = 0
    wrapped: str = ""
    unwrapped_to: frozenset[str] = frozenset()


def address(text: str) -> str:
    """In its one notation. Raises `Unacceptable`."""
    try:
        return str(parse_address(text))
    except ValueError:
        raise Unacceptable(f"no address: {text[:44]}") from None


def reviewed(
    instructions: Sequence[SolanaInstruction], payment: Payment, *, fee_payer: str
) -> tuple[SolanaInstruction, ...]:
    """The same, with the fee payer paying for token accounts. Raises `Unacceptable`."""
    if not 0 < len(instructions) <= INSTRUCTIONS_MAX:
        raise Unacceptable(f"{len(instructions)} instructions")
    signers = {use.address for one in instructions for use in one.accounts if use.is_signer}
    if signers != {payment.owner}:
        raise Unacceptable(f"signers {sorted(signers)} instead of the owner")
    paid = [_paid(step, payment) for one in instructions for step in _opened(one)]
    # Nothing in the open: the protocol's own program takes it.
    if any(paid) and sum(paid) != payment.amount:
        raise Unacceptable(f"{sum(paid)} to be paid instead of {payment.amount}")
    return tuple(_sponsored(one, fee_payer) for one in instructions)


def review_swap(
    instructions: Sequence[SolanaInstruction], payment: Payment, *, fee_payer: str
) -> None:
    """Raises `Unacceptable`: nobody but owner and fee payer signs, and what is given in the open is
    no more than what was asked."""
    if not 0 < len(instructions) <= INSTRUCTIONS_MAX:
        raise Unacceptable(f"{len(instructions)} instructions")
    signers = {use.address for one in instructions for use in one.accounts if use.is_signer}
    if not signers <= {payment.owner, fee_payer}:
        raise Unacceptable(f"signers {sorted(signers)} instead of the owner")
    steps = [step for one in instructions for step in _opened(one)]
    paid, lamports = (
        sum(_paid(step, payment) for step in steps),
        sum(_lamports(step, payment) for step in steps),
    )
    if paid > payment.amount or lamports > payment.lamports:
        raise Unacceptable(f"{paid}, and {lamports} lamports, to be paid")


def given(instruction: Instruction) -> SolanaInstruction:
    """An instruction of ours as those of providers are written."""
    return SolanaInstruction(
        program=str(instruction.program_id),
        accounts=tuple(
            AccountUse(
                address=str(account.pubkey),
                is_signer=account.is_signer,
                is_writable=account.is_writable,
            )
            for account in instruction.accounts
        ),
        data=bytes(instruction.data),
    )


def token_account_creation(*, fee_payer: str, owner: str, mint: str) -> SolanaInstruction:
    """Creates the owner's account at the fee payer's cost; nothing where it exists."""
    return given(
        create_token_account(
            payer=parse_address(fee_payer), owner=parse_address(owner), mint=parse_address(mint)
        )
    )


def _opened(instruction: SolanaInstruction) -> Iterator[SolanaInstruction]:
    """A batch of the token program (SIMD-0266) as what it is made of."""
    data, accounts = instruction.data, instruction.accounts
    if instruction.program != str(TOKEN_PROGRAM) or data[:1] != bytes([_BATCH]):
        yield instruction
        return
    data = data[1:]
    while data:
        uses, length = data[0], int.from_bytes(data[1:2])
        inner, data = data[2 : 2 + length], data[2 + length :]
        if len(inner) != length or length == 0 or len(accounts) < uses:
            raise Unacceptable("a batch that is cut off")
        yield replace(instruction, accounts=accounts[:uses], data=inner)
        accounts = accounts[uses:]


def _paid(step: SolanaInstruction, payment: Payment) -> int:
    """What the step takes out of the owner's account in the open."""
    if step.program == str(SYSTEM_PROGRAM) and not _lamports(step, payment):
        raise Unacceptable("lamports to be moved")
    if step.program != str(TOKEN_PROGRAM):
        return 0
    kind, is_signed = step.data[:1], any(use.is_signer for use in step.accounts)
    if not kind or not step.accounts:
        raise Unacceptable("an empty instruction of the token program")
    if kind[0] == _BATCH or (is_signed and kind[0] in _GIVING_AWAY):
        raise Unacceptable(f"instruction {kind[0]} of the token program")
    if kind[0] == _CLOSING and not _is_cleared(step, payment):
        raise Unacceptable("an account to be closed")
    takes = is_signed and kind[0] in _TRANSFERS | _BURNS
    if not takes or step.accounts[0].address != payment.account:
        return 0
    return int.from_bytes(step.data[_AMOUNT], "little")


def _lamports(step: SolanaInstruction, payment: Payment) -> int:
    """What the step takes of the owner's SOL in the open, where any of it may be taken at all."""
    if step.program != str(SYSTEM_PROGRAM) or not payment.lamports:
        return 0
    if not step.data.startswith(_LAMPORTS_SENT) or step.accounts[0].address != payment.owner:
        return 0
    return int.from_bytes(step.data[_LAMPORTS], "little")


def _is_cleared(step: SolanaInstruction, payment: Payment) -> bool:
    """Whether the account that was emptied is closed, to its owner, as Kamino does; or the one for
    wrapped SOL, as exchanges do."""
    closed, target, *_authority = [use.address for use in step.accounts] + ["", ""]
    if closed == payment.wrapped:
        return target in payment.unwrapped_to
    return (closed, target) == (payment.account, payment.owner)


def _sponsored(instruction: SolanaInstruction, fee_payer: str) -> SolanaInstruction:
    """Protocols have the owner pay for new token accounts, who may have no SOL."""
    if instruction.program != str(ASSOCIATED_TOKEN_PROGRAM) or not instruction.accounts:
        return instruction
    payer, *others = instruction.accounts
    return replace(instruction, accounts=(replace(payer, address=fee_payer), *others))
