"""What the simulated Bridge refuses, in the order and words of the real one."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from solders.pubkey import Pubkey

from infrastructure.sandbox.bridge.bodies import (
    CENT_DECIMALS,
    USDC_DECIMALS,
    ExternalAccount,
    refused,
)
from infrastructure.sandbox.bridge.requests import NewExternalAccount, NewTransfer

CURRENCIES: Final = {"us": "usd", "iban": "eur", "gb": "gbp", "pix": "brl"}
"""Of each kind of account."""
RAILS: Final = {
    "usd": ("ach", "wire", "ach_push", "ach_same_day"),
    "eur": ("sepa",),
    "gbp": ("faster_payments",),
    "brl": ("pix",),
}
AMOUNT_MIN: Final = 1_000_000
AMOUNT_MAX: Final = 1_000_000 * 1_000_000
_CHARACTERS_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`asset_amount` in base units, `developer_fee` in cents."""

    asset_amount: int
    developer_fee: int
    account: ExternalAccount
    return_address: str


def check_account(asked: NewExternalAccount, *, customer_status: str) -> None:
    """Raises ProviderError."""
    _check_customer(customer_status)
    if CURRENCIES.get(asked.account_type) != asked.currency:
        raise refused(400, "invalid_parameters", "no such kind of account", at="account_type")
    if not asked.number:
        raise refused(400, "invalid_parameters", "the account is missing", at="account")
    if asked.account_type == "us" and asked.address is None:
        raise refused(400, "invalid_parameters", "the address is missing", at="address")


def check_transfer(
    asked: NewTransfer, account: ExternalAccount | None, *, customer_status: str
) -> Terms:
    """Raises ProviderError."""
    _check_customer(customer_status)
    source, destination = asked.source, asked.destination
    if (source.payment_rail, source.currency) != ("solana", "usdc"):
        raise refused(400, "invalid_parameters", "not simulated", at="source.payment_rail")
    if destination.payment_rail not in RAILS.get(destination.currency, ()):
        raise refused(400, "invalid_parameters", "no such rail", at="destination.payment_rail")
    if account is None or account.customer != asked.on_behalf_of:
        raise refused(404, "not_found", "no such external account")
    if not account.active:
        raise refused(400, "deactivated_external_account", "the account is deactivated")
    if account.asked.currency != destination.currency:
        raise refused(400, "invalid_parameters", "another currency", at="destination.currency")
    if source.from_address is None or not _is_address(source.from_address):
        raise refused(400, "invalid_parameters", "no address", at="source.from_address")
    amount = _units(asked.amount, USDC_DECIMALS, at="amount")
    fee = _units(asked.developer_fee or "0", CENT_DECIMALS, at="developer_fee")
    if amount < AMOUNT_MIN or fee * 10_000 >= amount:
        raise refused(400, "invalid_parameters", "the amount is too small", at="amount")
    if amount > AMOUNT_MAX:
        raise refused(403, "developer_limits_exceeded", "the amount is too large")
    instructions = asked.return_instructions
    return Terms(
        asset_amount=amount,
        developer_fee=fee,
        account=account,
        return_address=source.from_address if instructions is None else instructions.address,
    )


def _check_customer(status: str) -> None:
    if status == "paused":
        raise refused(400, "frozen", "the customer is paused")
    if status != "active":
        raise refused(400, "requires_active_kyc_status", "the customer is not verified")


def _units(text: str | None, decimals: int, *, at: str) -> int:
    try:
        units = Decimal((text or "")[:_CHARACTERS_MAX]).scaleb(decimals)
    except InvalidOperation:
        raise refused(400, "invalid_parameters", "no amount", at=at) from None
    if not units.is_finite() or units < 0 or units != units.to_integral_value():
        raise refused(400, "invalid_parameters", "no such amount", at=at)
    return int(units)


def _is_address(text: str) -> bool:
    try:
        Pubkey.from_string(text)
    except ValueError:
        return False
    return True
