"""Decide and commit: load the stream, ask the handler, let co-located contexts react, commit.

What another writer did in between makes a commit stale: the stream is read and decided again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.provider.choices import pending_choice
from domain.shared.accounts import is_due
from domain.shared.decision import Decision, Facts, Profile
from domain.shared.figures import Figures
from domain.shared.ids import EffectId, StreamId, UserId, WalletId
from domain.shared.saga import Origin, Registry, settle
from domain.shared.screening import ScreeningList
from domain.shared.stream import Stream
from domain.shared.unit import (
    Committed,
    EffectRequested,
    Group,
    JsonObject,
    KeyClaim,
    KeyConflict,
    Message,
    Rejected,
    Replayed,
    Stale,
    Unit,
)
from domain.wallet.fee_due import may_collect
from infrastructure.sagas.cache import CachedStreams
from infrastructure.sagas.ports import Clock, Commits, Dues, Profiles, Streams

logger = logging.getLogger(__name__)

DECISIONS_MAX: Final = 20
"""Tries before a stream counts as too contended: each try lost means that another one won."""
PAUSE_SECONDS_MAX: Final = 0.02
FORESEEN: Final = StreamId(UUID(int=0))
"""Stands for a stream that is only looked at."""

Handler = Callable[[Stream, Facts], Decision]
OnLeased = Callable[[StreamId, EffectRequested, int], None]


class TooContendedError(Exception):
    """Other writers kept winning; nothing was committed."""


class FenceLostError(TooContendedError):
    """The effect that was decided upon is another holder's by now, or has ended."""


class KeyConflictError(Exception):
    """The idempotency key came with another input before."""


class UnitRejectedError(Exception):
    """The database refused what was decided, and deciding again did not help."""

    def __init__(self, rejection: Rejected) -> None:
        super().__init__(f"{rejection.reason}: {rejection.account}")
        self.rejection = rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stream that begins now."""

    wallet_id: WalletId
    origin: Origin


@dataclass(frozen=True, slots=True)
class Decided:
    """The stream after the commit; with `replayed`, the stored result of an earlier one. Not
    `changed`: there was nothing to commit."""

    stream: Stream
    replayed: JsonObject | None = None
    changed: bool = True


async def _nothing_ahead(_stream: Stream, _requested: Sequence[EffectRequested]) -> None:
    """Commits before anything that was requested is carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What a decision answers to: the effect that fences it, and messages stored with it.

    `ahead` may carry out what the decision requests and only reads, on the stream as it will be:
    what it answers is decided upon in the same commit.
    """

    effect_id: EffectId | None = None
    messages: tuple[Message, ...] = ()
    ahead: Callable[[Stream, Sequence[EffectRequested]], Awaitable[Handler | None]] = _nothing_ahead

    @property
    def fence(self) -> str:
        """What the database calls the effect."""
        return f"effect:{self.effect_id}"


NOBODY: Final = Answering()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The data that handlers decide by."""

    figures: Figures
    screening: ScreeningList


class SagaEngine:
    """One per process. `groups` are the contexts that react inline here.

    `on_leased` is told of each effect that the commit leased to this process, with its epoch.
    """

    def __init__(
        self,
        *,
        commits: Commits,
        streams: Streams,
        profiles: Profiles,
        dues: Dues,
        registry: Registry,
        groups: Sequence[Group],
        policy: Policy,
        clock: Clock,
        on_leased: OnLeased | None = None,
    ) -> None:
        self.policy = policy
        self.history: Mapping[str, int] = {}
        self.clock = clock
        self.groups = tuple(group for group in Group if group in groups)
        self._commits = commits
        self._streams = CachedStreams(streams)
        self._profiles = profiles
        self._dues = dues
        self._registry = registry
        self._on_leased = on_leased

    async def stream(self, stream_id: StreamId) -> Stream | None:
        """The stream, possibly a little behind."""
        return await self._streams.stream(stream_id)

    async def reread(self, stream_id: StreamId) -> Stream:
        """The stream as the database has it. Raises `LookupError`."""
        self._streams.forget(stream_id)
        stream = await self._streams.stream(stream_id)
        if stream is None:
            raise LookupError(f"no stream {stream_id}")
        return stream

    def facts(self) -> Facts:
        """What handlers may know now, without a user's profile."""
        policy = self.policy
        return Facts(
            now=self.clock(),
            figures=policy.figures,
            screening=policy.screening,
            history=self.history,
        )

    async def foresee(self, opening: Opening, decision: Decision, facts: Facts) -> Unit:
        """What a stream would begin with, all contexts in one: decided as it would be, and stored
        nowhere."""
        facts = replace(facts, fee_due=await self._dues.fee_due(opening.wallet_id))
        return settle(
            Stream(id=FORESEEN, wallet_id=opening.wallet_id),
            decision,
            origin=opening.origin,
            registry=self._registry,
            groups=tuple(Group),
            facts=facts,
        )

    async def decide(
        self,
        stream_id: StreamId,
        handler: Handler,
        *,
        opening: Opening | None = None,
        key: KeyClaim | None = None,
        answering: Answering = NOBODY,
    ) -> Decided:
        """Commits what `handler` decides on the stream's present state.

        The handler's own errors pass through. Raises `LookupError` for a stream that is not there
        and is not opened, `KeyConflictError`, `FenceLostError`, `TooContendedError`,
        `UnitRejectedError`.
        """
        rejection: Rejected | None = None
        lost_due = False
        for attempt in range(DECISIONS_MAX):
            stream = await self._present(stream_id, opening, again=attempt > 0)
            facts = replace(await self._facts(stream, opening), rejection=rejection)
            facts = replace(facts, fee_due=0) if lost_due else facts
            seed = handler(stream, facts)
            unit = self._settle(stream, seed, facts, opening, key)
            then = await answering.ahead(stream.extended(unit.events), unit.effects_requested)
            unit = self._settle(stream, seed, facts, opening, key, then=then) if then else unit
            if _is_empty(unit):
                return Decided(stream, changed=False)
            unit = replace(unit, messages=answering.messages)
            match await self._commits.commit(unit):
                case Committed(epochs=epochs):
                    return Decided(self._keep(stream, unit, epochs))
                case Replayed(result=result):
                    return Decided(stream, replayed=result)
                case KeyConflict():
                    raise KeyConflictError
                case Rejected(account=account) if is_due(account) and not lost_due:
                    # Another transaction collects it: this one goes on without.
                    lost_due = True
                case Rejected() as refused:
                    # A handler that knows of a refusal may be refused for another reason.
                    if rejection is not None and rejection.reason == refused.reason:
                        raise UnitRejectedError(refused)
                    booked = refused.booked or (rejection.booked if rejection else None)
                    rejection = replace(refused, booked=booked)
                case Stale(what=what):
                    self._forget(stream_id, what, fence=answering.fence)
                    await asyncio.sleep(PAUSE_SECONDS_MAX * random.random() * (attempt > 0))  # noqa: S311  # jitter, not a secret
        raise TooContendedError(str(stream_id))

    def _forget(self, stream_id: StreamId, what: str, *, fence: str) -> None:
        """What was known of the stream is behind; raises where deciding again is no use."""
        logger.debug("stale: %s of %s", what, stream_id)
        self._streams.forget(stream_id)
        if what == fence:
            raise FenceLostError(str(stream_id))

    async def hear(self, stream_id: StreamId) -> None:
        """Lets the contexts of this process react to what they have not handled yet."""
        self._streams.forget(stream_id)
        await self.decide(stream_id, lambda _stream, _facts: Decision())

    async def _present(
        self, stream_id: StreamId, opening: Opening | None, *, again: bool
    ) -> Stream:
        known = opening is None or again
        stream = await self._streams.stream(stream_id) if known else None
        if stream is None and opening is not None:
            stream = Stream(id=stream_id, wallet_id=opening.wallet_id)
        if stream is None:
            raise LookupError(f"no stream {stream_id}")
        return stream

    async def _facts(self, stream: Stream, opening: Opening | None) -> Facts:
        profile, due = await asyncio.gather(
            self._profile(stream, opening), self._fee_due(stream, opening)
        )
        return replace(self.facts(), profile=profile, fee_due=due)

    async def _profile(self, stream: Stream, opening: Opening | None) -> Profile | None:
        user_id = _user_of(stream, opening)
        # What a user chooses may be for compliance to decide on in the same commit.
        is_wanted = self._is_unheard(stream, Group.COMPLIANCE) or pending_choice(stream) is not None
        if user_id is None or not is_wanted:
            return None
        return await self._profiles.profile(user_id)

    async def _fee_due(self, stream: Stream, opening: Opening | None) -> int:
        is_wanted = self._is_unheard(stream, Group.WALLET) and may_collect(stream)
        if not is_wanted or _user_of(stream, opening) is None:
            return 0
        return await self._dues.fee_due(stream.wallet_id)

    def _is_unheard(self, stream: Stream, group: Group) -> bool:
        """Whether a context of this process has something to react to, or what begins now."""
        return group in self.groups and stream.handled.get(group, 0) < max(1, stream.sequence)

    def _settle(
        self,
        stream: Stream,
        decision: Decision,
        facts: Facts,
        opening: Opening | None,
        key: KeyClaim | None,
        *,
        then: Handler | None = None,
    ) -> Unit:
        return settle(
            stream,
            decision,
            origin=opening.origin if opening else _origin_of(stream),
            registry=self._registry,
            groups=self.groups,
            facts=facts,
            key=key,
            then=then,
        )

    def _keep(self, stream: Stream, unit: Unit, epochs: Mapping[EffectId, int]) -> Stream:
        handled = dict(stream.handled) | {group: to for group, (_, to) in unit.handled.items()}
        stream = replace(stream.extended(unit.events), handled=handled)
        self._streams.put(stream)
        if self._on_leased is not None:
            for effect in unit.effects_requested:
                if effect.id in epochs:
                    self._on_leased(stream.id, effect, epochs[effect.id])
        return stream


def _is_empty(unit: Unit) -> bool:
    """Nothing to store: neither events nor marks nor effects moved."""
    return not (unit.events or unit.handled or unit.effects_moved)


def _origin_of(stream: Stream) -> Origin:
    first = stream.events[0]
    return Origin(
        user_id=first.user_id,
        correlation_id=first.correlation_id,
        counterparty_wallet_id=first.counterparty_wallet_id,
        traceparent=first.traceparent,
    )


def _user_of(stream: Stream, opening: Opening | None) -> UserId | None:
    return opening.origin.user_id if opening else stream.events[0].user_id
