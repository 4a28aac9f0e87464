"""Every fault of a node, at reads and at the broadcast, and the setback that it must become."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import Accepted, Presence, Signed
from infrastructure.sandbox.frame.faults import FaultKind
from tests.contracts.chains.stages import Stage, bitcoin_stage, ethereum_stage, got
from tests.contracts.worlds import ProviderWorld

SHORT_SECONDS: Final = 0.3
HANG_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A stage with its node's names: the provider, and an operation that reads, sends or prices."""

    stage: Stage
    provider: str
    reads: str
    sends: str
    prices: str

    @property
    def world(self) -> ProviderWorld:
        assert self.stage.world is not None
        return self.stage.world

    def fault(self, kind: FaultKind, operation: str, **more: object) -> None:
        self.world.fault(kind, self.provider, operations=[operation], **more)

    async def read(self) -> int | Setback:
        return await self.stage.gateway.balance(self.stage.account().address, self.stage.asset)

    async def signed(self) -> Signed:
        return await self.stage.signed(await self.stage.funded(), self.stage.account().address)


NODES: Final[
    dict[str, tuple[Callable[[], AbstractAsyncContextManager[Stage]], tuple[str, str, str]]]
] = {
    "bitcoin": (
        lambda: bitcoin_stage(timeout_seconds=SHORT_SECONDS),
        ("address", "broadcast", "fee_estimates"),
    ),
    "ethereum": (
        lambda: ethereum_stage(timeout_seconds=SHORT_SECONDS),
        ("eth_getBalance", "eth_sendRawTransaction", "eth_feeHistory"),
    ),
}


@pytest.fixture(params=list(NODES))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    opened, names = NODES[request.param]
    async with opened() as stage:
        yield Subject(stage, request.param, *names)


async def test_a_slow_node_is_waited_for(subject: Subject) -> None:
    subject.fault("latency", subject.reads, latency_ms=20)

    assert await subject.read() == 0


@pytest.mark.parametrize("kind", ["timeout_before_executing", "timeout_after_executing"])
async def test_a_read_without_an_answer_changed_nothing(subject: Subject, kind: FaultKind) -> None:
    subject.fault(kind, subject.reads, hang_ms=HANG_MS)

    assert isinstance(await subject.read(), NotAttempted)


async def test_a_read_is_tried_again_after_a_blip(subject: Subject) -> None:
    subject.fault("outage", subject.reads, remaining=2)

    assert await subject.read() == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
async def test_a_failing_node_read_nothing(subject: Subject, status: int) -> None:
    subject.fault("error", subject.reads, status=status)

    assert isinstance(await subject.read(), NotAttempted)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 413, 422])
async def test_a_node_that_says_no_is_quoted(subject: Subject, status: int) -> None:
    subject.fault("error", subject.reads, status=status)

    answer = await subject.read()

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == ("PRV_DECLINED", str(status))


async def test_an_outage_is_waited_out(subject: Subject) -> None:
    subject.fault("outage", subject.reads)

    assert isinstance(await subject.read(), NotAttempted)


async def test_a_limited_rate_says_when_to_come_back(subject: Subject) -> None:
    signed = await subject.signed()
    for operation in (subject.reads, subject.sends):
        subject.fault("rate_limit", operation, retry_after_seconds=7)

    for answer in (await subject.read(), await subject.stage.gateway.broadcast(signed)):
        assert isinstance(answer, NotAttempted)
        assert answer.retry_after_seconds == 7


async def test_half_a_body_is_no_answer(subject: Subject) -> None:
    subject.fault("malformed_body", subject.reads)

    assert isinstance(await subject.read(), NotAttempted)


async def test_fees_beyond_belief_are_not_believed(subject: Subject) -> None:
    transfer = await subject.stage.transfer(
        await subject.stage.funded(), subject.stage.account().address
    )
    subject.fault("wrong_amount", subject.prices, millionths=10**6 * 10**6)

    answer = await subject.stage.gateway.network_fee(transfer)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


# ---------------------------------------------------------------------- the broadcast


async def test_a_broadcast_that_never_ran_is_unknown_until_it_is_repeated(subject: Subject) -> None:
    signed, gateway = await subject.signed(), subject.stage.gateway
    subject.fault("timeout_before_executing", subject.sends, hang_ms=HANG_MS, remaining=1)

    assert isinstance(await gateway.broadcast(signed), Unanswered)
    assert got(await gateway.sighting(signed.transaction_hash)).presence is Presence.UNKNOWN

    assert await gateway.broadcast(signed) == Accepted(transaction_hash=signed.transaction_hash)


async def test_a_broadcast_whose_answer_was_lost_is_there(subject: Subject) -> None:
    signed, gateway = await subject.signed(), subject.stage.gateway
    subject.fault("timeout_after_executing", subject.sends, hang_ms=HANG_MS, remaining=1)

    assert isinstance(await gateway.broadcast(signed), Unanswered)
    assert got(await gateway.sighting(signed.transaction_hash)).presence is Presence.PENDING

    assert await gateway.broadcast(signed) == Accepted(transaction_hash=signed.transaction_hash)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_node_that_fails_at_a_broadcast_leaves_it_unknown(
    subject: Subject, status: int
) -> None:
    signed = await subject.signed()
    subject.fault("error", subject.sends, status=status)

    assert isinstance(await subject.stage.gateway.broadcast(signed), Unanswered)


async def test_an_outage_at_a_broadcast_leaves_it_unknown(subject: Subject) -> None:
    """The 503 may come from a proxy that had passed it on."""
    signed = await subject.signed()
    subject.fault("outage", subject.sends)

    assert isinstance(await subject.stage.gateway.broadcast(signed), Unanswered)


async def test_half_an_answer_to_a_broadcast_leaves_it_unknown(subject: Subject) -> None:
    signed = await subject.signed()
    subject.fault("malformed_body", subject.sends)

    assert isinstance(await subject.stage.gateway.broadcast(signed), Unanswered)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
async def test_a_broadcast_that_is_refused_is_declined(subject: Subject, status: int) -> None:
    signed = await subject.signed()
    subject.fault("error", subject.sends, status=status)

    answer = await subject.stage.gateway.broadcast(signed)

    assert isinstance(answer, Declined)
    assert answer.provider_code == str(status)


async def test_a_node_that_cannot_be_asked_proves_nothing(subject: Subject) -> None:
    signed = await subject.signed()
    subject.world.fault("outage", subject.provider)

    assert isinstance(
        await subject.stage.gateway.sighting(signed.transaction_hash, inputs=()), NotAttempted
    )
    assert isinstance(await subject.stage.gateway.movements(signed.transaction_hash), NotAttempted)


# ---------------------------------------------------------------------- lies


async def test_a_bitcoin_node_cannot_lie_about_coins() -> None:
    async with bitcoin_stage() as stage:
        sender = await stage.funded()
        transfer = await stage.transfer(sender, stage.account().address)
        assert stage.world is not None
        stage.world.fault("wrong_amount", "bitcoin", operations=["utxo"])

        answer = await stage.gateway.prepare_transfer(transfer)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_an_ethereum_node_cannot_lie_about_what_was_sent() -> None:
    async with ethereum_stage() as stage:
        signed = await stage.signed(await stage.funded(), stage.account().address)
        got(await stage.gateway.broadcast(signed))
        await stage.simulator.mine(1)
        assert stage.world is not None
        stage.world.fault("wrong_amount", "ethereum", operations=["eth_getTransactionByHash"])

        answer = await stage.gateway.movements(signed.transaction_hash)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize("kind", ["outage", "malformed_body", "timeout_before_executing"])
async def test_a_node_without_a_usable_answer_is_not_healthy(
    subject: Subject, kind: FaultKind
) -> None:
    subject.world.fault(kind, subject.provider, hang_ms=HANG_MS)
    assert not await subject.stage.gateway.healthy()
