"""Bank accounts of users, as far as they may be shown."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import BankAccountView
from resolvers.ids import Kind, encode
from schema.errors import Error


@strawberry.type(
    description="A bank account to withdraw to. Its number is with the providers alone."
)
class BankAccount:
    id: strawberry.ID
    label: str = strawberry.field(description="The rail and the last digits.")
    currency: str
    country: str
    rail: str
    created_at: datetime | None

    @classmethod
    def of(cls, view: BankAccountView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.BANK_ACCOUNT, view.id)),
            label=view.label,
            currency=view.currency,
            country=view.country,
            rail=view.rail,
            created_at=view.created_at,
        )


@strawberry.type(description="The bank accounts as they are now, or why nothing was done.")
class BankAccountsPayload:
    bank_accounts: list[BankAccount] = strawberry.field(default_factory=list)
    errors: list[Error] = strawberry.field(default_factory=list)
