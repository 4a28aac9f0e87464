"""A Strategy launch and stop, led by the orchestrator: in one process and in five."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.contracts.strategy_events import StrategyBalanceUpdated, StrategyTerms
from domain.provider.effects import Absent, CallLanded, Declined, LandedWithError, Moved, Unknown
from domain.shared.decision import Facts
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.unit import Rejected
from domain.transaction.errors import BelowMinimum, FeesExceedAmount, PositionLocked
from domain.transaction.strategies import (
    LaunchStrategyCommand,
    StopStrategyCommand,
    launch_strategy,
    stop_strategy,
)
from tests.sequences import LAUNCH, STOP
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    COST,
    FACTS,
    PROCESS_NAMES,
    PROCESSES,
    TRANSACTION,
    Journey,
    allowed,
    watched,
)

AVAILABLE, DUE = f"available:{ALICE_WALLET}", f"fee_due:{ALICE_WALLET}"
POSITION = UUID(int=77)
OPENED_HERE = f"strategy:{ALICE_WALLET}:{TRANSACTION}"
STOPPED = f"strategy:{ALICE_WALLET}:{POSITION}"
PRINCIPAL = 50_000_000
TERMS = StrategyTerms(
    provider="kamino",
    offer_id="vault",
    name="Vault",
    asset="USDC",
    apy="0.05",
    lock_seconds=0,
    exit_fee_millionths=1_000,
    source="kamino",
    at=FACTS.now,
)
LAUNCHING = LaunchStrategyCommand(
    transaction_id=TRANSACTION,
    username="alice",
    owner_address="alice",
    amount=PRINCIPAL + COST.total_base_units,
    minimum=20_000_000,
    spendable=100_000_000,
    network_cost=COST,
    terms=TERMS,
)
OPENED = StrategyBalanceUpdated(
    position_id=POSITION,
    provider="kamino",
    offer_id="vault",
    name="Vault",
    principal=PRINCIPAL,
    shares=49_000_000,
    locked_until=None,
    journal_id=UUID(int=78),
)
STOPPING = StopStrategyCommand(
    transaction_id=TRANSACTION,
    username="alice",
    owner_address="alice",
    position_id=POSITION,
    opened=OPENED,
    principal=PRINCIPAL,
    value=55_000_000,
    network_cost=COST,
)

Begin = Callable[[Journey], Journey]


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("strategy"))


def launched(journey: Journey, command: LaunchStrategyCommand = LAUNCHING) -> Journey:
    journey.decide(lambda _stream, facts: launch_strategy(command, facts=facts))
    return journey


def stopped(journey: Journey, command: StopStrategyCommand = STOPPING) -> Journey:
    journey.decide(lambda _stream, facts: stop_strategy(command, facts=facts))
    return journey


def landed(journey: Journey, *, moved: int, fee: int, shares: int = 49_000_000) -> Journey:
    return journey.said(
        CallLanded(
            slot=7,
            commitment="confirmed",
            lamports_spent=10_000,
            moved=Moved(amount=moved, instruction=1, account="here"),
            shares=shares,
            fee=Moved(amount=fee, instruction=3, account="treasury"),
        )
    )


def told(journey: Journey, sequence: list[str]) -> list[str]:
    return [name for name in journey.types if name in sequence]


def test_a_launch_passes_its_events_and_opens_the_position(journey: Journey) -> None:
    launched(journey).built().signed().accepted()
    assert journey.held[AVAILABLE] == LAUNCHING.amount
    assert journey.row["strategy_id"] == "kamino:vault"
    assert "position_id" not in journey.row

    landed(journey, moved=-PRINCIPAL, fee=1_500)

    assert told(journey, LAUNCH) == LAUNCH
    assert journey.states[:3] == ["INITIATED", "BALANCE_RESERVED", "PROVIDER_SELECTED"]
    assert journey.states[-2:] == ["BALANCE_UPDATED", "COMPLETED"]
    assert "PROVIDER_PROCESSING.POSITION_OPENING" in journey.states
    assert journey.posted[AVAILABLE] == -LAUNCHING.amount
    assert journey.posted[OPENED_HERE] == PRINCIPAL
    assert journey.posted["fees:USDC"] == 1_500
    assert journey.held[AVAILABLE] == 0
    opened = journey.stream.known(StrategyBalanceUpdated)
    assert (opened.shares, opened.position_id) == (49_000_000, journey.row["position_id"])
    skipped = [event.type for event in journey.stream.events if event.skipped]
    assert skipped == ["RequiredAssetSwapRequested", "RequiredAssetSwapCompleted"]


def test_the_lock_counts_from_when_the_position_opened(journey: Journey) -> None:
    locked = replace(LAUNCHING, terms=replace(TERMS, lock_seconds=3_600))
    launched(journey, locked).built().signed().accepted()

    landed(journey, moved=-PRINCIPAL, fee=1_500)

    opened = journey.stream.known(StrategyBalanceUpdated)
    assert opened.locked_until == journey.facts.now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("proceeds", "pnl"),
    [(55_000_000, -5_000_000), (PRINCIPAL, 0), (45_000_000, 5_000_000)],
    ids=["gain", "even", "loss"],
)
def test_a_stop_books_what_the_position_earned_or_lost(
    journey: Journey, proceeds: int, pnl: int
) -> None:
    fee = 250_000 + COST.total_base_units
    stopped(journey, replace(STOPPING, value=proceeds)).built().signed().accepted()
    assert journey.held[STOPPED] == PRINCIPAL
    assert (journey.row["strategy_id"], journey.row["position_id"]) == ("kamino:vault", POSITION)

    landed(journey, moved=proceeds, fee=fee)

    assert told(journey, STOP) == STOP
    assert journey.states[:3] == ["INITIATED", "BALANCE_RESERVED", "PROVIDER_SELECTED"]
    assert "PROVIDER_PROCESSING.POSITION_CLOSING" in journey.states
    assert journey.posted[STOPPED] == -PRINCIPAL
    assert journey.posted[AVAILABLE] == proceeds - fee
    assert journey.posted["fees:USDC"] == fee
    assert journey.posted["strategy_pnl:USDC"] == pnl
    assert journey.held[STOPPED] == 0
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", proceeds - fee)
    assert not any(journey.incoming.values())


def test_what_the_protocol_keeps_is_among_the_fees_to_the_end(journey: Journey) -> None:
    costs = [("EXIT", 55_000, "kamino"), ("NETWORK", 1_500, "SOLANA"), ("PLATFORM", 250_000, None)]
    stopped(journey, replace(STOPPING, exit_cost=55_000))
    assert fees(journey) == costs

    landed(journey.built().signed().accepted(), moved=55_000_000, fee=251_500)

    assert fees(journey) == costs
    assert journey.row["target_amount"] == journey.row["received_amount"] == 55_000_000 - 251_500


def fees(journey: Journey) -> list[tuple[str, int, str | None]]:
    lines = journey.row["fees"]
    assert isinstance(lines, tuple)
    return [(fee.kind, fee.amount, fee.provider) for fee in lines]


def test_proceeds_are_those_that_the_chain_shows_not_those_expected(journey: Journey) -> None:
    stopped(journey).built().signed().accepted()

    landed(journey, moved=54_000_000, fee=251_500)

    assert journey.posted["strategy_pnl:USDC"] == PRINCIPAL - 54_000_000
    assert journey.posted[AVAILABLE] == 54_000_000 - 251_500


def test_proceeds_that_the_watcher_booked_are_not_booked_again(journey: Journey) -> None:
    stopped(journey).built().signed().accepted()
    journey.facts = replace(journey.facts, rejection=watched())

    landed(journey, moved=55_000_000, fee=251_500)

    assert journey.posted[AVAILABLE] == 0
    assert journey.posted[STOPPED] == -PRINCIPAL
    assert journey.row["state"] == "COMPLETED"


@pytest.mark.parametrize("begin", [launched, stopped])
@pytest.mark.parametrize(
    ("outcome", "cost"),
    [
        (LandedWithError(reason="illiquid", lamports_spent=10_000), 10_000),
        (Absent(block_height=151), 0),
    ],
)
def test_what_moved_nothing_frees_everything(
    journey: Journey, begin: Begin, outcome: LandedWithError | Absent, cost: int
) -> None:
    begin(journey).built().signed().accepted().said(outcome)
    for _again in range(3):
        if isinstance(outcome, Absent):
            journey.built().signed().accepted().said(outcome)

    assert journey.row["state"] == "FAILED"
    assert not any((*journey.held.values(), *journey.incoming.values()))
    assert journey.posted[AVAILABLE] == journey.posted[STOPPED] == 0
    assert journey.posted["chain:SOLANA:SOL"] == cost


@pytest.mark.parametrize("begin", [launched, stopped])
def test_an_unknown_outcome_frees_nothing(journey: Journey, begin: Begin) -> None:
    begin(journey).built().signed().said(Unknown(reason="timeout", due_at=FACTS.now))

    assert any(journey.held.values())
    assert journey.row["state"] not in {"FAILED", "COMPLETED", "COMPENSATING"}


@pytest.mark.parametrize("begin", [launched, stopped])
def test_what_the_protocol_declines_ends_with_everything_free(
    journey: Journey, begin: Begin
) -> None:
    begin(journey).built(Declined(code="PRV_ILLIQUID", reason="nothing left"))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_ILLIQUID")
    assert not any((*journey.held.values(), *journey.incoming.values()))


@pytest.mark.parametrize("begin", [launched, stopped])
def test_it_can_be_given_up_until_it_is_signed(journey: Journey, begin: Begin) -> None:
    begin(journey).built().cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert not any((*journey.held.values(), *journey.incoming.values()))


def test_a_second_stop_of_a_position_loses_the_race(journey: Journey) -> None:
    journey.facts = replace(journey.facts, rejection=Rejected("INSUFFICIENT_BALANCE", STOPPED))

    stopped(journey)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_POSITION_CLOSED")
    assert not any((*journey.held.values(), *journey.incoming.values()))


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(LAUNCHING, amount=9_999_999, minimum=0), BelowMinimum),
        (replace(LAUNCHING, amount=20_001_499), BelowMinimum),
        (replace(LAUNCHING, spendable=PRINCIPAL), InsufficientBalance),
    ],
)
def test_what_cannot_be_launched_is_refused(
    wish: LaunchStrategyCommand, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        launch_strategy(wish, facts=FACTS)


def test_a_stop_within_the_lock_is_refused_with_its_date() -> None:
    end = FACTS.now + timedelta(days=1)
    locked = replace(STOPPING, opened=replace(OPENED, locked_until=end))

    with pytest.raises(PositionLocked) as refused:
        stop_strategy(locked, facts=FACTS)

    assert refused.value.details == {"until": f"{end:%Y-%m-%d %H:%M} UTC"}
    assert stop_strategy(locked, facts=_at(end)).events


def test_the_date_of_a_lock_is_told_in_minutes_and_never_too_early() -> None:
    end = datetime(2030, 5, 1, 23, 59, 0, 1, tzinfo=UTC)
    locked = replace(STOPPING, opened=replace(OPENED, locked_until=end))

    with pytest.raises(PositionLocked) as refused:
        stop_strategy(locked, facts=FACTS)

    assert refused.value.details == {"until": "2030-05-02 00:00 UTC"}


def test_a_position_that_its_fees_would_eat_is_refused() -> None:
    with pytest.raises(FeesExceedAmount):
        stop_strategy(replace(STOPPING, value=251_500), facts=FACTS)


@pytest.mark.parametrize(
    ("value", "fee"), [(55_000_000, 250_000), (64_102_564, 250_000), (100_000_256, 390_000)]
)
def test_the_fee_is_a_share_rounded_down_or_the_least(value: int, fee: int) -> None:
    (begun,) = stop_strategy(replace(STOPPING, value=value), facts=FACTS).events
    assert begun.platform_fee == fee  # type: ignore[attr-defined]  # it is the opening of a stop


def _at(now: datetime) -> Facts:
    return replace(FACTS, now=now)


OWED = 470_400


def test_a_launch_pays_what_is_owed_beside_what_it_puts_to_work(journey: Journey) -> None:
    launched(journey.owing(OWED)).built().signed().accepted()

    landed(journey, moved=-PRINCIPAL, fee=1_500 + OWED)

    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)
    assert journey.posted[AVAILABLE] == -LAUNCHING.amount
    assert journey.posted["fees:USDC"] == 1_500 + OWED


def test_a_stop_pays_what_is_owed_and_credits_its_proceeds(journey: Journey) -> None:
    fee = 250_000 + COST.total_base_units
    stopped(journey.owing(OWED)).built().signed().accepted()

    landed(journey, moved=55_000_000, fee=fee + OWED)

    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)
    assert journey.posted[AVAILABLE] == 55_000_000 - fee
    assert journey.posted["fees:USDC"] == fee + OWED


def test_what_the_watcher_booked_of_a_stop_was_less_by_what_is_owed(journey: Journey) -> None:
    fee = 250_000 + COST.total_base_units
    stopped(journey.owing(OWED)).built().signed().accepted()
    journey.facts = replace(journey.facts, rejection=watched())

    landed(journey, moved=55_000_000, fee=fee + OWED)

    assert journey.posted["chain:SOLANA:USDC"] == 55_000_000 - fee - OWED
    assert journey.posted[AVAILABLE] == OWED


@pytest.mark.parametrize("begin", [launched, stopped])
def test_what_fails_leaves_it_owed(journey: Journey, begin: Begin) -> None:
    begin(journey.owing(OWED)).built(Declined(code="PRV_UNAVAILABLE", reason="out"))

    assert journey.row["state"] == "FAILED"
    assert (journey.posted[DUE], journey.held[DUE], journey.row["fee_due"]) == (0, 0, 0)
