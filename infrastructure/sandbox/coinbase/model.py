"""What the simulated Coinbase remembers of a payment, and the words in which it tells of it."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from domain.shared.assets import ASSETS
from domain.shared.money import format_amount
from infrastructure.sandbox.coinbase.pricing import Terms
from infrastructure.sandbox.wishes import FIAT_DECIMALS

Kind = Literal["order", "session"]
Stage = Literal["open", "paying", "delivered", "failed"]

_ORDER_STATUSES: Final = {
    "open": "ONRAMP_ORDER_STATUS_PENDING_PAYMENT",
    "paying": "ONRAMP_ORDER_STATUS_PROCESSING",
    "delivered": "ONRAMP_ORDER_STATUS_COMPLETED",
    "failed": "ONRAMP_ORDER_STATUS_FAILED",
}
_TRANSACTION_STATUSES: Final = {
    "open": "ONRAMP_TRANSACTION_STATUS_CREATED",
    "paying": "ONRAMP_TRANSACTION_STATUS_IN_PROGRESS",
    "delivered": "ONRAMP_TRANSACTION_STATUS_SUCCESS",
    "failed": "ONRAMP_TRANSACTION_STATUS_FAILED",
}


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is the link's. `status` stands for what the stage would say, where a test set one."""

    id: str
    kind: Kind
    token: str
    terms: Terms
    address: str
    method: str
    partner_user_ref: str
    redirect_url: str | None
    created_at: datetime
    updated_at: datetime
    stage: Stage = "open"
    paid_at: datetime | None = None
    transaction_hash: str | None = None
    status: str | None = None

    @property
    def reference(self) -> str:
        """What the outside calls it."""
        return self.id if self.kind == "order" else self.partner_user_ref


def order_json(payment: Payment) -> dict[str, object]:
    terms = payment.terms
    told: dict[str, object] = {
        "orderId": payment.id,
        "status": payment.status or _ORDER_STATUSES[payment.stage],
        **terms_json(terms),
        "paymentMethod": payment.method,
        "destinationAddress": payment.address,
        "partnerUserRef": payment.partner_user_ref,
        "createdAt": _instant(payment.created_at),
        "updatedAt": _instant(payment.updated_at),
    }
    if payment.transaction_hash:
        told["txHash"] = payment.transaction_hash
    return told


def terms_json(terms: Terms) -> dict[str, object]:
    """As quotes and orders have it."""
    return {
        "paymentTotal": _fiat(terms.total),
        "paymentSubtotal": _fiat(terms.subtotal),
        "paymentCurrency": terms.currency,
        "purchaseAmount": _crypto(terms),
        "purchaseCurrency": terms.asset,
        "destinationNetwork": terms.network,
        "exchangeRate": terms.exchange_rate,
        "fees": [
            _fee("FEE_TYPE_EXCHANGE", terms.exchange_fee, terms.currency),
            _fee("FEE_TYPE_NETWORK", terms.network_fee, terms.currency),
        ],
    }


def transaction_json(payment: Payment) -> dict[str, object]:
    """As the v1 list has it."""
    terms = payment.terms
    return {
        "status": payment.status or _TRANSACTION_STATUSES[payment.stage],
        "transaction_id": payment.id,
        "purchase_currency": terms.asset,
        "purchase_network": terms.network,
        "purchase_amount": {"value": _crypto(terms), "currency": terms.asset},
        "payment_total": _money(terms.total, terms.currency),
        "payment_subtotal": _money(terms.subtotal, terms.currency),
        "coinbase_fee": _money(terms.exchange_fee, terms.currency),
        "network_fee": _money(terms.network_fee, terms.currency),
        "exchange_rate": {"value": terms.exchange_rate, "currency": terms.asset},
        "tx_hash": payment.transaction_hash or "",
        "created_at": _instant(payment.created_at),
        "payment_method": payment.method,
        "wallet_address": payment.address,
        "partner_user_ref": payment.partner_user_ref,
        "type": "ONRAMP_TRANSACTION_TYPE_BUY_AND_SEND",
    }


def webhook_json(payment: Payment, event: str) -> dict[str, object]:
    """An order's message names fees otherwise than the order itself does."""
    if payment.kind == "order":
        fees = [
            {"feeType": "FEE_TYPE_EXCHANGE", **_webhook_fee(payment, "exchange_fee")},
            {"feeType": "FEE_TYPE_NETWORK", **_webhook_fee(payment, "network_fee")},
        ]
        return {**order_json(payment), "fees": fees, "eventType": event}
    terms = payment.terms
    return {
        "eventType": event,
        "transactionId": payment.id,
        "status": payment.status or _TRANSACTION_STATUSES[payment.stage],
        "partnerUserRef": payment.partner_user_ref,
        "purchaseCurrency": terms.asset,
        "purchaseNetwork": terms.network,
        "purchaseAmount": {"value": _crypto(terms), "currency": terms.asset},
        "paymentTotal": _money(terms.total, terms.currency),
        "paymentMethod": payment.method,
        "txHash": payment.transaction_hash or "",
        "walletAddress": payment.address,
        "createdAt": _instant(payment.created_at),
        "type": "ONRAMP_TRANSACTION_TYPE_BUY_AND_SEND",
    }


def _webhook_fee(payment: Payment, field: str) -> dict[str, str]:
    cents: int = getattr(payment.terms, field)
    return {"feeAmount": _fiat(cents), "feeCurrency": payment.terms.currency}


def _fee(kind: str, cents: int, currency: str) -> dict[str, str]:
    return {"type": kind, "amount": _fiat(cents), "currency": currency}


def _money(cents: int, currency: str) -> dict[str, str]:
    return {"value": _fiat(cents), "currency": currency}


def _fiat(cents: int) -> str:
    return format_amount(cents, FIAT_DECIMALS)


def _crypto(terms: Terms) -> str:
    return format_amount(terms.purchase_amount, ASSETS[terms.asset].decimals)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
