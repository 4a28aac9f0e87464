"""What the simulated Due answers: objects, errors and events as its API v1 writes them."""

from typing import Final

import msgspec
from solders.pubkey import Pubkey

from infrastructure.sandbox.due.requests import NewRecipient
from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.payouts import Payout

USDC_DECIMALS: Final = 6
CENT_DECIMALS: Final = 2
_MILLION: Final = 1_000_000

Json = dict[str, object]


class Recipient(msgspec.Struct, kw_only=True):
    """As it is remembered."""

    id: str
    account: str
    asked: NewRecipient
    active: bool = True


class Account(msgspec.Struct, frozen=True):
    id: str
    type: str
    external_id: str | None


def account(made: Account, status: str | None) -> Json:
    return {
        "id": made.id,
        "type": made.type,
        "externalId": made.external_id,
        "status": status,
    }


def refused(status: int, code: str, *, fields: dict[str, str] | None = None) -> ProviderError:
    body: Json = {"error_code": code, "message": code, "http_code": status}
    if fields:
        body["details"] = fields
    return ProviderError(status, body)


def recipient(known: Recipient) -> Json:
    return {
        "id": known.id,
        "label": known.asked.name,
        "details": known.asked.details,
        "isExternal": known.asked.is_external,
        "isActive": known.active,
        "isValid": True,
    }


def side(
    *,
    rail: str,
    currency: str,
    amount: int,
    decimals: int,
    fee: int = 0,
    application_fee: int = 0,
) -> Json:
    """One side of a quote or transfer; `application_fee` in cents."""
    total = fee + application_fee * 10 ** (decimals - CENT_DECIMALS)
    return {
        "rail": rail,
        "currency": currency,
        "amount": decimal(amount, decimals),
        "fee": decimal(fee, decimals),
        "applicationFee": decimal(application_fee, CENT_DECIMALS),
        "totalFee": decimal(total, decimals),
    }


def transfer(
    payout: Payout,
    to: Recipient,
    *,
    rate: float,
    sent_millionths: int = _MILLION,
    paid_millionths: int = _MILLION,
) -> Json:
    """The factors are faults: another amount to send, or to be paid, than it is."""
    source = side(
        rail="solana",
        currency=payout.asset,
        amount=payout.asset_amount * sent_millionths // _MILLION,
        decimals=USDC_DECIMALS,
        fee=payout.fee,
        application_fee=payout.developer_fee,
    )
    if payout.deposit is not None:
        source["confirmation"] = {
            "kind": "transaction_hash",
            "network": "solana",
            "hash": payout.deposit.transaction_hash,
        }
    destination = side(
        rail=payout.rail,
        currency=payout.fiat_currency,
        amount=payout.fiat_amount * paid_millionths // _MILLION,
        decimals=CENT_DECIMALS,
    )
    return {
        "id": payout.id,
        "ownerId": payout.customer,
        "externalId": payout.key,
        "status": payout.state,
        "source": source,
        "destination": {
            **destination,
            "id": payout.bank_account,
            "label": to.asked.name,
            "details": to.asked.details,
        },
        "fxRate": rate,
        "fxMarkup": 0,
        "transferInstructions": {"kind": "transfer_intent"},
        "createdAt": payout.created_at,
        "expiresAt": payout.expires_at,
    }


def funding_address(payout: Payout) -> Json:
    """The address as the numbers of its bytes."""
    numbers = list(bytes(Pubkey.from_string(payout.deposit_address)))
    return {"kind": "disposable_account", "details": {"schema": "solana", "address": numbers}}


def event(body: Json, payout: Payout, number: int) -> Json:
    return {
        "id": f"wh_evt__{number:016d}",
        "type": "transfer.status_changed",
        "data": body,
        "occurredAt": payout.updated_at,
        "attemptedAt": payout.updated_at,
    }


def decimal(units: int, decimals: int) -> str:
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"
