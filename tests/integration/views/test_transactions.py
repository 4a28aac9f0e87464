from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.contracts.views import PartyView, Role
from domain.shared.ids import TransactionId, WalletId
from domain.shared.money import TransactionAmount, TransactionFee
from tests.integration.views.stage import MARCH, Sending, Stage, initiated
from tests.unit.domain.send.journey import ALICE_WALLET, BOB_WALLET


@pytest.fixture
async def journey(stage: Stage) -> Sending:
    """A Send of which nothing is committed yet; Alice has the money for it."""
    await stage.fund()
    return initiated(memo="lunch")


def the_id(journey: Sending) -> TransactionId:
    return TransactionId(journey.stream.id)


def completed(journey: Sending) -> Sending:
    journey.built()
    journey.signed()
    journey.accepted()
    journey.landed()
    return journey


async def test_the_sender_sees_all_of_it(stage: Stage, journey: Sending) -> None:
    await stage.commit(*completed(journey).units)
    seen = await stage.views.transaction(ALICE_WALLET, the_id(journey))
    assert seen is not None
    assert (seen.role, seen.type, seen.state, seen.sub_state) == (
        Role.SENDER,
        "SEND",
        "COMPLETED",
        None,
    )
    assert seen.given == TransactionAmount(value=25_000_000, source_asset="USDC")
    assert seen.received_amount == 24_998_500
    assert seen.fees == (
        TransactionFee(kind="PLATFORM", amount=0, asset="USDC"),
        TransactionFee(kind="NETWORK", amount=1_500, asset="USDC"),
    )
    assert (seen.sender, seen.recipient) == (
        PartyView(username="alice", address="alice"),
        PartyView(username="bob", address="bob"),
    )
    assert (seen.memo, seen.progress_percent, seen.cancellable) == ("lunch", 100, False)
    assert (seen.funds_location, seen.waiting_on) == ("DELIVERED", "NONE")
    assert seen.chain_signature == f"signature-{journey.stream.id}"
    assert seen.created_at == seen.completed_at == MARCH
    assert seen.approval_deadline == MARCH + timedelta(seconds=900)


async def test_the_recipient_sees_what_they_got_once_they_got_it(
    stage: Stage, journey: Sending
) -> None:
    await stage.commit(*journey.units)
    assert await stage.views.transaction(BOB_WALLET, the_id(journey)) is None
    before = len(journey.units)
    await stage.commit(*completed(journey).units[before:])
    seen = await stage.views.transaction(BOB_WALLET, the_id(journey))
    assert seen is not None
    assert (seen.role, seen.given.value, seen.memo) == (Role.RECIPIENT, 24_998_500, "lunch")
    assert seen.sender == PartyView(username="alice")
    assert (seen.fees, seen.chain_signature, seen.correlation_id) == ((), None, None)


async def test_others_see_nothing(stage: Stage, journey: Sending) -> None:
    await stage.commit(*completed(journey).units)
    assert await stage.views.transaction(WalletId(uuid4()), the_id(journey)) is None
    assert await stage.views.transaction(ALICE_WALLET, TransactionId(uuid4())) is None


async def test_the_timeline_has_every_state_in_order(stage: Stage, journey: Sending) -> None:
    await stage.commit(*completed(journey).units)
    timeline = (await stage.views.timelines([the_id(journey)]))[the_id(journey)]
    states = [f"{e.state}.{e.sub_state}" if e.sub_state else e.state for e in timeline]
    assert states == journey.states
    assert [entry.sequence for entry in timeline] == sorted(entry.sequence for entry in timeline)
    assert timeline[0].event_type == "SendTransactionInitiated"


async def test_steps_end_before_the_next_begins(stage: Stage, journey: Sending) -> None:
    await stage.commit(*completed(journey).units)
    steps = (await stage.views.steps([the_id(journey)]))[the_id(journey)]
    assert [(step.name, step.status) for step in steps][:4] == [
        ("validate", "STARTED"),
        ("validate", "COMPLETED"),
        ("reserve", "STARTED"),
        ("reserve", "COMPLETED"),
    ]
    assert steps[-1].name == "notify"


async def test_when_the_platform_looks_next_is_when_its_next_call_is_due(
    stage: Stage, journey: Sending
) -> None:
    journey.built()
    await stage.commit(*journey.units)
    before = len(journey.units)
    waiting = await stage.views.transaction(ALICE_WALLET, the_id(journey))
    assert waiting is not None
    assert waiting.next_check_at == MARCH + timedelta(seconds=60)
    journey.signed()
    journey.accepted()
    journey.landed()
    await stage.commit(*journey.units[before:])
    done = await stage.views.transaction(ALICE_WALLET, the_id(journey))
    assert done is not None
    assert done.next_check_at is None


async def test_a_user_action_has_its_present_status(stage: Stage, journey: Sending) -> None:
    transaction_id = the_id(journey)
    journey.built()
    await stage.commit(*journey.units)
    (pending,) = await stage.views.user_actions_of(ALICE_WALLET)
    assert (pending.status, pending.action.type) == ("PENDING", "SIGN_TRANSACTION")
    assert pending.action.approval is None
    assert (pending.payload, pending.summary) == ("cGF5bG9hZA==", "Send 24.9985 USDC to @bob")
    assert (pending.transaction_id, pending.expires_at) == (
        transaction_id,
        MARCH + timedelta(seconds=60),
    )
    before = len(journey.units)
    journey.signed()
    await stage.commit(*journey.units[before:])
    assert await stage.views.user_actions_of(ALICE_WALLET) == []
    (submitted,) = (await stage.views.user_actions([transaction_id]))[transaction_id]
    assert (submitted.id, submitted.status) == (pending.id, "SUBMITTED")
    assert submitted.action == replace(pending.action, approval=f"signature-{transaction_id}")


async def test_an_action_that_expired_is_followed_by_another(
    stage: Stage, journey: Sending
) -> None:
    journey.built()
    journey.deadline()
    journey.built()
    await stage.commit(*journey.units)
    actions = (await stage.views.user_actions([the_id(journey)]))[the_id(journey)]
    assert [action.status for action in actions] == ["EXPIRED", "PENDING"]
    assert [action.id for action in await stage.views.user_actions_of(ALICE_WALLET)] == [
        actions[1].id
    ]
    assert await stage.views.user_actions_of(BOB_WALLET) == []


async def test_attempts_and_interactions(stage: Stage, journey: Sending) -> None:
    journey.built()
    journey.deadline()
    completed(journey)
    await stage.commit(*journey.units)
    attempts = (await stage.views.attempts([the_id(journey)])).get(the_id(journey), ())
    exchanges = (await stage.views.interactions([the_id(journey)]))[the_id(journey)]
    recorded = [row for unit in journey.units for row in unit.recoveries]
    asked = [row for unit in journey.units for row in unit.interactions]
    assert {each.id for each in attempts} == {row.id for row in recorded}
    assert {each.id for each in exchanges} == {row.id for row in asked}
    assert all(exchange.transaction_id == the_id(journey) for exchange in exchanges)


async def test_many_transactions_are_read_together(stage: Stage) -> None:
    await stage.fund()
    journeys = [initiated(), initiated()]
    for journey in journeys:
        await stage.commit(*journey.units)
    ids = [the_id(journey) for journey in journeys]
    timelines = await stage.views.timelines([*ids, TransactionId(uuid4())])
    assert set(timelines) == set(ids)
    for transaction_id, entries in timelines.items():
        assert {entry.transaction_id for entry in entries} == {transaction_id}
