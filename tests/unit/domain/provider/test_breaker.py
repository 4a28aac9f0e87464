from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.provider.breaker import (
    TOKEN,
    GuardLimits,
    GuardState,
    Lease,
    Outcome,
    Phase,
    Refusal,
    admit,
    owned,
    phase,
    settle,
    stricter,
)

NOON = 1_772_366_400_000
LIMITS = GuardLimits(
    failures_in_row_max=5,
    failure_share=350_000,
    attempts_min=20,
    window_ms=300_000,
    open_ms=60_000,
    calls_per_minute=60,
    burst=1_000,
    concurrent_max=100,
    call_ms_max=30_000,
)


def called(state: GuardState, outcome: Outcome, now: int, lease: str = "call") -> GuardState:
    state, refusal = admit(state, LIMITS, lease, now)
    assert refusal is None
    return settle(state, LIMITS, lease, outcome, now)


def refusal_at(state: GuardState, now: int, limits: GuardLimits = LIMITS) -> Refusal | None:
    return admit(state, limits, "next", now)[1]


def opened() -> GuardState:
    state = GuardState()
    for _ in range(5):
        state = called(state, Outcome.FAILED, NOON)
    return state


def test_five_failures_in_a_row_open_it_for_a_minute() -> None:
    state = GuardState()
    for _ in range(4):
        state = called(state, Outcome.FAILED, NOON)
    assert phase(state, NOON) is Phase.CLOSED

    state = called(state, Outcome.FAILED, NOON)

    assert refusal_at(state, NOON + 59_999) is Refusal.OPEN
    assert refusal_at(state, NOON + 60_000) is None


def test_an_answer_between_them_begins_the_row_anew() -> None:
    state = GuardState()
    for outcome in (*[Outcome.FAILED] * 4, Outcome.ANSWERED, *[Outcome.FAILED] * 4):
        state = called(state, outcome, NOON)
    assert phase(state, NOON) is Phase.CLOSED


def test_what_tells_nothing_neither_counts_nor_mends() -> None:
    state = GuardState()
    for outcome in (*[Outcome.FAILED] * 4, Outcome.UNTOLD, Outcome.FAILED):
        state = called(state, outcome, NOON)
    assert phase(state, NOON) is Phase.OPEN


@pytest.mark.parametrize(("failures", "expected"), [(6, Phase.CLOSED), (7, Phase.OPEN)])
def test_a_share_of_at_least_twenty_calls_opens_it(failures: int, expected: Phase) -> None:
    """35 % of 20 are 7; no two failures follow each other, and one comes last."""
    state = GuardState()
    for _ in range(20 - 2 * failures):
        state = called(state, Outcome.ANSWERED, NOON)
    for _ in range(failures):
        state = called(called(state, Outcome.ANSWERED, NOON), Outcome.FAILED, NOON)
    assert phase(state, NOON) is expected


def test_what_is_older_than_five_minutes_counts_no_longer() -> None:
    state = GuardState()
    for _ in range(13):
        state = called(state, Outcome.ANSWERED, NOON)
    for _ in range(3):
        state = called(called(state, Outcome.FAILED, NOON), Outcome.ANSWERED, NOON)
    later = NOON + 310_000
    state = called(state, Outcome.FAILED, later)
    assert phase(state, later) is Phase.CLOSED
    assert [slot.attempts for slot in state.slots] == [1]


def test_half_open_lets_one_call_through_at_a_time() -> None:
    later = NOON + 60_000
    state, refusal = admit(opened(), LIMITS, "probe", later)
    assert refusal is None
    assert phase(state, later) is Phase.HALF_OPEN
    assert refusal_at(state, later) is Refusal.OPEN


def test_the_answer_of_the_probe_closes_it_and_forgets_the_failures() -> None:
    later = NOON + 60_000
    state = called(opened(), Outcome.ANSWERED, later)
    assert phase(state, later) is Phase.CLOSED
    assert phase(called(state, Outcome.FAILED, later), later) is Phase.CLOSED


def test_the_failure_of_the_probe_opens_it_for_another_minute() -> None:
    later = NOON + 60_000
    state = called(opened(), Outcome.FAILED, later)
    assert refusal_at(state, later + 59_999) is Refusal.OPEN
    assert refusal_at(state, later + 60_000) is None


def test_a_probe_whose_process_is_gone_makes_room_for_another() -> None:
    later = NOON + 60_000
    state, _ = admit(opened(), LIMITS, "probe", later)
    assert refusal_at(state, later + LIMITS.call_ms_max - 1) is Refusal.OPEN
    assert refusal_at(state, later + LIMITS.call_ms_max) is None


def test_what_was_under_way_when_it_opened_does_not_close_it() -> None:
    state, _ = admit(GuardState(), LIMITS, "slow", NOON)
    for _ in range(5):
        state = called(state, Outcome.FAILED, NOON)
    for now in (NOON + 1_000, NOON + 29_000):
        assert phase(settle(state, LIMITS, "slow", Outcome.ANSWERED, now), now) is Phase.OPEN


def test_so_many_calls_at_once() -> None:
    limits = replace(LIMITS, concurrent_max=2)
    state, _ = admit(GuardState(), limits, "one", NOON)
    state, _ = admit(state, limits, "two", NOON)
    assert refusal_at(state, NOON, limits) is Refusal.BULKHEAD
    assert refusal_at(settle(state, limits, "one", Outcome.UNTOLD, NOON), NOON, limits) is None
    assert refusal_at(state, NOON + limits.call_ms_max, limits) is None


def test_the_bucket_empties_by_calls_and_fills_by_time() -> None:
    limits = replace(LIMITS, burst=3)
    state = GuardState()
    for _ in range(3):
        state = settle(admit(state, limits, "a", NOON)[0], limits, "a", Outcome.ANSWERED, NOON)
    assert refusal_at(state, NOON + 999, limits) is Refusal.RATE
    assert refusal_at(state, NOON + 1_000, limits) is None


@given(st.lists(st.tuples(st.integers(0, 3_000), st.booleans()), max_size=200))
def test_never_more_than_the_burst_and_the_rate(steps: list[tuple[int, bool]]) -> None:
    """Whatever the times at which it is tried, clocks that go back among them."""
    limits = replace(LIMITS, burst=5, calls_per_minute=120)
    state, now, first, latest, admitted = GuardState(), NOON, NOON, NOON, 0
    for passed, back in steps:
        now += -passed if back else passed
        first, latest = min(first, now), max(latest, now)
        state, refusal = admit(state, limits, "a", now)
        if refusal is None:
            admitted += 1
            state = settle(state, limits, "a", Outcome.ANSWERED, now)
        assert admitted * TOKEN <= limits.burst * TOKEN + (latest - first) * limits.calls_per_minute


outcomes = st.sampled_from(list(Outcome))
steps = st.lists(st.tuples(st.integers(0, 40_000), outcomes), max_size=150)


@given(steps)
def test_while_it_is_open_nothing_passes_and_the_state_stays_small(
    taken: list[tuple[int, Outcome]],
) -> None:
    state, now = GuardState(), NOON
    for number, (passed, outcome) in enumerate(taken):
        now += passed
        was = phase(state, now)
        state, refusal = admit(state, LIMITS, str(number), now)
        assert (refusal is Refusal.OPEN) == (was is Phase.OPEN)
        if refusal is None:
            state = settle(state, LIMITS, str(number), outcome, now)
        if outcome is Outcome.ANSWERED and refusal is None:
            assert phase(state, now) is Phase.CLOSED
        assert len(state.slots) <= LIMITS.window_ms // 10_000
        assert not state.leases


def test_who_counted_apart_forgets_nothing() -> None:
    here, there = opened(), called(GuardState(), Outcome.ANSWERED, NOON)
    assert phase(stricter(here, there, owner="me"), NOON) is Phase.OPEN
    assert phase(stricter(there, here, owner="me"), NOON) is Phase.OPEN


def test_each_knows_best_of_its_own_calls() -> None:
    def under_way(*leases: str) -> GuardState:
        return GuardState(leases=tuple(Lease(id=each, until=NOON) for each in leases))

    shared, alone = under_way("me-ended", "you-goes-on"), under_way("me-began", "you-ended")
    joined = stricter(shared, alone, owner="me")
    assert [lease.id for lease in joined.leases] == ["you-goes-on", "me-began"]
    assert owned(shared, owner="me") == under_way("me-ended")


def test_alone_a_process_takes_its_part_and_at_least_one() -> None:
    assert LIMITS.share(4).concurrent_max == 25
    assert replace(LIMITS, burst=2).share(4).burst == 1
