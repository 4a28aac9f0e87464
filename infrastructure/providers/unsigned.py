"""Transactions to be signed, as providers write them: the parts that several of them share."""

import base64
import binascii

from solders.transaction import VersionedTransaction

from domain.provider.ports.unsigned import SolanaTransaction


class Unacceptable(ValueError):
    """A transaction, or a part of one, that cannot be read, is not of this request, or must not be
    signed."""


def from_base64(text: str) -> bytes:
    """Raises `Unacceptable`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unacceptable("not base64") from None


def from_hex(text: str) -> bytes:
    """With or without its prefix. Raises `Unacceptable`."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise Unacceptable("not hex") from None


def solana_transaction(wire: bytes, *, sender: str) -> SolanaTransaction:
    """A whole transaction that the sender is asked to sign. Raises `Unacceptable`."""
    try:
        message = VersionedTransaction.from_bytes(wire).message
    except ValueError:
        raise Unacceptable("not a transaction") from None
    signers = message.account_keys[: message.header.num_required_signatures]
    if sender not in {str(signer) for signer in signers}:
        raise Unacceptable("a transaction that does not ask its sender")
    return SolanaTransaction(wire=wire)
