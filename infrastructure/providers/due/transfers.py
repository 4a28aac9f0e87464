"""Quotes and transfers: how they are asked for, and what an answer means for an order."""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from solders.pubkey import Pubkey

from domain.provider.ports.answers import Declined, ProviderFee
from domain.provider.ports.offramp import (
    OffRampQuote,
    OffRampQuoteRequest,
    PayoutRail,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import USDC
from infrastructure.providers import amounts
from infrastructure.providers.amounts import CENT_DECIMALS
from infrastructure.providers.due import wire
from infrastructure.providers.due.references import reference
from infrastructure.providers.reports import unrecognised
from infrastructure.providers.setbacks import nonsense

logger = logging.getLogger(__name__)

CHAIN: Final = "solana"
CURRENCY: Final = "USDC"
_UNITS_PER_CENT: Final[int] = 10 ** (USDC.decimals - CENT_DECIMALS)
_DEPOSITED: Final = "transaction_hash"

RAILS: Final = {
    PayoutRail.ACH: "ach",
    PayoutRail.WIRE: "wire",
    PayoutRail.SEPA: "sepa",
    PayoutRail.FASTER_PAYMENTS: "faster_payments",
    PayoutRail.PIX: "pix",
}
SECONDS: Final = {
    PayoutRail.ACH: 2 * 86400,
    PayoutRail.WIRE: 86400,
    PayoutRail.SEPA: 3600,
    PayoutRail.FASTER_PAYMENTS: 600,
    PayoutRail.PIX: 600,
}
STATES: Final = {
    "awaiting_funds": WithdrawalState.AWAITING_FUNDS,
    "funds_received": WithdrawalState.FUNDS_RECEIVED,
    "approved": WithdrawalState.FUNDS_RECEIVED,
    "manual_review": WithdrawalState.IN_REVIEW,
    "payment_submitted": WithdrawalState.FIAT_SUBMITTED,
    "payment_processed": WithdrawalState.FIAT_PAID,
    "failed": WithdrawalState.FAILED,
    "canceled": WithdrawalState.CANCELLED,
    "refund_submitted": WithdrawalState.REFUNDING,
    "refund_processed": WithdrawalState.REFUNDED,
}


def quote_asked_for(request: OffRampQuoteRequest, *, developer_fee: int = 0) -> wire.NewQuote:
    """`developer_fee` in cents, taken on the side of the dollars."""
    fee = amounts.written(developer_fee, decimals=CENT_DECIMALS) if developer_fee else None
    return wire.NewQuote(
        source=wire.NewQuoteSide(
            rail=CHAIN,
            currency=CURRENCY,
            amount=amounts.written(request.asset_amount, decimals=USDC.decimals),
            application_fee_amount=fee,
        ),
        destination=wire.NewQuoteSide(
            rail=RAILS[request.rail], currency=request.fiat_currency, amount="0"
        ),
    )


def quoted(
    request: OffRampQuoteRequest, told: wire.Quote, *, developer_fee: int = 0
) -> OffRampQuote | Declined:
    """Declined where the quote is for something else, or promises more than its own rate gives."""
    try:
        fiat = amounts.rounded_down(told.destination.amount, decimals=CENT_DECIMALS)
        fees = _fees(told)
    except amounts.NotAnAmount:
        return _impossible("an amount")
    checks = {
        "the asset": (told.source.rail, told.source.currency) == (CHAIN, CURRENCY),
        "the rail": told.destination.rail == RAILS[request.rail],
        "the currency": told.destination.currency == request.fiat_currency,
        "the amount": amounts.is_exactly(
            request.asset_amount, told.source.amount, decimals=USDC.decimals
        ),
        "the fee": amounts.is_exactly(
            developer_fee, told.source.application_fee or "0", decimals=CENT_DECIMALS
        ),
        "the payout": 0 < fiat <= _cents_before_fees(request, told.fx_rate),
    }
    different = next((name for name, fits in checks.items() if not fits), None)
    if different is not None:
        return _impossible(different)
    return OffRampQuote(
        request=request,
        fiat_amount=fiat,
        fees=fees,
        expires_at=told.expires_at,
        reference=told.token,
        estimated_seconds=SECONDS[request.rail],
    )


def _impossible(what: str) -> Declined:
    return nonsense(f"due: a quote differs in {what}")


def _cents_before_fees(request: OffRampQuoteRequest, rate: Decimal | None) -> Decimal:
    """A dollar is a dollar; another currency is by the rate, and without one not to be judged."""
    if request.fiat_currency == "USD":
        rate = Decimal(1)
    if rate is None:
        return Decimal("Infinity")
    return Decimal(request.asset_amount) / _UNITS_PER_CENT * rate


def least_payout(order: WithdrawalOrder) -> int:
    """What of the quote that the user saw must still reach the bank, in cents: all but the
    platform's fee, and a cent for the rounding of that."""
    asset_amount = order.quote.request.asset_amount
    fee_units = order.developer_fee * _UNITS_PER_CENT
    # Rounded up.
    share = -(-order.quote.fiat_amount * fee_units // asset_amount)
    return order.quote.fiat_amount - share - (1 if share else 0)


def difference(order: WithdrawalOrder, transfer: wire.Transfer) -> str | None:
    """What of a transfer does not fit the order, by name."""
    request = order.quote.request
    source, destination = transfer.source, transfer.destination
    checks: dict[str, Callable[[], bool]] = {
        "the key": lambda: transfer.external_id in (None, order.key),
        "the account": lambda: transfer.owner_id in (None, order.customer),
        "the recipient": lambda: destination.id == order.bank_account,
        "the asset": lambda: (source.rail, source.currency) == (CHAIN, CURRENCY),
        "the rail": lambda: destination.rail == RAILS[request.rail],
        "the currency": lambda: destination.currency == request.fiat_currency,
        "the amount": lambda: amounts.is_exactly(
            request.asset_amount, source.amount, decimals=USDC.decimals
        ),
        "the fee": lambda: amounts.is_exactly(
            order.developer_fee, source.application_fee or "0", decimals=CENT_DECIMALS
        ),
        "the payout": lambda: _cents(destination.amount) >= least_payout(order),
    }
    return next((name for name, fits in checks.items() if not fits()), None)


def has_lapsed(transfer: wire.Transfer) -> bool:
    """Cancelled without having got anything."""
    cancelled = STATES.get(transfer.status) is WithdrawalState.CANCELLED
    return cancelled and transfer.source.confirmation is None


def address(told: wire.FundingAddress) -> str | None:
    """A Solana address in its own notation, or None."""
    if told.details.schema != CHAIN:
        return None
    given = told.details.address
    try:
        key = Pubkey.from_string(given) if isinstance(given, str) else Pubkey(bytes(given))
    except ValueError:
        return None
    return str(key)


def status(account: str, transfer: wire.Transfer) -> WithdrawalStatus:
    """Raises NotAnAmount where an amount cannot be read. Due tells no hash of a refund."""
    state = STATES.get(transfer.status)
    if state is None:
        unrecognised("due", "status", transfer.status)
    deposit = transfer.source.confirmation
    return WithdrawalStatus(
        reference=reference(account=account, transfer=transfer.id),
        state=state or WithdrawalState.UNRECOGNISED,
        provider_status=transfer.status,
        asset_amount=amounts.rounded_down(transfer.source.amount, decimals=USDC.decimals),
        fiat_amount=amounts.rounded_down(transfer.destination.amount, decimals=CENT_DECIMALS),
        fiat_currency=transfer.destination.currency,
        deposit_transaction_hash=deposit.hash if deposit and deposit.kind == _DEPOSITED else None,
        failure=transfer.status if state is WithdrawalState.FAILED else None,
    )


def _fees(told: wire.Quote) -> tuple[ProviderFee, ...]:
    """The platform's own fee is left out: it is not what Due charges."""
    source = amounts.rounded_down(told.source.fee or "0", decimals=USDC.decimals)
    bank = amounts.rounded_down(told.destination.fee or "0", decimals=CENT_DECIMALS)
    lines = (
        ProviderFee(kind="PROVIDER", amount=source, asset=CURRENCY),
        ProviderFee(kind="PROVIDER", amount=bank, asset=told.destination.currency),
    )
    return tuple(line for line in lines if line.amount)


def _cents(text: str) -> int:
    try:
        return amounts.rounded_down(text, decimals=CENT_DECIMALS)
    except amounts.NotAnAmount:
        return -1
