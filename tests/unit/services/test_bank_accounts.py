"""A bank account is added once for a key, and a key stands for no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.services import BankAccountInput
from domain.provider.ports.offramp import (
    BankAccountDetails,
    BankAccountRegistered,
    CustomerKnown,
    NewCustomer,
    OffRampProvider,
)
from domain.shared.errors import IdempotencyConflict
from domain.shared.ids import UserId, WalletId
from infrastructure.db.bank_accounts import BankAccountStore, StoredBankAccount, UsedIdentifier
from infrastructure.db.identity import StoredUser
from infrastructure.services.bank_accounts import BankAccountDesk
from tests.unit.domain.send.journey import START

USER, WALLET = UserId(UUID(int=1)), WalletId(UUID(int=2))
WISH = BankAccountInput(
    owner_name="Ada Example",
    currency="USD",
    country="US",
    rail="ACH",
    details={"account_number": "000123456789", "routing_number": "021000021"},
    idempotency_key="key",
)
OTHERS = [
    replace(WISH, details={**WISH.details, "account_number": "000123456780"}),
    replace(WISH, details={**WISH.details, "city": "New York"}),
    replace(WISH, owner_name="Bob Example"),
    replace(WISH, country="PT"),
    replace(WISH, rail="WIRE"),
]


class Users:
    async def by_id(self, user_id: UserId) -> StoredUser:
        return StoredUser(
            id=user_id,
            wallet_id=WALLET,
            username="ada",
            kyc_level="basic",
            country="PT",
            created_at=START,
        )


@dataclass
class Provider:
    registered: list[str] = field(default_factory=list)

    async def ensure_customer(self, _customer: NewCustomer) -> CustomerKnown:
        return CustomerKnown(id="customer")

    async def register_bank_account(
        self, _customer: str, details: BankAccountDetails, *, key: str
    ) -> BankAccountRegistered:
        number = details.account["account_number"]
        self.registered.append(f"{key} {number}")
        return BankAccountRegistered(token=number, label=f"****{number[-4:]}")


@dataclass
class Store:
    """`meanwhile` is added by somebody else just before the next one is."""

    accounts: dict[UUID, tuple[StoredBankAccount, UsedIdentifier]] = field(default_factory=dict)
    meanwhile: str | None = None

    async def customer(self, *_whose: object) -> str | None:
        return None

    async def add_customer(self, _user_id: UserId, _provider: str, customer: str) -> str:
        return customer

    async def used(self, account_id: UUID) -> UsedIdentifier | None:
        return self.accounts[account_id][1] if account_id in self.accounts else None

    async def add(
        self, _wallet_id: WalletId, account: StoredBankAccount, *, fingerprint: str
    ) -> bool:
        if self.meanwhile is not None:
            other = UsedIdentifier(fingerprint=self.meanwhile, is_removed=False)
            self.accounts[account.id] = (account, other)
        if account.id in self.accounts:
            return False
        used = UsedIdentifier(fingerprint=fingerprint, is_removed=False)
        self.accounts[account.id] = (account, used)
        return True

    async def of_wallet(self, _wallet_id: WalletId) -> list[StoredBankAccount]:
        return [each for each, used in self.accounts.values() if not used.is_removed]

    async def remove(self, _wallet_id: WalletId, account_id: UUID) -> bool:
        account, used = self.accounts[account_id]
        self.accounts[account_id] = (account, replace(used, is_removed=True))
        return True


def desk(store: Store) -> tuple[BankAccountDesk, Provider]:
    provider = Provider()
    made = BankAccountDesk(
        store=cast("BankAccountStore", store),
        wallets=Users(),
        providers=cast("Mapping[str, OffRampProvider]", {"first": provider}),
    )
    return made, provider


async def test_the_same_wish_under_the_same_key_is_one_account() -> None:
    store = Store()
    banks, provider = desk(store)
    backwards = dict(reversed(list(WISH.details.items())))

    added = await banks.add(USER, WISH)

    assert await banks.add(USER, replace(WISH, details=backwards)) == added
    assert len(provider.registered) == 1
    assert await banks.add(USER, replace(WISH, idempotency_key="other")) != added


@pytest.mark.parametrize("other", OTHERS)
async def test_another_account_under_the_same_key_is_refused(other: BankAccountInput) -> None:
    store = Store()
    banks, provider = desk(store)
    await banks.add(USER, WISH)

    with pytest.raises(IdempotencyConflict):
        await banks.add(USER, other)

    assert len(store.accounts) == len(provider.registered) == 1


async def test_the_key_of_an_account_that_was_removed_brings_it_back_to_nobody() -> None:
    store = Store()
    banks, provider = desk(store)
    await banks.remove(USER, await banks.add(USER, WISH))

    with pytest.raises(IdempotencyConflict):
        await banks.add(USER, WISH)

    assert await store.of_wallet(WALLET) == []
    assert len(provider.registered) == 1


async def test_of_two_that_come_at_once_the_later_is_refused() -> None:
    banks, _ = desk(Store(meanwhile="of another account"))

    with pytest.raises(IdempotencyConflict):
        await banks.add(USER, WISH)


async def test_nothing_of_the_account_is_told_by_what_is_stored_of_it() -> None:
    store, same = Store(), Store()
    await desk(store)[0].add(USER, WISH)
    await desk(same)[0].add(USER, replace(WISH, idempotency_key="other"))

    ((account, first),), ((_, second),) = store.accounts.values(), same.accounts.values()
    assert first.fingerprint != second.fingerprint
    assert "000123456789" not in f"{account.label} {first}"
