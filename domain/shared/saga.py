"""How reactions turn one decision into one Unit, wherever the contexts run.

Groups that share a process react inline to the events that a decision publishes, again and again,
until nobody has more to say; all of it is one Unit. A group elsewhere hears the same events from
the log. Each sees every event of a stream once, in sequence order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.flows import FlowName
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import EventId, UserId, WalletId, derived
from domain.shared.stream import Stream
from domain.shared.unit import Group, KeyClaim, TransactionMoved, Unit

INLINE_EVENTS_MAX = 64
"""More events than any flow publishes in one go: beyond it, two reactions feed each other."""

Reaction = Callable[[Stream, Event, Facts], Decision]
Reactions = Mapping[type[EventPayload], Reaction]
StateOf = Callable[[Sequence[EventPayload]], tuple[str | None, str | None]]


class RunawayReactionsError(RuntimeError):
    """Reactions went on publishing beyond the bound; nothing was committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Who reacts to what, and how a stream's events add up to a state (for the envelope).

    A stream's opening event names its flow: the same event may mean different things
    to the same group in different flows.
    """

    reactions: Mapping[Group, Mapping[FlowName, Reactions]]
    state_of: StateOf

    def reaction(self, group: Group, stream: Stream, event: Event) -> Reaction | None:
        """What `group` does about `event`; None: nothing."""
        flow = stream.flow
        if flow is None:
            return None
        return self.reactions.get(group, {}).get(flow, {}).get(type(event.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whom the events of a Unit belong to, and what they can be traced by."""

    user_id: UserId | None
    correlation_id: str
    counterparty_wallet_id: WalletId | None = None
    traceparent: str | None = None


def settle(
    stream: Stream,
    seed: Decision,
    *,
    origin: Origin,
    registry: Registry,
    groups: Sequence[Group],
    facts: Facts,
    key: KeyClaim | None = None,
    then: Callable[[Stream, Facts], Decision] | None = None,
) -> Unit:
    """The Unit of `seed` and of all reactions of `groups` to what is then in the stream; when they
    have come to rest, of what `then` decides as well, and of the reactions to that.

    Raises `RunawayReactionsError` where they do not come to rest.
    """
    known = stream.sequence
    before = {group: stream.handled.get(group, 0) for group in groups}
    settling = _Settling(stream, dict(before), origin, registry, facts)
    settling.record(seed, cause=None)
    settling.come_to_rest(known + INLINE_EVENTS_MAX)
    if then is not None:
        settling.record(then(settling.stream, facts), cause=None)
        settling.come_to_rest(known + INLINE_EVENTS_MAX)
    handled = {
        group: (before[group], cursor)
        for group, cursor in settling.cursors.items()
        if cursor != before[group]
    }
    return _unit(settling.stream, settling.total, known=known, handled=handled, key=key)


@dataclass(slots=True)
class _Settling:
    """A stream to which decisions are added, and how far each group has heard it."""

    stream: Stream
    cursors: dict[Group, int]
    origin: Origin
    registry: Registry
    facts: Facts
    total: Decision = NOTHING

    def record(self, decision: Decision, *, cause: UUID | None) -> None:
        new = _recorded(self.stream, decision, self.origin, self.registry, self.facts, cause=cause)
        self.stream = self.stream.extended(new)
        self.total += decision

    def come_to_rest(self, sequence_max: int) -> None:
        cursors = self.cursors
        while (position := min(cursors.values(), default=self.stream.sequence)) < (
            self.stream.sequence
        ):
            if self.stream.sequence > sequence_max:
                raise RunawayReactionsError(str(self.stream.id))
            event = self.stream.events[position]
            for group in (group for group in cursors if cursors[group] == position):
                reaction = self.registry.reaction(group, self.stream, event)
                if reaction is not None:
                    self.record(reaction(self.stream, event, self.facts), cause=event.id)
                cursors[group] += 1


def _recorded(
    stream: Stream,
    decision: Decision,
    origin: Origin,
    registry: Registry,
    facts: Facts,
    *,
    cause: UUID | None,
) -> tuple[Event, ...]:
    payloads = [event.data for event in stream.events]
    attempt = max((event.attempt for event in stream.events), default=1)
    begun = {(type(event.data), event.attempt) for event in stream.events}
    recorded = []
    for payload in decision.events:
        payloads.append(payload)
        if payload.OPENS_ATTEMPT and (type(payload), attempt) in begun:
            attempt += 1
        begun.add((type(payload), attempt))
        state, sub_state = registry.state_of(payloads)
        recorded.append(
            Event(
                id=EventId(derived(stream.id, "event", len(payloads))),
                stream_id=stream.id,
                wallet_id=stream.wallet_id,
                user_id=origin.user_id,
                sequence=len(payloads),
                type=payload.type_name(),
                kind=payload.kind_name(),
                attempt=attempt,
                occurred_at=facts.now,
                causation_id=EventId(cause) if cause else None,
                correlation_id=origin.correlation_id,
                data=payload,
                state=state,
                sub_state=sub_state,
                skipped=payload.was_skipped(),
                counterparty_wallet_id=origin.counterparty_wallet_id,
                traceparent=origin.traceparent,
            )
        )
    return tuple(recorded)


def _unit(
    stream: Stream,
    total: Decision,
    *,
    known: int,
    handled: Mapping[Group, tuple[int, int]],
    key: KeyClaim | None,
) -> Unit:
    return Unit(
        stream_id=stream.id,
        wallet_id=stream.wallet_id,
        expected_sequence=known,
        handled=handled,
        key=key,
        events=stream.events[known:],
        postings=total.postings,
        holds_placed=total.holds_placed,
        holds_settled=total.holds_settled,
        claims=total.claims,
        limits_reserved=total.limits_reserved,
        limits_settled=total.limits_settled,
        transaction=_merged(total.moves),
        history=total.history,
        steps=total.steps,
        interactions=total.interactions,
        recoveries=total.recoveries,
        actions_opened=total.actions_opened,
        actions_moved=total.actions_moved,
        effects_requested=total.effects_requested,
        effects_moved=total.effects_moved,
    )


def _merged(moves: Sequence[TransactionMoved]) -> TransactionMoved | None:
    if not moves:
        return None
    return TransactionMoved(
        state=moves[-1].state,
        sub_state=moves[-1].sub_state,
        opens=any(move.opens for move in moves),
        fields={name: value for move in moves for name, value in move.fields.items()},
    )
