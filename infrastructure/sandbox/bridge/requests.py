"""What the simulated Bridge takes: members that it does not know are refused, as Bridge does."""

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class NewCustomer(Request, frozen=True):
    type: str
    first_name: str | None = None
    last_name: str | None = None
    business_legal_name: str | None = None
    email: str | None = None
    signed_agreement_id: str | None = None


class Address(Request, frozen=True):
    street_line_1: str
    city: str
    postal_code: str
    country: str
    state: str | None = None
    street_line_2: str | None = None


class Account(Request, frozen=True):
    account_number: str
    routing_number: str | None = None
    checking_or_savings: str | None = None
    sort_code: str | None = None


class Iban(Request, frozen=True):
    account_number: str
    country: str
    bic: str | None = None


class PixKey(Request, frozen=True):
    pix_key: str
    document_number: str | None = None


class NewExternalAccount(Request, frozen=True):
    currency: str
    account_type: str
    account_owner_name: str
    account_owner_type: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    bank_name: str | None = None
    account: Account | None = None
    iban: Iban | None = None
    pix_key: PixKey | None = None
    address: Address | None = None

    @property
    def number(self) -> str | None:
        """What names the account; None where the members of its kind are not there."""
        if self.account_type in ("us", "gb"):
            return None if self.account is None else self.account.account_number
        if self.account_type == "iban":
            return None if self.iban is None else self.iban.account_number
        return None if self.pix_key is None else self.pix_key.pix_key


class Source(Request, frozen=True):
    payment_rail: str
    currency: str
    from_address: str | None = None


class Destination(Request, frozen=True):
    payment_rail: str
    currency: str
    external_account_id: str | None = None


class ReturnInstructions(Request, frozen=True):
    address: str
    memo: str | None = None


class NewTransfer(Request, frozen=True):
    on_behalf_of: str
    source: Source
    destination: Destination
    amount: str | None = None
    client_reference_id: str | None = None
    developer_fee: str | None = None
    return_instructions: ReturnInstructions | None = None
