"""A user's bank account as Due wants it described.

What `account` holds, by rail: ACH and WIRE account_number, routing_number, street_line_1, city,
state, postal_code, and perhaps bank_name and street_line_2; SEPA iban, perhaps bic;
FASTER_PAYMENTS account_number, sort_code; PIX pix_key.
"""

from collections.abc import Callable, Mapping
from typing import Final

from domain.provider.ports.answers import Declined
from domain.provider.ports.offramp import BankAccountDetails, PayoutRail
from infrastructure.providers.bank_accounts import CURRENCIES, two_names
from infrastructure.providers.due import wire

_INDIVIDUAL: Final = "individual"


def described(details: BankAccountDetails) -> wire.NewRecipient | Declined:
    """The request, or a no where something is missing; it names the field alone."""
    if CURRENCIES[details.rail] != details.currency:
        return Declined(
            code="PRV_UNSUPPORTED", reason=f"due: no {details.currency} over {details.rail}"
        )
    if CURRENCIES[details.rail] == "USD" and details.country != "US":
        return Declined(
            code="PRV_UNSUPPORTED", reason=f"due: no dollars to banks in {details.country}"
        )
    try:
        bank = _KINDS[details.rail](details)
    except KeyError as missing:
        return Declined(code="PRV_INVALID", reason=f"due: {missing.args[0]} is missing")
    return wire.NewRecipient(name=details.owner_name, details=bank, is_external=True)


def _us(details: BankAccountDetails) -> wire.BankDetails:
    given = details.account
    first, last = two_names(details.owner_name)
    return wire.BankDetails(
        schema="bank_us",
        account_type=_INDIVIDUAL,
        first_name=first,
        last_name=last,
        account_name=details.owner_name,
        bank_name=given.get("bank_name"),
        account_number=given["account_number"],
        routing_number=given["routing_number"],
        beneficiary_address=wire.MailingAddress(
            street_line_1=given["street_line_1"],
            street_line_2=given.get("street_line_2"),
            city=given["city"],
            state=given["state"],
            postal_code=given["postal_code"],
            country="USA",
        ),
    )


def _sepa(details: BankAccountDetails) -> wire.BankDetails:
    first, last = two_names(details.owner_name)
    return wire.BankDetails(
        schema="bank_sepa",
        account_type=_INDIVIDUAL,
        first_name=first,
        last_name=last,
        iban=details.account["iban"].replace(" ", ""),
        swift_code=details.account.get("bic"),
    )


def _uk(details: BankAccountDetails) -> wire.BankDetails:
    first, last = two_names(details.owner_name)
    return wire.BankDetails(
        schema="bank_uk",
        account_type=_INDIVIDUAL,
        first_name=first,
        last_name=last,
        account_number=details.account["account_number"],
        sort_code=details.account["sort_code"],
    )


def _pix(details: BankAccountDetails) -> wire.BankDetails:
    return wire.BankDetails(
        schema="bank_br_pix", name=details.owner_name, pix_key=details.account["pix_key"]
    )


_Describe = Callable[[BankAccountDetails], wire.BankDetails]
_KINDS: Final[Mapping[PayoutRail, _Describe]] = {
    PayoutRail.ACH: _us,
    PayoutRail.WIRE: _us,
    PayoutRail.SEPA: _sepa,
    PayoutRail.FASTER_PAYMENTS: _uk,
    PayoutRail.PIX: _pix,
}
