"""The list of addresses that nobody may send to or receive from."""

from dataclasses import dataclass
from typing import Final

_CASE_SAYS_NOTHING: Final = ("0x", "bc1")
"""How hexadecimal and bech32 addresses begin: their case is a checksum, or free."""


NO_LIST: Final = "none"
"""The version of no list at all."""


def normal_form(address: str) -> str:
    """One spelling for all that name the same address."""
    lower = address.lower()
    return lower if lower.startswith(_CASE_SAYS_NOTHING) else address


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningList:
    """Sanctioned addresses of all chains, in normal form, and the version of the list that they
    were read from; without a list nobody is on it."""

    version: str
    addresses: frozenset[str] = frozenset()

    @property
    def is_there(self) -> bool:
        """Whether there is a list, be it an empty one."""
        return self.version != NO_LIST

    def hits(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `addresses` that are on the list, however they are spelt."""
        return tuple(address for address in addresses if normal_form(address) in self.addresses)
