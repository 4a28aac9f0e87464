"""What comes in by itself: found block by block, left to whom it may belong, and booked once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import UUID, uuid4

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import Credit, PlainTransfer
from domain.shared.assets import ETH, PAXG, Chain
from domain.shared.ids import UserId, WalletId
from infrastructure.chains.memory import FEE_RATE, FINALITY_DEPTH, MemoryAccount, MemoryGateway
from infrastructure.db.deposits import Left, Owner, Receiver
from infrastructure.sagas.credits import CreditBook, CreditWatcher, Deposits
from infrastructure.sagas.engine import Opening, SagaEngine

Answer = TypeVar("Answer")
AMOUNT = 10**15
PLENTY = 10**18


def got(answer: Answer | Setback) -> Answer:
    assert not isinstance(answer, Declined | NotAttempted | Unanswered), answer
    return answer


@dataclass
class Records:
    """The wallets with their addresses, and what is kept between two looks."""

    wallets: dict[str, WalletId] = field(default_factory=dict)
    page: int = 100
    reached: int | None = None
    own_hashes: set[str] = field(default_factory=set)
    awaited: bool = False
    left_over: dict[str, tuple[Owner, Credit]] = field(default_factory=dict)
    is_due: bool = False
    holds_lease: bool = True

    async def receivers(
        self, _chain: Chain, after: WalletId, _limit: int, **_more: object
    ) -> list[Receiver]:
        found = sorted((wallet_id, address) for address, wallet_id in self.wallets.items())
        return [
            Receiver(
                wallet_id=wallet_id,
                user_id=UserId(UUID(int=1)),
                address=address,
                created_at=datetime.fromtimestamp(0, UTC),
            )
            for wallet_id, address in found
            if wallet_id > after
        ][: self.page]

    async def own(self, signatures: Sequence[str], _wallet_id: WalletId) -> set[str]:
        return self.own_hashes & set(signatures)

    async def is_awaited(self, _credit: Credit, _wallet_id: WalletId) -> bool:
        return self.awaited

    async def height(self, _chain: Chain) -> int | None:
        return self.reached

    async def looked_to(self, _chain: Chain, height: int) -> None:
        self.reached = height

    async def leave(self, owner: Owner, credit: Credit) -> None:
        self.left_over[credit.transaction_hash] = (owner, credit)

    async def left(self, _chain: Chain, *, patience_seconds: float) -> list[Left]:
        assert patience_seconds > 0
        return [
            Left(owner=owner, credit=credit, is_due=self.is_due)
            for owner, credit in self.left_over.values()
        ]

    async def settled(self, credit: Credit) -> None:
        del self.left_over[credit.transaction_hash]

    async def acquire(self, _lease: str, _owner: str, *, seconds: float) -> bool:
        return self.holds_lease and seconds > 0


@dataclass
class Engine:
    """`booked` has the transactions whose credits were decided upon."""

    booked: list[str] = field(default_factory=list)

    async def decide(self, _stream_id: object, _handler: object, *, opening: Opening) -> None:
        self.booked.append(opening.origin.correlation_id)


class Scene:
    """A chain in memory on which somebody sends a user PAXG."""

    def __init__(self, chain: MemoryGateway | None = None) -> None:
        self.chain, self.records, self.engine = chain or MemoryGateway(), Records(), Engine()
        self.sender, self.user = MemoryAccount(), MemoryAccount()
        for asset in (ETH, PAXG):
            self.chain.fund(self.sender.address, asset, PLENTY)
        self.records.wallets[self.user.address] = WalletId(uuid4())
        deposits = cast("Deposits", self.records)
        book = CreditBook(cast("SagaEngine", self.engine), deposits, patience_seconds=60)
        self.watcher = CreditWatcher(
            owner="test",
            deposits=cast("Deposits", self.records),
            gateway=self.chain,
            book=book,
            poll_seconds=1,
        )

    async def send(self) -> str:
        """A transfer that waits for its block."""
        transfer = PlainTransfer(
            asset=PAXG,
            sender=self.sender.address,
            recipient=self.user.address,
            amount=AMOUNT,
            fee_rate=FEE_RATE,
        )
        prepared = got(await self.chain.prepare_transfer(transfer))
        signed = self.chain.accept_signature(
            prepared, self.sender.sign(prepared.payload), signer=self.sender.address
        )
        got(await self.chain.broadcast(signed))
        return signed.transaction_hash

    async def receive(self) -> str:
        """A transfer that is final."""
        name = await self.send()
        self.chain.mine(FINALITY_DEPTH)
        return name


@pytest.fixture
async def scene() -> Scene:
    """Which is looked at already."""
    opened = Scene()
    await opened.watcher.look()
    return opened


async def test_what_comes_in_is_booked_once_it_is_final(scene: Scene) -> None:
    name = await scene.send()
    scene.chain.mine(FINALITY_DEPTH - 1)
    await scene.watcher.look()
    assert scene.engine.booked == []

    scene.chain.mine()
    await scene.watcher.look()
    await scene.watcher.look()

    assert scene.engine.booked == [name]


async def test_what_was_there_before_the_first_look_is_nobodys() -> None:
    scene = Scene()
    await scene.receive()

    await scene.watcher.look()
    await scene.watcher.look()

    assert scene.engine.booked == []


async def test_without_wallets_the_looking_keeps_up_at_one_question(scene: Scene) -> None:
    wallets, scene.records.wallets = scene.records.wallets, {}
    await scene.receive()
    scene.chain.setbacks["credits"] = NotAttempted(reason="must not be asked")
    await scene.watcher.look()
    assert "credits" in scene.chain.setbacks
    scene.chain.setbacks.clear()

    scene.records.wallets = wallets
    await scene.watcher.look()
    assert scene.engine.booked == []


@pytest.mark.parametrize("method", ["final_height", "credits"])
@pytest.mark.parametrize(
    "setback", [NotAttempted(reason="down"), Declined(code="PRV_RESPONSE_INVALID", reason="a lie")]
)
async def test_no_block_is_passed_over_that_could_not_be_read(
    scene: Scene, method: str, setback: NotAttempted | Declined
) -> None:
    name = await scene.receive()
    scene.chain.setbacks[method] = setback
    before = scene.records.reached

    await scene.watcher.look()
    assert (scene.engine.booked, scene.records.reached) == ([], before)
    await scene.watcher.look()

    assert scene.engine.booked == [name]


@dataclass(slots=True)
class Unsteady(MemoryGateway):
    """`asked` has the addresses of each question; those in `silent` are not answered."""

    asked: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        self.asked += addresses
        if self.silent & set(addresses):
            return NotAttempted(reason="down")
        return await MemoryGateway.credits(self, addresses, after=after, up_to=up_to)


async def test_it_goes_on_with_the_wallet_that_it_failed_at() -> None:
    chain = Unsteady()
    scene = Scene(chain)
    scene.records.page = 1
    scene.records.wallets = {MemoryAccount().address: WalletId(UUID(int=n)) for n in (1, 2, 3)}
    first, second, third = scene.records.wallets
    await scene.watcher.look()
    chain.mine(FINALITY_DEPTH)

    chain.silent = {second}
    for _ in range(2):
        assert not await scene.watcher.look()
    chain.silent = set()
    for _ in range(2):
        await scene.watcher.look()

    assert chain.asked == [first, second, second, second, third]


async def test_who_has_no_lease_does_not_look() -> None:
    scene = Scene()
    scene.records.holds_lease = False
    scene.records.reached = scene.chain.height - FINALITY_DEPTH
    await scene.receive()

    await scene.watcher.look()

    assert scene.engine.booked == []


async def test_a_long_absence_is_caught_up_with_piece_by_piece(scene: Scene) -> None:
    first = await scene.receive()
    scene.chain.mine(100)
    second = await scene.receive()

    assert await scene.watcher.look()
    assert scene.engine.booked == [first]
    assert not await scene.watcher.look()

    assert scene.engine.booked == [first, second]


async def test_what_a_users_own_transaction_brings_back_is_its_flows(scene: Scene) -> None:
    scene.records.own_hashes = {await scene.receive()}

    await scene.watcher.look()

    assert (scene.engine.booked, scene.records.left_over) == ([], {})


async def test_what_a_transaction_waits_for_is_left_to_it(scene: Scene) -> None:
    scene.records.awaited = True
    name = await scene.receive()

    await scene.watcher.look()
    await scene.watcher.look()
    assert (scene.engine.booked, list(scene.records.left_over)) == ([], [name])

    # When it waits no longer: what it has claimed is not booked again, the rest is
    scene.records.awaited = False
    await scene.watcher.look()
    assert (scene.engine.booked, scene.records.left_over) == ([name], {})


async def test_and_not_for_ever(scene: Scene) -> None:
    scene.records.awaited = True
    name = await scene.receive()
    await scene.watcher.look()

    scene.records.is_due = True
    await scene.watcher.look()

    assert (scene.engine.booked, scene.records.left_over) == ([name], {})


async def test_where_nothing_was_found_the_place_is_not_stored_each_time(scene: Scene) -> None:
    first = scene.records.reached
    scene.chain.mine()
    await scene.watcher.look()
    assert scene.records.reached == first

    await scene.receive()
    await scene.watcher.look()

    assert scene.records.reached == scene.chain.height - FINALITY_DEPTH + 1


async def test_what_is_no_address_of_the_chain_keeps_nobody_waiting(scene: Scene) -> None:
    scene.records.wallets["nobody"] = WalletId(uuid4())
    name = await scene.receive()

    await scene.watcher.look()

    assert scene.engine.booked == [name]
