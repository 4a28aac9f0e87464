"""Stripe's words in the port's: quotes, sessions, and where a payment stands. Pure, but for the
warning about a word that we do not know."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from domain.provider.ports.answers import ProviderFee
from domain.provider.ports.onramp import (
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentOrder,
    PaymentState,
    PaymentStatus,
)
from domain.shared.assets import ASSETS, Asset
from infrastructure.providers.amounts import CENT_DECIMALS, NotAnAmount, exact_padded
from infrastructure.providers.reports import unrecognised
from infrastructure.providers.stripe.coverage import NETWORKS
from infrastructure.providers.stripe.wire import NetworkQuote, Quotes, Session, TransactionDetails

logger = logging.getLogger(__name__)

KEY_METADATA: Final = "payment_key"
USER_METADATA: Final = "user_reference"
_STATES: Final = MappingProxyType(
    {
        "initialized": PaymentState.AWAITING_USER,
        "requires_payment": PaymentState.AWAITING_USER,
        "fulfillment_processing": PaymentState.PAID,
        "fulfillment_complete": PaymentState.DELIVERED,
        "rejected": PaymentState.FAILED,
    }
)
# Stripe's own identifier of a delivery, where it does not tell the chain's.
_OWN_IDENTIFIER: Final = "cxt_"


class Mismatch(ValueError):
    """The answer does not fit what was asked; the text names the field, not its value."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What `source` cents buy, and what the user pays for that in all."""

    source: int
    total: int
    network_fee: int
    transaction_fee: int
    asset_amount: int


def priced(quotes: Quotes, request: OnRampQuoteRequest, source: int) -> Priced:
    """The quote for the asset asked for. Raises `Mismatch`."""
    if quotes.source_currency.upper() != request.fiat_currency:
        raise Mismatch("source_currency is another than asked for")
    if _cents(quotes.source_amount, "source_amount") != source:
        raise Mismatch("source_amount is another than asked for")
    told = _only(quotes, request)
    if told.fees.network is None or told.fees.transaction is None:
        raise Mismatch("fees are missing")
    network_fee = _cents(told.fees.network, "the network's fee")
    transaction_fee = _cents(told.fees.transaction, "the transaction's fee")
    total = _cents(told.source_total_amount, "source_total_amount")
    if total != source + network_fee + transaction_fee:
        raise Mismatch("amount and fees do not add up to the total")
    amount = _units(told.destination_amount, request.asset)
    return Priced(source, total, network_fee, transaction_fee, amount)


def quote_of(found: Priced, request: OnRampQuoteRequest, expires_at: datetime) -> OnRampQuote:
    """Its request has the total that the user will pay: a cent less than what was asked for,
    where fees are so rounded that no amount fits exactly."""
    currency = request.fiat_currency
    return OnRampQuote(
        request=replace(request, fiat_amount=found.total),
        asset_amount=found.asset_amount,
        fees=(
            ProviderFee(kind="PROVIDER", amount=found.transaction_fee, asset=currency),
            ProviderFee(kind="NETWORK", amount=found.network_fee, asset=currency),
        ),
        expires_at=expires_at,
    )


def source_of(quote: OnRampQuote) -> int:
    """Cents that are exchanged: what the user pays, without the fees."""
    currency = quote.request.fiat_currency
    fees = sum(fee.amount for fee in quote.fees if fee.asset == currency)
    return quote.request.fiat_amount - fees


def check(session: Session, order: PaymentOrder) -> None:
    """Raises `Mismatch` where it is another session than the one that was asked for."""
    request, details = order.quote.request, session.transaction_details
    network = NETWORKS[request.asset.chain]
    wanted = {
        "source_currency": (details.source_currency, request.fiat_currency.lower()),
        "destination_currency": (details.destination_currency, request.asset.symbol.lower()),
        "destination_network": (details.destination_network, network),
        "wallet_addresses": ((details.wallet_addresses or {}).get(network), request.address),
    }
    for field, (found, asked) in wanted.items():
        if found != asked:
            raise Mismatch(f"{field} is another than asked for")
    if not details.lock_wallet_address:
        raise Mismatch("the wallet's address is not locked")
    if _cents(details.source_amount or "", "source_amount") != source_of(order.quote):
        raise Mismatch("source_amount is another than asked for")


def status_of(session: Session) -> PaymentStatus:
    details = session.transaction_details
    asset = _asset(details)
    state = _STATES.get(session.status)
    if state is None:
        unrecognised("stripe", "status", session.status)
    network = details.destination_network or ""
    currency = details.source_currency
    return PaymentStatus(
        reference=session.id,
        state=state or PaymentState.UNRECOGNISED,
        provider_status=session.status,
        fiat_amount=_total(details),
        fiat_currency=currency.upper() if currency else None,
        asset=asset.symbol if asset else _foreign(details),
        asset_amount=_delivered(details, asset),
        address=details.wallet_address or _text((details.wallet_addresses or {}).get(network)),
        transaction_hash=_hash(details.transaction_id),
        failure="rejected by Stripe" if state is PaymentState.FAILED else None,
    )


def _only(quotes: Quotes, request: OnRampQuoteRequest) -> NetworkQuote:
    network, symbol = NETWORKS[request.asset.chain], request.asset.symbol.lower()
    for told in quotes.destination_network_quotes.get(network) or ():
        if (told.destination_network, told.destination_currency) == (network, symbol):
            return told
    raise Mismatch("no quote for the asset that was asked for")


def _asset(details: TransactionDetails) -> Asset | None:
    """None where it is none of ours, or not on the chain where we keep it."""
    asset = ASSETS.get((details.destination_currency or "").upper())
    if asset is None or NETWORKS.get(asset.chain) != details.destination_network:
        return None
    return asset


def _foreign(details: TransactionDetails) -> str | None:
    if details.destination_currency is None:
        return None
    logger.warning("stripe: a payment in an asset or on a network that is none of ours")
    return f"{details.destination_network}:{details.destination_currency}"


def _delivered(details: TransactionDetails, asset: Asset | None) -> int | None:
    if asset is None or details.destination_amount is None:
        return None
    try:
        return exact_padded(details.destination_amount, decimals=asset.decimals)
    except NotAnAmount:
        logger.warning("stripe: unreadable amount of %s", asset.symbol)
        return None


def _total(details: TransactionDetails) -> int | None:
    """What the user pays in all, where all of its parts are told."""
    fees = details.fees
    parts = (details.source_amount, fees and fees.network, fees and fees.transaction)
    told = [part for part in parts if isinstance(part, str)]
    try:
        return (
            sum(exact_padded(part, decimals=CENT_DECIMALS) for part in told)
            if len(told) == len(parts)
            else None
        )
    except NotAnAmount:
        logger.warning("stripe: unreadable amount of money")
        return None


def _hash(identifier: str | None) -> str | None:
    return None if not identifier or identifier.startswith(_OWN_IDENTIFIER) else identifier


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _cents(text: str, field: str) -> int:
    try:
        return exact_padded(text, decimals=CENT_DECIMALS)
    except NotAnAmount as error:
        raise Mismatch(f"{field}: {error}") from None


def _units(text: str, asset: Asset) -> int:
    try:
        amount = exact_padded(text, decimals=asset.decimals)
    except NotAnAmount as error:
        raise Mismatch(f"destination_amount: {error}") from None
    if amount == 0:
        raise Mismatch("destination_amount is nothing")
    return amount
