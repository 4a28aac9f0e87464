"""A Buy on a chain and a Sell, led by the orchestrator: in one process and in five."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.swap_events import SwapOffer
from domain.provider.effects import (
    Absent,
    Claimed,
    Declined,
    EffectKind,
    LandedWithError,
    Moved,
    SwapLanded,
    Unknown,
    effect_id,
)
from domain.provider.swap import Arrived, Stuck, TrackOutcome, Waiting, on_tracked
from domain.shared.errors import InsufficientBalance, Refused
from domain.transaction.errors import BelowMinimum, FeesExceedAmount, NoProvider
from domain.transaction.swaps import InitiateSwapCommand, initiate_buy, initiate_sell
from tests.sequences import BUY, SELL
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    COST,
    FACTS,
    TRANSACTION,
    Journey,
    watched,
)

AVAILABLE = f"available:{ALICE_WALLET}"
SIGNED = [
    "PROVIDER_PROCESSING.TRANSACTION_BUILDING",
    "PROVIDER_PROCESSING.TRANSACTION_SIGNING",
    "BLOCKCHAIN_PENDING.TRANSACTION_BROADCASTING",
    "BLOCKCHAIN_PENDING.MEMPOOL_PENDING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
]
STATES = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING.LIQUIDITY_CHECKING",
    "PROVIDER_PROCESSING.PRICE_QUOTING",
    "PROVIDER_PROCESSING.SLIPPAGE_VALIDATING",
    "PROVIDER_PROCESSING.SWAP_EXECUTING",
    *SIGNED,
    "BALANCE_UPDATED",
    "COMPLETED",
]
OVER_A_BRIDGE = [
    "PROVIDER_PROCESSING.BRIDGE_CONFIRMING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
]


def offer(provider: str, target: str, amount: int) -> SwapOffer:
    return SwapOffer(
        provider=provider,
        target=target,
        target_amount=amount,
        target_minimum=amount * 99 // 100,
        fees=(),
        route=(provider,),
        expires_at=FACTS.now + timedelta(minutes=1),
        estimated_seconds=5,
        score=900_000,
    )


def command(source: str, target: str, amount: int, *amounts: int) -> InitiateSwapCommand:
    """With an offer of each of these amounts, by providers called first and second."""
    offers = tuple(
        offer(name, target, each) for name, each in zip(("first", "second"), amounts, strict=False)
    )
    return InitiateSwapCommand(
        transaction_id=TRANSACTION,
        username="alice",
        source=source,
        target=target,
        amount=amount,
        usd_value=30_000_000,
        spendable=10**12,
        sender_address="alice",
        recipient_address="alice-there",
        network_cost=COST,
        slippage_millionths=5_000,
        offers=offers,
        rejected=(RejectedOffer(provider="third", reason="chain not served"),),
    )


def bought(journey: Journey, target: str = "SOL", *amounts: int) -> Journey:
    wish = command("USDC", target, 30_001_500, *(amounts or (200_000_000, 190_000_000)))
    journey.decide(lambda _stream, facts: initiate_buy(wish, facts=facts))
    return journey


def sold(journey: Journey) -> Journey:
    wish = command("SOL", "USDC", 200_000_000, 30_000_000, 29_000_000)
    journey.decide(lambda _stream, facts: initiate_sell(wish, facts=facts))
    return journey


def landed(journey: Journey, *, spent: int, received: int | None, fee: int = 1_500) -> Journey:
    came = Moved(amount=received, instruction=2, account="there") if received else None
    return journey.said(
        SwapLanded(
            slot=7,
            commitment="confirmed",
            lamports_spent=10_000,
            spent=Moved(amount=spent, instruction=1, account="here"),
            fee=Moved(amount=fee, instruction=3, account="treasury"),
            received=came,
        )
    )


def tracked(journey: Journey, outcome: TrackOutcome) -> Journey:
    track = effect_id(journey.stream.id, EffectKind.SWAP_TRACK, 1)
    claimed = Claimed(id=track, epoch=1, attempt=1)
    journey.decide(lambda stream, facts: on_tracked(stream, claimed, outcome, facts))
    return journey


def arrived(asset: str, amount: int, *, recovered: bool = False) -> Arrived:
    return Arrived(
        asset=asset,
        amount=amount,
        transaction_hash="there-1",
        instruction=0,
        account="alice-there",
        recovered=recovered,
    )


def told(journey: Journey, sequence: list[str]) -> list[str]:
    return [name for name in journey.types if name in sequence]


def test_a_buy_on_one_chain_passes_its_events_and_states_and_ends_booked(journey: Journey) -> None:
    landed(bought(journey).built().signed().accepted(), spent=30_000_000, received=199_000_000)

    assert told(journey, BUY) == BUY
    assert journey.states == STATES
    assert journey.posted[AVAILABLE] == -30_001_500
    assert journey.posted[f"invested:{ALICE_WALLET}:SOL"] == 199_000_000
    assert journey.posted["conversion:USDC"] == 30_000_000
    assert journey.posted["fees:USDC"] == 1_500
    assert journey.held[AVAILABLE] == 0
    assert (journey.row["received_amount"], journey.row["progress_percent"]) == (199_000_000, 100)
    assert journey.row["chain"] == "SOLANA"
    assert not {"delivery_chain", "delivery_hash"} & set(journey.row)
    if len(journey.groups) == 1:
        assert len(journey.units) == 5


def test_between_two_chains_the_provider_has_it_until_it_arrives(journey: Journey) -> None:
    landed(
        bought(journey, "ETH", 10**16).built().signed().accepted(), spent=30_000_000, received=None
    )
    assert journey.posted["provider:first:USDC"] == 30_000_000
    assert journey.row["funds_location"] == "PROVIDER"
    assert (journey.row["chain"], journey.row["delivery_chain"]) == ("SOLANA", "ETHEREUM")
    assert "delivery_hash" not in journey.row
    tracked(journey, Waiting(due_at=FACTS.now))
    tracked(journey, Unknown(reason="timeout", due_at=FACTS.now))

    tracked(journey, arrived("ETH", 9 * 10**15))

    assert told(journey, BUY) == BUY
    assert journey.states == [*STATES[:-2], *OVER_A_BRIDGE, *STATES[-2:]]
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted[f"invested:{ALICE_WALLET}:ETH"] == 9 * 10**15
    assert (journey.row["chain"], journey.row["delivery_chain"]) == ("SOLANA", "ETHEREUM")
    assert journey.row["delivery_hash"] == "there-1" != journey.row["chain_signature"]


def test_what_a_bridge_gives_back_is_the_users_again(journey: Journey) -> None:
    landed(
        bought(journey, "ETH", 10**16).built().signed().accepted(), spent=30_000_000, received=None
    )

    tracked(journey, arrived("USDC", 29_900_000, recovered=True))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_NOT_DELIVERED")
    assert journey.types.index("CrossChainTransferRecovered") < journey.types.index(
        "BalanceReservationReleased"
    )
    assert journey.posted[AVAILABLE] == -101_500
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.row["funds_location"] == "RETURNED"


def test_what_went_astray_waits_for_a_person(journey: Journey) -> None:
    landed(
        bought(journey, "ETH", 10**16).built().signed().accepted(), spent=30_000_000, received=None
    )

    tracked(journey, Stuck(reason="delivered elsewhere", due_at=FACTS.now))

    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")
    assert journey.posted["provider:first:USDC"] == 30_000_000


def test_a_provider_that_cannot_gives_way_to_the_next(journey: Journey) -> None:
    bought(journey).built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert journey.row["provider"] == "second"
    assert journey.attempt == 2
    landed(journey.built().signed().accepted(), spent=30_000_000, received=189_000_000)
    assert journey.row["state"] == "COMPLETED"
    assert "PROVIDER_FAILOVER" in journey.states
    last = [event.type for event in journey.stream.events if event.attempt == 2]
    assert [name for name in last if name in BUY] == BUY[2:]


def test_when_nobody_can_the_hold_is_released(journey: Journey) -> None:
    bought(journey).built(Declined(code="PRV_UNAVAILABLE", reason="out"))
    journey.built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_PRICE_MOVED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_a_message_that_expired_is_built_anew_with_the_same_provider(journey: Journey) -> None:
    bought(journey).built().deadline()

    landed(journey.built().signed().accepted(), spent=30_000_000, received=199_000_000)

    assert (journey.row["state"], journey.row["provider"]) == ("COMPLETED", "first")


def test_who_fails_at_building_anew_gives_way_to_the_next(journey: Journey) -> None:
    bought(journey).built().deadline()

    journey.built(Declined(code="PRV_UNAVAILABLE", reason="out"))
    landed(journey.built().signed().accepted(), spent=30_000_000, received=199_000_000)

    assert (journey.row["state"], journey.row["provider"]) == ("COMPLETED", "second")


@pytest.mark.parametrize(
    ("outcome", "cost"),
    [
        (LandedWithError(reason="slippage", lamports_spent=10_000), 10_000),
        (Absent(block_height=151), 0),
    ],
)
def test_what_moved_nothing_costs_the_user_nothing(
    journey: Journey, outcome: LandedWithError | Absent, cost: int
) -> None:
    bought(journey).built().signed().accepted().said(outcome)
    for _again in range(3):
        if isinstance(outcome, Absent):
            journey.built().signed().accepted().said(outcome)

    assert journey.row["state"] == "FAILED"
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)
    assert journey.posted["chain:SOLANA:SOL"] == cost


def test_a_sell_passes_its_events_and_pays_the_platform_out_of_what_arrives(
    journey: Journey,
) -> None:
    sold(journey)
    assert journey.held[f"invested:{ALICE_WALLET}:SOL"] == 200_000_000
    fee = 250_000 + 1_500
    assert journey.row["target_amount"] == 30_000_000 - fee

    landed(journey.built().signed().accepted(), spent=200_000_000, received=29_900_000, fee=fee)

    assert told(journey, SELL) == SELL
    assert journey.states == STATES
    assert journey.posted[f"invested:{ALICE_WALLET}:SOL"] == -200_000_000
    assert journey.posted[AVAILABLE] == journey.row["received_amount"] == 29_900_000 - fee
    assert journey.posted["fees:USDC"] == fee
    assert journey.held[f"invested:{ALICE_WALLET}:SOL"] == 0


def test_what_the_watcher_booked_is_not_booked_again(journey: Journey) -> None:
    sold(journey).built().signed().accepted()
    journey.facts = replace(journey.facts, rejection=watched())

    landed(journey, spent=200_000_000, received=29_900_000)

    assert journey.posted[AVAILABLE] == 0
    assert journey.posted["chain:SOLANA:USDC"] == 29_898_500
    assert journey.row["state"] == "COMPLETED"


BUYING = command("USDC", "BTC", 30_001_500, 30_000)
SELLING = command("SOL", "USDC", 200_000_000, 30_000_000)


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(BUYING, amount=9_999_999), BelowMinimum),
        (replace(BUYING, offers=(offer("first", "BTC", 9_999),)), BelowMinimum),
        (replace(BUYING, spendable=30_001_500), InsufficientBalance),
        (replace(BUYING, offers=()), NoProvider),
    ],
)
def test_what_cannot_be_bought_is_refused(
    wish: InitiateSwapCommand, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        initiate_buy(wish, facts=FACTS)


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(SELLING, amount=9_999_999), BelowMinimum),
        (replace(SELLING, usd_value=4_999_999), BelowMinimum),
        (replace(SELLING, spendable=199_999_999), InsufficientBalance),
        (replace(SELLING, offers=(offer("first", "USDC", 250_000),)), FeesExceedAmount),
        (replace(SELLING, offers=()), NoProvider),
    ],
)
def test_what_cannot_be_sold_is_refused(wish: InitiateSwapCommand, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        initiate_sell(wish, facts=FACTS)
