"""What a user's phone does: holds the key, reads what it is asked to sign, signs it or refuses."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM
from infrastructure.chains.solana.keys import load_keypair

_TRANSFER_CHECKED: Final = 12
_TRANSFER_CHECKED_BYTES: Final = 10  # the instruction's number, an amount, the decimals
_OWNER_POSITION: Final = 3


class WillNotSign(Exception):
    """The transaction is not what the user wants; the message says why in a sentence."""


class Device:
    """One user's key. What it signs never leaves more USDC than the user said."""

    def __init__(self, keypair: Keypair) -> None:
        self._keypair = keypair

    @classmethod
    def load(cls, keypair_file: Path) -> "Device":
        """A device with the key of a file in the Solana CLI's format; raises InvalidKeyFile."""
        return cls(load_keypair(keypair_file))

    @property
    def address(self) -> str:
        return str(self._keypair.pubkey())

    def sign(self, payload: str, *, spends_at_most: int) -> str:
        """The transaction in base64 with our signature in our slot and the others as they were.
        Raises WillNotSign where it would move more base units of our tokens than that."""
        unsigned = _decode(payload)
        message = unsigned.message
        ours = self._keypair.pubkey()
        signers = message.account_keys[: message.header.num_required_signatures]
        if ours not in signers:
            raise WillNotSign("the transaction does not ask for this key's signature")
        spent = sum(_transfers(unsigned, ours))
        if spent > spends_at_most:
            raise WillNotSign(
                f"the transaction would move {spent} base units, not {spends_at_most}"
            )
        signatures = unsigned.signatures
        signatures[signers.index(ours)] = self._keypair.sign_message(to_bytes_versioned(message))
        signed = VersionedTransaction.populate(message, signatures)
        return base64.b64encode(bytes(signed)).decode()


def _decode(payload: str) -> VersionedTransaction:
    try:
        return VersionedTransaction.from_bytes(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError):
        raise WillNotSign("the payload is no Solana transaction") from None


def _transfers(transaction: VersionedTransaction, owner: Pubkey) -> Iterator[int]:
    """Base units of each of the owner's token transfers. Anything else that the token program
    could do with the owner's accounts is refused."""
    message = transaction.message
    keys = message.account_keys
    for instruction in message.instructions:
        if keys[instruction.program_id_index] != TOKEN_PROGRAM:
            continue
        if owner not in (keys[index] for index in instruction.accounts):
            continue
        data = bytes(instruction.data)
        is_transfer = len(data) == _TRANSFER_CHECKED_BYTES and data[0] == _TRANSFER_CHECKED
        if not is_transfer or keys[instruction.accounts[_OWNER_POSITION]] != owner:
            raise WillNotSign("the transaction does more with our tokens than move them")
        yield int.from_bytes(data[1:9], "little")
