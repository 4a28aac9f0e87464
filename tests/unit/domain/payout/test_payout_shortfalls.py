"""What a bank was paid, held against what was shown."""

from dataclasses import replace

import pytest

from domain.provider.effects import EffectKind, effect_id
from domain.provider.payouts import CENT, LOOK_WHEN_ODD, Paid
from domain.shared.unit import EffectState
from tests.unit.domain.payout.test_payouts import AVAILABLE, SENT, begun, checked, opened, sent
from tests.unit.domain.send.journey import FIGURES, PROCESS_NAMES, PROCESSES, Journey

SHOWN = 9_900
LEAST = SHOWN * (1_000_000 - FIGURES.payment_slippage_millionths) // 1_000_000
FITS = Paid(fiat_amount=SHOWN, fiat_currency="USD", asset_amount=SENT)


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return sent(opened(begun(Journey(groups=request.param))))


@pytest.mark.parametrize(
    "paid",
    [
        FITS,
        replace(FITS, fiat_amount=LEAST),
        replace(FITS, asset_amount=SENT - CENT + 1),
        Paid(fiat_amount=None),
    ],
)
def test_what_fits_is_booked(journey: Journey, paid: Paid) -> None:
    checked(journey, paid)

    assert journey.row["state"] == "COMPLETED"
    assert journey.row["received_amount"] == (paid.fiat_amount or SHOWN)


@pytest.mark.parametrize(
    ("paid", "reason"),
    [
        (replace(FITS, fiat_amount=LEAST - 1), "only 97.01 USD"),
        (replace(FITS, fiat_amount=1), "only 0.01 USD"),
        (replace(FITS, fiat_currency="EUR"), "in EUR"),
        (replace(FITS, asset_amount=SENT - CENT), "USDC"),
        (replace(FITS, asset_amount=SENT + CENT), "USDC"),
    ],
)
def test_what_does_not_is_for_a_person_and_booked_by_nobody(
    journey: Journey, paid: Paid, reason: str
) -> None:
    checked(checked(journey, paid), paid)

    assert journey.types.count("OperatorRequired") == 1
    assert reason in str(journey.stream.events[-1].data)
    assert "FiatTransferConfirmed" not in journey.types
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")
    assert journey.posted["provider:first:USDC"] == SENT
    assert (journey.posted["fiat:USD"], journey.held[AVAILABLE]) == (0, 0)
    check = effect_id(journey.stream.id, EffectKind.PAYOUT_CHECK, 1)
    assert journey.effects[check] is EffectState.UNKNOWN
    (again,) = [moved for moved in journey.units[-1].effects_moved if moved.id == check]
    assert again.due_at == journey.facts.now + LOOK_WHEN_ODD

    checked(journey, FITS)
    assert journey.row["state"] == "COMPLETED"
