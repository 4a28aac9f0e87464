"""What users keep, in memory: one item a wish, as it was typed."""

from dataclasses import dataclass, field
from uuid import UUID

from domain.contracts.saved import (
    ContactInput,
    ContactView,
    PaymentMethodInput,
    PaymentMethodView,
    SavedAddressInput,
    SavedAddressView,
)
from domain.shared.errors import Refused
from domain.shared.ids import UserId, WalletId, derived
from tests.unit.graphql.examples import NOW


@dataclass
class MemorySaved:
    """Of one user; `refusal` is raised by whatever would change something."""

    refusal: Exception | None = None
    kept: dict[UUID, object] = field(default_factory=dict)
    providers: list[str] = field(default_factory=list)

    async def add_contact(self, user_id: UserId, wish: ContactInput) -> None:
        key = self._key(user_id, wish.idempotency_key)
        label = wish.label or wish.username
        self.kept[key] = ContactView(id=key, label=label, username="bob", created_at=NOW)

    async def add_address(self, user_id: UserId, wish: SavedAddressInput) -> None:
        key = self._key(user_id, wish.idempotency_key)
        self.kept[key] = SavedAddressView(
            id=key, label=wish.label, chain=wish.chain, address=wish.address, created_at=NOW
        )

    async def add_payment_method(self, user_id: UserId, wish: PaymentMethodInput) -> None:
        key = self._key(user_id, wish.idempotency_key)
        self.kept[key] = PaymentMethodView(
            id=key,
            label=wish.label,
            provider=wish.provider,
            payment_method=wish.payment_method,
            created_at=NOW,
        )

    async def remove_contact(self, _user_id: UserId, item_id: UUID) -> None:
        self._remove(item_id)

    async def remove_address(self, _user_id: UserId, item_id: UUID) -> None:
        self._remove(item_id)

    async def remove_payment_method(self, _user_id: UserId, item_id: UUID) -> None:
        self._remove(item_id)

    async def prefer(self, _user_id: UserId, providers: list[str]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.providers = providers

    async def preferred(self, _user_id: UserId) -> list[str]:
        return self.providers

    async def contacts(self, _wallet_id: WalletId) -> list[ContactView]:
        return [each for each in self.kept.values() if isinstance(each, ContactView)]

    async def addresses(self, _wallet_id: WalletId) -> list[SavedAddressView]:
        return [each for each in self.kept.values() if isinstance(each, SavedAddressView)]

    async def payment_methods(self, _wallet_id: WalletId) -> list[PaymentMethodView]:
        return [each for each in self.kept.values() if isinstance(each, PaymentMethodView)]

    async def address(self, _user_id: UserId, item_id: UUID, *, field: str) -> SavedAddressView:
        found = self.kept.get(item_id)
        if not isinstance(found, SavedAddressView):
            raise Refused(code="VAL_NOT_SAVED", field=field)
        return found

    async def payment_method(
        self, _user_id: UserId, item_id: UUID, *, field: str
    ) -> PaymentMethodView:
        found = self.kept.get(item_id)
        if not isinstance(found, PaymentMethodView):
            raise Refused(code="VAL_NOT_SAVED", field=field)
        return found

    def _key(self, user_id: UserId, key: str) -> UUID:
        if self.refusal is not None:
            raise self.refusal
        return derived(user_id, "saved", key)

    def _remove(self, item_id: UUID) -> None:
        if self.kept.pop(item_id, None) is None:
            raise Refused(code="VAL_NOT_SAVED", field="input.id")
