"""Ethereum's addresses: 20 bytes in hexadecimal, spelled with the checksum of EIP-55."""

import re
from typing import Final

from eth_utils.address import to_checksum_address

from domain.provider.ports.chain import InvalidChainAddress

ZERO: Final = "0x" + 40 * "0"
_FORM: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


def parse(text: str) -> str:
    """The spelling with checksum. One of a single case carries none and is taken as it is; any
    other must have it right. Raises `InvalidChainAddress`."""
    if _FORM.fullmatch(text) is None:
        raise InvalidChainAddress(field="address")
    checksummed = str(to_checksum_address(text))
    digits = text[2:]
    if digits not in {digits.lower(), digits.upper()} and text != checksummed:
        raise InvalidChainAddress(field="address")
    return checksummed


def to_bytes(address: str) -> bytes:
    """The 20 bytes of a parsed address."""
    return bytes.fromhex(address[2:])
