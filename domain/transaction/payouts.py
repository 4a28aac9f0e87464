"""What a user may ask for with a bank: to withdraw Available to an account of theirs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.withdraw_events import BankPayout, WithdrawTransactionInitiated
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InsufficientBalance
from domain.shared.ids import TransactionId
from domain.shared.money import format_asset
from domain.transaction.errors import BelowMinimum, NoProvider
from domain.transaction.handlers import SendCosts

DEFINITION_VERSION: Final = 1
"""The newest version of the definition that it is led by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawToBankCommand:
    """Withdraw `amount` of USDC, all costs included; `spendable` is what Available shows."""

    transaction_id: TransactionId
    username: str
    sender_address: str
    recipient: Recipient
    amount: int
    costs: SendCosts
    network_cost: NetworkCost
    spendable: int
    bank: BankPayout


def withdraw_to_bank(command: WithdrawToBankCommand, facts: Facts) -> Decision:
    """Begins it; raises the `Refused` that says why it may not."""
    figures = facts.figures
    if command.amount < figures.withdraw_minimum:
        least = format_asset(figures.withdraw_minimum, USDC.symbol)
        raise BelowMinimum(field="input.amount", minimum=least, asset=USDC.symbol)
    free = command.spendable - figures.fee_reserve
    if free < command.amount:
        most = format_asset(max(0, free), USDC.symbol)
        raise InsufficientBalance(field="input.amount", spendable=most, asset=USDC.symbol)
    if not command.bank.offers:
        reasons = "; ".join(f"{each.provider}: {each.reason}" for each in command.bank.rejected)
        raise NoProvider(reasons=reasons)
    initiated = WithdrawTransactionInitiated(
        definition_version=DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        sender_address=command.sender_address,
        recipient=command.recipient,
        chain=USDC.chain,
        asset=USDC.symbol,
        amount=command.amount,
        platform_fee=command.costs.platform_fee,
        network_cost=command.network_cost,
        approval_deadline=facts.now + timedelta(seconds=figures.approval_window_seconds),
        bank=command.bank,
    )
    return Decision(events=(initiated,))
