"""What Bridge's API v0 takes and sends, as far as it is used here; these types never leave it.

Source: apidocs.bridge.xyz. Amounts are decimal strings. Unknown members are ignored: new ones
appear without a new version.
"""

from datetime import datetime

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Encoded alike for alike orders: a repeat with the same key must have the same body."""


# ------------------------------------------------------------------ bank accounts


class Address(Request, frozen=True):
    street_line_1: str
    city: str
    postal_code: str
    country: str
    state: str | None = None
    street_line_2: str | None = None


class UsAccount(Request, frozen=True):
    account_number: str
    routing_number: str
    checking_or_savings: str


class IbanAccount(Request, frozen=True):
    account_number: str
    country: str
    bic: str | None = None


class GbAccount(Request, frozen=True):
    account_number: str
    sort_code: str


class PixKey(Request, frozen=True):
    pix_key: str
    document_number: str | None = None


class NewCustomer(Request, frozen=True):
    type: str
    first_name: str
    last_name: str


class Customer(Wire, frozen=True):
    id: str


class NewExternalAccount(Request, frozen=True):
    currency: str
    account_type: str
    account_owner_name: str
    account_owner_type: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    account: UsAccount | GbAccount | None = None
    iban: IbanAccount | None = None
    pix_key: PixKey | None = None
    address: Address | None = None


class Tail(Wire, frozen=True):
    last_4: str | None = None


class ExternalAccount(Wire, frozen=True):
    """The number itself never comes back, only its end, in the member of its kind."""

    id: str
    currency: str
    account_type: str | None = None
    last_4: str | None = None
    account: Tail | None = None
    iban: Tail | None = None

    @property
    def tail(self) -> str | None:
        told = [self.last_4, *(kind.last_4 for kind in (self.account, self.iban) if kind)]
        return next((text for text in told if text), None)


class ExternalAccounts(Wire, frozen=True):
    data: list[ExternalAccount]


# ------------------------------------------------------------------ rates


class Rate(Wire, frozen=True):
    """`buy_rate` is what one gets; the others are told for comparison."""

    midmarket_rate: str
    buy_rate: str
    sell_rate: str


# ------------------------------------------------------------------ transfers


class CryptoSource(Request, frozen=True):
    payment_rail: str
    currency: str
    from_address: str


class BankDestination(Request, frozen=True):
    payment_rail: str
    currency: str
    external_account_id: str


class ReturnInstructions(Request, frozen=True):
    address: str


class NewTransfer(Request, frozen=True):
    client_reference_id: str
    amount: str
    on_behalf_of: str
    source: CryptoSource
    destination: BankDestination
    return_instructions: ReturnInstructions
    developer_fee: str | None = None


class Source(Wire, frozen=True):
    payment_rail: str
    currency: str
    from_address: str | None = None


class Destination(Wire, frozen=True):
    payment_rail: str
    currency: str
    external_account_id: str | None = None


class DepositInstructions(Wire, frozen=True):
    payment_rail: str
    amount: str
    currency: str
    to_address: str | None = None
    from_address: str | None = None
    blockchain_memo: str | None = None


class Receipt(Wire, frozen=True):
    initial_amount: str | None = None
    developer_fee: str | None = None
    final_amount: str | None = None
    source_tx_hash: str | None = None


class ReturnDetails(Wire, frozen=True):
    reason: str | None = None


class Transfer(Wire, frozen=True):
    """`state` is text: a state that is new to us must not make the answer unreadable.
    `currency` is promised, but absent from every published example."""

    id: str
    state: str
    on_behalf_of: str
    source: Source
    destination: Destination
    amount: str | None = None
    developer_fee: str | None = None
    client_reference_id: str | None = None
    source_deposit_instructions: DepositInstructions | None = None
    receipt: Receipt | None = None
    return_details: ReturnDetails | None = None
    refund_tx_hash: str | None = None
    updated_at: datetime | None = None


class Transfers(Wire, frozen=True):
    """Newest first."""

    data: list[Transfer]


# ------------------------------------------------------------------ errors and events


class FieldOfRefusal(Wire, frozen=True):
    key: str | None = None


class Refusal(Wire, frozen=True):
    code: str | None = None
    source: FieldOfRefusal | None = None


class Event(Wire, frozen=True):
    """`event_type` comes qualified (transfer.updated) or bare (updated)."""

    event_id: str
    event_category: str
    event_type: str
    event_object_id: str | None = None
    event_created_at: datetime | None = None
