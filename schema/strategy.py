"""Strategies: what may be chosen, and what somebody has in them."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import PositionView, StrategyCatalogueView, StrategyView
from domain.shared.money import format_asset
from resolvers.ids import Kind, encode


@strawberry.type(description="A protocol's offer. Every figure is of its source, at that time.")
class Strategy:
    id: str
    provider: str
    name: str
    asset: str
    risk: str = strawberry.field(description="low, medium or high.")
    goals: list[str] = strawberry.field(description="The goals that point at it.")
    apy: str | None = strawberry.field(
        description="A year's yield as a decimal fraction; null where the protocol does not tell."
    )
    minimum: str
    lock_seconds: int = strawberry.field(description="0: money can be taken out at any time.")
    exit_fee: str = strawberry.field(description="As a decimal fraction of what is taken out.")
    liquidity: str | None = strawberry.field(description="What could be taken out now.")
    total_value: str | None
    source: str
    at: datetime
    stale: bool = strawberry.field(description="Older than it should be: nothing begins by it.")

    @classmethod
    def of(cls, view: StrategyView) -> Self:
        def amount(value: int | None) -> str | None:
            return None if value is None else format_asset(value, view.asset)

        return cls(
            id=view.id,
            provider=view.provider,
            name=view.name,
            asset=view.asset,
            risk=view.risk,
            goals=list(view.goals),
            apy=view.apy,
            minimum=format_asset(view.minimum, view.asset),
            lock_seconds=view.lock_seconds,
            exit_fee=f"0.{view.exit_fee_millionths:06d}",
            liquidity=amount(view.liquidity),
            total_value=amount(view.total_value),
            source=view.source,
            at=view.at,
            stale=view.stale,
        )


@strawberry.type(description="What a user saves for, and the risk that it bears.")
class Goal:
    name: str
    risk: str


@strawberry.type(description="A provider whose offers are missing now.")
class MissingStrategies:
    provider: str
    reason: str


@strawberry.type(description="What may be chosen now. `missing` tells what is not in it, and why.")
class StrategyCatalogue:
    strategies: list[Strategy]
    goals: list[Goal]
    missing: list[MissingStrategies]

    @classmethod
    def of(cls, view: StrategyCatalogueView) -> Self:
        return cls(
            strategies=[Strategy.of(each) for each in view.strategies],
            goals=[Goal(name=name, risk=risk) for name, risk in view.goals],
            missing=[
                MissingStrategies(provider=each.provider, reason=each.reason)
                for each in view.missing
            ],
        )


@strawberry.type(description="What a user has in a strategy.")
class StrategyPosition:
    id: strawberry.ID
    strategy_id: str
    provider: str
    name: str
    asset: str
    principal: str = strawberry.field(description="What was put in.")
    value: str | None = strawberry.field(
        description="What it would give now; null while the protocol does not answer."
    )
    profit: str | None = strawberry.field(description="May be negative.")
    source: str | None
    at: datetime | None
    opened_at: datetime
    locked_until: datetime | None
    closing: bool = strawberry.field(description="A stop is under way.")

    @classmethod
    def of(cls, view: PositionView) -> Self:
        def amount(value: int | None) -> str | None:
            return None if value is None else format_asset(value, view.asset)

        return cls(
            id=strawberry.ID(encode(Kind.POSITION, view.id)),
            strategy_id=view.strategy_id,
            provider=view.provider,
            name=view.name,
            asset=view.asset,
            principal=format_asset(view.principal, view.asset),
            value=amount(view.value),
            profit=amount(view.profit),
            source=view.source,
            at=view.at,
            opened_at=view.opened_at,
            locked_until=view.locked_until,
            closing=view.closing,
        )
