"""Bank accounts: registered with every off-ramp that takes them, kept as what those call them."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import msgspec

from domain.contracts.services import BankAccountInput
from domain.contracts.views import BankAccountView
from domain.provider.ports.offramp import (
    BankAccountDetails,
    BankAccountRegistered,
    CustomerKnown,
    NewCustomer,
    OffRampProvider,
    PayoutRail,
)
from domain.shared.assets import CURRENCIES
from domain.shared.errors import IdempotencyConflict, InvalidInput, Refused
from domain.shared.ids import UserId, WalletId, derived
from infrastructure.db.bank_accounts import BankAccountStore, BankToken, StoredBankAccount
from infrastructure.db.identity import StoredUser
from infrastructure.services.inputs import read_key

logger = logging.getLogger(__name__)

ACCOUNTS_MAX: Final = 20
FIELDS_MAX: Final = 12
CHARACTERS_MAX: Final = 140
COUNTRY_LETTERS: Final = 2
RAILS: Final = frozenset(rail.value for rail in PayoutRail)
ASK_SECONDS_MAX: Final = 4.0
SCRYPT_COST: Final = 2**14
"""Some fifty milliseconds for each account that is added."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The account as one provider calls it; `label` may be shown."""

    token: BankToken
    label: str


class Wallets(Protocol):
    """Finds a user with their wallet."""

    async def by_id(self, user_id: UserId) -> StoredUser | None: ...


class BankAccountDesk:
    """Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        store: BankAccountStore,
        wallets: Wallets,
        providers: Mapping[str, OffRampProvider],
    ) -> None:
        self._store = store
        self._wallets = wallets
        self._providers = providers

    async def add(self, user_id: UserId, wish: BankAccountInput) -> UUID:
        """Registers it, once for an idempotency key. Raises `Refused` where no provider takes it,
        `IdempotencyConflict` where the key is another account's, or that of one removed since."""
        details, key = read_bank_account(wish), read_key(wish.idempotency_key)
        wallet_id = await self._wallet(user_id)
        identifier = derived(user_id, "bank account", key)
        fingerprint = await asyncio.to_thread(fingerprint_of, details, key)
        if await self._is_added(identifier, fingerprint):
            return identifier
        if len(await self._store.of_wallet(wallet_id)) >= ACCOUNTS_MAX:
            raise Refused(code="VAL_TOO_MANY", field="input", limit=str(ACCOUNTS_MAX))
        answers = await asyncio.gather(
            *(self._register(name, user_id, details, str(identifier)) for name in self._providers)
        )
        registered = {
            name: each for name, each in zip(self._providers, answers, strict=True) if each
        }
        if not registered:
            raise Refused(code="PRV_BANK_ACCOUNT", field="input.details")
        label = next(iter(registered.values())).label
        account = StoredBankAccount(
            id=identifier,
            label=f"{details.rail} {label}",
            currency=details.currency,
            country=details.country,
            rail=details.rail,
            tokens={name: each.token for name, each in registered.items()},
        )
        if not await self._store.add(wallet_id, account, fingerprint=fingerprint):
            # The same key came twice at once: the first counts.
            await self._is_added(identifier, fingerprint)
        return identifier

    async def remove(self, user_id: UserId, account_id: UUID) -> None:
        """Raises `Refused` for one that the user does not have."""
        if not await self._store.remove(await self._wallet(user_id), account_id):
            raise Refused(code="TXN_BANK_ACCOUNT_UNKNOWN", field="input.id")

    async def of_wallet(self, wallet_id: WalletId) -> list[BankAccountView]:
        """The oldest first."""
        return [
            BankAccountView(
                id=each.id,
                label=each.label,
                currency=each.currency,
                country=each.country,
                rail=each.rail,
                created_at=each.created_at,
            )
            for each in await self._store.of_wallet(wallet_id)
        ]

    async def _is_added(self, identifier: UUID, fingerprint: str) -> bool:
        """Whether just this is there. Raises `IdempotencyConflict`."""
        used = await self._store.used(identifier)
        if used is not None and (used.is_removed or used.fingerprint != fingerprint):
            raise IdempotencyConflict(field="input.idempotencyKey")
        return used is not None

    async def _register(
        self, name: str, user_id: UserId, details: BankAccountDetails, key: str
    ) -> Registered | None:
        """None: this provider does not take it, or does not answer."""
        try:
            async with asyncio.timeout(ASK_SECONDS_MAX):
                customer = await self._customer(name, user_id, details)
                if customer is None:
                    return None
                answer = await self._providers[name].register_bank_account(
                    customer, details, key=key
                )
        except TimeoutError:
            return None
        if not isinstance(answer, BankAccountRegistered):
            return None
        return Registered(BankToken(customer=customer, token=answer.token), answer.label)

    async def _customer(
        self, name: str, user_id: UserId, details: BankAccountDetails
    ) -> str | None:
        """What the provider calls the user; it is asked once, and what it said is kept."""
        known = await self._store.customer(user_id, name)
        if known is not None:
            return known
        wanted = NewCustomer(
            reference=reference_of(user_id, name),
            full_name=details.owner_name,
            country=details.country,
        )
        answer = await self._providers[name].ensure_customer(wanted)
        if not isinstance(answer, CustomerKnown):
            logger.info("%s has no customer for a bank account: %s", name, answer.reason)
            return None
        return await self._store.add_customer(user_id, name, answer.id)

    async def _wallet(self, user_id: UserId) -> WalletId:
        user = await self._wallets.by_id(user_id)
        if user is None:
            raise Refused(code="AUTH_FORBIDDEN")
        return user.wallet_id


def reference_of(user_id: UserId, provider: str) -> str:
    """What we call the user before a provider: not our identifier, and another one at each."""
    return derived(user_id, "provider", provider).hex


def fingerprint_of(details: BankAccountDetails, key: str) -> str:
    """Tells whether a key came with the same details. They are few enough to be guessed, so it is
    slow, and salted with what is stored nowhere."""
    content = msgspec.json.encode(details, order="deterministic")
    return hashlib.scrypt(content, salt=key.encode(), n=SCRYPT_COST, r=8, p=1).hex()


def read_bank_account(wish: BankAccountInput) -> BankAccountDetails:
    """Raises `InvalidInput` that names the first field that is wrong."""
    if wish.rail not in RAILS:
        raise InvalidInput(code="VAL_RAIL", field="input.rail")
    if wish.currency not in CURRENCIES:
        raise InvalidInput(code="VAL_CURRENCY", field="input.currency")
    if len(wish.country) != COUNTRY_LETTERS or not wish.country.isascii():
        raise InvalidInput(code="VAL_COUNTRY", field="input.country")
    texts = [wish.owner_name, *wish.details, *wish.details.values()]
    is_wrong = any(not text.strip() or len(text) > CHARACTERS_MAX for text in texts)
    if is_wrong or len(wish.details) > FIELDS_MAX:
        raise InvalidInput(code="VAL_BANK_ACCOUNT", field="input.details")
    return BankAccountDetails(
        owner_name=wish.owner_name.strip(),
        currency=wish.currency,
        country=wish.country.upper(),
        rail=PayoutRail(wish.rail),
        account=dict(wish.details),
    )
