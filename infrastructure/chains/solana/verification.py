"""Judges what a user hands in as signed, and adds the platform's signature: pure.

A wallet that appends Lighthouse assertions changes the message; such a transaction is refused with
an error of its own, so that the user can be told why.
"""

from dataclasses import dataclass
from typing import Final

from solders.keypair import Keypair
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    COMPUTE_BUDGET_PROGRAM,
    LIGHTHOUSE_PROGRAM,
    MEMO_PROGRAM,
    SYSTEM_PROGRAM,
)
from infrastructure.chains.solana.building import SIGNATURE_BYTES, TRANSACTION_BYTES_MAX
from infrastructure.chains.solana.errors import (
    AssertionsAppended,
    FeePayerMisused,
    ForeignSigner,
    MessageChanged,
    NotATransaction,
    SignatureInvalid,
    SignatureMissing,
)

# The token program is left out on purpose: an instruction of it that names the fee payer could
# only move or close what the fee payer owns.
FEE_PAYER_PROGRAMS: Final = frozenset(
    {ASSOCIATED_TOKEN_PROGRAM, MEMO_PROGRAM, COMPUTE_BUDGET_PROGRAM}
)
# The system program's transfer: its number, then the lamports; from the first account to the second.
_TRANSFER_KIND: Final = (2).to_bytes(4, "little")
_TRANSFER_BYTES: Final = 4 + 8
_RECIPIENT_PLACE: Final = 1
_EMPTY: Final = bytes(SIGNATURE_BYTES)
# A packet of 1,232 bytes has room for 19 signatures, so a length prefix above one byte is none.
_SIGNATURES_MAX: Final = 19


@dataclass(frozen=True, slots=True)
class SignedByUser:
    """The built message with the one signature of its user, verified."""

    message: bytes
    signer: Pubkey
    signature: bytes
    slot_index: int
    slot_count: int


def verify_user_signature(
    *, built_message: bytes, signed_transaction: bytes, signer: Pubkey
) -> SignedByUser:
    """What `signer` signed, if it is exactly `built_message`; else a SubmissionError.

    Every other slot, the fee payer's too, must be empty: no fully signed bytes may exist before
    the platform has decided to broadcast.
    """
    signatures, message = split_transaction(signed_transaction)
    if message != built_message:
        raise _message_error(message)
    parsed = from_bytes_versioned(message)
    signers = parsed.account_keys[: parsed.header.num_required_signatures]
    if signer not in signers or len(signatures) != len(signers):
        raise ForeignSigner(f"{signer} is not who this message asks")
    slot = signers.index(signer)
    if any(filled != _EMPTY for index, filled in enumerate(signatures) if index != slot):
        raise ForeignSigner("only the user's own slot may hold a signature")
    if signatures[slot] == _EMPTY:
        raise SignatureMissing(f"{signer} has not signed")
    if not Signature(signatures[slot]).verify(signer, message):
        raise SignatureInvalid(f"the signature is not of {signer} over this message")
    return SignedByUser(message, signer, signatures[slot], slot, len(signers))


def cosign(signed: SignedByUser, fee_payer: Keypair) -> bytes:
    """The complete transaction: the fee payer's signature in the first slot."""
    parsed = from_bytes_versioned(signed.message)
    if parsed.account_keys[0] != fee_payer.pubkey():
        raise ForeignSigner("the message names another fee payer")
    check_fee_payer_policy(signed.message, fee_payer.pubkey())
    slots = [_EMPTY] * signed.slot_count
    slots[signed.slot_index] = signed.signature
    slots[0] = bytes(fee_payer.sign_message(signed.message))
    if _EMPTY in slots:
        raise SignatureMissing("the message asks for a third signature")
    return bytes([len(slots)]) + b"".join(slots) + signed.message


def check_fee_payer_policy(
    message: bytes, fee_payer: Pubkey, allowed: frozenset[Pubkey] = FEE_PAYER_PROGRAMS
) -> None:
    """FeePayerMisused if an instruction of a program outside `allowed` names the fee payer, unless it
    is one that gives it lamports.

    Accounts behind lookup tables cannot sign, so the fee payer is never among them.
    """
    parsed = from_bytes_versioned(message)
    keys = parsed.account_keys
    for index, instruction in enumerate(parsed.instructions):
        program = keys[instruction.program_id_index]
        places = [
            place
            for place, at in enumerate(instruction.accounts)
            if at < len(keys) and keys[at] == fee_payer
        ]
        is_given = places == [_RECIPIENT_PLACE] and _is_transfer(program, bytes(instruction.data))
        if places and program not in allowed and not is_given:
            raise FeePayerMisused(str(program), index)


def _is_transfer(program: Pubkey, data: bytes) -> bool:
    """Whether it is the system program's transfer of lamports from its first account to its second."""
    return (
        program == SYSTEM_PROGRAM
        and len(data) == _TRANSFER_BYTES
        and data.startswith(_TRANSFER_KIND)
    )


def signature_of(transaction: bytes) -> str:
    """The transaction's id: its first signature, the fee payer's."""
    signatures, _message = split_transaction(transaction)
    return str(Signature(signatures[0]))


def message_of(transaction: bytes) -> bytes:
    """What its signers signed."""
    return split_transaction(transaction)[1]


def split_transaction(transaction: bytes) -> tuple[list[bytes], bytes]:
    """Signatures and message of exactly one transaction; NotATransaction otherwise."""
    if not 1 + SIGNATURE_BYTES < len(transaction) <= TRANSACTION_BYTES_MAX:
        raise NotATransaction(f"{len(transaction)} bytes are no transaction")
    count = transaction[0]
    start = 1 + SIGNATURE_BYTES * count
    if not 0 < count <= _SIGNATURES_MAX or start >= len(transaction):
        raise NotATransaction("the signatures are not readable")
    try:
        canonical = bytes(VersionedTransaction.from_bytes(transaction))
    except ValueError as error:
        raise NotATransaction("the message is not readable") from error
    if canonical != transaction:
        raise NotATransaction("bytes follow the transaction")
    slots = [transaction[at : at + SIGNATURE_BYTES] for at in range(1, start, SIGNATURE_BYTES)]
    return slots, transaction[start:]


def _message_error(message: bytes) -> MessageChanged:
    parsed = from_bytes_versioned(message)
    if LIGHTHOUSE_PROGRAM in parsed.account_keys:
        return AssertionsAppended()
    return MessageChanged("the signed message is not the one that was built")
