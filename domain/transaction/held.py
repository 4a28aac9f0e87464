"""What a user may ask for of an invested asset: to have it at an address elsewhere on its chain."""

from dataclasses import dataclass
from datetime import timedelta

from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.shared.assets import ASSETS, USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InsufficientBalance
from domain.shared.ids import TransactionId
from domain.shared.money import format_asset
from domain.transaction.errors import BelowMinimum, GasMissing, SelfSend
from domain.transaction.handlers import WITHDRAW_DEFINITION_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateHeldWithdrawCommand:
    """Send `amount` (base units of `asset`) to the recipient, who gets all of it.

    `usd_value` (millionths) is what it is worth, rounded up; `spendable` and `gas_spendable` what the
    balances of the asset, and of what its network is paid in, show now; the database decides in the
    end.
    """

    transaction_id: TransactionId
    username: str
    asset: str
    amount: int
    usd_value: int
    spendable: int
    gas_spendable: int
    sender_address: str
    recipient: Recipient
    network_cost: NetworkCost


def initiate_held_withdraw(command: InitiateHeldWithdrawCommand, facts: Facts) -> Decision:
    """Begins it; raises the `Refused` that says why it may not."""
    _check(command, facts)
    initiated = WithdrawTransactionInitiated(
        definition_version=WITHDRAW_DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        sender_address=command.sender_address,
        recipient=command.recipient,
        chain=ASSETS[command.asset].chain,
        asset=command.asset,
        amount=command.amount,
        platform_fee=0,
        network_cost=command.network_cost,
        approval_deadline=facts.now + timedelta(seconds=facts.figures.approval_window_seconds),
        usd_value=command.usd_value,
    )
    return Decision(events=(initiated,))


def _check(command: InitiateHeldWithdrawCommand, facts: Facts) -> None:
    asset, gas = ASSETS[command.asset], command.network_cost.gas
    if command.recipient.address == command.sender_address:
        raise SelfSend(field="input.destination.externalWallet.address")
    if command.amount < asset.minimum_base_units:
        raise _below(asset.minimum_base_units, asset.symbol)
    if command.usd_value < facts.figures.withdraw_minimum:
        raise _below(facts.figures.withdraw_minimum, USDC.symbol)
    beside = gas.amount if gas and gas.asset == command.asset else 0
    if command.spendable - beside < command.amount:
        most = format_asset(max(0, command.spendable - beside), command.asset)
        raise InsufficientBalance(field="input.amount", spendable=most, asset=command.asset)
    if gas and gas.asset != command.asset and command.gas_spendable < gas.amount:
        needed = format_asset(gas.amount, gas.asset)
        raise GasMissing(field="input.asset", needed=needed, asset=gas.asset)


def _below(minimum: int, symbol: str) -> BelowMinimum:
    return BelowMinimum(field="input.amount", minimum=format_asset(minimum, symbol), asset=symbol)
