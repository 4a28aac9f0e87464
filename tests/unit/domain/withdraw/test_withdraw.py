"""A Withdraw to an external wallet, led by the orchestrator: in one process and in five."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.commands import InitiateWithdrawCommand, SendWish
from domain.contracts.events import Recipient
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.orchestration.definition import Definition
from domain.orchestration.reactions import DEFINITIONS
from domain.provider.effects import LandedWithError, Unknown
from domain.shared.errors import InsufficientBalance
from domain.transaction.errors import BelowMinimum, NotCancellable, SelfSend
from domain.transaction.handlers import (
    WITHDRAW_DEFINITION_VERSION,
    check_withdraw,
    initiate_withdraw,
)
from tests.sequences import WITHDRAW
from tests.unit.domain.send.journey import (
    COST,
    FACTS,
    FIGURES,
    PROCESS_NAMES,
    PROCESSES,
    TRANSACTION,
    Journey,
    allowed,
)

ALICE = "available:00000000-0000-0000-0000-000000000003"
WORLD = "chain:SOLANA:USDC"
STATES = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING.TRANSACTION_BUILDING",
    "PROVIDER_PROCESSING.TRANSACTION_SIGNING",
    "BLOCKCHAIN_PENDING.TRANSACTION_BROADCASTING",
    "BLOCKCHAIN_PENDING.MEMPOOL_PENDING",
    "BLOCKCHAIN_PENDING.BLOCK_CONFIRMATION_PENDING",
    "BLOCKCHAIN_CONFIRMED.CONFIRMATION_COMPLETED",
    "BALANCE_UPDATED",
    "COMPLETED",
]


def begun(journey: Journey, *, amount: int = 25_000_000, spendable: int = 100_000_000) -> Journey:
    command = InitiateWithdrawCommand(
        transaction_id=TRANSACTION,
        username="alice",
        wish=SendWish(
            sender_address="alice",
            recipient=Recipient(address="elsewhere"),
            amount=amount,
            network_cost=COST,
        ),
    )
    journey.decide(
        lambda _stream, facts: initiate_withdraw(command, spendable=spendable, facts=facts)
    )
    return journey


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("withdraw"))


def commands(journey: Journey) -> list[Command]:
    issued = [event.data for event in journey.stream.events]
    return [data.command for data in issued if isinstance(data, CommandIssued)]


def test_it_passes_its_events_and_states_and_ends_booked(journey: Journey) -> None:
    begun(journey).built().signed().accepted().landed()

    assert [name for name in journey.types if name in WITHDRAW] == WITHDRAW
    assert journey.states == STATES
    assert (journey.posted[ALICE], journey.posted[WORLD]) == (-25_000_000, 24_998_500)
    assert (journey.posted["fees:USDC"], journey.held[ALICE]) == (1_500, 0)
    assert (journey.row["type"], journey.row["progress_percent"]) == ("WITHDRAW", 100)
    assert journey.row["definition_version"] == WITHDRAW_DEFINITION_VERSION


def test_in_one_process_it_is_five_commits(journey: Journey) -> None:
    begun(journey).built().signed().accepted().landed()
    if len(journey.groups) == 1:
        assert len(journey.units) == 5


def test_every_step_is_commanded_once_and_in_its_turn(journey: Journey) -> None:
    begun(journey).built().signed().accepted().landed()

    assert commands(journey) == [
        Command.SCREEN,
        Command.VALIDATE_ADDRESS,
        Command.RESERVE,
        Command.SELECT_PROVIDER,
        Command.CONVERT,
        Command.TRANSFER,
        Command.BOOK,
        Command.COMPLETE,
    ]


def test_steps_that_do_not_wait_for_each_other_overlap(journey: Journey) -> None:
    begun(journey)

    names = [
        event.data.command if isinstance(event.data, CommandIssued) else event.type
        for event in journey.stream.events
    ]
    assert names.index(Command.VALIDATE_ADDRESS) < names.index("ComplianceCleared")
    assert names.index(Command.RESERVE) > names.index("ExternalWalletValidated")


def test_a_leg_that_is_not_needed_says_so(journey: Journey) -> None:
    begun(journey)

    skipped = [event.type for event in journey.stream.events if event.skipped]
    assert skipped == [
        "DEXProviderSelected",
        "AssetConversionRequested",
        "AssetConversionCompleted",
    ]


def test_what_the_chain_refuses_is_undone_step_by_step(journey: Journey) -> None:
    begun(journey).built().signed().accepted()
    journey.said(LandedWithError(reason="InsufficientFunds", lamports_spent=10_000))

    assert commands(journey)[-2:] == [Command.RELEASE, Command.FAIL]
    assert journey.types[-2:] == ["CommandIssued", "WithdrawTransactionFailed"]
    assert journey.states[-2:] == ["COMPENSATING", "FAILED"]
    assert journey.row["reason"] == "TXN_CHAIN_REFUSED"
    assert not any(journey.holds.values())
    assert journey.posted[ALICE] == 0


def test_proof_of_absence_is_tried_again_and_fails_at_last(journey: Journey) -> None:
    begun(journey)
    for _ in range(FIGURES.rebuilds_max + 1):
        journey.built().signed().accepted().absent()

    assert commands(journey).count(Command.TRANSFER) == 1
    assert commands(journey)[-2:] == [Command.RELEASE, Command.FAIL]
    assert journey.row["reason"] == "TXN_EXPIRED"
    assert not any(journey.holds.values())


def test_an_unknown_outcome_undoes_nothing(journey: Journey) -> None:
    begun(journey).built().signed()
    journey.said(Unknown(reason="timeout", due_at=journey.facts.now))

    assert Command.RELEASE not in commands(journey)
    assert journey.held[ALICE] == 25_000_000
    journey.landed()
    assert journey.row["state"] == "COMPLETED"


def test_it_can_be_cancelled_until_it_is_signed(journey: Journey) -> None:
    begun(journey).built().cancelled()

    assert journey.row["reason"] == "TXN_CANCELLED"
    assert not any(journey.holds.values())


def test_once_it_is_signed_it_cannot_be_cancelled(journey: Journey) -> None:
    begun(journey).built().signed()

    with pytest.raises(NotCancellable):
        journey.cancelled()


def test_what_is_not_signed_in_time_ends_with_nothing_held(journey: Journey) -> None:
    begun(journey).built().deadline(after_seconds=901)

    assert journey.row["reason"] == "TXN_APPROVAL_EXPIRED"
    assert journey.held[ALICE] == 0


def test_a_race_for_the_balance_is_lost_with_nothing_held(journey: Journey) -> None:
    begun(journey.rejected())

    assert journey.states == ["INITIATED", "FAILED"]
    assert journey.row["reason"] == "TXN_INSUFFICIENT_BALANCE"
    assert Command.RELEASE not in commands(journey)


def test_compliance_stops_it_before_anything_is_held(journey: Journey) -> None:
    level = replace(FIGURES.kyc["basic"], flows=frozenset({"send"}))
    journey.facts = replace(FACTS, figures=replace(FIGURES, kyc={**FIGURES.kyc, "basic": level}))
    begun(journey)

    assert journey.row["reason"] == "CMP_KYC_REQUIRED"
    assert not journey.holds
    assert commands(journey)[-1] is Command.FAIL


@pytest.mark.parametrize(
    ("amount", "spendable", "refusal"),
    [(4_999_999, 100_000_000, BelowMinimum), (25_000_000, 25_099_999, InsufficientBalance)],
)
def test_what_cannot_begin_is_refused(
    journey: Journey, amount: int, spendable: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        begun(journey, amount=amount, spendable=spendable)
    assert not journey.units


def test_ones_own_address_is_refused_about_where_it_was_given(journey: Journey) -> None:
    wish = SendWish(
        sender_address="alice",
        recipient=Recipient(address="alice"),
        amount=25_000_000,
        network_cost=COST,
    )
    with pytest.raises(SelfSend) as refused:
        check_withdraw(wish, spendable=100_000_000, facts=journey.facts)
    assert refused.value.field == "input.destination.externalWallet.address"


@pytest.mark.parametrize(
    "definition", [each for versions in DEFINITIONS.values() for each in versions]
)
def test_a_definition_leads_from_its_first_step_to_its_last(definition: Definition) -> None:
    names = [step.name for step in definition.steps]
    commanded = [step.command for step in definition.steps]

    assert len(set(names)) == len(names)
    assert len(set(commanded)) == len(commanded)
    for index, step in enumerate(definition.steps):
        assert set(step.prerequisites) <= set(names[:index])


def test_the_version_that_begins_now_is_defined() -> None:
    versions = [each.version for each in next(iter(DEFINITIONS.values()))]

    assert max(versions) == WITHDRAW_DEFINITION_VERSION
    assert len(set(versions)) == len(versions)


def test_after_a_rebuild_the_attempt_counts_on(journey: Journey) -> None:
    begun(journey).built().signed().accepted().absent()
    journey.facts = replace(journey.facts, now=journey.facts.now + timedelta(seconds=60))
    journey.built().signed().accepted().landed()

    assert journey.row["state"] == "COMPLETED"
    assert journey.row["attempt"] == 2
