"""What the simulated Bridge answers: objects, errors and events as its API v0 writes them."""

from typing import Final

import msgspec

from infrastructure.sandbox.bridge.requests import NewExternalAccount
from infrastructure.sandbox.frame.server import ProviderError
from infrastructure.sandbox.payouts import Payout

USDC_DECIMALS: Final = 6
CENT_DECIMALS: Final = 2
_UNITS_PER_CENT: Final = 10_000
_MILLION: Final = 1_000_000
_TAIL: Final = 4

Json = dict[str, object]


class ExternalAccount(msgspec.Struct, kw_only=True):
    """As it is remembered."""

    id: str
    customer: str
    asked: NewExternalAccount
    active: bool = True

    @property
    def number(self) -> str:
        return self.asked.number or ""


def refused(status: int, code: str, message: str, *, at: str | None = None) -> ProviderError:
    body: Json = {"code": code, "message": message}
    if at is not None:
        body["source"] = {"location": "body", "key": at}
    return ProviderError(status, body)


def external_account(account: ExternalAccount, *, created_at: str) -> Json:
    asked, tail = account.asked, account.number[-_TAIL:]
    body: Json = {
        "id": account.id,
        "customer_id": account.customer,
        "currency": asked.currency,
        "account_type": asked.account_type,
        "account_owner_name": asked.account_owner_name,
        "active": account.active,
        "last_4": tail,
        "created_at": created_at,
        "updated_at": created_at,
    }
    if asked.account_type in ("us", "gb"):
        body["account"] = {"last_4": tail}
    if asked.iban is not None:
        body["iban"] = {"last_4": tail, "country": asked.iban.country}
    return body


def transfer(
    payout: Payout, *, asked_millionths: int = _MILLION, paid_millionths: int = _MILLION
) -> Json:
    """The factors are faults: another amount to send, or to be paid, than it is."""
    amount = decimal(payout.asset_amount, USDC_DECIMALS)
    fee = decimal(payout.developer_fee, CENT_DECIMALS)
    rest = decimal(payout.asset_amount - payout.developer_fee * _UNITS_PER_CENT, USDC_DECIMALS)
    paid = payout.fiat_amount * paid_millionths // _MILLION
    receipt: Json = {
        "initial_amount": amount,
        "developer_fee": fee,
        "exchange_fee": "0.0",
        "subtotal_amount": rest,
        "gas_fee": "0.0",
        "final_amount": decimal(paid, CENT_DECIMALS),
    }
    if payout.deposit is not None:
        receipt["source_tx_hash"] = payout.deposit.transaction_hash
    body: Json = {
        "id": payout.id,
        "client_reference_id": payout.key,
        "state": payout.state,
        "on_behalf_of": payout.customer,
        "currency": "usd",
        "amount": amount,
        "developer_fee": fee,
        "source": {
            "payment_rail": "solana",
            "currency": "usdc",
            "from_address": payout.return_address,
        },
        "destination": {
            "payment_rail": payout.rail,
            "currency": payout.fiat_currency.lower(),
            "external_account_id": payout.bank_account,
        },
        "source_deposit_instructions": {
            "payment_rail": "solana",
            "currency": "usdc",
            "amount": decimal(payout.asset_amount * asked_millionths // _MILLION, USDC_DECIMALS),
            "from_address": payout.return_address,
            "to_address": payout.deposit_address,
        },
        "receipt": receipt,
        "created_at": payout.created_at,
        "updated_at": payout.updated_at,
    }
    if payout.reason is not None:
        body["return_details"] = {"reason": payout.reason}
    if payout.refund_hash is not None:
        body["refund_tx_hash"] = payout.refund_hash
    return body


def event(payout: Payout, number: int) -> Json:
    before = payout.history[-2].state if len(payout.history) > 1 else None
    kind = "created" if before is None else "updated"
    return {
        "api_version": "v0",
        "event_id": f"wh_{number:024d}",
        "event_developer_id": "sandbox",
        "event_category": "transfer",
        "event_type": f"transfer.{kind}",
        "event_object_id": payout.id,
        "event_object_status": payout.state,
        "event_object": transfer(payout),
        "event_object_changes": {} if before is None else {"state": [before, payout.state]},
        "event_created_at": payout.updated_at,
    }


def decimal(units: int, decimals: int) -> str:
    """At least one digit behind the point, as Bridge writes amounts."""
    digits = str(units).rjust(decimals + 1, "0")
    fraction = digits[-decimals:].rstrip("0")
    return f"{digits[:-decimals]}.{fraction or '0'}"
