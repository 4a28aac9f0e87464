"""What Coinbase's on-ramp sends, as far as it is read here; these types never leave the adapter.

Sources: the CDP API's OpenAPI document (v2: orders, sessions, webhook payloads) and the page on
transaction status (v1: a partner reference's transactions). Unknown members are ignored.
Amounts are decimal strings. Statuses and types stay texts: they grow without notice.
"""

from datetime import datetime

import msgspec


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Fee(Wire, frozen=True):
    type: str
    amount: str
    currency: str


class Order(Wire, frozen=True):
    order_id: str
    payment_total: str
    payment_subtotal: str
    payment_currency: str
    payment_method: str
    purchase_amount: str
    purchase_currency: str
    fees: list[Fee]
    exchange_rate: str
    destination_address: str
    destination_network: str
    status: str
    created_at: datetime
    updated_at: datetime
    partner_user_ref: str | None = None
    tx_hash: str | None = None


class PaymentLink(Wire, frozen=True):
    url: str
    payment_link_type: str


class OrderCreated(Wire, frozen=True):
    """A quote has no link."""

    order: Order
    payment_link: PaymentLink | None = None


class OrderFound(Wire, frozen=True):
    order: Order


class Quote(Wire, frozen=True):
    payment_total: str
    payment_subtotal: str
    payment_currency: str
    purchase_amount: str
    purchase_currency: str
    destination_network: str
    fees: list[Fee]
    exchange_rate: str


class Session(Wire, frozen=True):
    onramp_url: str


class SessionCreated(Wire, frozen=True):
    session: Session
    quote: Quote | None = None


class ErrorBody(Wire, frozen=True):
    error_type: str = ""
    error_message: str = ""


class Notification(Wire, frozen=True):
    """A webhook: an order's has `order_id`, a session's `transaction_id` and the reference."""

    event_type: str
    status: str
    order_id: str | None = None
    transaction_id: str | None = None
    partner_user_ref: str | None = None
    updated_at: datetime | None = None


class Money(msgspec.Struct, frozen=True):
    value: str
    currency: str


class Transaction(msgspec.Struct, frozen=True):
    """Of v1, whose names have underscores."""

    status: str
    transaction_id: str
    purchase_currency: str
    purchase_network: str
    purchase_amount: Money
    payment_total: Money
    created_at: datetime
    tx_hash: str = ""
    wallet_address: str = ""


class Transactions(msgspec.Struct, frozen=True):
    """Newest first. `total_count` is a number in text or a number."""

    transactions: list[Transaction]
    next_page_key: str = ""
    total_count: str | int = ""
