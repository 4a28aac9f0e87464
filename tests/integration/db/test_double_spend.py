"""Spending the same money 64 times at once: as often as it is covered, by however many."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast
from uuid import uuid4

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from domain.contracts.services import SendInput
from domain.shared.accounts import available
from domain.shared.assets import USDC, Chain
from domain.shared.decision import KycLevel
from domain.shared.errors import DomainError, IdempotencyConflict, InsufficientBalance
from domain.shared.ids import TransactionId, UserId, WalletId
from domain.shared.money import format_amount
from domain.shared.unit import Committed, HoldKind, Rejected
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import TransferCost
from infrastructure.db.identity import IdentityStore
from infrastructure.db.quotes import QuoteStore
from infrastructure.db.sends import SendReader
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.initiations import Initiations
from infrastructure.services.inputs import read_send
from infrastructure.services.policy import load_policy
from infrastructure.services.prices import PriceBook
from infrastructure.services.quotes import QuoteBook
from infrastructure.services.transfers import Send, TransferDesk
from tests.integration.db.engines import a_pool, an_engine
from tests.integration.db.units import place, unit, user_account
from tests.integration.db.world import Standing, World
from tests.unit.services.test_prices import Clock, Source

AT_ONCE: Final = 64
WAIT_SECONDS_MAX: Final = 10.0
DOLLAR: Final = 10**USDC.decimals

FEE_RESERVE: Final = load_policy(None).figures.fee_reserve

one_or_four_processes = pytest.mark.parametrize("processes", [1, 4])


# ------------------------------------------------------------------ holds


@one_or_four_processes
@pytest.mark.parametrize(
    ("funds", "amount", "kind"),
    [
        (1_000, 30, HoldKind.HARD),
        (1_000, 30, HoldKind.SOFT),
        (63, 1, HoldKind.HARD),
        (64, 1, HoldKind.HARD),
        (65, 1, HoldKind.SOFT),
        (100, 51, HoldKind.HARD),
        (5, 7, HoldKind.SOFT),
        (0, 1, HoldKind.HARD),
    ],
)
async def test_as_many_holds_are_placed_as_are_covered(
    world: World, processes: int, funds: int, amount: int, kind: HoldKind
) -> None:
    alice = user_account()
    await world.fund(alice, funds)
    committers = [await world.another_committer() for _ in range(processes)]

    results = await asyncio.gather(
        *(
            committers[n % processes].commit(unit(None, place(alice, amount, kind=kind)))
            for n in range(AT_ONCE)
        )
    )

    covered = min(AT_ONCE, funds // amount)
    assert results.count(Committed()) == covered
    assert results.count(Rejected("INSUFFICIENT_BALANCE", alice.code)) == AT_ONCE - covered
    held = {"held" if kind is HoldKind.HARD else "soft": covered * amount}
    assert await world.standing(alice) == Standing(posted=funds, **held)


# ------------------------------------------------------------------ whole Sends


class Prompt:
    """A gateway that answers at once: whoever reads late finds less to spend."""

    async def transfer_cost(self, _recipient_owner: Pubkey) -> TransferCost:
        return TransferCost(
            create_recipient_account=False, rent_lamports=0, network_fee_lamports=10_000
        )


class Meeting(Prompt):
    """Answers when all have asked: nobody has decided anything when the last one reads."""

    def __init__(self) -> None:
        self._everybody = asyncio.Barrier(AT_ONCE)

    async def transfer_cost(self, recipient_owner: Pubkey) -> TransferCost:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self._everybody.wait()
        return await super().transfer_cost(recipient_owner)


class OneByOne(Prompt):
    """Answers each who asks when the test lets them go on."""

    def __init__(self) -> None:
        self._asking: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def transfer_cost(self, recipient_owner: Pubkey) -> TransferCost:
        may_go_on = asyncio.Event()
        self._asking.put_nowait(may_go_on)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await may_go_on.wait()
        return await super().transfer_cost(recipient_owner)

    async def asked(self) -> asyncio.Event:
        """The next who asks waits for this."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            return await self._asking.get()


@dataclass(frozen=True, slots=True)
class Sender:
    """A user with funds, and the desks of one or more processes to send them at."""

    world: World
    user_id: UserId
    wallet_id: WalletId
    recipient: str
    desks: Sequence[TransferDesk]

    def wish(self, amount: int, *, key: str | None = None) -> SendInput:
        """Of an amount in base units; without a key, with one of its own."""
        return SendInput(
            amount=format_amount(amount, USDC.decimals),
            recipient=self.recipient,
            memo=None,
            idempotency_key=key or str(uuid4()),
        )

    async def initiated(self, wishes: Sequence[SendInput]) -> list[TransactionId | DomainError]:
        """All at once, each at the next process."""
        return await asyncio.gather(*(self._initiated(n, wish) for n, wish in enumerate(wishes)))

    async def held(self) -> int:
        """What the ledger holds of the funds; nothing else has become of them."""
        standing = await self.world.standing(available(self.wallet_id))
        assert standing == Standing(posted=standing.posted, held=standing.held)
        return standing.held

    async def states(self) -> dict[TransactionId, str]:
        """The transactions of the user."""
        rows = await self.world.pool.fetch(
            "SELECT id, state FROM transaction WHERE user_id = $1", self.user_id
        )
        return {TransactionId(row["id"]): row["state"] for row in rows}

    async def _initiated(self, n: int, wish: SendInput) -> TransactionId | DomainError:
        try:
            return await self.desks[n % len(self.desks)].initiate(self.user_id, read_send(wish))
        except DomainError as error:
            return error


async def a_sender(world: World, *, funds: int, processes: int, gateway: Prompt) -> Sender:
    names = [f"user{uuid4().hex[:12]}" for _ in range(2)]
    ids = [(UserId(uuid4()), WalletId(uuid4())) for _ in names]
    for name, (user_id, wallet_id) in zip(names, ids, strict=True):
        await IdentityStore(world.pool).create_user(
            user_id=user_id,
            wallet_id=wallet_id,
            username=name,
            addresses={Chain.SOLANA: str(Keypair().pubkey())},
            kyc_level=KycLevel.BASIC,
            country="US",
        )
    user_id, wallet_id = ids[0]
    await world.fund(available(wallet_id), funds)
    desks = [await a_desk(world, gateway) for _ in range(processes)]
    return Sender(world, user_id, wallet_id, f"@{names[1]}", desks)


async def a_desk(world: World, gateway: Prompt) -> TransferDesk:
    """As a process that has every role composes it, with connections of its own."""
    pool = await a_pool(world)
    engine = await an_engine(world, pool)
    source = Source("told", Clock(datetime.now(UTC)), {"SOL": 150_000_000})
    return TransferDesk(
        Send(),
        engine=engine,
        initiations=Initiations(engine, QuoteBook(engine, QuoteStore(pool))),
        openings=SendReader(pool),
        gateway=cast("SolanaGateway", gateway),
        network=NetworkCosts(
            cast("SolanaGateway", gateway), PriceBook({"told": source}, clock=engine.clock)
        ),
    )


@one_or_four_processes
@pytest.mark.parametrize("gateway", [Prompt, Meeting])
@pytest.mark.parametrize(
    ("funds", "amount"),
    [
        (100 * DOLLAR + FEE_RESERVE, 5 * DOLLAR),
        (64 * DOLLAR, 7_500_000),
        (5 * DOLLAR + FEE_RESERVE - 1, 5 * DOLLAR),
        (1_000 * DOLLAR, 5 * DOLLAR),
    ],
)
async def test_as_many_sends_are_accepted_as_are_covered(
    world: World, processes: int, gateway: type[Prompt], funds: int, amount: int
) -> None:
    sender = await a_sender(world, funds=funds, processes=processes, gateway=gateway())

    results = await sender.initiated([sender.wish(amount) for _ in range(AT_ONCE)])

    covered = min(AT_ONCE, (funds - FEE_RESERVE) // amount)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert all(isinstance(refusal, InsufficientBalance) for refusal in refused)
    states = Counter((await sender.states()).values())
    assert states.total() == AT_ONCE - len(refused)
    assert states.total() - states["FAILED"] == covered
    assert await sender.held() == covered * amount


async def test_sends_at_once_leave_the_reserve_for_fees(world: World) -> None:
    """50 USDC are ten times 5, but one of them would take the reserve."""
    sender = await a_sender(world, funds=50 * DOLLAR, processes=1, gateway=Meeting())

    await sender.initiated([sender.wish(5 * DOLLAR) for _ in range(AT_ONCE)])

    assert await sender.held() == 45 * DOLLAR


@one_or_four_processes
async def test_one_wish_said_64_times_is_one_transaction(world: World, processes: int) -> None:
    sender = await a_sender(world, funds=100 * DOLLAR, processes=processes, gateway=Meeting())
    wish = sender.wish(5 * DOLLAR)

    results = await sender.initiated([wish] * AT_ONCE)

    assert results == [*await sender.states()] * AT_ONCE
    assert await sender.held() == 5 * DOLLAR
    assert await sender.initiated([wish]) == results[:1]


@one_or_four_processes
async def test_one_wish_refused_64_times_is_one_refusal(world: World, processes: int) -> None:
    sender = await a_sender(world, funds=5 * DOLLAR, processes=processes, gateway=Meeting())
    wish = sender.wish(6 * DOLLAR)

    results = await sender.initiated([wish] * AT_ONCE)
    await world.fund(available(sender.wallet_id), 100 * DOLLAR)
    later = await sender.initiated([wish])

    told = [result for result in [*results, *later] if isinstance(result, DomainError)]
    assert [refusal.code for refusal in told] == [InsufficientBalance.code] * (AT_ONCE + 1)
    assert [refusal.details for refusal in told] == [told[0].details] * (AT_ONCE + 1)
    recorded = "SELECT count(*) FROM outbox WHERE user_id = $1 AND type = 'TransactionRefused'"
    assert await world.pool.fetchval(recorded, sender.user_id) == 1
    assert await sender.states() == {}


@one_or_four_processes
async def test_another_wish_under_the_same_key_is_a_conflict(world: World, processes: int) -> None:
    """Two wishes race for a key: one becomes the transaction, whoever says the other is told."""
    sender = await a_sender(world, funds=100 * DOLLAR, processes=processes, gateway=Meeting())
    key = str(uuid4())
    five, six = (sender.wish(amount, key=key) for amount in (5 * DOLLAR, 6 * DOLLAR))
    said = [five if n // processes % 2 else six for n in range(AT_ONCE)]

    results = await sender.initiated(said)

    (transaction_id,) = await sender.states()
    won = {5 * DOLLAR: five, 6 * DOLLAR: six}[await sender.held()]
    for wish, result in zip(said, results, strict=True):
        assert isinstance(result, IdempotencyConflict) or result == transaction_id
        assert isinstance(result, IdempotencyConflict) == (wish is not won)
    lost = six if won is five else five
    (later,) = await sender.initiated([lost])
    assert isinstance(later, IdempotencyConflict)


async def test_twins_that_read_different_balances_get_one_result(world: World) -> None:
    """The first reads 10 USDC; then another Send takes 9 of them, and the second reads 1."""
    gateway = OneByOne()
    sender = await a_sender(world, funds=10 * DOLLAR, processes=1, gateway=gateway)
    wish = sender.wish(6 * DOLLAR)
    first = asyncio.create_task(sender.initiated([wish]))
    first_may_go_on = await gateway.asked()
    other = asyncio.create_task(sender.initiated([sender.wish(9 * DOLLAR)]))
    (await gateway.asked()).set()
    await other
    second = asyncio.create_task(sender.initiated([wish]))
    second_may_go_on = await gateway.asked()

    first_may_go_on.set()
    result = await first
    second_may_go_on.set()

    assert await second == result
    assert await sender.initiated([wish]) == result
