"""A Sell of what lives on another chain: its user pays the network, and the platform later."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas, PreparedMessage
from domain.contracts.swap_events import BlockchainSwapRequested
from domain.provider.effects import (
    Absent,
    ApprovalLanded,
    Declined,
    LandedWithError,
    Moved,
    SwapLanded,
)
from domain.shared.assets import Chain
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.money import TransactionFee
from domain.shared.unit import Rejected
from domain.transaction.errors import GasMissing
from domain.transaction.swaps import InitiateSwapCommand, initiate_sell
from tests.sequences import SELL
from tests.unit.domain.send.journey import ALICE_WALLET, FACTS, START, TAKEN, Journey, watched
from tests.unit.domain.swap.test_swaps import AVAILABLE, arrived, command, told, tracked

ETHER = f"invested:{ALICE_WALLET}:ETH"
GOLD = f"invested:{ALICE_WALLET}:PAXG"
DUE = f"fee_due:{ALICE_WALLET}"
GAS = 5 * 10**15
ASIDE = 10**15
COST = NetworkCost(
    network_fee_lamports=0,
    rent_lamports=0,
    total_base_units=0,
    gas=Gas(asset="ETH", amount=GAS),
)


def wish(asset: str = "ETH", **changes: object) -> InitiateSwapCommand:
    """Twenty thousandths, offered for thirty dollars by two; the first one asks an ETH fee aside."""
    plain = command(asset, "USDC", 20 * 10**15, 30_000_000, 29_000_000)
    first = replace(
        plain.offers[0],
        fees=(TransactionFee(kind="PROVIDER", amount=ASIDE, asset="ETH", provider="first"),),
    )
    told_of = {
        "offers": (first, plain.offers[1]),
        "network_cost": COST,
        "spendable": 10**18,
        "gas_spendable": 10**18,
        **changes,
    }
    return replace(plain, **told_of)  # type: ignore[arg-type]  # the tests name real fields


def sold(journey: Journey, asset: str = "ETH") -> Journey:
    wanted = wish(asset)
    journey.decide(lambda _stream, facts: initiate_sell(wanted, facts=facts))
    return journey


def asked(journey: Journey, *, is_approval: bool = False) -> Journey:
    prepared = PreparedMessage(
        chain=Chain.ETHEREUM,
        commitment="aGFzaA==",
        inputs=("alice:7",),
        fee=Gas(asset="ETH", amount=GAS),
        is_approval=is_approval,
    )
    message = replace(journey.message(), prepared=prepared, blockhash="", last_valid_block_height=0)
    return journey.built(message).signed().accepted()


def swapped(journey: Journey, *, gas: int, aside: int = ASIDE) -> Journey:
    return journey.said(
        SwapLanded(
            slot=70,
            commitment="final",
            lamports_spent=0,
            spent=Moved(amount=20 * 10**15, instruction=0, account="alice"),
            fee=None,
            received=None,
            gas=Gas(asset="ETH", amount=gas),
            aside=Gas(asset="ETH", amount=aside),
        )
    )


def test_amount_gas_and_what_the_provider_asks_aside_are_held_and_booked(journey: Journey) -> None:
    sold(journey)
    assert journey.held[ETHER] == 20 * 10**15 + GAS + ASIDE

    swapped(asked(journey), gas=2 * 10**15)

    assert journey.held[ETHER] == 0
    assert journey.posted[ETHER] == -(20 + 2 + 1) * 10**15
    assert journey.posted["chain:ETHEREUM:ETH"] == 3 * 10**15
    assert journey.posted["provider:first:ETH"] == 20 * 10**15
    tracked(journey, arrived("USDC", 29_900_000))
    assert told(journey, SELL) == SELL
    # What was signed on Ethereum could not pay the platform: it is owed.
    assert journey.posted[AVAILABLE] == journey.row["received_amount"] == 29_900_000 - 250_000
    assert journey.posted[DUE] == 250_000
    fees = {fee.kind: fee.amount for fee in journey.row["fees"]}  # type: ignore[attr-defined]
    assert fees["NETWORK"] == 2 * 10**15
    assert (journey.row["state"], journey.row["chain"]) == ("COMPLETED", "ETHEREUM")
    assert (journey.row["delivery_chain"], journey.row["delivery_hash"]) == ("SOLANA", "there-1")


def test_a_token_is_approved_first_and_each_transaction_pays_its_own_gas(journey: Journey) -> None:
    sold(journey, "PAXG")
    assert (journey.held[GOLD], journey.held[ETHER]) == (20 * 10**15, GAS + ASIDE)

    asked(journey, is_approval=True)
    journey.said(ApprovalLanded(slot=70, commitment="final", gas=Gas(asset="ETH", amount=10**15)))

    assert journey.attempt == 2
    assert journey.held[ETHER] == GAS + ASIDE - 10**15
    assert journey.posted[ETHER] == -(10**15)
    assert journey.posted[GOLD] == 0
    swapped(asked(journey), gas=2 * 10**15)
    tracked(journey, arrived("USDC", 29_900_000))
    assert journey.held[ETHER] == journey.held[GOLD] == 0
    assert journey.posted[ETHER] == -4 * 10**15
    assert journey.posted[GOLD] == -20 * 10**15
    assert told(journey, SELL) == SELL
    fees = {fee.kind: fee.amount for fee in journey.row["fees"]}  # type: ignore[attr-defined]
    assert fees["NETWORK"] == 3 * 10**15


def test_after_an_approval_the_next_provider_has_what_is_left_of_the_gas(journey: Journey) -> None:
    asked(sold(journey, "PAXG"), is_approval=True)
    journey.said(ApprovalLanded(slot=70, commitment="final", gas=Gas(asset="ETH", amount=10**15)))

    journey.built(Declined(code="PRV_PRICE_MOVED", reason="less than was promised"))

    assert journey.row["provider"] == "second"
    costs = [
        each.data.network_cost.gas
        for each in journey.stream.events
        if isinstance(each.data, BlockchainSwapRequested)
    ]
    assert costs == [
        Gas(asset="ETH", amount=GAS),
        Gas(asset="ETH", amount=GAS - 10**15),
        Gas(asset="ETH", amount=GAS - 10**15),
    ]
    journey.built(Declined(code="PRV_UNAVAILABLE", reason="out"))
    assert journey.row["state"] == "FAILED"
    assert journey.held[ETHER] == journey.held[GOLD] == 0
    assert (journey.posted[ETHER], journey.posted[GOLD]) == (-(10**15), 0)


def test_what_failed_on_the_chain_costs_its_gas_and_nothing_else(journey: Journey) -> None:
    asked(sold(journey)).said(
        LandedWithError(reason="reverted", gas=Gas(asset="ETH", amount=10**15))
    )

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CHAIN_REFUSED")
    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, -(10**15))
    assert journey.posted["chain:ETHEREUM:ETH"] == 10**15


def test_what_can_never_land_is_built_anew_with_all_of_its_gas(journey: Journey) -> None:
    asked(sold(journey)).said(Absent())

    assert journey.held[ETHER] == 20 * 10**15 + GAS + ASIDE
    swapped(asked(journey), gas=GAS)
    tracked(journey, arrived("USDC", 29_900_000))
    assert journey.row["state"] == "COMPLETED"


def test_what_a_bridge_gives_back_is_without_the_gas(journey: Journey) -> None:
    swapped(asked(sold(journey)), gas=2 * 10**15)

    tracked(journey, arrived("ETH", 20 * 10**15, recovered=True))

    assert journey.row["state"] == "FAILED"
    assert journey.posted[ETHER] == -3 * 10**15


def test_a_fee_is_not_taken_of_what_the_watcher_credited_and_the_user_spent(
    journey: Journey,
) -> None:
    swapped(asked(sold(journey)), gas=2 * 10**15)
    short = Rejected("INSUFFICIENT_BALANCE", AVAILABLE)
    rejection = replace(short, booked=watched("there-1").booked)
    journey.facts = replace(journey.facts, rejection=rejection)

    tracked(journey, arrived("USDC", 29_900_000))

    assert (journey.posted[AVAILABLE], journey.posted[DUE]) == (0, 0)
    assert journey.posted["chain:SOLANA:USDC"] == 29_900_000
    assert journey.row["state"] == "COMPLETED"


@pytest.mark.parametrize("is_back", [False, True])
@pytest.mark.parametrize("claimed", [TAKEN, "before"])
def test_what_was_booked_as_something_else_is_for_a_person(
    journey: Journey, claimed: Rejected | str, *, is_back: bool
) -> None:
    swapped(asked(sold(journey)), gas=2 * 10**15)
    asset = "ETH" if is_back else "USDC"
    early = watched("there-1", asset, at=START - timedelta(seconds=1))
    rejection = early if isinstance(claimed, str) else claimed
    journey.facts = replace(journey.facts, rejection=rejection)

    tracked(journey, arrived(asset, 20 * 10**15, recovered=is_back))

    assert journey.types[-1] == "OperatorRequired"
    assert journey.posted[AVAILABLE] == 0
    assert journey.posted["provider:first:ETH"] == 20 * 10**15
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")


@pytest.mark.parametrize(
    ("account", "code"), [(ETHER, "TXN_GAS_MISSING"), (GOLD, "TXN_INSUFFICIENT_BALANCE")]
)
def test_the_balance_that_is_short_is_the_one_that_is_named(
    journey: Journey, account: str, code: str
) -> None:
    journey.facts = replace(journey.facts, rejection=Rejected("INSUFFICIENT_BALANCE", account))

    sold(journey, "PAXG")

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", code)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (wish(spendable=20 * 10**15 + GAS + ASIDE - 1), InsufficientBalance),
        (wish("PAXG", gas_spendable=GAS + ASIDE - 1), GasMissing),
        (wish("PAXG", spendable=20 * 10**15 - 1), InsufficientBalance),
    ],
)
def test_who_cannot_pay_for_it_does_not_begin(
    wanted: InitiateSwapCommand, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        initiate_sell(wanted, facts=FACTS)
