"""What only the user can do."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from domain.contracts.views import UserActionView
from domain.shared.assets import Chain
from domain.shared.unit import ActionStatus
from resolvers.ids import Kind, encode

strawberry.enum(ActionStatus, name="UserActionStatus")


@strawberry.enum(description="What the payload of a signature is, and what is handed back signed.")
class SigningFormat(Enum):
    SOLANA_TRANSACTION = strawberry.enum_value(
        "SOLANA_TRANSACTION", description="A whole transaction, and the same with the signature."
    )
    BITCOIN_PSBT = strawberry.enum_value(
        "BITCOIN_PSBT", description="A PSBT of version 0, and the same with all signatures."
    )
    ETHEREUM_TRANSACTION = strawberry.enum_value(
        "ETHEREUM_TRANSACTION",
        description="An unsigned transaction of EIP-1559, and the signed one, both in RLP.",
    )
    SUI_TRANSACTION = strawberry.enum_value(
        "SUI_TRANSACTION",
        description="TransactionData in BCS, and its signature: scheme, signature, public key.",
    )


_FORMATS = {
    Chain.SOLANA: SigningFormat.SOLANA_TRANSACTION,
    Chain.BITCOIN: SigningFormat.BITCOIN_PSBT,
    Chain.ETHEREUM: SigningFormat.ETHEREUM_TRANSACTION,
    Chain.SUI: SigningFormat.SUI_TRANSACTION,
}


@strawberry.type(description="One of the answers to a choice.")
class UserActionOption:
    name: str = strawberry.field(description="What is handed in.")
    summary: str = strawberry.field(description="What it does, in plain words.")


@strawberry.type(description="Something only the user can do, such as signing.")
class UserAction:
    id: strawberry.ID
    transaction_id: strawberry.ID
    type: str
    status: ActionStatus
    payload: str = strawberry.field(
        description="Base64 of what is to be signed; the page to go on at of a payment."
    )
    chain: str | None = strawberry.field(description="Whose signature is wanted, of a signature.")
    format: SigningFormat | None = strawberry.field(description="How to read it and answer it.")
    summary: str = strawberry.field(
        description="What signing does, or what is asked, in plain words."
    )
    options: list[UserActionOption] = strawberry.field(
        description="Of a choice: one of these is the answer."
    )
    expires_at: datetime | None
    created_at: datetime
    approval: str | None = strawberry.field(
        description="The signature or the option that the user gave."
    )

    @classmethod
    def of(cls, view: UserActionView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.USER_ACTION, view.id)),
            transaction_id=strawberry.ID(encode(Kind.TRANSACTION, view.transaction_id)),
            type=view.action.type,
            status=ActionStatus(view.status),
            payload=view.payload,
            chain=view.chain,
            format=_FORMATS[Chain(view.chain)] if view.chain else None,
            summary=view.summary,
            options=[UserActionOption(name=name, summary=told) for name, told in view.options],
            expires_at=view.expires_at,
            created_at=view.action.timestamp,
            approval=view.action.approval,
        )


def is_submittable(view: UserActionView) -> bool:
    """Whether it waits for a signature or an option; a payment waits for what is done at its page."""
    return view.status == ActionStatus.PENDING and (view.chain is not None or bool(view.options))
