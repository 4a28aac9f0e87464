"""What mutations and the preview answer: a result, or errors that say why there is none."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.services import SendPreview, StopPreview
from domain.shared.assets import USDC
from domain.shared.money import format_asset
from schema.errors import Error
from schema.transaction import Fee, Party, Transaction
from schema.user import User


@strawberry.type(description="The transaction as it stands now, or why nothing was done.")
class TransactionPayload:
    transaction: Transaction | None = None
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="What a Send would cost and deliver now.")
class Preview:
    asset: str
    amount: str
    fees: list[Fee]
    fees_total: str
    received: str = strawberry.field(description="What the recipient would get.")
    spendable_after: str
    recipient: Party
    provider: str = strawberry.field(description="The way that the money would take.")
    estimated_seconds: int | None

    @classmethod
    def of(cls, view: SendPreview) -> Self:
        return cls(
            asset=view.asset,
            amount=format_asset(view.amount, view.asset),
            fees=[Fee.of(fee) for fee in view.fees],
            fees_total=format_asset(view.fees_total, view.asset),
            received=format_asset(view.received, view.asset),
            spendable_after=format_asset(view.spendable_after, view.asset),
            recipient=Party.of(view.recipient),
            provider=view.provider,
            estimated_seconds=view.estimated_seconds,
        )


@strawberry.type
class TransactionPreviewPayload:
    preview: Preview | None = None
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="What a stop of a position would bring now, in USDC.")
class StopPreviewed:
    principal: str
    value: str = strawberry.field(description="What the protocol would give, after its exit cost.")
    exit_cost: str = strawberry.field(description="What the protocol keeps.")
    platform_fee: str
    network_cost: str = strawberry.field(description="At most: what is not needed is not charged.")
    received: str = strawberry.field(description="At least, with that value.")
    profit: str = strawberry.field(description="At least, all costs counted; may be negative.")
    source: str
    at: datetime

    @classmethod
    def of(cls, view: StopPreview) -> Self:
        def amount(value: int) -> str:
            return format_asset(value, USDC.symbol)

        return cls(
            principal=amount(view.principal),
            value=amount(view.value),
            exit_cost=amount(view.exit_cost),
            platform_fee=amount(view.platform_fee),
            network_cost=amount(view.network_cost),
            received=amount(view.received),
            profit=amount(view.profit),
            source=view.source,
            at=view.at,
        )


@strawberry.type(description="What a stop would bring, or why it cannot be asked for now.")
class StrategyStopPreviewPayload:
    preview: StopPreviewed | None = None
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="The text that the wallet is asked to sign.")
class SignInChallengePayload:
    message: str | None = None
    expires_at: datetime | None = None
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="The bearer token of the wallet's user.")
class SignInPayload:
    token: str | None = None
    expires_at: datetime | None = None
    user: User | None = None
    errors: list[Error] = strawberry.field(default_factory=list)
