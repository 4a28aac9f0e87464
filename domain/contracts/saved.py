"""What a user keeps to find again: contacts, addresses, payment methods; and whom they prefer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactInput:
    """A user to keep, as it was typed: `username` with its @."""

    username: str
    label: str | None
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAddressInput:
    """An address outside of the platform to keep, as it was typed."""

    chain: str
    address: str
    label: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodInput:
    """A payment method that a provider keeps: `token` is what the provider calls it."""

    provider: str
    payment_method: str
    token: str
    label: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """Another user, under the name that the viewer gave them."""

    id: UUID
    label: str
    username: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAddressView:
    """An address of nobody here, in its chain's one spelling."""

    id: UUID
    label: str
    chain: str
    address: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodView:
    """A payment method as far as it may be shown: its token is between us and the provider."""

    id: UUID
    label: str
    provider: str
    payment_method: str
    created_at: datetime
