"""The watch over open positions: one question for all of an owner's, news alone is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from domain.contracts.strategy_events import PositionNews, PositionValued, StrategyBalanceUpdated
from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.ports.defi import DeFiProvider, Position
from domain.shared.ids import StreamId, UserId, WalletId
from domain.shared.stream import Stream
from domain.wallet.positions import STALE_AFTER
from infrastructure.db.strategies import FIRST, OpenPosition, WatchedPosition
from infrastructure.sagas.engine import Handler, Opening, SagaEngine
from infrastructure.sagas.positions import PositionWatcher
from tests.unit.domain.send.journey import FACTS

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WALLET = WalletId(UUID(int=9))


@dataclass
class Vault:
    value: int | None = 200
    asked: int = 0
    breaks: bool = False

    async def get_strategy_status(self, offer_id: str, *, owner: str) -> Position | Setback:
        self.asked += 1
        if self.breaks:
            raise KeyError(offer_id)
        if self.value is None:
            return NotAttempted(reason="away")
        return Position(
            offer_id=offer_id, owner=owner, shares=200, value=self.value, source="vault", at=START
        )


@dataclass
class Records:
    """What is open, and of each what was told last."""

    opened: list[OpenPosition]
    told: dict[UUID, PositionValued] = field(default_factory=dict)

    async def watched(self, after: UUID, _limit: int) -> Sequence[WatchedPosition]:
        return [
            WatchedPosition(
                position=each,
                wallet_id=WALLET,
                user_id=UserId(UUID(int=1)),
                told=self.told.get(each.id),
            )
            for each in (self.opened if after == FIRST else [])
        ]

    async def acquire(self, _owner: str, *, seconds: float) -> bool:
        return seconds > 0


@dataclass
class Engine:
    """Writes what is decided where it is read again."""

    records: Records
    now: datetime = START
    news: list[PositionValued] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)

    def clock(self) -> datetime:
        return self.now

    async def decide(self, stream_id: StreamId, handler: Handler, *, opening: Opening) -> None:
        stream = Stream(id=stream_id, wallet_id=opening.wallet_id)
        for event in handler(stream, replace(FACTS, now=self.now)).events:
            assert isinstance(event, PositionValued)
            if event.position_id in self.refused:
                raise OSError("the database is away")
            self.records.told[event.position_id] = event
            self.news.append(event)


def position(number: int, principal: int, *, closing: bool = False) -> OpenPosition:
    opened = StrategyBalanceUpdated(
        position_id=UUID(int=number),
        provider="kamino",
        offer_id="vault",
        name="Vault",
        principal=principal,
        shares=100,
        locked_until=None,
        journal_id=UUID(int=100 + number),
    )
    return OpenPosition(
        opened=opened,
        opened_at=START,
        owner_address="owner",
        principal=principal,
        closing=closing,
    )


def watch(*opened: OpenPosition, value: int | None) -> tuple[PositionWatcher, Engine, Vault]:
    records, vault = Records(list(opened)), Vault(value)
    engine = Engine(records)
    watcher = PositionWatcher(
        engine=cast("SagaEngine", engine),
        owner="test",
        positions=records,
        protocols={"kamino": cast("DeFiProvider", vault)},
        look_seconds=1,
    )
    return watcher, engine, vault


async def test_positions_in_one_vault_are_asked_for_once_and_each_told_its_part() -> None:
    watcher, engine, vault = watch(position(1, 1_000_000), position(2, 1_000_000), value=2_040_000)

    await watcher.look()

    assert vault.asked == 1
    assert [(each.position_id.int, each.value) for each in engine.news] == [
        (1, 1_020_000),
        (2, 1_020_000),
    ]


async def test_what_has_not_changed_is_not_written_again() -> None:
    watcher, engine, vault = watch(position(1, 1_000_000), value=2_040_000)

    await watcher.look()
    await watcher.look()
    assert len(engine.news) == 1

    vault.value = 1_900_000
    await watcher.look()
    assert [(each.number, each.value) for each in engine.news] == [(1, 1_020_000), (2, 950_000)]


async def test_silence_is_told_with_the_last_value_and_its_end_too() -> None:
    watcher, engine, vault = watch(position(1, 1_000_000), value=2_040_000)
    await watcher.look()
    vault.value = None

    await watcher.look()
    engine.now += STALE_AFTER - timedelta(seconds=1)
    await watcher.look()
    assert len(engine.news) == 1
    engine.now += timedelta(seconds=1)
    await watcher.look()
    await watcher.look()
    assert [each.news for each in engine.news[1:]] == [PositionNews.STALE]
    assert (engine.news[-1].value, engine.news[-1].at) == (1_020_000, START)

    vault.value = 2_040_000
    await watcher.look()
    assert [each.news for each in engine.news[2:]] == [PositionNews.VALUE_CHANGED]


async def test_what_is_being_closed_is_left_to_its_stop() -> None:
    watcher, engine, _vault = watch(position(1, 1_000_000, closing=True), value=2_040_000)

    await watcher.look()

    assert engine.news == []


async def test_one_that_cannot_be_told_of_keeps_nothing_from_the_others() -> None:
    watcher, engine, _vault = watch(position(1, 1_000_000), position(2, 1_000_000), value=2_040_000)
    engine.refused.add(UUID(int=1))

    await watcher.look()
    assert [each.position_id.int for each in engine.news] == [2]

    engine.refused.clear()
    await watcher.look()
    assert [each.position_id.int for each in engine.news] == [2, 1]


async def test_an_adapter_that_breaks_is_a_protocol_that_does_not_answer() -> None:
    watcher, engine, vault = watch(position(1, 1_000_000), value=2_040_000)
    vault.breaks = True

    await watcher.look()
    assert engine.news == []

    vault.breaks = False
    await watcher.look()
    assert [each.news for each in engine.news] == [PositionNews.VALUE_CHANGED]
