"""Binary Canonical Serialization as far as Sui's transactions need it: no more than bytes.

One value has one encoding: numbers are little-endian, lengths are ULEB128 of the fewest bytes.
The library for these types, pysui, loads its clients with them and takes seconds for it, so it is
asked by the tests alone, which compare both on the same transactions.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

_GROUP_BITS: Final = 7
_LENGTH_BYTES_MAX: Final = 5
_MORE: Final = 0x80

Item = TypeVar("Item")


class NotBcs(ValueError):
    """The bytes are cut off, too many, not canonical, or of a kind that is not known here."""


class Reader:
    """Reads from the front; every method raises `NotBcs`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def fixed(self, length: int) -> bytes:
        end = self._place + length
        if end > len(self._content):
            raise NotBcs("the bytes are cut off")
        taken = self._content[self._place : end]
        self._place = end
        return taken

    def number(self, length: int) -> int:
        return int.from_bytes(self.fixed(length), "little")

    def length(self) -> int:
        """Of a sequence, or a variant's place: at most what there are bytes for is worth reading."""
        value = 0
        for group in range(_LENGTH_BYTES_MAX):
            byte = self.number(1)
            value |= (byte & (_MORE - 1)) << (_GROUP_BITS * group)
            if byte < _MORE:
                if byte == 0 and group > 0:
                    raise NotBcs("a length is not canonical")
                return value
        raise NotBcs("a length is too long")

    def content(self) -> bytes:
        return self.fixed(self.length())

    def many(self, read: Callable[[], Item]) -> tuple[Item, ...]:
        # No item is empty, so a count beyond the bytes soon runs into their end.
        return tuple(read() for _ in range(self.length()))

    def end(self) -> None:
        if self._place != len(self._content):
            raise NotBcs("bytes are left over")


def number(value: int, length: int) -> bytes:
    return value.to_bytes(length, "little")


def length(value: int) -> bytes:
    groups = bytearray()
    while value >= _MORE:
        groups.append(value & (_MORE - 1) | _MORE)
        value >>= _GROUP_BITS
    return bytes([*groups, value])


def content(value: bytes) -> bytes:
    return length(len(value)) + value


def many(items: Iterable[bytes]) -> bytes:
    """A sequence of what is encoded already."""
    encoded = list(items)
    return length(len(encoded)) + b"".join(encoded)
