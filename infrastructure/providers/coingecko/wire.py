"""What CoinGecko's API v3 sends, as far as it is read here.

Unknown members are ignored. JSON numbers are read as Decimal: no float is ever made of one.
"""

from decimal import Decimal

import msgspec


class CoinPrice(msgspec.Struct, frozen=True):
    """A coin without a price is an empty object; it has the currencies that were asked for.
    `last_updated_at` in Unix seconds."""

    usd: Decimal | None = None
    eur: Decimal | None = None
    gbp: Decimal | None = None
    brl: Decimal | None = None
    last_updated_at: int | None = None


class Ping(msgspec.Struct, frozen=True):
    gecko_says: str


class FailureStatus(msgspec.Struct, frozen=True):
    error_code: int | None = None
    error_message: str = ""


class Failure(msgspec.Struct, frozen=True):
    """In `status`, or a bare text in `error`."""

    status: FailureStatus = FailureStatus()
    error: str = ""
