"""What a user may still move, in US dollars."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import LimitsView, LimitView
from domain.shared.assets import USDC
from domain.shared.money import format_asset


def _usd(millionths: int) -> str:
    return format_asset(millionths, USDC.symbol)


@strawberry.type(description="One limit over the last so many days. Amounts in US dollars.")
class LimitWindow:
    days: int
    payment_method: str | None = strawberry.field(
        description="The method that it is for; null for all movements together."
    )
    limit: str
    used: str = strawberry.field(description="Used, or reserved by movements under way.")
    left: str
    frees_at: datetime | None = strawberry.field(
        description="When the oldest of what is used no longer counts."
    )

    @classmethod
    def of(cls, view: LimitView) -> Self:
        return cls(
            days=view.days,
            payment_method=view.payment_method,
            limit=_usd(view.limit),
            used=_usd(view.used),
            left=_usd(view.left),
            frees_at=view.frees_at,
        )


@strawberry.type(description="What a user may move: at once, over time, and in which flows.")
class Limits:
    transaction: str = strawberry.field(description="The most in one transaction, US dollars.")
    approval_above: str = strawberry.field(description="Above it a person approves, US dollars.")
    flows: list[str] = strawberry.field(description="What the user's verification allows.")
    windows: list[LimitWindow]

    @classmethod
    def of(cls, view: LimitsView) -> Self:
        return cls(
            transaction=_usd(view.transaction),
            approval_above=_usd(view.approval_above),
            flows=list(view.flows),
            windows=[LimitWindow.of(window) for window in view.windows],
        )
