"""Addresses of Bitcoin's main network and the scripts that they stand for.

base58check for P2PKH and P2SH, bech32 (BIP 173) for witness version 0, bech32m (BIP 350) for
version 1, Taproot. Later versions are well-formed and yet anyone's to spend: no address here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from embit import base58, bech32
from embit.script import Script

from domain.provider.ports.chain import InvalidChainAddress

_HUMAN_PART: Final = "bc"
_P2PKH_PREFIX: Final = 0x00
_P2SH_PREFIX: Final = 0x05
_HASH_BYTES: Final = 20
_BASE58_BYTES: Final = 1 + _HASH_BYTES
# BIP 173 bounds a bech32 text at 90 characters; base58check addresses have 34 at most.
_TEXT_MAX: Final = 90
# OP_1 … OP_16 follow OP_RESERVED, 0x50.
_OP_RESERVED: Final = 0x50
_TAPROOT_BYTES: Final = 32


class Kind(StrEnum):
    """The standard forms of an output."""

    P2PKH = "p2pkh"
    P2SH = "p2sh"
    P2WPKH = "p2wpkh"
    P2WSH = "p2wsh"
    P2TR = "p2tr"


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """`text` is canonical, `script` the output's program in raw form."""

    text: str
    script: bytes
    kind: Kind


def parse(text: str) -> ParsedAddress:
    """Raises `InvalidChainAddress`."""
    if len(text) > _TEXT_MAX or not text.isascii():
        raise InvalidChainAddress(field="address")
    if text[:3].lower() == f"{_HUMAN_PART}1":
        return _parse_segwit(text)
    return _parse_base58(text)


def address_of(script: bytes) -> str | None:
    """The address of an output; None for scripts that have none."""
    kind = Script(script).script_type()
    return None if kind is None else str(Script(script).address())


def decode_segwit(text: str) -> tuple[int, bytes] | None:
    """Witness version and program of any well-formed address of the main network."""
    version, program = bech32.decode(_HUMAN_PART, text)
    return None if version is None else (int(version), bytes(program))


def _parse_segwit(text: str) -> ParsedAddress:
    decoded = decode_segwit(text)
    if decoded is None:
        raise InvalidChainAddress(field="address")
    version, program = decoded
    if version > 1 or (version == 1 and len(program) != _TAPROOT_BYTES):
        raise InvalidChainAddress(field="address")
    opcode = 0 if version == 0 else _OP_RESERVED + version
    script = bytes([opcode, len(program)]) + program
    kind = Kind.P2TR if version else Kind.P2WPKH if len(program) == _HASH_BYTES else Kind.P2WSH
    return ParsedAddress(text.lower(), script, kind)


def _parse_base58(text: str) -> ParsedAddress:
    try:
        payload = bytes(base58.decode_check(text))
    except ValueError as error:
        raise InvalidChainAddress(field="address") from error
    # The library reads some texts that it would write otherwise.
    if len(payload) != _BASE58_BYTES or base58.encode_check(payload) != text:
        raise InvalidChainAddress(field="address")
    prefix, digest = payload[0], payload[1:]
    if prefix == _P2PKH_PREFIX:
        return ParsedAddress(text, b"\x76\xa9\x14" + digest + b"\x88\xac", Kind.P2PKH)
    if prefix == _P2SH_PREFIX:
        return ParsedAddress(text, b"\xa9\x14" + digest + b"\x87", Kind.P2SH)
    raise InvalidChainAddress(field="address")
