"""What assets cost."""

from datetime import datetime
from typing import Final, Self

import strawberry

from domain.contracts.views import PriceView
from domain.shared.money import format_amount

_USD_DECIMALS: Final = 6


@strawberry.type(description="What one whole unit of an asset costs. It is the market's, no offer.")
class AssetPrice:
    asset: str
    usd: str | None = strawberry.field(description="Null where no source tells one.")
    source: str | None
    at: datetime | None = strawberry.field(description="When it was so, by the source's word.")
    stale: bool = strawberry.field(
        description="Missing, or older than two minutes: what depends on it is refused."
    )

    @classmethod
    def of(cls, view: PriceView) -> Self:
        usd = None if view.micro_usd is None else format_amount(view.micro_usd, _USD_DECIMALS)
        return cls(asset=view.asset, usd=usd, source=view.source, at=view.at, stale=view.stale)
