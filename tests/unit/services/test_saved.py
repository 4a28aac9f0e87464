"""What may be kept: addresses of their chains, names, tokens; never what a card is charged with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.saved import ContactInput, PaymentMethodInput, SavedAddressInput
from domain.shared.errors import DomainError
from domain.shared.ids import UserId, WalletId
from domain.shared.screening import ScreeningList, normal_form
from infrastructure.chains.solana.addresses import (
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.db.identity import StoredUser
from infrastructure.db.saved import KeptItem, SavedItem, SavedKind, SavedStore
from infrastructure.services.providers import load_providers
from infrastructure.services.saved import PREFERRED_MAX, SavedDesk, may_be_card
from tests.unit.domain.send.journey import START

USER, WALLET = UserId(UUID(int=1)), WalletId(UUID(int=2))
SANCTIONED = "0x8589427373D6D84E98730D7795D8f6f8731FDA16"
GOOD = {
    "SOLANA": "7v91N7iZ9mNicL8WfG6cgSCKyRXydQjLh6UYBWwm6y1Q",
    "BITCOIN": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "ETHEREUM": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "SUI": "0x" + "a" * 64,
}
TREASURY = "2KW2XRd9kwqet15Aha2oK3tYvd3nWbTFH1MBiRAv1BE1"
TOKEN_ACCOUNT = str(associated_token_account(parse_address(GOOD["SOLANA"]), USDC_MINT))
"""No key signs for it."""


class Users:
    async def by_id(self, user_id: UserId) -> StoredUser | None:
        return user("alice", user_id) if user_id == USER else None

    async def by_username(self, username: str) -> StoredUser | None:
        known = {"alice": USER, "bob": UserId(UUID(int=3))}
        found = known.get(username.lower())
        return None if found is None else user(username, found)


def user(name: str, user_id: UserId) -> StoredUser:
    return StoredUser(
        id=user_id,
        wallet_id=WALLET,
        username=name,
        kyc_level="basic",
        country="PT",
        created_at=START,
    )


@dataclass
class Store:
    items: list[tuple[SavedKind, KeptItem]] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)

    async def add(
        self, _wallet_id: WalletId, kind: SavedKind, item: SavedItem, *, count_max: int
    ) -> bool:
        same = any(
            known == kind and (each.id == item.id or each.content == item.content)
            for known, each in self.items
        )
        if same or len(self.items) >= count_max:
            return False
        kept = KeptItem(id=item.id, label=item.label, content=item.content, created_at=START)
        self.items.append((kind, kept))
        return True

    async def by_id(self, item_id: UUID) -> KeptItem | None:
        return next((each for _, each in self.items if each.id == item_id), None)

    async def of_wallet(self, _wallet_id: WalletId, kind: SavedKind) -> list[KeptItem]:
        return [each for known, each in self.items if known == kind]

    async def usernames(self, user_ids: list[UUID]) -> Mapping[UUID, str]:
        return dict.fromkeys(user_ids, "bob")

    async def prefer(self, _user_id: UserId, providers: list[str]) -> None:
        self.providers = providers


def desk() -> tuple[SavedDesk, Store]:
    store = Store()
    screening = ScreeningList(version="test", addresses=frozenset({normal_form(SANCTIONED)}))
    made = SavedDesk(
        store=cast("SavedStore", store),
        users=Users(),
        screening=screening,
        registry=load_providers().registry,
        platform=frozenset({TREASURY}),
    )
    return made, store


def address(text: str, chain: str, *, label: str = "Mine", key: str = "k") -> SavedAddressInput:
    return SavedAddressInput(chain=chain, address=text, label=label, idempotency_key=key)


def method(**changes: str) -> PaymentMethodInput:
    given = {
        "provider": "stripe",
        "payment_method": "CARD",
        "token": "pm_1NvQzqLkdIwHu7ix",
        "label": "Blue card",
        "idempotency_key": "k",
    }
    return PaymentMethodInput(**{**given, **changes})


@pytest.mark.parametrize("chain", GOOD)
async def test_an_address_of_its_chain_is_kept(chain: str) -> None:
    saved, store = desk()

    await saved.add_address(USER, address(GOOD[chain], chain))

    ((_, kept),) = store.items
    assert kept.content == {"chain": chain, "address": GOOD[chain]}


async def test_one_spelling_is_kept() -> None:
    saved, store = desk()
    await saved.add_address(USER, address(GOOD["ETHEREUM"].lower(), "ETHEREUM", key="a"))
    await saved.add_address(USER, address(GOOD["ETHEREUM"], "ETHEREUM", key="b"))

    assert [each.content["address"] for _, each in store.items] == [GOOD["ETHEREUM"]]


@pytest.mark.parametrize(
    ("text", "chain", "code"),
    [
        (GOOD["ETHEREUM"].replace("5aA", "5AA"), "ETHEREUM", "VAL_ADDRESS"),
        (GOOD["BITCOIN"][:-1] + "5", "BITCOIN", "VAL_ADDRESS"),
        (GOOD["SOLANA"], "BITCOIN", "VAL_ADDRESS"),
        ("0x2", "SUI", "VAL_ADDRESS"),
        (GOOD["SOLANA"], "DOGE", "VAL_CHAIN"),
        (GOOD["SOLANA"], "solana", "VAL_CHAIN"),
        (SANCTIONED, "ETHEREUM", "CMP_SANCTIONED"),
        (SANCTIONED.lower(), "ETHEREUM", "CMP_SANCTIONED"),
        (TOKEN_ACCOUNT, "SOLANA", "TXN_ADDRESS_UNSUITABLE"),
        (TREASURY, "SOLANA", "TXN_ADDRESS_UNSUITABLE"),
    ],
)
async def test_what_is_no_address_to_keep_is_refused(text: str, chain: str, code: str) -> None:
    saved, store = desk()
    with pytest.raises(DomainError, match=code):
        await saved.add_address(USER, address(text, chain))
    assert store.items == []


async def test_the_same_key_adds_once_and_another_wish_under_it_is_refused() -> None:
    saved, store = desk()
    wish = address(GOOD["SUI"], "SUI")
    await saved.add_address(USER, wish)
    await saved.add_address(USER, wish)
    assert len(store.items) == 1

    with pytest.raises(DomainError, match="VAL_IDEMPOTENCY_CONFLICT"):
        await saved.add_address(USER, address(GOOD["SUI"], "SUI", label="Other"))


async def test_the_key_of_what_was_removed_since_is_refused() -> None:
    saved, store = desk()
    wish = address(GOOD["SUI"], "SUI")
    await saved.add_address(USER, wish)
    ((kind, kept),) = store.items
    store.items = [(kind, replace(kept, is_removed=True))]

    with pytest.raises(DomainError, match="VAL_IDEMPOTENCY_CONFLICT"):
        await saved.add_address(USER, wish)


async def test_a_wallet_keeps_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.services.saved.KEPT_MAX", 1)
    saved, _store = desk()
    await saved.add_address(USER, address(GOOD["SUI"], "SUI", key="a"))
    # What is kept already is no more.
    await saved.add_address(USER, address(GOOD["SUI"], "SUI", key="b"))

    with pytest.raises(DomainError, match="VAL_TOO_MANY"):
        await saved.add_address(USER, address(GOOD["BITCOIN"], "BITCOIN", key="c"))


@pytest.mark.parametrize("label", ["", " ", "x" * 61, "a\nb", "4111 1111 1111 1111", "\u202e"])
async def test_a_name_is_short_and_readable_and_no_card(label: str) -> None:
    saved, _store = desk()
    with pytest.raises(DomainError, match="VAL_LABEL"):
        await saved.add_payment_method(USER, method(label=label))


@pytest.mark.parametrize(
    "token",
    ["4111111111111111", "4111-1111-1111-1111", "5555.5555.5555.4444", "short", "a b c d e f"],
)
async def test_what_may_be_a_card_is_no_token(token: str) -> None:
    saved, store = desk()
    with pytest.raises(DomainError, match="VAL_PAYMENT_TOKEN"):
        await saved.add_payment_method(USER, method(token=token))
    assert store.items == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"provider": "nobody"}, "VAL_PROVIDER"),
        ({"provider": "jupiter"}, "VAL_PROVIDER"),
        ({"payment_method": "CASH"}, "VAL_PAYMENT_METHOD"),
        ({"idempotency_key": ""}, "VAL_IDEMPOTENCY_KEY"),
    ],
)
async def test_a_payment_method_is_one_of_its_provider(changes: dict[str, str], code: str) -> None:
    saved, _store = desk()
    with pytest.raises(DomainError, match=code):
        await saved.add_payment_method(USER, method(**changes))


async def test_a_token_is_kept_and_never_shown() -> None:
    saved, store = desk()
    await saved.add_payment_method(USER, method())

    (shown,) = await saved.payment_methods(WALLET)
    assert (shown.provider, shown.payment_method) == ("stripe", "CARD")
    assert "pm_1NvQzqLkdIwHu7ix" not in repr(shown)
    assert store.items[0][1].content["token"] == "pm_1NvQzqLkdIwHu7ix"


@pytest.mark.parametrize(
    ("username", "code"),
    [("@nobody", "TXN_RECIPIENT_UNKNOWN"), ("@alice", "TXN_SELF_SEND"), ("bob", "VAL_RECIPIENT")],
)
async def test_a_contact_is_another_user(username: str, code: str) -> None:
    saved, _store = desk()
    with pytest.raises(DomainError, match=code):
        await saved.add_contact(
            USER, ContactInput(username=username, label=None, idempotency_key="k")
        )


async def test_preferred_providers_are_known_ones() -> None:
    saved, store = desk()
    await saved.prefer(USER, ["stripe", "due", "stripe"])
    assert store.providers == ["due", "stripe"]

    with pytest.raises(DomainError, match="VAL_PROVIDER"):
        await saved.prefer(USER, ["stripe", "nobody"])
    with pytest.raises(DomainError, match="VAL_TOO_MANY"):
        await saved.prefer(USER, ["stripe"] * (PREFERRED_MAX + 1))


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        ("4111111111111111", True),
        ("4111111111111112", False),
        ("my card 3782 822463 10005", True),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", False),
        ("tok4111111111111111", False),
        ("1234", False),
    ],
)
def test_cards_are_told_by_their_check_digit(text: str, is_card: bool) -> None:  # noqa: FBT001 (a table)
    assert may_be_card(text) is is_card
