"""A Withdraw of what lives on another chain, led by the orchestrator: in one process and in five."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.gas import Gas, PreparedMessage
from domain.contracts.transfer_events import BlockchainConfirmationReceived
from domain.provider.effects import (
    Absent,
    Contested,
    Declined,
    Landed,
    LandedWithError,
    NotAttempted,
)
from domain.provider.sent import SentAlready
from domain.shared.assets import Chain
from domain.shared.errors import InsufficientBalance, Refused
from domain.shared.unit import Group
from domain.transaction.errors import BelowMinimum, GasMissing, SelfSend
from domain.transaction.flows.swap import network_fee
from domain.transaction.held import InitiateHeldWithdrawCommand, initiate_held_withdraw
from tests.sequences import WITHDRAW_HELD
from tests.unit.domain.send.journey import (
    ALICE_WALLET,
    BOB_WALLET,
    FACTS,
    GROUPS,
    RECIPIENT,
    TRANSACTION,
    Journey,
    watched,
)

EVERYBODY = (*GROUPS, Group.ORCHESTRATOR)
ETHER = f"invested:{ALICE_WALLET}:ETH"
GOLD = f"invested:{ALICE_WALLET}:PAXG"
AMOUNT = 20 * 10**15
GAS = 10**15
WISH = InitiateHeldWithdrawCommand(
    transaction_id=TRANSACTION,
    username="alice",
    asset="ETH",
    amount=AMOUNT,
    usd_value=80_000_000,
    spendable=10**18,
    gas_spendable=10**18,
    sender_address="alice",
    recipient=Recipient(address="somewhere"),
    network_cost=NetworkCost(
        network_fee_lamports=0,
        rent_lamports=0,
        total_base_units=0,
        gas=Gas(asset="ETH", amount=GAS),
    ),
)


@pytest.fixture(params=[(EVERYBODY,), tuple((group,) for group in EVERYBODY)], ids=["one", "five"])
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param)


def begun(journey: Journey, wish: InitiateHeldWithdrawCommand = WISH) -> Journey:
    journey.decide(lambda _stream, facts: initiate_held_withdraw(wish, facts))
    return journey


def asked(journey: Journey) -> Journey:
    prepared = PreparedMessage(
        chain=Chain.ETHEREUM,
        commitment="aGFzaA==",
        inputs=("alice:7",),
        fee=Gas(asset="ETH", amount=GAS),
    )
    return journey.built(replace(journey.message(), prepared=prepared)).signed().accepted()


def arrived(journey: Journey, *, gas: int = GAS // 2, signature: str | None = None) -> Journey:
    return journey.said(
        Landed(
            slot=70,
            commitment="final",
            recipient_amount=AMOUNT,
            recipient_instruction=0,
            recipient_account="somewhere",
            fee_amount=0,
            fee_instruction=None,
            fee_account=None,
            lamports_spent=0,
            gas=Gas(asset="ETH", amount=gas),
            signature=signature,
        )
    )


def test_all_of_it_arrives_and_the_network_is_paid_beside_it(journey: Journey) -> None:
    begun(journey)
    assert journey.held[ETHER] == AMOUNT + GAS

    arrived(asked(journey))

    assert [each for each in journey.types if each in WITHDRAW_HELD] == WITHDRAW_HELD
    assert journey.held[ETHER] == 0
    assert journey.posted[ETHER] == -(AMOUNT + GAS // 2)
    assert journey.posted["chain:ETHEREUM:ETH"] == AMOUNT + GAS // 2
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", AMOUNT)
    assert (journey.row["chain"], journey.row["provider"]) == ("ETHEREUM", "ethereum")
    paid = Gas(asset="ETH", amount=GAS // 2)
    expected = network_fee(replace(WISH.network_cost, gas=paid))
    assert journey.row["fees"] == (expected,)


def test_a_token_and_its_gas_are_two_balances(journey: Journey) -> None:
    begun(journey, replace(WISH, asset="PAXG"))
    assert (journey.held[GOLD], journey.held[ETHER]) == (AMOUNT, GAS)

    arrived(asked(journey))

    assert (journey.posted[GOLD], journey.posted[ETHER]) == (-AMOUNT, -GAS // 2)
    assert journey.held[GOLD] == journey.held[ETHER] == 0


def test_a_user_of_the_platform_has_it_at_once(journey: Journey) -> None:
    arrived(asked(begun(journey, replace(WISH, recipient=RECIPIENT))))

    assert journey.posted[f"invested:{BOB_WALLET}:ETH"] == AMOUNT


def test_sol_pays_back_what_the_platform_paid_for_it(journey: Journey) -> None:
    sol, gas = f"invested:{ALICE_WALLET}:SOL", Gas(asset="SOL", amount=10_000)
    begun(
        journey,
        replace(
            WISH,
            asset="SOL",
            amount=10**8,
            network_cost=replace(WISH.network_cost, gas=gas),
        ),
    )
    journey.built().signed().accepted().said(
        Landed(
            slot=7,
            commitment="confirmed",
            recipient_amount=10**8,
            recipient_instruction=0,
            recipient_account="somewhere",
            fee_amount=0,
            fee_instruction=None,
            fee_account=None,
            # It paid the network 15,000, of which the user gave it 10,000 back.
            lamports_spent=5_000,
            gas=gas,
        )
    )

    assert (journey.posted[sol], journey.held[sol]) == (-(10**8 + 10_000), 0)
    assert journey.posted["fee_payer:SOL"] == -5_000
    assert journey.posted["chain:SOLANA:SOL"] == 10**8 + 15_000
    assert (journey.row["state"], journey.row["chain"]) == ("COMPLETED", "SOLANA")


def test_what_the_watcher_gave_them_is_not_given_again(journey: Journey) -> None:
    asked(begun(journey, replace(WISH, recipient=RECIPIENT)))
    journey.facts = replace(journey.facts, rejection=watched(asset="ETH", wallet_id=BOB_WALLET))

    arrived(journey)

    assert journey.posted[f"invested:{BOB_WALLET}:ETH"] == 0
    assert journey.posted["chain:ETHEREUM:ETH"] == AMOUNT + GAS // 2


def test_what_failed_on_the_chain_cost_its_gas(journey: Journey) -> None:
    asked(begun(journey)).said(
        LandedWithError(reason="out of gas", gas=Gas(asset="ETH", amount=GAS))
    )

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CHAIN_REFUSED")
    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, -GAS)


def test_what_can_never_land_is_built_anew(journey: Journey) -> None:
    asked(begun(journey)).said(Absent())
    assert journey.held[ETHER] == AMOUNT + GAS

    assert arrived(asked(journey)).row["state"] == "COMPLETED"


def test_what_came_in_its_place_and_may_have_paid_is_for_a_person(journey: Journey) -> None:
    """Nothing is let go and nothing is asked for again until what landed instead is known."""
    asked(begun(journey))
    for _ in range(2):
        journey.said(Contested(reason="replaced by another", due_at=journey.facts.now))

    assert journey.types.count("OperatorRequired") == 1
    assert (journey.row["state"], journey.row["waiting_on"]) == ("BLOCKCHAIN_PENDING", "OPERATOR")
    assert journey.held[ETHER] == AMOUNT + GAS

    assert arrived(journey).row["state"] == "COMPLETED"


def test_what_the_users_wallet_sent_in_its_place_is_booked_by_its_own_name(
    journey: Journey,
) -> None:
    arrived(asked(begun(journey)), signature="raised")

    assert (journey.row["state"], journey.row["chain_signature"]) == ("COMPLETED", "raised")
    assert journey.stream.known(BlockchainConfirmationReceived).signature == "raised"


def shown(journey: Journey) -> Journey:
    prepared = PreparedMessage(
        chain=Chain.ETHEREUM,
        commitment="aGFzaA==",
        inputs=("alice:7",),
        fee=Gas(asset="ETH", amount=GAS),
    )
    return begun(journey).built(replace(journey.message(), prepared=prepared))


def test_what_its_user_sent_by_themselves_is_booked_and_not_asked_for_again(
    journey: Journey,
) -> None:
    shown(journey).looked_for(SentAlready("theirs"))

    assert "UserActionExpired" not in journey.types
    assert journey.row["state"] == "BLOCKCHAIN_PENDING"
    assert arrived(journey.accepted()).row["state"] == "COMPLETED"
    assert journey.stream.known(BlockchainConfirmationReceived).signature == "theirs"
    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, -(AMOUNT + GAS // 2))


def test_nothing_expires_while_it_cannot_be_told_whether_it_was_sent(journey: Journey) -> None:
    later = NotAttempted(reason="down", due_at=journey.facts.now + timedelta(minutes=2))
    shown(journey).looked_for(later)

    assert "UserActionExpired" not in journey.types
    assert journey.held[ETHER] == AMOUNT + GAS

    assert "UserActionExpired" in journey.looked_for(None).types


def test_what_cannot_be_built_is_let_go(journey: Journey) -> None:
    begun(journey).built(Declined(code="TXN_COST_ROSE", reason="dearer than quoted"))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_COST_ROSE")
    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, 0)


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(WISH, recipient=Recipient(address="alice")), SelfSend),
        (replace(WISH, amount=10**15 - 1), BelowMinimum),
        (replace(WISH, usd_value=4_999_999), BelowMinimum),
        (replace(WISH, spendable=AMOUNT + GAS - 1), InsufficientBalance),
        (replace(WISH, asset="PAXG", gas_spendable=GAS - 1), GasMissing),
        (replace(WISH, asset="PAXG", spendable=AMOUNT - 1), InsufficientBalance),
    ],
)
def test_what_cannot_be_withdrawn_does_not_begin(
    wish: InitiateHeldWithdrawCommand, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        initiate_held_withdraw(wish, FACTS)
