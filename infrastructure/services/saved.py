"""What a user keeps to find again: contacts, addresses, payment methods; and whom they prefer.

Nothing that a card or an account could be charged with is ever kept: a payment method is what its
provider calls it.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol, TypeVar
from uuid import UUID

from domain.compliance.errors import SanctionedAddress
from domain.contracts.saved import (
    ContactInput,
    ContactView,
    PaymentMethodInput,
    PaymentMethodView,
    SavedAddressInput,
    SavedAddressView,
)
from domain.provider.ports.onramp import PaymentMethod
from domain.provider.registry import ProviderKind, ProviderRegistry
from domain.shared.assets import Chain
from domain.shared.errors import IdempotencyConflict, InvalidInput, Refused
from domain.shared.ids import UserId, WalletId, derived
from domain.shared.screening import ScreeningList
from domain.transaction.errors import SelfSend
from infrastructure.chains.parsing import spelling
from infrastructure.chains.solana.addresses import is_on_curve, parse_address
from infrastructure.db.identity import StoredUser
from infrastructure.db.saved import SavedItem, SavedKind, SavedStore
from infrastructure.services.faults import in_plain_words
from infrastructure.services.inputs import USERNAME, read_key

KEPT_MAX: Final = 100
"""Of each kind: what a list shows at once."""
PREFERRED_MAX: Final = 16
LABEL_CHARACTERS_MAX: Final = 60
TOKEN: Final = re.compile(r"[A-Za-z0-9_.:-]{8,255}", re.ASCII)
METHODS: Final = frozenset(method.value for method in PaymentMethod)
_CARD: Final = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ .:_-]?[0-9]){11,18}(?![0-9A-Za-z])", re.ASCII)
"""So many digits, however they are grouped, may be a card's number."""

Kept = TypeVar("Kept", SavedAddressView, PaymentMethodView)


class Users(Protocol):
    """Finds users with their wallets."""

    async def by_id(self, user_id: UserId) -> StoredUser | None: ...
    async def by_username(self, username: str) -> StoredUser | None: ...


class SavedDesk:
    """Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        store: SavedStore,
        users: Users,
        screening: ScreeningList,
        registry: ProviderRegistry,
        platform: frozenset[str],
    ) -> None:
        """`platform`: its own addresses, which are no recipient's."""
        self._store = store
        self._users = users
        self._screening = screening
        self._registry = registry
        self._platform = platform

    async def add_contact(self, user_id: UserId, wish: ContactInput) -> None:
        """Keeps another user, once for an idempotency key."""
        named = USERNAME.fullmatch(wish.username)
        if named is None:
            raise InvalidInput(code="VAL_RECIPIENT", field="input.username")
        label, key = read_label(wish.label or wish.username), read_key(wish.idempotency_key)
        with in_plain_words():
            found = await self._users.by_username(named[1])
            if found is None:
                raise Refused(
                    code="TXN_RECIPIENT_UNKNOWN", field="input.username", recipient=wish.username
                )
            if found.id == user_id:
                raise SelfSend(field="input.username")
            content = {"user_id": str(found.id)}
            await self._add(user_id, SavedKind.CONTACT, key, label, content)

    async def add_address(self, user_id: UserId, wish: SavedAddressInput) -> None:
        """Keeps an address that is one of its chain and on no sanctions list, once for a key."""
        content = self._address(wish)
        label, key = read_label(wish.label), read_key(wish.idempotency_key)
        with in_plain_words():
            await self._add(user_id, SavedKind.ADDRESS, key, label, content)

    async def add_payment_method(self, user_id: UserId, wish: PaymentMethodInput) -> None:
        """Keeps what a provider calls a payment method, once for an idempotency key."""
        entry = self._registry.entries.get(wish.provider)
        if entry is None or entry.kind is not ProviderKind.ON_RAMP:
            raise InvalidInput(code="VAL_PROVIDER", field="input.provider")
        if wish.payment_method not in METHODS & entry.payment_methods:
            raise InvalidInput(code="VAL_PAYMENT_METHOD", field="input.paymentMethod")
        if TOKEN.fullmatch(wish.token) is None or may_be_card(wish.token):
            raise InvalidInput(code="VAL_PAYMENT_TOKEN", field="input.token")
        label, key = read_label(wish.label), read_key(wish.idempotency_key)
        content = {
            "provider": wish.provider,
            "payment_method": wish.payment_method,
            "token": wish.token,
        }
        with in_plain_words():
            await self._add(user_id, SavedKind.PAYMENT_METHOD, key, label, content)

    async def remove_contact(self, user_id: UserId, item_id: UUID) -> None:
        await self._remove(user_id, SavedKind.CONTACT, item_id)

    async def remove_address(self, user_id: UserId, item_id: UUID) -> None:
        await self._remove(user_id, SavedKind.ADDRESS, item_id)

    async def remove_payment_method(self, user_id: UserId, item_id: UUID) -> None:
        await self._remove(user_id, SavedKind.PAYMENT_METHOD, item_id)

    async def prefer(self, user_id: UserId, providers: list[str]) -> None:
        """These are chosen where others are hardly better; none: nobody is."""
        if len(providers) > PREFERRED_MAX:
            raise InvalidInput(code="VAL_TOO_MANY", field="input.providers")
        if not set(providers) <= set(self._registry.entries):
            raise InvalidInput(code="VAL_PROVIDER", field="input.providers")
        with in_plain_words():
            await self._store.prefer(user_id, sorted(set(providers)))

    async def preferred(self, user_id: UserId) -> list[str]:
        return await self._store.preferred(user_id)

    async def contacts(self, wallet_id: WalletId) -> list[ContactView]:
        """The oldest first, by their usernames of now."""
        found = await self._store.of_wallet(wallet_id, SavedKind.CONTACT)
        names = await self._store.usernames([UUID(each.content["user_id"]) for each in found])
        return [
            ContactView(
                id=each.id,
                label=each.label,
                username=names[UUID(each.content["user_id"])],
                created_at=each.created_at,
            )
            for each in found
        ]

    async def addresses(self, wallet_id: WalletId) -> list[SavedAddressView]:
        """The oldest first."""
        return [
            SavedAddressView(
                id=each.id,
                label=each.label,
                chain=each.content["chain"],
                address=each.content["address"],
                created_at=each.created_at,
            )
            for each in await self._store.of_wallet(wallet_id, SavedKind.ADDRESS)
        ]

    async def payment_methods(self, wallet_id: WalletId) -> list[PaymentMethodView]:
        """The oldest first."""
        return [
            PaymentMethodView(
                id=each.id,
                label=each.label,
                provider=each.content["provider"],
                payment_method=each.content["payment_method"],
                created_at=each.created_at,
            )
            for each in await self._store.of_wallet(wallet_id, SavedKind.PAYMENT_METHOD)
        ]

    async def address(self, user_id: UserId, item_id: UUID, *, field: str) -> SavedAddressView:
        """The one of the user's. Raises `Refused` where there is none such."""
        with in_plain_words():
            kept = await self.addresses(await self._wallet(user_id))
        return _found(kept, item_id, field=field)

    async def payment_method(
        self, user_id: UserId, item_id: UUID, *, field: str
    ) -> PaymentMethodView:
        """The one of the user's. Raises `Refused` where there is none such."""
        with in_plain_words():
            kept = await self.payment_methods(await self._wallet(user_id))
        return _found(kept, item_id, field=field)

    def _address(self, wish: SavedAddressInput) -> Mapping[str, str]:
        if wish.chain not in Chain.__members__:
            raise InvalidInput(code="VAL_CHAIN", field="input.chain")
        chain = Chain(wish.chain)
        address = spelling(chain, wish.address)
        if address is None:
            raise InvalidInput(code="VAL_ADDRESS", field="input.address")
        is_nobodys = chain is Chain.SOLANA and not is_on_curve(parse_address(address))
        if is_nobodys or address in self._platform:
            raise Refused(code="TXN_ADDRESS_UNSUITABLE", field="input.address")
        if self._screening.hits((address,)):
            raise SanctionedAddress(field="input.address")
        return {"chain": chain.value, "address": address}

    async def _add(
        self, user_id: UserId, kind: SavedKind, key: str, label: str, content: Mapping[str, str]
    ) -> None:
        wallet_id = await self._wallet(user_id)
        item = SavedItem(id=derived(user_id, kind, key), label=label, content=content)
        if await self._store.add(wallet_id, kind, item, count_max=KEPT_MAX):
            return
        known = await self._store.by_id(item.id)
        if known is not None:
            if known.is_removed or (known.label, known.content) != (label, content):
                raise IdempotencyConflict(field="input.idempotencyKey")
            return
        kept = await self._store.of_wallet(wallet_id, kind)
        if all(each.content != content for each in kept):
            raise Refused(code="VAL_TOO_MANY", field="input", limit=str(KEPT_MAX))

    async def _remove(self, user_id: UserId, kind: SavedKind, item_id: UUID) -> None:
        with in_plain_words():
            if not await self._store.remove(await self._wallet(user_id), kind, item_id):
                raise Refused(code="VAL_NOT_SAVED", field="input.id")

    async def _wallet(self, user_id: UserId) -> WalletId:
        user = await self._users.by_id(user_id)
        if user is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return user.wallet_id


def _found(kept: list[Kept], item_id: UUID, *, field: str) -> Kept:
    found = next((each for each in kept if each.id == item_id), None)
    if found is None:
        raise Refused(code="VAL_NOT_SAVED", field=field)
    return found


def read_label(text: str) -> str:
    """Raises `InvalidInput` for one that is empty, too long, or may hold a card's number."""
    label = text.strip()
    if not 0 < len(label) <= LABEL_CHARACTERS_MAX or not label.isprintable() or may_be_card(label):
        raise InvalidInput(code="VAL_LABEL", field="input.label", limit=str(LABEL_CHARACTERS_MAX))
    return label


def may_be_card(text: str) -> bool:
    """Whether it holds digits that pass the check of card numbers (ISO/IEC 7812-1, Luhn)."""
    return any(
        _passes_luhn([int(digit) for digit in found if digit.isdigit()])
        for found in _CARD.findall(text)
    )


def _passes_luhn(digits: list[int]) -> bool:
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004 - a digit
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
