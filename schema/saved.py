"""What a user keeps to find again, and how it is changed."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.saved import ContactView, PaymentMethodView, SavedAddressView
from resolvers.ids import Kind, encode
from schema.errors import Error

_KEY = "Yours to choose, one for each: the same key adds it once."


@strawberry.type(description="Another user, under the name that the viewer gave them.")
class Contact:
    id: strawberry.ID
    label: str
    username: str
    created_at: datetime

    @classmethod
    def of(cls, view: ContactView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.CONTACT, view.id)),
            label=view.label,
            username=view.username,
            created_at=view.created_at,
        )


@strawberry.type(description="An address outside of the platform.")
class SavedAddress:
    id: strawberry.ID
    label: str
    chain: str
    address: str
    created_at: datetime

    @classmethod
    def of(cls, view: SavedAddressView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.SAVED_ADDRESS, view.id)),
            label=view.label,
            chain=view.chain,
            address=view.address,
            created_at=view.created_at,
        )


@strawberry.type(description="A payment method that a provider knows. Its number is never here.")
class SavedPaymentMethod:
    id: strawberry.ID
    label: str
    provider: str
    payment_method: str
    created_at: datetime

    @classmethod
    def of(cls, view: PaymentMethodView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.PAYMENT_METHOD, view.id)),
            label=view.label,
            provider=view.provider,
            payment_method=view.payment_method,
            created_at=view.created_at,
        )


@strawberry.input(description="A user to keep.")
class AddContactInput:
    username: str = strawberry.field(description="With its @.")
    label: str | None = strawberry.field(default=None, description="Without one, the username.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="An address to keep: it has to be one of that chain.")
class AddSavedAddressInput:
    chain: str = strawberry.field(description="SOLANA, BITCOIN, ETHEREUM or SUI.")
    address: str
    label: str
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A payment method that a provider has stored.")
class AddPaymentMethodInput:
    provider: str = strawberry.field(description="An on-ramp.")
    payment_method: str = strawberry.field(
        description="CARD, APPLE_PAY, GOOGLE_PAY, BANK or PAYPAL."
    )
    token: str = strawberry.field(
        description="What the provider calls it; what may be a card's number is refused."
    )
    label: str
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input
class RemoveContactInput:
    id: strawberry.ID


@strawberry.input
class RemoveSavedAddressInput:
    id: strawberry.ID


@strawberry.input
class RemovePaymentMethodInput:
    id: strawberry.ID


@strawberry.input(description="These from now on, and no others.")
class SetPreferredProvidersInput:
    providers: list[str]


@strawberry.type(description="The contacts as they are now, or why nothing was done.")
class ContactsPayload:
    contacts: list[Contact] = strawberry.field(default_factory=list)
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="The addresses as they are now, or why nothing was done.")
class SavedAddressesPayload:
    saved_addresses: list[SavedAddress] = strawberry.field(default_factory=list)
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="The payment methods as they are now, or why nothing was done.")
class PaymentMethodsPayload:
    payment_methods: list[SavedPaymentMethod] = strawberry.field(default_factory=list)
    errors: list[Error] = strawberry.field(default_factory=list)


@strawberry.type(description="The preferred providers as they are now, or why nothing was done.")
class PreferredProvidersPayload:
    preferred_providers: list[str] = strawberry.field(default_factory=list)
    errors: list[Error] = strawberry.field(default_factory=list)
