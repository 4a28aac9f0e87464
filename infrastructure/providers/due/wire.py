"""What Due's API v1 takes and sends, as far as it is used here; these types never leave it.

Source: due.readme.io. Amounts are decimal strings, the rate is a JSON number and read as a decimal.
Unknown members are ignored: new ones appear without a new version.
"""

from datetime import datetime
from decimal import Decimal

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


# ------------------------------------------------------------------ accounts


class NewAccount(Request, frozen=True):
    type: str
    name: str
    country: str
    external_id: str


class Account(Wire, frozen=True):
    id: str
    external_id: str | None = None


# ------------------------------------------------------------------ recipients


class MailingAddress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one object that Due writes with underscores."""

    street_line_1: str
    city: str
    postal_code: str
    country: str
    state: str | None = None
    street_line_2: str | None = None


class BankDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The schemas bank_us, bank_sepa, bank_uk and bank_br_pix in one: each uses its own members."""

    schema: str
    account_type: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    account_name: str | None = None
    bank_name: str | None = None
    account_number: str | None = None
    routing_number: str | None = None
    sort_code: str | None = None
    pix_key: str | None = None
    iban: str | None = msgspec.field(default=None, name="IBAN")
    swift_code: str | None = None
    beneficiary_address: MailingAddress | None = None

    @property
    def number(self) -> str:
        """What names the account, whatever its kind calls it."""
        return self.account_number or self.iban or self.pix_key or ""


class NewRecipient(Request, frozen=True):
    name: str
    details: BankDetails
    is_external: bool = msgspec.field(name="isExternal")


class Recipient(Wire, frozen=True):
    id: str
    details: BankDetails | None = None
    is_active: bool = True
    is_valid: bool = True


class RecipientDetails(Wire, frozen=True):
    """One of a page. `details` stays raw: a recipient may be of a schema that is not used here."""

    id: str
    details: msgspec.Raw = msgspec.Raw(b"null")
    is_active: bool = True


class Recipients(Wire, frozen=True):
    items: list[RecipientDetails]
    next: str | None = None


# ------------------------------------------------------------------ quotes


class NewQuoteSide(Request, frozen=True):
    rail: str
    currency: str
    amount: str
    application_fee_amount: str | None = None


class NewQuote(Request, frozen=True):
    source: NewQuoteSide
    destination: NewQuoteSide


class QuoteSide(Wire, frozen=True):
    rail: str
    currency: str
    amount: str
    fee: str | None = None
    application_fee: str | None = None
    total_fee: str | None = None


class Quote(Wire, frozen=True):
    token: str
    source: QuoteSide
    destination: QuoteSide
    expires_at: datetime
    fx_rate: Decimal | None = None


# ------------------------------------------------------------------ transfers


class NewTransfer(Request, frozen=True):
    quote: str
    recipient: str
    external_id: str


class Confirmation(Wire, frozen=True):
    kind: str
    hash: str | None = None


class TransferSide(Wire, frozen=True):
    amount: str
    currency: str
    rail: str
    application_fee: str | None = None
    id: str | None = None
    confirmation: Confirmation | None = None


class Transfer(Wire, frozen=True):
    """`status` is text: a status that is new to us must not make the answer unreadable."""

    id: str
    status: str
    source: TransferSide
    destination: TransferSide
    owner_id: str | None = None
    external_id: str | None = None
    expires_at: datetime | None = None


class Transfers(Wire, frozen=True):
    items: list[Transfer]
    next: str | None = None


class FundingDetails(Wire, frozen=True):
    """The specification has the address as the numbers of its bytes; text is taken as well."""

    schema: str
    address: str | list[int]


class FundingAddress(Wire, frozen=True):
    details: FundingDetails


# ------------------------------------------------------------------ errors, events and others


class Channel(Wire, frozen=True):
    rail: str
    currency_code: str


class Refusal(Wire, frozen=True, rename=None):
    error_code: str | None = None
    details: dict[str, object] | None = None


class About(Wire, frozen=True):
    id: str | None = None
    owner_id: str | None = None


class Event(Wire, frozen=True):
    id: str
    type: str
    data: About
    occurred_at: datetime | None = None
