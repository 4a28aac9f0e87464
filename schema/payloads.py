"""What mutations and the preview answer: a result, or errors that say why there is none."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.previews import Preview as PreviewView
from domain.contracts.services import StopPreview
from domain.shared.assets import USDC
from domain.shared.ids import TransactionId
from domain.shared.money import format_asset
from resolvers.context import Info
from resolvers.ids import Kind, encode
from schema.errors import Error
from schema.fields import described
from schema.transaction import Fee, Party, Transaction, load_transaction
from schema.user import User


@strawberry.type(description="The transaction as it stands now, or why nothing was done.")
class TransactionPayload:
    key: strawberry.Private[TransactionId | None] = None
    errors: list[Error] = strawberry.field(default_factory=list)

    @described("Null where nothing was done.")
    async def transaction(self, info: Info) -> Transaction | None:
        return None if self.key is None else await load_transaction(self.key, info)


@strawberry.type(description="A provider that is out, and why.")
class RejectedProvider:
    provider: str
    reason: str


@strawberry.type(description="What a transaction would cost and bring now.")
class Preview:
    type: str
    asset: str
    amount: str = strawberry.field(description="What the user pays, all fees included.")
    fees: list[Fee]
    fees_total: str | None = strawberry.field(
        description="In the asset that is paid; null where fees stand in several."
    )
    target_asset: str
    received: str = strawberry.field(description="What is expected to arrive, of targetAsset.")
    received_at_least: str | None = strawberry.field(
        description="Less is not settled for without asking; null where nobody promises a least."
    )
    spendable_after: str | None = strawberry.field(description="Of asset, where a balance pays.")
    recipient: Party
    route: list[str] = strawberry.field(description="The way that the money would take.")
    provider: str
    provider_explanation: str = strawberry.field(description="Why this one and no other.")
    rejected: list[RejectedProvider]
    estimated_seconds: int = strawberry.field(
        description="Nine of ten such went within it lately, or usually where few went; no less "
        "than the provider says."
    )
    warnings: list[Error] = strawberry.field(description="Worth knowing; nothing is refused.")
    quote_id: strawberry.ID = strawberry.field(
        description="To begin with by these terms, once, until expiresAt."
    )
    expires_at: datetime

    @classmethod
    def of(cls, view: PreviewView, warnings: list[Error]) -> Self:
        promise, total = view.promise, view.fees_total
        least, left = promise.least, view.spendable_after
        return cls(
            type=view.type,
            asset=view.asset,
            amount=format_asset(view.amount, view.asset),
            fees=[Fee.of(fee) for fee in view.fees],
            fees_total=None if total is None else format_asset(total, view.asset),
            target_asset=promise.asset,
            received=format_asset(promise.received, promise.asset),
            received_at_least=None if least is None else format_asset(least, promise.asset),
            spendable_after=None if left is None else format_asset(left, view.asset),
            recipient=Party.of(promise.recipient),
            route=list(promise.route),
            provider=view.provider,
            provider_explanation=view.explanation,
            rejected=[
                RejectedProvider(provider=each.provider, reason=each.reason)
                for each in promise.rejected
            ],
            estimated_seconds=view.estimated_seconds,
            warnings=warnings,
            quote_id=strawberry.ID(encode(Kind.QUOTE, view.quote_id)),
            expires_at=view.expires_at,
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
