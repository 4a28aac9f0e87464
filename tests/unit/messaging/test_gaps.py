from hypothesis import given
from hypothesis import strategies as st

from infrastructure.db.positions import Position
from infrastructure.messaging.gaps import ChannelTracker, Verdict


def at(number: int) -> Position:
    return Position(1, number, number)


def test_a_fresh_subscription_takes_the_first_number() -> None:
    tracker = ChannelTracker(at(5))
    assert tracker.see(41, at(6)) is Verdict.NEXT
    assert tracker.see(42, at(9)) is Verdict.NEXT
    assert tracker.see(44, at(11)) is Verdict.GAP


def test_what_is_not_newer_is_old_whatever_its_number() -> None:
    tracker = ChannelTracker(at(5))
    assert tracker.see(41, at(6)) is Verdict.NEXT
    assert tracker.see(41, at(6)) is Verdict.OLD
    assert tracker.see(99, at(4)) is Verdict.OLD


def test_a_heartbeat_shows_a_lost_last_event() -> None:
    tracker = ChannelTracker(at(5))
    assert tracker.beat(40, at(8)) is Verdict.NEXT
    assert tracker.beat(40, at(9)) is Verdict.NEXT
    assert tracker.beat(41, at(12)) is Verdict.GAP


def test_a_heartbeat_of_a_relay_that_lags_is_old() -> None:
    tracker = ChannelTracker(at(5))
    tracker.see(41, at(6))
    assert tracker.beat(40, at(5)) is Verdict.OLD
    assert tracker.offset == 41


def test_numbers_go_on_after_a_refill() -> None:
    tracker = ChannelTracker(at(5))
    tracker.see(41, at(6))
    assert tracker.see(44, at(9)) is Verdict.GAP
    assert [tracker.absorb(at(number)) for number in (6, 7, 8, 9, 10)] == [False] + [True] * 4
    tracker.settle(at(20))
    assert tracker.see(45, at(10)) is Verdict.OLD
    assert tracker.see(46, at(21)) is Verdict.NEXT


def test_a_numbering_that_began_anew_is_followed_after_one_refill() -> None:
    tracker = ChannelTracker(at(5))
    tracker.see(41, at(6))
    assert tracker.see(1, at(7)) is Verdict.GAP
    tracker.absorb(at(7))
    tracker.settle(at(8))
    assert tracker.see(2, at(9)) is Verdict.NEXT


@given(st.lists(st.sampled_from(["heard", "lost", "twice", "beat"]), max_size=60))
def test_everything_is_handed_on_once_and_in_order(fates: list[str]) -> None:
    tracker = ChannelTracker(at(0))
    tracker.beat(0, at(1))
    handed: list[int] = []
    published: list[int] = []

    def refill() -> None:
        handed.extend(n for n in published if tracker.absorb(at(10 * n)))
        tracker.settle(at(10 * len(published) + 5))

    def hear(number: int) -> None:
        verdict = tracker.see(number, at(10 * number))
        if verdict is Verdict.NEXT:
            handed.append(number)
        elif verdict is Verdict.GAP:
            refill()

    for fate in [*fates, "beat"]:
        if fate == "beat":
            if published and tracker.beat(len(published), at(10 * len(published))) is Verdict.GAP:
                refill()
            continue
        published.append(len(published) + 1)
        for _ in range({"heard": 1, "lost": 0, "twice": 2}[fate]):
            hear(published[-1])
    assert handed == published
