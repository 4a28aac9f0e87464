"""What a user of the simulated Ethereum sends to a bridge's contract. Pure.

A function's name of four bytes, the order's identifier and, where a token is paid, the token and
how much of it the contract takes, each in a word of 32 bytes.
"""

from dataclasses import dataclass
from typing import Final

from infrastructure.sandbox.crossings import Crossing

# LI.FI's own contract on Ethereum, and deBridge's.
LIFI_DIAMOND: Final = "0x1231DEB6f5749EF6cE6943a275A1D3E7486F4EaE"
DEBRIDGE_FORWARDER: Final = "0x663DC15D3C1aC63ff12E45Ab68FeA3F0a883C251"
CONTRACTS: Final = frozenset({LIFI_DIAMOND.lower(), DEBRIDGE_FORWARDER.lower()})
_SELECTOR_BYTES: Final = 4
_WORD_BYTES: Final = 32
_ORDER: Final = slice(_SELECTOR_BYTES, _SELECTOR_BYTES + _WORD_BYTES)
_TOKEN: Final = slice(_ORDER.stop, _ORDER.stop + _WORD_BYTES)
_AMOUNT: Final = slice(_TOKEN.stop, _TOKEN.stop + _WORD_BYTES)
_ADDRESS_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class BridgeCall:
    """`token` in lower case, None where ETH is paid; `amount` of the token in base units."""

    order: str
    token: str | None
    amount: int


def call_data(selector: str, crossing: Crossing) -> str:
    """In hex with its prefix."""
    data = selector + crossing.id.removeprefix("0x")
    contract = crossing.source_asset.contract
    if contract is None:
        return data
    token = contract.removeprefix("0x").lower().rjust(2 * _WORD_BYTES, "0")
    return data + token + crossing.amount.to_bytes(_WORD_BYTES, "big").hex()


def read_call(data: bytes) -> BridgeCall | None:
    """None for what is no call of a bridge."""
    order = "0x" + data[_ORDER].hex()
    if len(data) == _ORDER.stop:
        return BridgeCall(order, None, 0)
    if len(data) != _AMOUNT.stop:
        return None
    token = "0x" + data[_TOKEN].hex()[-_ADDRESS_DIGITS:]
    return BridgeCall(order, token, int.from_bytes(data[_AMOUNT], "big"))
