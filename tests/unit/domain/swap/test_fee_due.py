"""What is owed from earlier is paid with a swap, whatever is swapped."""

from dataclasses import replace

from domain.provider.effects import Declined
from tests.unit.domain.send.journey import ALICE_WALLET, Journey, watched
from tests.unit.domain.swap.test_swaps import arrived, bought, landed, sold, tracked

AVAILABLE, DUE = f"available:{ALICE_WALLET}", f"fee_due:{ALICE_WALLET}"
OWED = 470_400


def test_a_buy_pays_what_is_owed_beside_what_it_spends(journey: Journey) -> None:
    bought(journey.owing(OWED)).built().signed().accepted()
    landed(journey, spent=30_000_000, received=199_000_000, fee=1_500 + OWED)

    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)
    assert journey.posted[AVAILABLE] == -30_001_500
    assert journey.posted["conversion:USDC"] == 30_000_000
    assert journey.posted["fees:USDC"] == 1_500 + OWED


def test_a_buy_over_a_bridge_pays_it_with_its_own_leg(journey: Journey) -> None:
    bought(journey.owing(OWED), "ETH", 10**16).built().signed().accepted()
    landed(journey, spent=30_000_000, received=None, fee=1_500 + OWED)

    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)

    tracked(journey, arrived("USDC", 29_900_000, recovered=True))
    assert (journey.row["state"], journey.row["fee_due"]) == ("FAILED", OWED)
    assert journey.posted[DUE] == -OWED


def test_the_next_provider_carries_what_is_owed_as_well(journey: Journey) -> None:
    bought(journey.owing(OWED)).built(Declined(code="PRV_PRICE_MOVED", reason="less"))
    journey.built().signed().accepted()
    assert journey.stream.signature_wanted().fee_due == OWED

    landed(journey, spent=30_000_000, received=189_000_000, fee=1_500 + OWED)
    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)


def test_a_buy_that_fails_leaves_it_owed(journey: Journey) -> None:
    bought(journey.owing(OWED)).built(Declined(code="PRV_UNAVAILABLE", reason="out"))
    journey.built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert (journey.posted[DUE], journey.held[DUE], journey.row["fee_due"]) == (0, 0, 0)


def test_a_sell_pays_it_and_credits_what_arrives_whole(journey: Journey) -> None:
    fee = 250_000 + 1_500
    sold(journey.owing(OWED)).built().signed().accepted()
    landed(journey, spent=200_000_000, received=29_900_000, fee=fee + OWED)

    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)
    assert journey.posted[AVAILABLE] == 29_900_000 - fee
    assert journey.posted["fees:USDC"] == fee + OWED


def test_what_the_watcher_booked_of_a_sell_was_less_by_what_is_owed(journey: Journey) -> None:
    """It saw what came to the account, from which all fees had left."""
    fee = 250_000 + 1_500
    sold(journey.owing(OWED)).built().signed().accepted()
    journey.facts = replace(journey.facts, rejection=watched())

    landed(journey, spent=200_000_000, received=29_900_000, fee=fee + OWED)

    assert journey.posted["chain:SOLANA:USDC"] == 29_900_000 - fee - OWED
    assert journey.posted[AVAILABLE] == OWED
    assert (journey.posted[DUE], journey.held[DUE]) == (-OWED, 0)
