"""The look for deposits where the node is late: balances show before transactions are listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID, uuid4

from solders.pubkey import Pubkey

from domain.shared.ids import UserId, WalletId
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Inbound, InboundTransfer, TokenMovement
from infrastructure.db.deposits import FIRST, Receiver
from infrastructure.sagas.deposits import CLOSER_LOOKS, DepositWatcher
from infrastructure.sagas.engine import Opening, SagaEngine


@dataclass
class Node:
    """`content` is the account's; `listed` are the transactions that the node tells of, in order."""

    content: str | None = None
    listed: list[str] = field(default_factory=list)

    async def token_accounts(self, owners: Sequence[Pubkey]) -> list[str | None]:
        return [self.content for _ in owners]

    async def inbound(self, owner: Pubkey, after: str | None, _known: object) -> Inbound:
        new = self.listed[self.listed.index(after) + 1 :] if after else self.listed
        return Inbound(
            transfers=tuple(_transfer(signature, owner) for signature in new),
            newest_signature=new[-1] if new else None,
        )


@dataclass
class Records:
    """One wallet, and how far it was looked at."""

    wallet_id: WalletId = field(default_factory=lambda: WalletId(uuid4()))
    address: str = field(default_factory=lambda: str(Pubkey.new_unique()))
    looked_up_to: str | None = None

    async def receivers(self, after: WalletId, _limit: int) -> list[Receiver]:
        if after != FIRST:
            return []
        return [
            Receiver(
                wallet_id=self.wallet_id,
                user_id=UserId(UUID(int=1)),
                address=self.address,
                looked_up_to=self.looked_up_to,
            )
        ]

    async def broadcast_by_us(self, _signatures: Sequence[str]) -> set[str]:
        return set()

    async def looked(self, _address: str, signature: str) -> None:
        self.looked_up_to = signature

    async def acquire(self, _owner: str, *, seconds: float) -> bool:
        return seconds > 0


@dataclass
class Engine:
    """`booked` has the signatures whose deposits were decided upon."""

    booked: list[str] = field(default_factory=list)

    async def decide(self, _stream_id: object, _handler: object, *, opening: Opening) -> None:
        self.booked.append(opening.origin.correlation_id)


def _transfer(signature: str, owner: Pubkey) -> InboundTransfer:
    movement = TokenMovement(
        account="account",
        owner=str(owner),
        mint="mint",
        delta_base_units=1,
        instruction_index=0,
    )
    return InboundTransfer(signature=signature, slot=1, block_time=None, movement=movement)


def _watcher(engine: Engine, node: Node) -> DepositWatcher:
    return DepositWatcher(
        engine=cast("SagaEngine", engine),
        owner="test",
        deposits=Records(),
        gateway=cast("SolanaGateway", node),
    )


async def test_a_deposit_right_behind_another_is_found_as_soon_as_it_is_listed() -> None:
    node, engine = Node(), Engine()
    watcher = _watcher(engine, node)

    # Given a balance of two deposits, of which the node lists the first alone
    node.content, node.listed = "two deposits", ["first"]
    await watcher.look()
    assert engine.booked == ["first"]

    # When it lists the second, with the balance as it was
    node.listed.append("second")
    await watcher.look()

    assert engine.booked == ["first", "second"]


async def test_an_account_that_rests_is_not_looked_at_for_ever() -> None:
    node, engine = Node(content="some"), Engine()
    watcher = _watcher(engine, node)
    for _ in range(CLOSER_LOOKS):
        await watcher.look()

    node.listed.append("much too late")
    await watcher.look()

    assert engine.booked == []
