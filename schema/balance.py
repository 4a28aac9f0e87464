"""A balance, as decimal strings with the asset's own precision."""

from typing import Self

import strawberry

from domain.contracts.views import BalanceKind, BalanceView
from domain.shared import money
from domain.shared.money import format_asset


@strawberry.type(description="One asset of a wallet. Amounts have all digits of the asset.")
class Balance:
    asset: str
    posted: str = strawberry.field(description="What is booked.")
    reserved: str = strawberry.field(description="Held for movements under way.")
    earmarked: str = strawberry.field(description="Promised, yet still spendable by the user.")
    pending: str = strawberry.field(description="Expected to come in.")
    spendable: str = strawberry.field(
        description="Neither held nor promised: what movements and their fees may come out of."
    )
    amount_max: str = strawberry.field(
        description="The most that a new movement may take now: what is spendable, of USDC without "
        "the reserve for fees. Of an asset that pays its own network, that fee comes beside it."
    )
    fee_due: str = strawberry.field(
        description="Fees from earlier that the next signature pays. In none of the others; on the "
        "chain still at the wallet's address."
    )

    @classmethod
    def of(cls, view: BalanceView) -> Self:
        asset = view.booked.asset
        return cls(
            asset=asset,
            posted=format_asset(view.booked.amount, asset),
            reserved=format_asset(view.reserved, asset),
            earmarked=format_asset(view.earmarked, asset),
            pending=format_asset(view.pending, asset),
            spendable=format_asset(view.spendable, asset),
            amount_max=format_asset(view.amount_max, asset),
            fee_due=format_asset(view.fee_due, asset),
        )

    @classmethod
    def empty(cls, kind: BalanceKind, asset: str) -> Self:
        return cls.of(BalanceView(kind=kind, booked=money.Balance.of(0, asset)))
