"""A transaction, as the viewer may see it, and pages of them."""

from datetime import datetime
from enum import StrEnum
from typing import Self

import strawberry

from domain.contracts.views import PageView, PartyView, Role, TransactionView
from domain.shared.ids import TransactionId
from domain.shared.money import TransactionFee, format_asset
from domain.transaction.states import TERMINAL_STATES, State
from resolvers.context import Info, as_viewer_sees
from resolvers.ids import Kind, encode
from schema.errors import Error
from schema.fields import described
from schema.node import Node, PageInfo
from schema.record import Attempt, Interaction, Step, TimelineEntry
from schema.user_action import UserAction, is_submittable

strawberry.enum(Role, description="The viewer's side of a transaction.")


@strawberry.enum(description="Who acts next.")
class WaitingOn(StrEnum):
    USER = "USER"
    PROVIDER = "PROVIDER"
    CHAIN = "CHAIN"
    OPERATOR = "OPERATOR"
    NONE = "NONE"


@strawberry.enum(description="Whether it is known what became of the last call.")
class OutcomeCertainty(StrEnum):
    CERTAIN = "CERTAIN"
    UNKNOWN = "UNKNOWN"


@strawberry.enum(description="Where the money is now.")
class FundsLocation(StrEnum):
    WALLET = "WALLET"
    RESERVED = "RESERVED"
    PROVIDER = "PROVIDER"
    CHAIN = "CHAIN"
    SUSPENSE = "SUSPENSE"
    RETURNED = "RETURNED"
    DELIVERED = "DELIVERED"


@strawberry.enum(description="What the viewer may do now.")
class AvailableAction(StrEnum):
    SUBMIT_USER_ACTION = "SUBMIT_USER_ACTION"
    CANCEL = "CANCEL"


@strawberry.type(description="One line of what a transaction costs.")
class Fee:
    kind: str = strawberry.field(
        description="PLATFORM, NETWORK, PROVIDER; EXIT: what a protocol keeps of a position; "
        "FEE_DUE: from earlier, beside what is given."
    )
    amount: str
    asset: str
    provider: str | None

    @classmethod
    def of(cls, view: TransactionFee) -> Self:
        return cls(
            kind=view.kind,
            amount=format_asset(view.amount, view.asset),
            asset=view.asset,
            provider=view.provider,
        )


@strawberry.type(description="One side of a transaction.")
class Party:
    username: str | None
    address: str | None

    @classmethod
    def of(cls, view: PartyView) -> Self:
        return cls(username=view.username, address=view.address)


@strawberry.type(description="A movement of money, from its wish to its end.")
class Transaction(Node):
    key: strawberry.Private[TransactionId]
    stored_reason: strawberry.Private[str | None]
    role: Role
    type: str
    state: State
    sub_state: str | None
    asset: str
    amount: str = strawberry.field(
        description="What the sender typed, fees included; to the recipient, what they got."
    )
    target_asset: str | None
    target_amount: str | None = strawberry.field(
        description="What was promised to be received; null where nothing is converted."
    )
    received_amount: str | None = strawberry.field(
        description="What its recipient has more of in the end, without all that is taken of it."
    )
    fees: list[Fee]
    sender: Party
    recipient: Party
    memo: str | None
    waiting_on: WaitingOn
    next_check_at: datetime | None = strawberry.field(
        description="When the platform looks at it next, whatever it waits for until then."
    )
    outcome_certainty: OutcomeCertainty
    funds_location: FundsLocation
    progress_percent: int
    attempt: int
    provider: str | None
    provider_explanation: str | None
    chain: str | None = strawberry.field(
        description="Where its user signs for it; where they pay instead, where it is delivered."
    )
    chain_signature: str | None = strawberry.field(
        description="The transaction on chain: the signed one, or the delivery of what was paid for."
    )
    delivery_chain: str | None = strawberry.field(
        description="Where an on-ramp or a bridge delivers; null where none does."
    )
    delivery_hash: str | None = strawberry.field(
        description="The provider's transaction there, as deliveryChain shows it."
    )
    strategy_id: str | None = strawberry.field(
        description="Of a launch, what it launches; of a stop, what it leaves."
    )
    position_id: strawberry.ID | None = strawberry.field(
        description="Of a launch, what it opened, once it is open; of a stop, what it closes."
    )
    cancellable: bool
    approval_deadline: datetime | None
    estimated_completion: datetime | None = strawberry.field(
        description="When it should be done, as a preview tells it; anew with each provider that is "
        "chosen, null once it has ended."
    )
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    correlation_id: str | None

    @described("The code of why it failed.")
    def reason(self, info: Info) -> str | None:
        return None if self.stored_reason is None else info.context.explain(self.stored_reason).code

    @described("Why it failed, in words.")
    def failure(self, info: Info) -> Error | None:
        if self.stored_reason is None:
            return None
        return Error.of(info.context.explain(self.stored_reason))

    @described("The states that were passed, in order.")
    async def timeline(self, info: Info) -> list[TimelineEntry]:
        if self.role is Role.RECIPIENT:
            return []
        views = await info.context.loaders.timelines.load(self.key)
        return [TimelineEntry.of(view) for view in views]

    @strawberry.field
    async def steps(self, info: Info) -> list[Step]:
        if self.role is Role.RECIPIENT:
            return []
        return Step.fold(await info.context.loaders.steps.load(self.key))

    @described("What was tried to recover.")
    async def attempts(self, info: Info) -> list[Attempt]:
        if self.role is Role.RECIPIENT:
            return []
        return [Attempt.of(view) for view in await info.context.loaders.attempts.load(self.key)]

    @described("The exchanges with providers and chains.")
    async def interactions(self, info: Info) -> list[Interaction]:
        if self.role is Role.RECIPIENT:
            return []
        views = await info.context.loaders.interactions.load(self.key)
        return [Interaction.of(view) for view in views]

    @described("What the user was and is asked to do.")
    async def user_actions(self, info: Info) -> list[UserAction]:
        if self.role is Role.RECIPIENT:
            return []
        views = await info.context.loaders.user_actions.load(self.key)
        return [UserAction.of(view) for view in views]

    @described("What the viewer may do now; what goes on at a page is not submitted here.")
    async def available_actions(self, info: Info) -> list[AvailableAction]:
        if self.state in TERMINAL_STATES or self.role is Role.RECIPIENT:
            return []
        actions = []
        if self.waiting_on is WaitingOn.USER:
            views = await info.context.loaders.user_actions.load(self.key)
            if any(is_submittable(view) for view in views):
                actions.append(AvailableAction.SUBMIT_USER_ACTION)
        if self.cancellable:
            actions.append(AvailableAction.CANCEL)
        return actions

    @classmethod
    def of(cls, view: TransactionView) -> Self:
        """Of a view that is already cut to the viewer's role."""
        given = view.given
        return cls(
            id=strawberry.ID(encode(Kind.TRANSACTION, view.id)),
            key=view.id,
            stored_reason=view.reason,
            role=view.role,
            type=view.type,
            state=State(view.state),
            sub_state=view.sub_state,
            asset=given.source_asset,
            amount=format_asset(given.value, given.source_asset),
            target_asset=given.target_asset,
            target_amount=_optional(view.target_amount, given.arrives_as),
            received_amount=_optional(view.received_amount, given.arrives_as),
            fees=[Fee.of(fee) for fee in view.fees],
            sender=Party.of(view.sender),
            recipient=Party.of(view.recipient),
            memo=view.memo,
            waiting_on=WaitingOn(view.waiting_on),
            next_check_at=view.next_check_at,
            outcome_certainty=OutcomeCertainty(view.outcome_certainty),
            funds_location=FundsLocation(view.funds_location),
            progress_percent=view.progress_percent,
            attempt=view.attempt,
            provider=view.provider,
            provider_explanation=view.provider_explanation,
            chain=view.chain,
            chain_signature=view.chain_signature,
            delivery_chain=view.delivery_chain,
            delivery_hash=view.delivery_hash,
            strategy_id=view.strategy_id,
            position_id=_position(view),
            cancellable=view.cancellable,
            approval_deadline=view.approval_deadline,
            estimated_completion=view.estimated_completion,
            created_at=view.created_at,
            updated_at=view.updated_at,
            completed_at=view.completed_at,
            correlation_id=view.correlation_id,
        )


@strawberry.type
class TransactionEdge:
    cursor: str
    node: Transaction


@strawberry.type(description="A page of transactions, newest first.")
class TransactionConnection:
    edges: list[TransactionEdge]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[Transaction]:
        return [edge.node for edge in self.edges]

    @classmethod
    def of(cls, page: PageView[TransactionView]) -> Self:
        edges = [
            TransactionEdge(cursor=item.cursor, node=Transaction.of(seen))
            for item in page.items
            if (seen := as_viewer_sees(item.node)) is not None
        ]
        return cls(edges=edges, page_info=PageInfo.of(page))


def _position(view: TransactionView) -> strawberry.ID | None:
    if view.position_id is None:
        return None
    return strawberry.ID(encode(Kind.POSITION, view.position_id))


def _optional(base_units: int | None, symbol: str) -> str | None:
    return None if base_units is None else format_asset(base_units, symbol)


async def load_transaction(transaction_id: TransactionId, info: Info) -> Transaction | None:
    """As it stands now, if the viewer may see it."""
    view = await info.context.transaction(transaction_id)
    return None if view is None else Transaction.of(view)
