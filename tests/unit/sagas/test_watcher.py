"""A broadcast that is confirmed within half a second is told of once, with its confirmation."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from domain.provider.effects import (
    Accepted,
    BroadcastOutcome,
    Claimed,
    EffectKind,
    Landed,
    Unknown,
    effect_id,
)
from domain.shared.stream import Stream
from domain.shared.unit import EffectState
from infrastructure.chains.solana.model import Level, Status
from infrastructure.sagas.legs import LOOK_AGAIN_SECONDS, SolanaLegs, Watched
from infrastructure.sagas.watcher import LEASE_MARGIN, QUIET, ConfirmationWatcher
from tests.unit.domain.send.journey import COST, EVERYBODY, SIGNATURE, START, Journey
from tests.unit.sagas.stage import Log, log_of, turn

CONFIRMED = Status(level=Level.CONFIRMED, slot=7, error=None)
LANDED = Landed(
    slot=7,
    commitment="confirmed",
    recipient_amount=25_000_000 - COST.total_base_units,
    recipient_instruction=0,
    recipient_account="bob-ata",
    fee_amount=COST.total_base_units,
    fee_instruction=1,
    fee_account="treasury-ata",
    lamports_spent=10_000,
)
UNREADABLE = Unknown(reason="a node behind", due_at=START)
TOLD = "SolanaTransferBroadcast"
CONFIRMATION = "SolanaTransferConfirmed"
MOMENT = timedelta(milliseconds=1)
LEASE = timedelta(seconds=LOOK_AGAIN_SECONDS)


@dataclass
class Chain:
    """What a node says of the transaction: nothing, or that it is confirmed and `outcome`."""

    is_confirmed: bool = False
    outcome: BroadcastOutcome = LANDED
    asked: int = 0

    async def confirmed(self, signatures: Sequence[str]) -> Mapping[str, Status]:
        assert list(signatures) == [SIGNATURE]
        self.asked += 1
        return {SIGNATURE: CONFIRMED} if self.is_confirmed else {}

    async def landed(
        self, _stream: Stream, _watched: Watched, _status: Status, _now: datetime
    ) -> BroadcastOutcome:
        return self.outcome


@dataclass
class Scene:
    """A Send whose transaction a node has just taken; the test moves the clock."""

    chain: Chain = field(default_factory=Chain)

    def __post_init__(self) -> None:
        stream = Journey(groups=(EVERYBODY,)).initiate().built().signed()
        self.broadcast = effect_id(stream.stream.id, EffectKind.BROADCAST, 1)
        self.log: Log = log_of(stream, self.broadcast)
        self.watcher = ConfirmationWatcher(
            engine=self.log.engine(), legs=cast("SolanaLegs", self.chain), poll_seconds=0
        )

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.watcher.run())
        claimed = Claimed(id=self.broadcast, epoch=1, attempt=1)
        request = {"signature": SIGNATURE, "last_valid_block_height": 150}
        self.watcher.watch(self.log.stream_.id, claimed, request)
        await turn()
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def at(self, moment: datetime) -> None:
        """It is that late, and the watcher has looked."""
        self.log.now = moment
        await turn()

    async def confirmed(self, outcome: BroadcastOutcome = LANDED) -> None:
        """The chain shows it, and the watcher has looked."""
        self.chain.is_confirmed, self.chain.outcome = True, outcome
        await turn()


async def test_what_is_confirmed_at_once_is_one_commit() -> None:
    scene = Scene()
    async with scene.watching():
        await scene.at(START + QUIET - MOMENT)
        assert scene.log.tried == 0
        await scene.confirmed()
        await scene.at(START + LEASE)

    (types,) = scene.log.types
    assert types.index(TOLD) < types.index(CONFIRMATION)
    assert scene.log.ended(0) == {scene.broadcast: EffectState.DONE}


async def test_what_takes_longer_is_told_of_first() -> None:
    scene = Scene()
    async with scene.watching():
        await scene.at(START + QUIET)
        (types,) = scene.log.types
        assert TOLD in types
        assert CONFIRMATION not in types
        assert scene.log.ended(0) == {scene.broadcast: EffectState.PENDING}
        (moved,) = scene.log.units[0].effects_moved
        assert moved.due_at == START + QUIET + LEASE

        await scene.confirmed()

    assert len(scene.log.units) == 2
    assert CONFIRMATION in scene.log.types[1]
    assert TOLD not in scene.log.types[1]


async def test_what_cannot_be_read_yet_is_told_of_as_sent_before_anything_else() -> None:
    scene = Scene()
    async with scene.watching():
        await scene.confirmed(UNREADABLE)
        assert scene.log.tried == 0
        await scene.at(START + QUIET)
    assert TOLD in scene.log.types[0]
    assert scene.log.ended(0) == {scene.broadcast: EffectState.PENDING}
    assert scene.log.ended(1) == {scene.broadcast: EffectState.UNKNOWN}


async def test_what_is_below_the_commitment_is_waited_for() -> None:
    scene = Scene()
    async with scene.watching():
        await scene.confirmed(Accepted(due_at=START))
        assert scene.log.tried == 0
        await scene.confirmed(LANDED)
    assert [CONFIRMATION in types for types in scene.log.types] == [True]


async def test_watching_ends_before_the_lease_does() -> None:
    scene = Scene()
    async with scene.watching():
        await scene.at(START + QUIET)
        told_at = scene.log.now
        await scene.at(told_at + LEASE - LEASE_MARGIN - MOMENT)
        asked = scene.chain.asked
        await turn()
        assert scene.chain.asked > asked

        await scene.at(told_at + LEASE - LEASE_MARGIN)
        asked = scene.chain.asked
        await scene.confirmed()
        assert scene.chain.asked == asked
    assert len(scene.log.units) == 1


async def test_who_has_taken_the_effect_over_is_not_overruled() -> None:
    scene = Scene()
    async with scene.watching():
        scene.log.epochs[scene.broadcast] = 2
        await scene.confirmed()
        await scene.at(START + QUIET)
    assert (scene.log.units, scene.log.tried) == ([], 1)
