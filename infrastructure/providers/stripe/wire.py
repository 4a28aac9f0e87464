"""What Stripe's crypto on-ramp sends, as far as it is read here; these types never leave the
adapter.

Sources: the fixtures of Stripe's private preview and its public pages on sessions and quotes; of
those two the names of fees differ, and both are read. Amounts are decimal strings. Statuses stay
texts: the list grows. Unknown members are ignored.
"""

import msgspec


class Fees(msgspec.Struct, frozen=True):
    network_fee_monetary: str | None = None
    transaction_fee_monetary: str | None = None
    network_fee_amount: str | None = None
    transaction_fee_amount: str | None = None

    @property
    def network(self) -> str | None:
        return self.network_fee_monetary or self.network_fee_amount

    @property
    def transaction(self) -> str | None:
        return self.transaction_fee_monetary or self.transaction_fee_amount


class NetworkQuote(msgspec.Struct, frozen=True):
    destination_amount: str
    destination_currency: str
    destination_network: str
    fees: Fees
    source_total_amount: str


class Quotes(msgspec.Struct, frozen=True):
    """By network. `source_amount` is what is exchanged; a total has the fees on top of it."""

    destination_network_quotes: dict[str, list[NetworkQuote] | None]
    source_amount: str
    source_currency: str = "usd"


class TransactionDetails(msgspec.Struct, frozen=True):
    destination_amount: str | None = None
    destination_currency: str | None = None
    destination_network: str | None = None
    fees: Fees | None = None
    lock_wallet_address: bool = False
    source_amount: str | None = None
    source_currency: str | None = None
    transaction_id: str | None = None
    wallet_address: str | None = None
    wallet_addresses: dict[str, str | dict[str, str | None] | None] | None = None


class Session(msgspec.Struct, frozen=True):
    id: str
    status: str
    created: int
    transaction_details: TransactionDetails
    redirect_url: str | None = None
    metadata: dict[str, str] | None = None


class SessionList(msgspec.Struct, frozen=True):
    """Newest first."""

    data: list[Session]
    has_more: bool


class ErrorDetails(msgspec.Struct, frozen=True):
    type: str = ""
    code: str | None = None
    message: str | None = None
    decline_code: str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    error: ErrorDetails = ErrorDetails()


class EventObject(msgspec.Struct, frozen=True):
    object: str
    id: str


class EventData(msgspec.Struct, frozen=True):
    object: EventObject


class Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    created: int
    data: EventData
