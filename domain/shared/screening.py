"""The list of addresses that nobody may send to or receive from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningList:
    """Sanctioned addresses and the version of the list that they were read from."""

    version: str
    addresses: frozenset[str] = frozenset()

    def hits(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `addresses` that are on the list."""
        return tuple(address for address in addresses if address in self.addresses)
