"""What only the user can do."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import UserActionView
from domain.shared.unit import ActionStatus
from resolvers.ids import Kind, encode

strawberry.enum(ActionStatus, name="UserActionStatus")


@strawberry.type(description="Something only the user can do, such as signing.")
class UserAction:
    id: strawberry.ID
    transaction_id: strawberry.ID
    type: str
    status: ActionStatus
    payload: str = strawberry.field(description="Base64 of the unsigned transaction.")
    summary: str = strawberry.field(description="What signing does, in plain words.")
    expires_at: datetime | None
    created_at: datetime
    approval: str | None = strawberry.field(description="The signature that the user gave.")

    @classmethod
    def of(cls, view: UserActionView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.USER_ACTION, view.id)),
            transaction_id=strawberry.ID(encode(Kind.TRANSACTION, view.transaction_id)),
            type=view.action.type,
            status=ActionStatus(view.status),
            payload=view.payload,
            summary=view.summary,
            expires_at=view.expires_at,
            created_at=view.action.timestamp,
            approval=view.action.approval,
        )
