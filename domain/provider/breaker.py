"""Whether a provider may be called now: circuit breaker, rate limit and bulkhead in one state.

    CLOSED ── too many failures ──▶ OPEN ── open_ms are over ──▶ HALF_OPEN
       ▲                              ▲                              │
       │                              └──── the probe failed ────────┤
       └───────────── the probe was answered ────────────────────────┘

Pure: who keeps the state, and for whom, is the caller's matter. Times are Unix milliseconds.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

WHOLE = 1_000_000
TOKEN = 60_000
"""Tokens are counted so finely that each millisecond adds a whole number of parts."""
SLOT_MS = 10_000
"""Calls are counted by so much time; the window is a whole number of these."""


class Phase(StrEnum):
    """HALF_OPEN: one call at a time finds out whether the provider is back."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Refusal(StrEnum):
    """Why a call is not made; the last two pass within moments."""

    OPEN = "the breaker is open"
    RATE = "our own rate limit"
    BULKHEAD = "too many calls at once"


class Outcome(StrEnum):
    """How a call ended. UNTOLD says nothing of the provider: broken off early, or sent away for
    its rate. A clear no is ANSWERED."""

    ANSWERED = "ANSWERED"
    FAILED = "FAILED"
    UNTOLD = "UNTOLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """It opens after `failures_in_row_max`, or when `failure_share` (millionths) of at least
    `attempts_min` calls in `window_ms` failed. A call that has not ended after `call_ms_max` counts
    no longer as under way: its process is gone."""

    failures_in_row_max: int
    failure_share: int
    attempts_min: int
    window_ms: int
    open_ms: int
    calls_per_minute: int
    burst: int
    concurrent_max: int
    call_ms_max: int

    def share(self, parts: int) -> "GuardLimits":
        """What one of so many processes may do alone."""
        return replace(
            self,
            calls_per_minute=max(1, self.calls_per_minute // parts),
            burst=max(1, self.burst // parts),
            concurrent_max=max(1, self.concurrent_max // parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The calls that ended within SLOT_MS from `number` * SLOT_MS."""

    number: int
    attempts: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A call under way; it counts until then at most."""

    id: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardState:
    """`open_until` 0: closed. `spent` is what the bucket lacks of a full one, in parts of TOKEN, at
    `spent_at`. `probe` is the lease that finds out whether a provider is back."""

    failures_in_row: int = 0
    open_until: int = 0
    probe: str = ""
    slots: tuple[Slot, ...] = ()
    spent: int = 0
    spent_at: int = 0
    leases: tuple[Lease, ...] = ()


def phase(state: GuardState, now: int) -> Phase:
    if state.open_until == 0:
        return Phase.CLOSED
    return Phase.OPEN if now < state.open_until else Phase.HALF_OPEN


def admit(
    state: GuardState, limits: GuardLimits, lease: str, now: int
) -> tuple[GuardState, Refusal | None]:
    """The state with the call under way, or why it may not be made."""
    kept = tuple(each for each in state.leases if each.until > now)
    state = replace(_refilled(state, limits, now), leases=kept)
    now_is = phase(state, now)
    probing = any(each.id == state.probe for each in kept)
    if now_is is Phase.OPEN or (now_is is Phase.HALF_OPEN and probing):
        return state, Refusal.OPEN
    if len(kept) >= limits.concurrent_max:
        return state, Refusal.BULKHEAD
    if state.spent + TOKEN > limits.burst * TOKEN:
        return state, Refusal.RATE
    admitted = replace(
        state,
        spent=state.spent + TOKEN,
        leases=(*kept, Lease(id=lease, until=now + limits.call_ms_max)),
        probe=lease if now_is is Phase.HALF_OPEN else "",
    )
    return admitted, None


def settle(
    state: GuardState, limits: GuardLimits, lease: str, outcome: Outcome, now: int
) -> GuardState:
    """The state after a call has ended."""
    is_probe = state.probe == lease and phase(state, now) is Phase.HALF_OPEN
    left = tuple(each for each in state.leases if each.id != lease and each.until > now)
    state = replace(state, leases=left, probe="" if state.probe == lease else state.probe)
    if outcome is Outcome.UNTOLD:
        return state
    failed = outcome is Outcome.FAILED
    if is_probe:
        return _opened(state, limits, now) if failed else _closed(state)
    if phase(state, now) is not Phase.CLOSED:
        # What was under way when it opened tells nothing new; the probe decides.
        return state
    state = replace(
        state,
        failures_in_row=state.failures_in_row + 1 if failed else 0,
        slots=_counted(state.slots, limits, failed=failed, now=now),
    )
    return _opened(state, limits, now) if failed and _too_many(state, limits) else state


def stricter(shared: GuardState, alone: GuardState, *, owner: str) -> GuardState:
    """What all know together with what one process learnt alone: neither may forget what the other
    has seen. Leases that begin with `owner` are that process's, which knows best of them."""
    worse = max(shared, alone, key=lambda state: (state.open_until, state.failures_in_row))
    fuller = max(shared, alone, key=lambda state: (state.spent_at, state.spent))
    others = tuple(each for each in shared.leases if not each.id.startswith(owner))
    return replace(
        worse,
        spent=fuller.spent,
        spent_at=fuller.spent_at,
        leases=others + owned(alone, owner=owner).leases,
    )


def owned(state: GuardState, *, owner: str) -> GuardState:
    """Without the calls of others: who is alone does not hear how they end."""
    return replace(state, leases=tuple(e for e in state.leases if e.id.startswith(owner)))


def _refilled(state: GuardState, limits: GuardLimits, now: int) -> GuardState:
    """Clocks of processes differ a little: time that goes back refills nothing."""
    passed = max(0, now - state.spent_at)
    spent = max(0, state.spent - passed * limits.calls_per_minute)
    return replace(state, spent=spent, spent_at=max(now, state.spent_at))


def _counted(
    slots: tuple[Slot, ...], limits: GuardLimits, *, failed: bool, now: int
) -> tuple[Slot, ...]:
    number = now // SLOT_MS
    oldest = number - limits.window_ms // SLOT_MS
    recent = {slot.number: slot for slot in slots if slot.number > oldest}
    known = recent.get(number, Slot(number=number, attempts=0, failures=0))
    recent[number] = Slot(
        number=number, attempts=known.attempts + 1, failures=known.failures + failed
    )
    return tuple(recent.values())


def _too_many(state: GuardState, limits: GuardLimits) -> bool:
    if state.failures_in_row >= limits.failures_in_row_max:
        return True
    attempts = sum(slot.attempts for slot in state.slots)
    failures = sum(slot.failures for slot in state.slots)
    return attempts >= limits.attempts_min and failures * WHOLE >= limits.failure_share * attempts


def _opened(state: GuardState, limits: GuardLimits, now: int) -> GuardState:
    return replace(state, open_until=now + limits.open_ms, probe="")


def _closed(state: GuardState) -> GuardState:
    """It begins anew: the failures of before would open it again at once."""
    return replace(state, open_until=0, failures_in_row=0, slots=(), probe="")
