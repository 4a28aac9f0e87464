"""What a user may ask for with strategies: to put USDC to work, and to take it out again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from domain.contracts.events import NetworkCost
from domain.contracts.strategy_events import (
    StrategyBalanceUpdated,
    StrategyLaunchInitiated,
    StrategyStopInitiated,
    StrategyTerms,
)
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.errors import InsufficientBalance
from domain.shared.figures import Figures
from domain.shared.ids import TransactionId
from domain.shared.money import format_asset, share_rounded_down
from domain.transaction.errors import BelowMinimum, FeesExceedAmount, PositionLocked

DEFINITION_VERSION: Final = 1
"""The newest version of the definitions that strategies are led by."""
_ALMOST_A_MINUTE: Final = timedelta(minutes=1) - timedelta.resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchStrategyCommand:
    """Put `amount` of USDC, all costs included, to work by these terms; `minimum` is the
    strategy's own, `spendable` what Available shows."""

    transaction_id: TransactionId
    username: str
    owner_address: str
    amount: int
    minimum: int
    spendable: int
    network_cost: NetworkCost
    terms: StrategyTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStrategyCommand:
    """Close the position whole; `value` is what the protocol would give now, after its exit cost."""

    transaction_id: TransactionId
    username: str
    owner_address: str
    position_id: UUID
    opened: StrategyBalanceUpdated
    principal: int
    value: int
    network_cost: NetworkCost
    exit_cost: int = 0


def launch_strategy(command: LaunchStrategyCommand, facts: Facts) -> Decision:
    """Begins a launch; raises the `Refused` that says why it may not."""
    figures = facts.figures
    cost = command.network_cost.total_base_units
    least = max(figures.strategy_minimum, command.minimum + cost)
    if command.amount < least:
        minimum = format_asset(least, USDC.symbol)
        raise BelowMinimum(field="input.amount", minimum=minimum, asset=USDC.symbol)
    free = command.spendable - figures.fee_reserve
    if free < command.amount:
        most = format_asset(max(0, free), USDC.symbol)
        raise InsufficientBalance(field="input.amount", spendable=most, asset=USDC.symbol)
    initiated = StrategyLaunchInitiated(
        definition_version=DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        owner_address=command.owner_address,
        amount=command.amount,
        network_cost=command.network_cost,
        terms=command.terms,
        rejected=(),
        approval_deadline=_deadline(facts),
    )
    return Decision(events=(initiated,))


def stop_strategy(command: StopStrategyCommand, facts: Facts) -> Decision:
    """Begins a stop; raises the `Refused` that says why it may not, a lock with its date."""
    opened = command.opened
    if opened.locked_until is not None and facts.now < opened.locked_until:
        raise PositionLocked(field="input.positionId", until=_told(opened.locked_until))
    fee = stop_fee(command.value, facts.figures)
    if command.value <= fee + command.network_cost.total_base_units:
        raise FeesExceedAmount(field="input.positionId")
    initiated = StrategyStopInitiated(
        definition_version=DEFINITION_VERSION,
        transaction_id=command.transaction_id,
        username=command.username,
        owner_address=command.owner_address,
        position_id=command.position_id,
        provider=opened.provider,
        offer_id=opened.offer_id,
        name=opened.name,
        principal=command.principal,
        shares=opened.shares,
        value=command.value,
        exit_cost=command.exit_cost,
        platform_fee=fee,
        network_cost=command.network_cost,
        approval_deadline=_deadline(facts),
    )
    return Decision(events=(initiated,))


def stop_fee(value: int, figures: Figures) -> int:
    """The platform's part of what a position gives: a share rounded down, or the least."""
    share = share_rounded_down(value, millionths=figures.strategy_stop_fee_millionths)
    return max(share, figures.strategy_stop_fee_minimum)


def _deadline(facts: Facts) -> datetime:
    return facts.now + timedelta(seconds=facts.figures.approval_window_seconds)


def _told(locked_until: datetime) -> str:
    """The minute from which it is free, rounded up: nobody is refused who comes back then."""
    minute = (locked_until.astimezone(UTC) + _ALMOST_A_MINUTE).replace(second=0, microsecond=0)
    return f"{minute:%Y-%m-%d %H:%M} UTC"
