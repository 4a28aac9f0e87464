"""Where a reader stands in the event log."""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from domain.contracts.envelope import Event

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(">BIQQ")
_ENCODED_LENGTH: Final = 28


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """An event's place in the order of the log; a reader goes on behind it.

    Within a stream this order is the order of sequences.
    """

    generation: int
    xid: int
    id: int

    def encode(self) -> str:
        """An opaque cursor for clients."""
        packed = _LAYOUT.pack(_VERSION, self.generation, self.xid, self.id)
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @classmethod
    def decode(cls, cursor: str) -> Self:
        """The position of a cursor; `ValueError` where `encode` never wrote it."""
        if len(cursor) != _ENCODED_LENGTH:
            raise ValueError("not a cursor of the event log")
        try:
            packed = base64.b64decode(cursor, altchars=b"-_", validate=True)
            version, generation, xid, number = _LAYOUT.unpack(packed)
        except (binascii.Error, struct.error, UnicodeEncodeError) as error:
            raise ValueError("not a cursor of the event log") from error
        if version != _VERSION or xid >= 2**63 or number >= 2**63:
            raise ValueError("not a cursor of the event log")
        return cls(generation, xid, number)


START: Final = Position(0, 0, 0)
"""Before the first event."""


class Logged(NamedTuple):
    """An event and its place in the log."""

    position: Position
    event: Event
