"""Coinbase's words in the port's: quotes, and where a payment stands. Pure, but for the warning
about a word that we do not know."""

import logging
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from domain.provider.ports.answers import ProviderFee
from domain.provider.ports.onramp import (
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentState,
    PaymentStatus,
)
from domain.shared.assets import ASSETS, Asset, Chain
from infrastructure.providers.amounts import CENT_DECIMALS, NotAnAmount, exact_padded
from infrastructure.providers.coinbase.wire import Fee, Order, Quote, Transaction
from infrastructure.providers.reports import unrecognised

logger = logging.getLogger(__name__)

NETWORKS: Final = MappingProxyType(
    {
        Chain.SOLANA: "solana",
        Chain.BITCOIN: "bitcoin",
        Chain.ETHEREUM: "ethereum",
        Chain.SUI: "sui",
    }
)
_FEE_KINDS: Final = MappingProxyType(
    {"FEE_TYPE_NETWORK": "NETWORK", "FEE_TYPE_EXCHANGE": "PROVIDER"}
)
_ORDER_STATES: Final = MappingProxyType(
    {
        "ONRAMP_ORDER_STATUS_PENDING_AUTH": PaymentState.AWAITING_USER,
        "ONRAMP_ORDER_STATUS_PENDING_VERIFICATION": PaymentState.AWAITING_USER,
        "ONRAMP_ORDER_STATUS_PENDING_PAYMENT": PaymentState.AWAITING_USER,
        "ONRAMP_ORDER_STATUS_PROCESSING": PaymentState.PROCESSING,
        "ONRAMP_ORDER_STATUS_COMPLETED": PaymentState.DELIVERED,
        "ONRAMP_ORDER_STATUS_FAILED": PaymentState.FAILED,
    }
)
_TRANSACTION_STATES: Final = MappingProxyType(
    {
        # There is none before somebody has begun to pay: only Coinbase knows how far they got.
        "ONRAMP_TRANSACTION_STATUS_CREATED": PaymentState.PROCESSING,
        "ONRAMP_TRANSACTION_STATUS_AWAITING_AUTH": PaymentState.PROCESSING,
        "ONRAMP_TRANSACTION_STATUS_AWAITING_PAYMENT": PaymentState.PROCESSING,
        "ONRAMP_TRANSACTION_STATUS_IN_PROGRESS": PaymentState.PROCESSING,
        "ONRAMP_TRANSACTION_STATUS_SUCCESS": PaymentState.DELIVERED,
        "ONRAMP_TRANSACTION_STATUS_FAILED": PaymentState.FAILED,
    }
)
# A user may try again in one session: what has come furthest counts.
_FURTHEST_FIRST: Final = (
    PaymentState.DELIVERED,
    PaymentState.PAID,
    PaymentState.UNRECOGNISED,
    PaymentState.PROCESSING,
    PaymentState.FAILED,
)


class Mismatch(ValueError):
    """The answer does not fit what was asked; the text names the field, not its value."""


def check(told: Quote | Order, request: OnRampQuoteRequest) -> None:
    """Raises `Mismatch` where it is another payment than the one that was asked for."""
    wanted = {
        "paymentCurrency": (told.payment_currency, request.fiat_currency),
        "purchaseCurrency": (told.purchase_currency, request.asset.symbol),
        "destinationNetwork": (told.destination_network, NETWORKS[request.asset.chain]),
    }
    if isinstance(told, Order):
        wanted["destinationAddress"] = (told.destination_address, request.address)
    for field, (found, asked) in wanted.items():
        if found != asked:
            raise Mismatch(f"{field} is another than asked for")
    if _exact(told.payment_total, "paymentTotal") != request.fiat_amount:
        raise Mismatch("paymentTotal is another amount than asked for")


def quote_of(told: Quote | Order, request: OnRampQuoteRequest, expires_at: datetime) -> OnRampQuote:
    """Raises `Mismatch`: also where its parts do not add up to its total."""
    check(told, request)
    fees = _fees(told.fees, request)
    charged = sum(fee.amount for fee in fees if fee.asset == request.fiat_currency)
    subtotal = _exact(told.payment_subtotal, "paymentSubtotal")
    if subtotal + charged != request.fiat_amount:
        raise Mismatch("subtotal and fees do not add up to the total")
    amount = _exact(told.purchase_amount, "purchaseAmount", request.asset.decimals)
    if amount == 0:
        raise Mismatch("purchaseAmount is nothing")
    return OnRampQuote(request=request, asset_amount=amount, fees=fees, expires_at=expires_at)


def status_of_order(order: Order) -> PaymentStatus:
    asset = _asset(order.purchase_currency, order.destination_network)
    return PaymentStatus(
        reference=order.order_id,
        state=_state(_ORDER_STATES, order.status, order.tx_hash),
        provider_status=order.status,
        fiat_amount=_cents(order.payment_total),
        fiat_currency=order.payment_currency,
        asset=asset.symbol if asset else f"{order.destination_network}:{order.purchase_currency}",
        asset_amount=_amount(order.purchase_amount, asset),
        address=order.destination_address,
        transaction_hash=order.tx_hash or None,
        updated_at=order.updated_at,
    )


def status_of_session(reference: str, transactions: Sequence[Transaction]) -> PaymentStatus:
    """Coinbase knows of a session once its user has begun to pay: before, it is awaited."""
    if not transactions:
        return PaymentStatus(
            reference=reference, state=PaymentState.AWAITING_USER, provider_status=""
        )
    # Newest first: of two that have come as far, the older one counts, now and later.
    states = [state_of(transaction) for transaction in transactions]
    state = next(state for state in _FURTHEST_FIRST if state in states)
    found = transactions[len(states) - 1 - states[::-1].index(state)]
    asset = _asset(found.purchase_currency, found.purchase_network)
    return PaymentStatus(
        reference=reference,
        state=state,
        provider_status=found.status,
        fiat_amount=_cents(found.payment_total.value),
        fiat_currency=found.payment_total.currency,
        asset=asset.symbol if asset else f"{found.purchase_network}:{found.purchase_currency}",
        asset_amount=_amount(found.purchase_amount.value, asset),
        address=found.wallet_address or None,
        transaction_hash=found.tx_hash or None,
        may_be_retried=state is PaymentState.FAILED,
    )


def state_of(transaction: Transaction) -> PaymentState:
    return _state(_TRANSACTION_STATES, transaction.status, transaction.tx_hash)


def _state(
    states: MappingProxyType[str, PaymentState], status: str, transaction_hash: str | None
) -> PaymentState:
    state = states.get(status)
    if state is None:
        unrecognised("coinbase", "status", status)
        return PaymentState.UNRECOGNISED
    # It calls a payment complete as it starts to send; the hash follows.
    if state is PaymentState.DELIVERED and not transaction_hash:
        return PaymentState.PAID
    return state


def _fees(told: Sequence[Fee], request: OnRampQuoteRequest) -> tuple[ProviderFee, ...]:
    decimals = {request.fiat_currency: CENT_DECIMALS, request.asset.symbol: request.asset.decimals}
    found = []
    for fee in told:
        if fee.currency not in decimals:
            raise Mismatch("a fee is in a currency of its own")
        if fee.type not in _FEE_KINDS:
            logger.warning("coinbase: unknown fee %r", fee.type)
        amount = _exact(fee.amount, "a fee", decimals[fee.currency])
        kind = _FEE_KINDS.get(fee.type, "PROVIDER")
        found.append(ProviderFee(kind=kind, amount=amount, asset=fee.currency))
    return tuple(found)


def _exact(text: str, field: str, decimals: int = CENT_DECIMALS) -> int:
    try:
        return exact_padded(text, decimals=decimals)
    except NotAnAmount as error:
        raise Mismatch(f"{field}: {error}") from None


def _asset(symbol: str, network: str) -> Asset | None:
    """None where it is none of ours, or not on the chain where we keep it."""
    asset = ASSETS.get(symbol)
    return asset if asset is not None and NETWORKS[asset.chain] == network else None


def _cents(text: str) -> int | None:
    try:
        return exact_padded(text, decimals=CENT_DECIMALS)
    except NotAnAmount:
        logger.warning("coinbase: unreadable amount of money")
        return None


def _amount(text: str, asset: Asset | None) -> int | None:
    if asset is None:
        logger.warning("coinbase: a payment in an asset or on a network that is none of ours")
        return None
    try:
        return exact_padded(text, decimals=asset.decimals)
    except NotAnAmount:
        logger.warning("coinbase: unreadable amount of %s", asset.symbol)
        return None
