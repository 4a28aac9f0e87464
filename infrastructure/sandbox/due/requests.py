"""What the simulated Due takes."""

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class NewRecipient(Request, frozen=True):
    """`details` is one of many schemas; what is required of those in use is checked apart."""

    name: str
    details: dict[str, object]
    is_external: bool = False


class QuoteSide(Request, frozen=True):
    rail: str
    currency: str
    amount: str = "0"
    application_fee_amount: str | None = None


class NewQuote(Request, frozen=True):
    source: QuoteSide
    destination: QuoteSide


class NewTransfer(Request, frozen=True):
    quote: str
    recipient: str
    memo: str | None = None
    external_id: str | None = None


class NewEndpoint(Request, frozen=True):
    url: str
    description: str = ""
    subscribed_events: list[str] = []


class NewAccount(Request, frozen=True):
    type: str
    name: str
    country: str
    email: str | None = None
    external_id: str | None = None
