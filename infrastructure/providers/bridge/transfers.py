"""Transfers: how an order is asked for, and what an answer means for it."""

import logging
from typing import Final

from solders.pubkey import Pubkey

from domain.provider.ports.answers import Unanswered
from domain.provider.ports.offramp import (
    PayoutRail,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import USDC
from infrastructure.providers import amounts
from infrastructure.providers.amounts import CENT_DECIMALS
from infrastructure.providers.bridge import wire
from infrastructure.providers.reports import contradiction, unrecognised

logger = logging.getLogger(__name__)

CHAIN: Final = "solana"
CURRENCY: Final = "usdc"

RAILS: Final = {
    PayoutRail.ACH: "ach",
    PayoutRail.WIRE: "wire",
    PayoutRail.SEPA: "sepa",
    PayoutRail.FASTER_PAYMENTS: "faster_payments",
    PayoutRail.PIX: "pix",
}
# Stuck returns are under way as long as nobody has the money back; `failure` says why they stick.
STATES: Final = {
    "awaiting_funds": WithdrawalState.AWAITING_FUNDS,
    "in_review": WithdrawalState.IN_REVIEW,
    "funds_received": WithdrawalState.FUNDS_RECEIVED,
    "payment_submitted": WithdrawalState.FIAT_SUBMITTED,
    "payment_processed": WithdrawalState.FIAT_PAID,
    "undeliverable": WithdrawalState.UNDELIVERABLE,
    "returned": WithdrawalState.RETURNED,
    "missing_return_policy": WithdrawalState.REFUNDING,
    "refund_in_flight": WithdrawalState.REFUNDING,
    "refund_failed": WithdrawalState.REFUNDING,
    "refunded": WithdrawalState.REFUNDED,
    "canceled": WithdrawalState.CANCELLED,
    "error": WithdrawalState.FAILED,
}
_FAILURES: Final = frozenset(
    {"undeliverable", "returned", "missing_return_policy", "refund_failed", "error"}
)


def asked_for(order: WithdrawalOrder) -> wire.NewTransfer:
    """The same for the same order, whenever it is asked."""
    request = order.quote.request
    return wire.NewTransfer(
        client_reference_id=order.key,
        amount=amounts.written(request.asset_amount, decimals=USDC.decimals),
        on_behalf_of=order.customer,
        developer_fee=(
            amounts.written(order.developer_fee, decimals=CENT_DECIMALS)
            if order.developer_fee
            else None
        ),
        source=wire.CryptoSource(
            payment_rail=CHAIN, currency=CURRENCY, from_address=order.from_address
        ),
        destination=wire.BankDestination(
            payment_rail=RAILS[request.rail],
            currency=request.fiat_currency.lower(),
            external_account_id=order.bank_account,
        ),
        return_instructions=wire.ReturnInstructions(address=order.from_address),
    )


def opened(order: WithdrawalOrder, transfer: wire.Transfer) -> WithdrawalOpened | Unanswered:
    """Where to send; Unanswered where the transfer is not the one that was asked for."""
    told = transfer.source_deposit_instructions
    different = _different(order, transfer)
    if different is not None or told is None or told.to_address is None:
        reason = different or "where to send"
        return contradiction("bridge", f"transfer {transfer.id} differs in {reason}")
    return WithdrawalOpened(
        reference=transfer.id,
        deposit_address=told.to_address,
        asset_amount=order.quote.request.asset_amount,
        deposit_memo=told.blockchain_memo,
    )


def has_lapsed(transfer: wire.Transfer) -> bool:
    """Cancelled without having got anything."""
    cancelled = STATES.get(transfer.state) is WithdrawalState.CANCELLED
    return cancelled and (transfer.receipt is None or transfer.receipt.source_tx_hash is None)


def status(transfer: wire.Transfer) -> WithdrawalStatus:
    """Raises NotAnAmount where the receipt cannot be read."""
    state = STATES.get(transfer.state)
    if state is None:
        unrecognised("bridge", "state", transfer.state)
    receipt = transfer.receipt or wire.Receipt()
    return WithdrawalStatus(
        reference=transfer.id,
        state=state or WithdrawalState.UNRECOGNISED,
        provider_status=transfer.state,
        asset_amount=_units(receipt.initial_amount or transfer.amount, USDC.decimals),
        fiat_amount=_units(receipt.final_amount, CENT_DECIMALS),
        fiat_currency=transfer.destination.currency.upper(),
        deposit_transaction_hash=receipt.source_tx_hash,
        refund_transaction_hash=transfer.refund_tx_hash,
        failure=_failure(transfer),
        updated_at=transfer.updated_at,
    )


def _units(text: str | None, decimals: int) -> int | None:
    return None if text is None else amounts.rounded_down(text, decimals=decimals)


def _failure(transfer: wire.Transfer) -> str | None:
    if transfer.return_details is not None and transfer.return_details.reason:
        return transfer.return_details.reason
    return transfer.state if transfer.state in _FAILURES else None


def _different(order: WithdrawalOrder, transfer: wire.Transfer) -> str | None:
    """What of the answer does not fit the order, by name."""
    told = transfer.source_deposit_instructions
    if told is None:
        return "where to send"
    request = order.quote.request
    checks = {
        "the key": transfer.client_reference_id == order.key,
        "the customer": transfer.on_behalf_of == order.customer,
        "the bank account": transfer.destination.external_account_id == order.bank_account,
        "the rail": transfer.destination.payment_rail == RAILS[request.rail],
        "the currency": transfer.destination.currency == request.fiat_currency.lower(),
        "the asset": (told.payment_rail, told.currency) == (CHAIN, CURRENCY),
        "the sender": told.from_address in (None, order.from_address),
        "the address": told.to_address is not None and _is_address(told.to_address),
        "the amount": amounts.is_exactly(request.asset_amount, told.amount, decimals=USDC.decimals),
        "the fee": amounts.is_exactly(
            order.developer_fee, transfer.developer_fee or "0", decimals=CENT_DECIMALS
        ),
    }
    return next((name for name, fits in checks.items() if not fits), None)


def _is_address(text: str) -> bool:
    try:
        Pubkey.from_string(text)
    except ValueError:
        return False
    return True
