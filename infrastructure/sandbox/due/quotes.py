"""Quotes of the simulated Due: what comes out, for two minutes, for the account that asked."""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final

import msgspec

from infrastructure.sandbox.due.bodies import CENT_DECIMALS, USDC_DECIMALS, refused
from infrastructure.sandbox.due.requests import NewQuote

LIFETIME: Final = timedelta(minutes=2)
FEE_MILLIONTHS: Final = 5_000
AMOUNT_MIN: Final = 1_000_000
AMOUNT_MAX: Final = 250_000 * 1_000_000
RAILS: Final = {
    "ach": "USD",
    "wire": "USD",
    "sepa": "EUR",
    "faster_payments": "GBP",
    "pix": "BRL",
}
RATES: Final = {
    "USD": Decimal(1),
    "EUR": Decimal("0.918"),
    "GBP": Decimal("0.789"),
    "BRL": Decimal("5.39"),
}
"""What a dollar gives, the markup taken off."""
_MILLION: Final = 1_000_000
_UNITS_PER_CENT: Final = 10_000
_CHARACTERS_MAX: Final = 40


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """`asset_amount` and `fee` in base units, `application_fee` and `fiat_amount` in cents."""

    token: str
    account: str
    rail: str
    fiat_currency: str
    asset_amount: int
    fee: int
    application_fee: int
    fiat_amount: int
    expires_at: datetime


def priced(asked: NewQuote, *, token: str, account: str, now: datetime) -> Quote:
    """Raises ProviderError."""
    source, destination = asked.source, asked.destination
    if (source.rail, source.currency) != ("solana", "USDC"):
        raise refused(400, "err_channel_not_found")
    if RAILS.get(destination.rail) != destination.currency:
        raise refused(400, "err_channel_not_found")
    amount = _units(source.amount, USDC_DECIMALS)
    if amount == 0:
        raise refused(400, "err_quote_no_amount")
    if amount < AMOUNT_MIN:
        raise refused(400, "err_quote_limit_below_minimum")
    if amount > AMOUNT_MAX:
        raise refused(400, "err_quote_limit_exceeded")
    fee = amount * FEE_MILLIONTHS // _MILLION
    application_fee = _units(source.application_fee_amount or "0", CENT_DECIMALS)
    if application_fee * _UNITS_PER_CENT > fee:
        raise refused(400, "err_quote_application_fee_exceeds_internal_fee")
    rest = amount - fee - application_fee * _UNITS_PER_CENT
    fiat = Decimal(rest) * RATES[destination.currency] / _UNITS_PER_CENT
    return Quote(
        token=token,
        account=account,
        rail=destination.rail,
        fiat_currency=destination.currency,
        asset_amount=amount,
        fee=fee,
        application_fee=application_fee,
        fiat_amount=int(fiat.to_integral_value(ROUND_DOWN)),
        expires_at=now + LIFETIME,
    )


def _units(text: str, decimals: int) -> int:
    try:
        units = Decimal(text[:_CHARACTERS_MAX]).scaleb(decimals)
    except InvalidOperation:
        raise refused(400, "err_transfer_invalid_amount") from None
    if not units.is_finite() or units < 0 or units != units.to_integral_value():
        raise refused(400, "err_transfer_invalid_amount")
    return int(units)
