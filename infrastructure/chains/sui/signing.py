"""Completes a prepared transaction with its owner's signature: pure.

Wallets hand back the signature alone, in Sui's form: a byte for the scheme (0: Ed25519, the only
one taken here), the signature of 64 bytes, the public key of 32 bytes. Signed is the hash of an
intent and the transaction. What is kept is SenderSignedData in BCS, from which both can be had.
"""

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.provider.ports.chain import SignatureRefused, Signed, TransferPrepared
from infrastructure.chains.sui import addresses, building
from infrastructure.chains.sui.addresses import ED25519_FLAG

SIGNATURE_BYTES: Final = 1 + 64 + 32
# A transaction's data (0), of version 0, for Sui itself (0).
INTENT: Final = b"\0\0\0"
_KEY_AT: Final = 1 + 64
_ONE: Final = b"\1"
# The signature's length is below 128, so that it is its own ULEB128.
_TAIL: Final = _ONE + bytes([SIGNATURE_BYTES])
_HEAD: Final = _ONE + INTENT


def complete(prepared: TransferPrepared, signed: bytes, signer: str) -> Signed:
    """`signed` is the signature; SignatureRefused if it is not over the prepared transaction, or
    not its owner's."""
    if building.digest(prepared.payload) != prepared.commitment:
        raise _refused("what was prepared does not fit its commitment")
    if len(signed) != SIGNATURE_BYTES or not signed.startswith(ED25519_FLAG):
        raise _refused("no Ed25519 signature of Sui")
    key = signed[_KEY_AT:]
    if addresses.of_ed25519_key(key) != signer:
        raise _refused("signed by somebody else")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed[1:_KEY_AT], message(prepared.payload))
    except (InvalidSignature, ValueError) as error:
        raise _refused("the signature does not fit") from error
    return Signed(
        raw=_HEAD + prepared.payload + _TAIL + signed,
        transaction_hash=building.digest_text(prepared.commitment),
    )


def message(transaction: bytes) -> bytes:
    """What the key signs for a transaction."""
    return hashlib.blake2b(INTENT + transaction, digest_size=32).digest()


def parts(signed: Signed) -> tuple[bytes, bytes]:
    """The transaction and its signature, as `complete` put them together."""
    cut = len(signed.raw) - SIGNATURE_BYTES
    return signed.raw[len(_HEAD) : cut - len(_TAIL)], signed.raw[cut:]


def _refused(reason: str) -> SignatureRefused:
    return SignatureRefused(field="signature", reason=reason)
