"""When a transaction should be done: said here alone, to its row, and by its row to a preview."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.contracts.buy_events import BuyTransactionInitiated, OnChainPurchase, OnRampPurchase
from domain.contracts.deposit_events import DepositTransactionInitiated, PaymentOffer
from domain.contracts.payments import payment_in
from domain.contracts.payout_events import PayoutOffer
from domain.contracts.payouts import payout_in
from domain.contracts.sell_events import SellTransactionInitiated
from domain.contracts.swap_events import SwapOffer
from domain.contracts.withdraw_events import (
    BankPayout,
    Conversion,
    WithdrawTransactionInitiated,
)
from domain.shared.decision import Facts
from domain.shared.stream import Stream
from domain.transaction.flow import Columns
from domain.transaction.model import flow_of

_TO_BANK: Final = "BANK"
"""What the figures call a payout to a bank, as a payment by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How the money goes: what it is paid with, what it is worth (USD in millionths) where that
    tells, and who offers to carry it, the best first."""

    method: str | None = None
    usd_value: int = 0
    offers: tuple[PaymentOffer | PayoutOffer | SwapOffer, ...] = ()

    def seconds(self, provider: str | None) -> int:
        """What that provider says, or the best while none is chosen; 0 where they say nothing."""
        chosen = [each for each in self.offers if provider is None or each.provider == provider]
        return (chosen[0].estimated_seconds or 0) if chosen else 0


def estimated_columns(stream: Stream, columns: Columns, facts: Facts) -> Columns:
    """From now on, as such transactions went lately, or usually go, and no less than the provider
    says; `columns` are those of the stream's last event. Nothing, where it neither opens the
    transaction nor chooses a provider: what was said stays."""
    opening = stream.events[0]
    if len(stream.events) > 1 and "provider" not in columns:
        return {}
    kind = str(flow_of(stream).columns(stream, opening)["type"])
    way, provider = _way(stream), columns.get("provider")
    usual = facts.figures.usual_time(kind, method=way.method, usd_value=way.usd_value)
    lately = facts.history.get(usual.name, usual.seconds)
    seconds = max(lately, way.seconds(None if provider is None else str(provider)))
    return {
        "estimated_completion": facts.now + timedelta(seconds=seconds),
        "estimated_as": usual.name,
    }


def _way(stream: Stream) -> _Way:
    match stream.events[0].data:
        case DepositTransactionInitiated() | BuyTransactionInitiated(on_ramp=OnRampPurchase()):
            paid = payment_in(stream)
            return _Way(method=paid.payment_method, usd_value=paid.usd_value, offers=paid.offers)
        case WithdrawTransactionInitiated(bank=BankPayout()):
            return _Way(method=_TO_BANK, offers=payout_in(stream).offers)
        case WithdrawTransactionInitiated(conversion=Conversion(offers=offers)):
            return _Way(offers=offers)
        case BuyTransactionInitiated(on_chain=OnChainPurchase(offers=offers)):
            return _Way(offers=offers)
        case SellTransactionInitiated(offers=offers):
            return _Way(offers=offers)
        case _:
            return _Way()
