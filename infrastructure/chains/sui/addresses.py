"""Sui's addresses: 32 bytes in hexadecimal, in lower case and full length.

An address carries no checksum. The short forms that tools show (0x2) are REFUSED: one that was cut
off while it was copied would look just the same, and would belong to somebody else.
"""

import hashlib
import re
from typing import Final

from domain.provider.ports.chain import InvalidChainAddress

ADDRESS_BYTES: Final = 32
ED25519_FLAG: Final = b"\0"
_FORM: Final = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


def parse(text: str) -> str:
    """The spelling in lower case. Raises `InvalidChainAddress`."""
    if _FORM.fullmatch(text) is None:
        raise InvalidChainAddress(field="address")
    return text.lower()


def to_bytes(address: str) -> bytes:
    """The 32 bytes of a parsed address."""
    return bytes.fromhex(address[2:])


def from_bytes(content: bytes) -> str:
    return "0x" + content.hex()


def of_ed25519_key(public_key: bytes) -> str:
    """The address of who has that key of 32 bytes."""
    return from_bytes(hashlib.blake2b(ED25519_FLAG + public_key, digest_size=32).digest())
