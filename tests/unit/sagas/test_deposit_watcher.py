"""The look for deposits where the node is late: balances show before transactions are listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

import pytest
from solders.pubkey import Pubkey

from domain.provider.ports.chain import Credit
from domain.shared.assets import SOL, USDC, Asset, Chain
from domain.shared.ids import UserId, WalletId
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Inbound
from infrastructure.db.deposits import FIRST, Owner, Receiver
from infrastructure.sagas.deposits import CLOSER_LOOKS, Deposits, DepositWatcher


@dataclass
class Node:
    """`content` is the account's; `listed` are the transactions that the node tells of, in order."""

    content: str | None = None
    listed: list[str] = field(default_factory=list)

    async def holdings(self, owners: Sequence[Pubkey], _asset: Asset) -> list[str | None]:
        return [self.content for _ in owners]

    async def inbound(
        self, _owner: Pubkey, _asset: Asset, *, after_signature: str | None, **_more: object
    ) -> Inbound:
        after = after_signature
        new = self.listed[self.listed.index(after) + 1 :] if after else self.listed
        return Inbound(credits=tuple(map(_credit, new)), newest_signature=new[-1] if new else None)


@dataclass
class Records:
    """One wallet, and how far it was looked at."""

    wallet_id: WalletId = field(default_factory=lambda: WalletId(uuid4()))
    address: str = field(default_factory=lambda: str(Pubkey.new_unique()))
    looked_up_to: str | None = None

    async def receivers(
        self, _chain: Chain, after: WalletId, _limit: int, **_more: object
    ) -> list[Receiver]:
        if after != FIRST:
            return []
        return [
            Receiver(
                wallet_id=self.wallet_id,
                user_id=UserId(UUID(int=1)),
                address=self.address,
                created_at=datetime.fromtimestamp(0, UTC),
                looked_up_to=self.looked_up_to,
            )
        ]

    async def broadcast_by_us(self, _signatures: Sequence[str]) -> set[str]:
        return set()

    async def own(self, _signatures: Sequence[str], _wallet_id: WalletId) -> set[str]:
        return set()

    async def looked(self, _address: str, _asset: Asset, signature: str) -> None:
        self.looked_up_to = signature

    async def acquire(self, _lease: str, _owner: str, *, seconds: float) -> bool:
        return seconds > 0


@dataclass
class Book:
    """`booked` has the signatures whose deposits were booked."""

    booked: list[str] = field(default_factory=list)

    async def take(self, _owner: Owner, credit: Credit) -> None:
        self.booked.append(credit.transaction_hash)

    async def take_up_left(self, _chain: Chain) -> None:
        """Nothing was left."""

    async def book(self, owner: Owner, credit: Credit) -> None:
        await self.take(owner, credit)


def _credit(signature: str) -> Credit:
    return Credit(transaction_hash=signature, index=0, asset="USDC", address="account", amount=1)


def _watcher(book: Book, node: Node, asset: Asset = USDC) -> DepositWatcher:
    return DepositWatcher(
        owner="test",
        deposits=cast("Deposits", Records()),
        gateway=cast("SolanaGateway", node),
        book=book,
        asset=asset,
    )


@pytest.mark.parametrize("asset", [USDC, SOL])
async def test_a_deposit_right_behind_another_is_found_as_soon_as_it_is_listed(
    asset: Asset,
) -> None:
    node, book = Node(), Book()
    watcher = _watcher(book, node, asset)

    # Given a balance of two deposits, of which the node lists the first alone
    node.content, node.listed = "two deposits", ["first"]
    await watcher.look()
    assert book.booked == ["first"]

    # When it lists the second, with the balance as it was
    node.listed.append("second")
    await watcher.look()

    assert book.booked == ["first", "second"]


async def test_an_account_that_rests_is_not_looked_at_for_ever() -> None:
    node, book = Node(content="some"), Book()
    watcher = _watcher(book, node)
    for _ in range(CLOSER_LOOKS):
        await watcher.look()

    node.listed.append("much too late")
    await watcher.look()

    assert book.booked == []
