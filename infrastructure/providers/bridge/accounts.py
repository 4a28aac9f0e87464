"""A user's bank account as Bridge wants it described.

What `account` holds, by rail: ACH and WIRE account_number, routing_number, street_line_1, city,
state, postal_code, and perhaps checking_or_savings and street_line_2; SEPA iban, perhaps bic;
FASTER_PAYMENTS account_number, sort_code; PIX pix_key, perhaps document_number.
"""

from collections.abc import Callable, Mapping
from typing import Final

from domain.provider.ports.answers import Declined
from domain.provider.ports.offramp import BankAccountDetails, PayoutRail
from infrastructure.providers.bank_accounts import CURRENCIES, tail, two_names
from infrastructure.providers.bridge import wire
from infrastructure.providers.bridge.countries import ALPHA_3


def described(details: BankAccountDetails) -> wire.NewExternalAccount | Declined:
    """The request, or a no where something is missing; it names the field alone."""
    if CURRENCIES[details.rail] != details.currency:
        return Declined(
            code="PRV_UNSUPPORTED", reason=f"bridge: no {details.currency} over {details.rail}"
        )
    if details.country not in ALPHA_3:
        return Declined(code="PRV_UNSUPPORTED", reason=f"bridge: no banks in {details.country}")
    try:
        return _KINDS[details.rail](details)
    except KeyError as missing:
        return Declined(code="PRV_INVALID", reason=f"bridge: {missing.args[0]} is missing")


def number_tail(details: BankAccountDetails) -> str:
    """The last four characters of what names the account: they may be shown."""
    named = ("account_number", "iban", "pix_key")
    number = next((details.account[name] for name in named if name in details.account), "")
    return tail(number.replace(" ", ""))


def _us(details: BankAccountDetails) -> wire.NewExternalAccount:
    given = details.account
    return wire.NewExternalAccount(
        currency="usd",
        account_type="us",
        account_owner_name=details.owner_name,
        account=wire.UsAccount(
            account_number=given["account_number"],
            routing_number=given["routing_number"],
            checking_or_savings=given.get("checking_or_savings", "checking"),
        ),
        address=wire.Address(
            street_line_1=given["street_line_1"],
            street_line_2=given.get("street_line_2"),
            city=given["city"],
            state=given["state"],
            postal_code=given["postal_code"],
            country=ALPHA_3[details.country],
        ),
    )


def _iban(details: BankAccountDetails) -> wire.NewExternalAccount:
    first, last = two_names(details.owner_name)
    return wire.NewExternalAccount(
        currency="eur",
        account_type="iban",
        account_owner_name=details.owner_name,
        account_owner_type="individual",
        first_name=first,
        last_name=last,
        iban=wire.IbanAccount(
            account_number=details.account["iban"].replace(" ", ""),
            country=ALPHA_3[details.country],
            bic=details.account.get("bic"),
        ),
    )


def _gb(details: BankAccountDetails) -> wire.NewExternalAccount:
    first, last = two_names(details.owner_name)
    return wire.NewExternalAccount(
        currency="gbp",
        account_type="gb",
        account_owner_name=details.owner_name,
        account_owner_type="individual",
        first_name=first,
        last_name=last,
        account=wire.GbAccount(
            account_number=details.account["account_number"],
            sort_code=details.account["sort_code"],
        ),
    )


def _pix(details: BankAccountDetails) -> wire.NewExternalAccount:
    return wire.NewExternalAccount(
        currency="brl",
        account_type="pix",
        account_owner_name=details.owner_name,
        pix_key=wire.PixKey(
            pix_key=details.account["pix_key"],
            document_number=details.account.get("document_number"),
        ),
    )


_Describe = Callable[[BankAccountDetails], wire.NewExternalAccount]
_KINDS: Final[Mapping[PayoutRail, _Describe]] = {
    PayoutRail.ACH: _us,
    PayoutRail.WIRE: _us,
    PayoutRail.SEPA: _iban,
    PayoutRail.FASTER_PAYMENTS: _gb,
    PayoutRail.PIX: _pix,
}
