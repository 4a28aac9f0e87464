"""The Send from end to end, with all contexts in one process and with each in its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.provider.effects import Declined, LandedWithError, NotAttempted, Unknown
from domain.provider.errors import ActionReplayed, ActionStale
from domain.shared.errors import InsufficientBalance
from domain.shared.unit import ActionStatus, EffectState
from domain.transaction.errors import BelowMinimum, FeesExceedAmount, NotCancellable, SelfSend
from tests.sequences import SEND
from tests.unit.domain.send.journey import Journey

ALICE = "available:00000000-0000-0000-0000-000000000003"
BOB = "available:00000000-0000-0000-0000-000000000005"
BEGINNING = ["INITIATED", "BALANCE_RESERVED", "PROVIDER_SELECTED"]
BUILDING = ["PROVIDER_PROCESSING.TRANSACTION_BUILDING"]
SIGNING = [*BUILDING, "PROVIDER_PROCESSING.TRANSACTION_SIGNING"]
ON_CHAIN = [
    "BLOCKCHAIN_PENDING.TRANSACTION_BROADCASTING",
    "BLOCKCHAIN_PENDING.MEMPOOL_PENDING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
]


def assert_returned(journey: Journey, reason: str) -> None:
    """The Send ended without moving the user's money, and says why."""
    assert journey.row["state"] == "FAILED"
    assert journey.row["reason"] == reason
    assert not any(journey.holds.values())
    assert journey.held[ALICE] == journey.posted[ALICE] == journey.posted[BOB] == 0
    assert not [state for state in journey.effects.values() if state is EffectState.PENDING]


def test_a_send_passes_its_events_and_states_and_ends_booked(journey: Journey) -> None:
    journey.initiate().built().signed().accepted().landed()

    assert [name for name in journey.types if name in SEND] == SEND
    assert journey.states == [
        *BEGINNING,
        *SIGNING,
        *ON_CHAIN,
        "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
        "BALANCE_UPDATED",
        "COMPLETED",
    ]
    assert journey.posted[ALICE] == -25_000_000
    assert journey.posted[BOB] == 24_998_500
    assert journey.posted["fees:USDC"] == 1_500
    assert journey.posted["fee_payer:SOL"] == -10_000
    assert journey.held[ALICE] == 0
    assert journey.row["funds_location"] == "DELIVERED"
    assert journey.row["progress_percent"] == 100
    assert journey.row["received_amount"] == 24_998_500


def test_in_one_process_a_send_is_five_commits(journey: Journey) -> None:
    journey.initiate().built().signed().accepted().landed()
    if len(journey.groups) == 1:
        assert len(journey.units) == 5


def test_every_event_carries_the_state_after_it(journey: Journey) -> None:
    journey.initiate().built()
    assert (journey.stream.events[0].state, journey.stream.events[0].sub_state) == (
        "INITIATED",
        None,
    )
    assert journey.stream.events[-1].sub_state == "TRANSACTION_SIGNING"


def test_to_an_address_of_nobody_the_money_goes_to_the_chain(journey: Journey) -> None:
    stranger = replace(
        journey.recipient,
        username=None,
        user_id=None,
        wallet_id=None,
    )
    journey.initiate(recipient=stranger).built().signed().accepted().landed()
    assert journey.posted["chain:SOLANA:USDC"] == 24_998_500


def test_what_the_chain_shows_is_booked_and_the_rest_released(journey: Journey) -> None:
    journey.initiate().built().signed().accepted().landed(24_998_000, 1_000)
    assert journey.posted[ALICE] == -24_999_000
    assert not any(journey.holds.values())


def test_one_that_landed_unheard_of_is_announced_before_it_is_confirmed(journey: Journey) -> None:
    unknown = Unknown(reason="timeout", due_at=journey.facts.now)
    journey.initiate().built().signed().said(unknown)
    before = journey.row
    assert before["outcome_certainty"] == "UNKNOWN"
    assert before["state"] == "BLOCKCHAIN_PENDING"
    journey.said(unknown)
    assert journey.types.count("OutcomeUnknown") == 1
    journey.landed()
    assert [name for name in journey.types if name in SEND] == SEND
    assert journey.row["outcome_certainty"] == "CERTAIN"


def test_a_broadcast_not_attempted_is_simply_tried_again(journey: Journey) -> None:
    waiting = NotAttempted(reason="connection refused", due_at=journey.facts.now)
    journey.initiate().built().signed().said(waiting)
    assert EffectState.INTENT in journey.effects.values()
    journey.accepted().landed()
    assert journey.row["state"] == "COMPLETED"


def test_proven_absent_it_is_built_again_three_times_and_then_fails(journey: Journey) -> None:
    journey.initiate()
    for attempt in (1, 2, 3, 4):
        assert journey.attempt == attempt
        journey.built().signed().accepted().absent()
    assert_returned(journey, "TXN_EXPIRED")
    assert journey.states[-1] == "FAILED"
    assert "COMPENSATING" not in journey.states
    assert sum(len(unit.recoveries) for unit in journey.units) == 3


def test_after_a_rebuild_it_can_still_complete(journey: Journey) -> None:
    journey.initiate().built().signed().accepted().absent().built().signed().accepted().landed()
    assert journey.row["state"] == "COMPLETED"
    assert journey.stream.events[-1].attempt == 2
    assert [step for step in journey.steps if step[0] == "transfer"] == [
        ("transfer", 1, "FAILED", None),
        ("transfer", 2, "COMPLETED", None),
    ]
    assert "STARTED" not in {status for _, _, status, _ in journey.steps}


def test_what_was_under_way_fails_with_the_transaction(journey: Journey) -> None:
    journey.initiate().built().deadline(after_seconds=900)
    assert journey.steps == [
        ("validate", 1, "COMPLETED", None),
        ("reserve", 1, "COMPLETED", None),
        ("prepare", 1, "FAILED", "TXN_APPROVAL_EXPIRED"),
    ]


def test_a_transfer_that_landed_without_effect_returns_the_money(journey: Journey) -> None:
    journey.initiate().built().signed().accepted()
    journey.said(LandedWithError(reason="account frozen", lamports_spent=10_000))
    assert_returned(journey, "TXN_CHAIN_REFUSED")
    assert journey.posted["fee_payer:SOL"] == -10_000
    assert journey.states[-2:] == ["COMPENSATING", "FAILED"]


def test_unsigned_in_time_a_fresh_message_is_built(journey: Journey) -> None:
    journey.initiate().built().deadline()
    assert list(journey.actions.values()) == [ActionStatus.EXPIRED]
    with pytest.raises(ActionStale):
        journey.signed(attempt=1)
    journey.built().signed().accepted().landed()
    assert journey.row["state"] == "COMPLETED"


def test_unsigned_beyond_the_approval_window_it_ends(journey: Journey) -> None:
    journey.initiate().built().deadline(after_seconds=900)
    assert_returned(journey, "TXN_APPROVAL_EXPIRED")


def test_a_deadline_after_the_signature_changes_nothing(journey: Journey) -> None:
    journey.initiate().built().signed().deadline().accepted().landed()
    assert journey.row["state"] == "COMPLETED"


def test_a_signature_is_taken_once(journey: Journey) -> None:
    journey.initiate().built().signed()
    with pytest.raises(ActionReplayed):
        journey.signed()


@pytest.mark.parametrize("built", [False, True])
def test_cancelled_before_signing_the_money_is_free(journey: Journey, *, built: bool) -> None:
    journey.initiate()
    if built:
        journey.built()
    journey.cancelled()
    assert_returned(journey, "TXN_CANCELLED")
    assert ActionStatus.PENDING not in journey.actions.values()
    if built:
        with pytest.raises(ActionStale):
            journey.signed()


def test_cancelling_twice_is_cancelling_once(journey: Journey) -> None:
    journey.initiate().cancelled()
    told = journey.types

    journey.cancelled()

    assert journey.types == told
    assert journey.row["reason"] == "TXN_CANCELLED"


def test_what_ended_otherwise_cannot_be_cancelled(journey: Journey) -> None:
    journey.initiate().built(Declined(code="PRV_DECLINED", reason="no"))
    with pytest.raises(NotCancellable):
        journey.cancelled()


def test_once_signed_bytes_are_stored_nothing_is_cancelled(journey: Journey) -> None:
    journey.initiate().built().signed()
    with pytest.raises(NotCancellable):
        journey.cancelled()
    journey.accepted().landed()
    assert journey.row["state"] == "COMPLETED"


def test_what_cannot_be_built_returns_the_money(journey: Journey) -> None:
    journey.initiate().built(Declined(code="PRV_DECLINED", reason="no"))
    assert_returned(journey, "PRV_DECLINED")


def test_a_node_that_is_away_is_asked_until_the_approval_would_be_late(journey: Journey) -> None:
    away = NotAttempted(reason="connection refused", due_at=journey.facts.now)
    journey.initiate().built(away)
    assert journey.row["sub_state"] == "TRANSACTION_BUILDING"
    journey.facts = replace(journey.facts, now=journey.facts.now + timedelta(seconds=900))
    journey.built(away)
    assert_returned(journey, "PRV_UNAVAILABLE")


def test_a_balance_lost_in_a_race_ends_failed_with_nothing_held(journey: Journey) -> None:
    journey.rejected().initiate()
    assert_returned(journey, "TXN_INSUFFICIENT_BALANCE")
    assert journey.states == ["INITIATED", "FAILED"]


def test_a_sanctioned_recipient_is_blocked_before_anything_is_held(journey: Journey) -> None:
    sanctioned = replace(
        journey.recipient,
        address="sanctioned",
    )
    journey.initiate(recipient=sanctioned)
    assert_returned(journey, "CMP_SANCTIONED")
    assert "AvailableBalanceReserved" not in journey.types


def test_an_unknown_user_may_not_send(journey: Journey) -> None:
    journey.facts = replace(journey.facts, profile=None)
    journey.initiate()
    assert_returned(journey, "CMP_KYC_REQUIRED")


def test_above_the_levels_limit_it_is_blocked(journey: Journey) -> None:
    journey.initiate(spendable=10**11, amount=2_000_000_001)
    assert_returned(journey, "CMP_TRANSACTION_LIMIT")


def test_what_is_refused_at_once_leaves_nothing(journey: Journey) -> None:
    with pytest.raises(SelfSend):
        journey.initiate(sender_address="bob")
    with pytest.raises(BelowMinimum):
        journey.initiate(amount=4_999_999)
    with pytest.raises(InsufficientBalance):
        journey.initiate(spendable=25_099_999)
    cost = replace(
        journey.cost,
        total_base_units=25_000_000,
    )
    with pytest.raises(FeesExceedAmount):
        journey.initiate(network_cost=cost)
    assert journey.units == []
