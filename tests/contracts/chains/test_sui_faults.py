"""Every fault of a node and the setback that it must become, as for the other chains: the same
tests, on Sui's node."""

from collections.abc import AsyncIterator

import pytest

from domain.provider.ports.answers import Declined
from domain.provider.ports.chain import Presence
from tests.contracts.chains.stages import got, sui_stage
from tests.contracts.chains.test_faults import (
    SHORT_SECONDS,
    Subject,
    test_a_broadcast_that_is_refused_is_declined,
    test_a_broadcast_that_never_ran_is_unknown_until_it_is_repeated,
    test_a_broadcast_whose_answer_was_lost_is_there,
    test_a_failing_node_read_nothing,
    test_a_limited_rate_says_when_to_come_back,
    test_a_node_that_cannot_be_asked_proves_nothing,
    test_a_node_that_fails_at_a_broadcast_leaves_it_unknown,
    test_a_node_that_says_no_is_quoted,
    test_a_read_is_tried_again_after_a_blip,
    test_a_read_without_an_answer_changed_nothing,
    test_a_slow_node_is_waited_for,
    test_an_outage_at_a_broadcast_leaves_it_unknown,
    test_an_outage_is_waited_out,
    test_fees_beyond_belief_are_not_believed,
    test_half_a_body_is_no_answer,
    test_half_an_answer_to_a_broadcast_leaves_it_unknown,
)

__all__ = [
    "test_a_broadcast_that_is_refused_is_declined",
    "test_a_broadcast_that_never_ran_is_unknown_until_it_is_repeated",
    "test_a_broadcast_whose_answer_was_lost_is_there",
    "test_a_failing_node_read_nothing",
    "test_a_limited_rate_says_when_to_come_back",
    "test_a_node_that_cannot_be_asked_proves_nothing",
    "test_a_node_that_fails_at_a_broadcast_leaves_it_unknown",
    "test_a_node_that_says_no_is_quoted",
    "test_a_read_is_tried_again_after_a_blip",
    "test_a_read_without_an_answer_changed_nothing",
    "test_a_slow_node_is_waited_for",
    "test_an_outage_at_a_broadcast_leaves_it_unknown",
    "test_an_outage_is_waited_out",
    "test_fees_beyond_belief_are_not_believed",
    "test_half_a_body_is_no_answer",
    "test_half_an_answer_to_a_broadcast_leaves_it_unknown",
]


@pytest.fixture
async def subject() -> AsyncIterator[Subject]:
    async with sui_stage(timeout_seconds=SHORT_SECONDS) as stage:
        yield Subject(stage, "sui", "address", "executeTransaction", "epoch")


async def test_a_node_cannot_lie_about_what_was_sent(subject: Subject) -> None:
    stage = subject.stage
    signed = await subject.signed()
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(1)
    subject.fault("wrong_amount", "transaction")

    answer = await stage.gateway.movements(signed.transaction_hash)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_coins_that_a_node_makes_larger_buy_nothing(subject: Subject) -> None:
    """The validators know better, and say so clearly."""
    stage = subject.stage
    sender = await stage.funded()
    subject.fault("wrong_amount", "address", millionths=3_000_000)
    prepared = await stage.prepared(sender, stage.account().address, stage.plenty * 2)

    signed = stage.accept(prepared, sender)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(stage.final_blocks)

    seen = got(await stage.gateway.sighting(signed.transaction_hash))
    assert seen.presence is Presence.REVERTED
    assert await stage.gateway.movements(signed.transaction_hash) == ()
