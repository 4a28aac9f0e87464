"""What simulated on-ramps read alike of a wish: an amount of money, and an address to deliver to."""

import re
from types import MappingProxyType
from typing import Final

FIAT_DECIMALS: Final = 2
_FIAT: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)
_ADDRESSES: Final = MappingProxyType(
    {
        "solana": re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}"),
        "bitcoin": re.compile(
            r"(?:bc1|tb1|bcrt1)[02-9ac-hj-np-z]{11,87}|[123mn][1-9A-HJ-NP-Za-km-z]{25,39}"
        ),
        "ethereum": re.compile(r"0x[0-9a-fA-F]{40}"),
        "sui": re.compile(r"0x[0-9a-fA-F]{64}"),
    }
)


def cents_of(text: str) -> int | None:
    """None for what is no amount of money."""
    match = _FIAT.fullmatch(text)
    return None if match is None else int(match.group(1) + (match.group(2) or "").ljust(2, "0"))


def fits_network(address: str, network: str) -> bool:
    """Whether it looks like an address there; no more than that is checked."""
    return _ADDRESSES[network].fullmatch(address) is not None
