"""A payout that its user gives up, and what its provider is told."""

from dataclasses import replace

import pytest

from domain.provider.effects import (
    Absent,
    Claimed,
    Declined,
    EffectKind,
    NotAttempted,
    Unknown,
    effect_id,
)
from domain.provider.payouts import (
    Cancelled,
    CancelOutcome,
    on_payout_cancelled,
)
from domain.shared.unit import EffectState
from tests.unit.domain.payout.test_payouts import (
    AVAILABLE,
    SENT,
    begun,
    checked,
    journey,
    opened,
    returned,
    sent,
)
from tests.unit.domain.send.journey import (
    FACTS,
    Journey,
)

__all__ = ["journey"]


@pytest.mark.parametrize("is_open", [False, True])
def test_it_can_be_cancelled_until_it_is_signed(journey: Journey, *, is_open: bool) -> None:
    begun(journey)
    if is_open:
        opened(journey).built()
    journey.cancelled()
    if not is_open:
        opened(journey)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)
    assert "BlockchainTransactionBroadcast" not in journey.types


def cancelling(journey: Journey) -> list[EffectState]:
    """How the effects stand that tell the provider to wait no longer."""
    wanted = effect_id(journey.stream.id, EffectKind.PAYOUT_CANCEL, 1)
    requested = [each.id for unit in journey.units for each in unit.effects_requested]
    assert requested.count(wanted) == (wanted in journey.effects)
    return [journey.effects[wanted]] if wanted in journey.effects else []


def told_to_stop(journey: Journey, outcome: CancelOutcome) -> Journey:
    claimed = Claimed(
        id=effect_id(journey.stream.id, EffectKind.PAYOUT_CANCEL, 1), epoch=1, attempt=1
    )
    journey.decide(lambda stream, facts: on_payout_cancelled(stream, claimed, outcome, facts))
    return journey


@pytest.mark.parametrize("is_open", [False, True])
def test_a_provider_is_told_that_nothing_will_come(journey: Journey, *, is_open: bool) -> None:
    begun(journey)
    if is_open:
        opened(journey).built()
    journey.cancelled()
    assert cancelling(journey) == ([EffectState.INTENT] if is_open else [])
    if not is_open:
        opened(journey)
    told_to_stop(journey, Unknown(reason="timeout", due_at=FACTS.now))
    assert cancelling(journey) == [EffectState.UNKNOWN]
    told_to_stop(journey, NotAttempted(reason="busy", due_at=FACTS.now))
    assert cancelling(journey) == [EffectState.INTENT]

    before = (journey.row, journey.types)
    told_to_stop(journey, Cancelled(said="canceled"))

    assert cancelling(journey) == [EffectState.DONE]
    assert (journey.row, journey.types) == before
    last = journey.units[-1].interactions[-1]
    assert (last.provider, last.operation, last.outcome) == ("first", "cancel", "DONE")


def test_a_refusal_to_cancel_changes_nothing(journey: Journey) -> None:
    opened(begun(journey)).built().cancelled()
    told_to_stop(journey, Declined(code="PRV_UNSUPPORTED", reason="it lapses"))

    assert cancelling(journey) == [EffectState.DECLINED]
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")


def test_nobody_is_told_where_nothing_is_open_or_the_money_was_sent(journey: Journey) -> None:
    checked(sent(opened(begun(journey))), returned(SENT))
    assert cancelling(journey) == []


def test_a_transfer_that_never_landed_costs_nothing(journey: Journey) -> None:
    opened(begun(journey))
    while journey.row["state"] != "FAILED":
        journey.built(replace(journey.message(), recipient_amount=SENT))
        journey.signed().accepted().said(Absent(block_height=151))

    assert cancelling(journey) == [EffectState.INTENT]
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)
    assert "provider:first:USDC" not in journey.posted
