"""What the looking for money that came in asks of the database, and what two that book at once do."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.contracts.events import TransactionRefused
from domain.provider.effects import EffectKind
from domain.provider.ports.chain import Credit
from domain.shared.accounts import fees, invested
from domain.shared.assets import BTC, ETH, SOL, Chain
from domain.shared.decision import Decision, Facts, KycLevel
from domain.shared.ids import StreamId, UserId, WalletId
from domain.shared.saga import Origin
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting, Rejected
from domain.wallet.claims import deposit_stream
from infrastructure.db.deposits import FIRST, DepositStore, Owner
from infrastructure.db.identity import IdentityStore
from infrastructure.sagas.credits import CreditBook
from infrastructure.sagas.engine import Opening
from tests.integration.db.engines import a_pool, an_engine
from tests.integration.db.world import Standing, World

CREDIT = Credit(
    transaction_hash="hash", index=1, asset="BTC", address="bc1", amount=70_000, senders=("x",)
)


async def a_user(world: World) -> Owner:
    owner = Owner(wallet_id=WalletId(uuid4()), user_id=UserId(uuid4()))
    await IdentityStore(world.pool).create_user(
        user_id=owner.user_id,
        wallet_id=owner.wallet_id,
        username=f"u{uuid4().hex[:15]}",
        kyc_level=KycLevel.BASIC,
        country="US",
        addresses={"BITCOIN": f"bc1-{uuid4()}", "SOLANA": f"sol-{uuid4()}"},
    )
    return owner


async def a_transaction(
    world: World,
    owner: Owner,
    *,
    kind: str = EffectKind.ONRAMP_CHECK,
    state: str = "PROVIDER_PROCESSING",
    target: str = "BTC",
    effect_state: str = "PENDING",
    key: str | None = None,
) -> None:
    """A row of one, and an effect of it."""
    identifier: UUID = uuid4()
    await world.admin.execute(
        "INSERT INTO transaction (id, wallet_id, user_id, type, state, amount, asset, target_asset)"
        " VALUES ($1, $2, $3, 'BUY', $4, 1, 'USD', $5)",
        identifier,
        owner.wallet_id,
        owner.user_id,
        state,
        target,
    )
    await world.admin.execute(
        "INSERT INTO effect (id, stream_id, wallet_id, group_name, kind, key, attempt, state,"
        " due_at, request) VALUES ($1, $2, $3, 'provider', $4, $5, 1, $6, now(), '{}')",
        uuid4(),
        identifier,
        owner.wallet_id,
        kind,
        key or str(uuid4()),
        effect_state,
    )


@pytest.fixture
async def store(broken_world: World) -> DepositStore:
    return DepositStore(broken_world.pool)


async def test_wallets_come_in_pages_with_how_far_each_was_looked_at(
    broken_world: World, store: DepositStore
) -> None:
    owners = sorted([await a_user(broken_world) for _ in range(3)], key=lambda one: one.wallet_id)
    first = await store.receivers(Chain.SOLANA, FIRST, 2, asset=SOL)
    await store.looked(first[0].address, SOL, "signature")

    (seen, other) = await store.receivers(Chain.SOLANA, FIRST, 2, asset=SOL)
    (last,) = await store.receivers(Chain.SOLANA, other.wallet_id, 2, asset=SOL)

    assert [one.wallet_id for one in (seen, other, last)] == [one.wallet_id for one in owners]
    assert (seen.looked_up_to, other.looked_up_to) == ("signature", None)
    assert len(await store.receivers(Chain.BITCOIN, FIRST, 10)) == len(owners)


async def test_the_place_only_moves_on(store: DepositStore) -> None:
    assert await store.height(Chain.SUI) is None
    for height, kept in ((10, 10), (12, 12), (11, 12)):
        await store.looked_to(Chain.SUI, height)
        assert await store.height(Chain.SUI) == kept


@pytest.mark.parametrize(
    ("waiting", "awaited"),
    [
        ({}, True),
        ({"kind": EffectKind.SWAP_TRACK}, True),
        ({"target": "ETH"}, False),
        ({"kind": EffectKind.SIGN_DEADLINE}, False),
        ({"effect_state": "DONE"}, False),
    ],
)
async def test_what_is_followed_to_the_chain_awaits_its_credits(
    broken_world: World, store: DepositStore, waiting: dict[str, str], *, awaited: bool
) -> None:
    owner, other = await a_user(broken_world), await a_user(broken_world)
    await a_transaction(broken_world, owner, **waiting)

    assert await store.is_awaited(CREDIT, owner.wallet_id) is awaited
    assert not await store.is_awaited(CREDIT, other.wallet_id)


@pytest.mark.parametrize(("state", "awaited"), [("BLOCKCHAIN_PENDING", True), ("COMPLETED", False)])
async def test_what_another_user_sends_is_theirs_to_book_until_it_has_ended(
    broken_world: World, store: DepositStore, state: str, *, awaited: bool
) -> None:
    sender, recipient = await a_user(broken_world), await a_user(broken_world)
    sent = {"kind": EffectKind.BROADCAST, "key": "hash", "state": state, "target": "USDC"}
    await a_transaction(broken_world, sender, **sent)

    assert await store.is_awaited(CREDIT, recipient.wallet_id) is awaited
    # Of one's own, what has not come to its end may still be somebody's to book
    assert await store.own(["hash", "other"], sender.wallet_id) == (set() if awaited else {"hash"})
    assert await store.is_awaited(CREDIT, sender.wallet_id) is awaited
    assert await store.own(["hash"], recipient.wallet_id) == set()
    assert await store.broadcast_by_us(["hash", "other"]) == {"hash"}


async def test_what_is_left_is_kept_until_it_is_settled(
    broken_world: World, store: DepositStore
) -> None:
    owner = await a_user(broken_world)
    for _ in range(2):
        await store.leave(owner, CREDIT)

    (left,) = await store.left(Chain.BITCOIN, patience_seconds=60)
    assert (left.owner, left.credit, left.is_due) == (owner, CREDIT, False)
    (left,) = await store.left(Chain.BITCOIN, patience_seconds=0)
    assert left.is_due
    assert await store.left(Chain.SUI, patience_seconds=0) == []

    await store.settled(CREDIT)
    assert await store.left(Chain.BITCOIN, patience_seconds=0) == []


async def test_however_many_book_it_it_is_booked_once(world: World) -> None:
    pool, owner = await a_pool(world), await a_user(world)
    credit = replace(CREDIT, transaction_hash=str(uuid4()))
    engines = [await an_engine(world, pool) for _ in range(4)]
    books = [CreditBook(each, DepositStore(pool), patience_seconds=60) for each in engines]

    await asyncio.gather(*(book.take(owner, credit) for book in books for _ in range(3)))

    assert await world.standing(invested(owner.wallet_id, BTC)) == Standing(posted=70_000)


async def test_a_movement_that_another_has_claimed_is_not_booked_again(world: World) -> None:
    pool = await a_pool(world)
    owners: Sequence[Owner] = [await a_user(world) for _ in range(2)]
    book = CreditBook(await an_engine(world, pool), DepositStore(pool), patience_seconds=60)
    credit = replace(CREDIT, transaction_hash=str(uuid4()))

    for owner in owners:
        await book.take(owner, credit)

    standings = [await world.standing(invested(one.wallet_id, BTC)) for one in owners]
    assert standings == [Standing(posted=70_000), Standing()]


async def test_who_is_refused_once_more_still_knows_who_has_booked_it(world: World) -> None:
    owner, engine = await a_user(world), await an_engine(world, await a_pool(world))
    credit = replace(CREDIT, transaction_hash=str(uuid4()))
    await CreditBook(engine, DepositStore(world.pool), patience_seconds=0).book(owner, credit)
    hash_ = credit.transaction_hash
    claim = ChainClaim(chain=BTC.chain, signature=hash_, instruction=1, account="bc1")
    said: list[Rejected | None] = []

    def handler(stream: Stream, facts: Facts) -> Decision:
        """It wants the credit, then a fee of what is spent by now, then neither."""
        said.append(facts.rejection)
        told = TransactionRefused(operation="send", code="X", amount=1, asset="BTC")
        spent = Posting(account=invested(stream.wallet_id, ETH), posted=-1)
        earned = Posting(account=fees(ETH), posted=1)
        return Decision(
            events=(told,),
            claims=(claim,) if len(said) == 1 else (),
            postings=(spent, earned) if len(said) == 2 else (),
        )

    origin = Origin(user_id=owner.user_id, correlation_id="test")
    opening = Opening(wallet_id=owner.wallet_id, origin=origin)
    await engine.decide(StreamId(uuid4()), handler, opening=opening)

    watcher = deposit_stream(owner.wallet_id, hash_, "BTC")
    refused = [(each.reason, each.booked and each.booked.stream_id) for each in said if each]
    assert refused == [("ALREADY_BOOKED", watcher), ("INSUFFICIENT_BALANCE", watcher)]
