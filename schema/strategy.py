"""Strategies: what may be chosen, and what somebody has in them."""

from datetime import datetime
from enum import StrEnum
from typing import Self

import strawberry

from domain.contracts.views import (
    PageRequest,
    PositionView,
    StrategyCatalogueView,
    StrategyView,
)
from domain.shared.money import format_asset
from resolvers.ids import Kind, encode
from resolvers.pages import page_of
from schema.node import PageInfo


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
    minimum: str = strawberry.field(
        description="The least to launch with: the strategy's own, beside the cost, or the platform's."
    )
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


@strawberry.input(description="Which strategies: those that fit all that is said.")
class StrategiesWhereInput:
    providers: list[str] | None = None
    risks: list[str] | None = strawberry.field(default=None, description="low, medium or high.")
    goals: list[str] | None = strawberry.field(
        default=None, description="At least one of these points at it."
    )
    assets: list[str] | None = None
    lock_seconds_max: int | None = strawberry.field(
        default=None, description="0: money can be taken out at any time."
    )

    def fits(self, view: StrategyView) -> bool:
        return (
            (self.providers is None or view.provider in self.providers)
            and (self.risks is None or view.risk in self.risks)
            and (self.goals is None or not set(self.goals).isdisjoint(view.goals))
            and (self.assets is None or view.asset in self.assets)
            and (self.lock_seconds_max is None or view.lock_seconds <= self.lock_seconds_max)
        )


@strawberry.type
class StrategyEdge:
    cursor: str
    node: Strategy


@strawberry.type(description="What may be chosen now. `missing` tells what is not in it, and why.")
class StrategyConnection:
    edges: list[StrategyEdge]
    page_info: PageInfo
    goals: list[Goal]
    missing: list[MissingStrategies]

    @strawberry.field
    def nodes(self) -> list[Strategy]:
        return [edge.node for edge in self.edges]

    @classmethod
    def of(
        cls, view: StrategyCatalogueView, request: PageRequest, where: StrategiesWhereInput | None
    ) -> Self:
        """Raises `InvalidCursor`."""
        fitting = [each for each in view.strategies if where is None or where.fits(each)]
        page = page_of(request, fitting, key=lambda each: each.id)
        return cls(
            edges=[
                StrategyEdge(cursor=item.cursor, node=Strategy.of(item.node)) for item in page.items
            ],
            page_info=PageInfo.of(page),
            goals=[Goal(name=name, risk=risk) for name, risk in view.goals],
            missing=[
                MissingStrategies(provider=each.provider, reason=each.reason)
                for each in view.missing
            ],
        )


@strawberry.enum(description="What is done about a position, long after its launch has ended.")
class PositionState(StrEnum):
    POSITION_MONITORING = "POSITION_MONITORING"
    POSITION_CLOSING = "POSITION_CLOSING"


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
    state: PositionState

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
            state=PositionState.POSITION_CLOSING
            if view.closing
            else PositionState.POSITION_MONITORING,
        )
