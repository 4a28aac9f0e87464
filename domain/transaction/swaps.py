"""What a user may ask for with a swap: to buy an asset with Available, to sell one for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.buy_events import BuyTransactionInitiated, OnChainPurchase
from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.gas import Gas
from domain.contracts.sell_events import SellTransactionInitiated
from domain.contracts.swap_events import SwapOffer
from domain.contracts.withdraw_events import Conversion, WithdrawTransactionInitiated
from domain.shared.assets import ASSETS, USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InsufficientBalance
from domain.shared.ids import TransactionId
from domain.shared.money import format_asset, share_rounded_down
from domain.transaction.errors import (
    BelowMinimum,
    FeesExceedAmount,
    GasMissing,
    NoProvider,
    SelfSend,
)
from domain.transaction.handlers import WITHDRAW_DEFINITION_VERSION

DEFINITION_VERSION: Final = 1
"""The newest version of the definition that Buys and Sells are led by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateSwapCommand:
    """Swap `amount` (base units of `source`) for the target; `offers` the best first.

    `usd_value` (millionths) is what the amount is worth, rounded up; `spendable` and `gas_spendable`
    what the balances of the source, and of what its network is paid in, show now; the database
    decides in the end. `recipient`: whose the address is, where it is not the user's own;
    `platform_fee` what the platform takes of the amount before it is swapped.
    """

    transaction_id: TransactionId
    username: str
    source: str
    target: str
    amount: int
    usd_value: int
    spendable: int
    sender_address: str
    recipient_address: str
    network_cost: NetworkCost
    slippage_millionths: int
    offers: tuple[SwapOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    recipient: Recipient | None = None
    platform_fee: int = 0
    gas_spendable: int = 0


def initiate_buy(command: InitiateSwapCommand, facts: Facts) -> Decision:
    """Begins a Buy on a chain; raises the `Refused` that says why it may not."""
    figures = facts.figures
    if command.amount < figures.buy_minimum:
        raise _below(figures.buy_minimum, USDC.symbol)
    _check_balance(command, reserve=figures.fee_reserve)
    _check_offers(command)
    _check_brought(command)
    initiated = BuyTransactionInitiated(
        transaction_id=command.transaction_id,
        username=command.username,
        asset=command.target,
        address=command.recipient_address,
        on_chain=OnChainPurchase(
            definition_version=DEFINITION_VERSION,
            sender_address=command.sender_address,
            amount=command.amount,
            network_cost=command.network_cost,
            slippage_millionths=command.slippage_millionths,
            offers=command.offers,
            rejected=command.rejected,
            approval_deadline=_deadline(facts),
        ),
    )
    return Decision(events=(initiated,))


def initiate_sell(command: InitiateSwapCommand, facts: Facts) -> Decision:
    """Begins a Sell; raises the `Refused` that says why it may not."""
    figures, source = facts.figures, ASSETS[command.source]
    if command.amount < source.minimum_base_units:
        raise _below(source.minimum_base_units, source.symbol)
    if command.usd_value < figures.sell_minimum:
        raise _below(figures.sell_minimum, USDC.symbol)
    _check_balance(command, reserve=0)
    _check_offers(command)
    initiated = SellTransactionInitiated(
        definition_version=DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        asset=command.source,
        amount=command.amount,
        usd_value=command.usd_value,
        sender_address=command.sender_address,
        recipient_address=command.recipient_address,
        platform_fee=_sell_fee(command, facts),
        network_cost=command.network_cost,
        slippage_millionths=command.slippage_millionths,
        offers=command.offers,
        rejected=command.rejected,
        approval_deadline=_deadline(facts),
    )
    _check_sold(command, initiated.gas)
    return Decision(events=(initiated,))


def initiate_withdraw_with_conversion(command: InitiateSwapCommand, facts: Facts) -> Decision:
    """Begins a Withdraw of another asset than USDC, bought for it; raises the `Refused` that says why
    it may not."""
    figures, recipient = facts.figures, command.recipient
    if recipient is None:
        raise SelfSend(field="input.destination.externalWallet.address")
    if command.amount < figures.withdraw_minimum:
        raise _below(figures.withdraw_minimum, USDC.symbol)
    _check_balance(command, reserve=figures.fee_reserve)
    _check_offers(command)
    _check_brought(command)
    initiated = WithdrawTransactionInitiated(
        definition_version=WITHDRAW_DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        sender_address=command.sender_address,
        recipient=recipient,
        chain=ASSETS[command.target].chain,
        asset=command.source,
        amount=command.amount,
        platform_fee=command.platform_fee,
        network_cost=command.network_cost,
        approval_deadline=_deadline(facts),
        conversion=Conversion(
            target=command.target,
            slippage_millionths=command.slippage_millionths,
            offers=command.offers,
            rejected=command.rejected,
        ),
    )
    return Decision(events=(initiated,))


def _check_sold(command: InitiateSwapCommand, gas: Gas | None) -> None:
    """Of the same asset, amount and network have to be covered together."""
    _check_balance(command, reserve=gas.amount if gas and gas.asset == command.source else 0)
    if gas is not None and gas.asset != command.source and command.gas_spendable < gas.amount:
        raise GasMissing(
            field="input.asset", needed=format_asset(gas.amount, gas.asset), asset=gas.asset
        )


def _sell_fee(command: InitiateSwapCommand, facts: Facts) -> int:
    """Of the least that any offer promises, so that it is never above its share of what arrives."""
    promised = min(offer.target_minimum for offer in command.offers)
    share = share_rounded_down(promised, millionths=facts.figures.sell_fee_millionths)
    fee = max(share, facts.figures.sell_fee_minimum)
    if promised <= fee + command.network_cost.total_base_units:
        raise FeesExceedAmount(field="input.amount")
    return fee


def _check_balance(command: InitiateSwapCommand, *, reserve: int) -> None:
    if command.spendable - reserve < command.amount:
        most = format_asset(max(0, command.spendable - reserve), command.source)
        raise InsufficientBalance(field="input.amount", spendable=most, asset=command.source)


def _check_offers(command: InitiateSwapCommand) -> None:
    if not command.offers:
        reasons = "; ".join(f"{each.provider}: {each.reason}" for each in command.rejected)
        raise NoProvider(reasons=reasons)


def _check_brought(command: InitiateSwapCommand) -> None:
    target = ASSETS[command.target]
    if command.offers[0].target_amount < target.minimum_base_units:
        raise _below(target.minimum_base_units, target.symbol)


def _below(minimum: int, symbol: str) -> BelowMinimum:
    return BelowMinimum(field="input.amount", minimum=format_asset(minimum, symbol), asset=symbol)


def _deadline(facts: Facts) -> datetime:
    return facts.now + timedelta(seconds=facts.figures.approval_window_seconds)
