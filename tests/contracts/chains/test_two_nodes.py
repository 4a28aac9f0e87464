"""Two nodes of one chain: whom is asked when, and what counts of what they say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.chain import Accepted, ChainGateway, Presence
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.chains.nodes import Nodes
from infrastructure.http import HttpClient, HttpResponse, HttpTimeout, HttpUnavailable
from tests.contracts.chains.stages import Stage, bitcoin_stage, ethereum_stage, got
from tests.contracts.worlds import BASE_URL

FIRST: Final = "http://first.test"


@dataclass(slots=True)
class FirstNode(HttpClient):
    """Answers for FIRST what the test says, and passes all else on to the sandbox."""

    sandbox: HttpClient
    answer: HttpResponse | Exception | None = None
    replaced: bool = False
    asked: list[str] = field(default_factory=list)

    async def request(self, method: str, url: str, **more: object) -> HttpResponse:
        self.asked.append(url.split("/")[2])
        if self.replaced and "/block/" in url:
            return HttpResponse(200, {}, b'{"in_best_chain":false}')
        if self.replaced and "eth_getBlockByNumber" in str(more.get("content")):
            other = {"number": "0x1", "hash": "0x" + 64 * "0"}
            return HttpResponse(200, {}, msgspec.json.encode({"result": other}))
        if not url.startswith(FIRST) or self.answer is None:
            url = url.replace(FIRST, BASE_URL)
            return await self.sandbox.request(method, url, **more)  # type: ignore[arg-type]  # handed on
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass(frozen=True, slots=True)
class Pair:
    stage: Stage
    client: FirstNode
    path: str


@asynccontextmanager
async def opened(chain: str) -> AsyncIterator[Pair]:
    async with bitcoin_stage() if chain == "bitcoin" else ethereum_stage() as stage:
        assert stage.world is not None
        client = FirstNode(sandbox=stage.world.client)
        urls = (f"{FIRST}/{chain}", f"{BASE_URL}/{chain}")
        gateway: ChainGateway = (
            BitcoinGateway(client=client, urls=urls)
            if chain == "bitcoin"
            else EthereumGateway(client=client, urls=urls)
        )
        yield Pair(replace(stage, gateway=gateway), client, chain)


@pytest.fixture(params=["bitcoin", "ethereum"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with opened(request.param) as found:
        yield found


REFUSED: Final = HttpUnavailable("first.test", "ConnectError")
SILENT: Final = HttpTimeout("first.test", "ReadTimeout")
NO_ANSWERS: Final[dict[str, HttpResponse | Exception]] = {
    "refused": REFUSED,
    "silent": SILENT,
    "failing": HttpResponse(500, {}, b""),
    "busy": HttpResponse(429, {}, b""),
    "locked": HttpResponse(401, {}, b""),
    "garbled": HttpResponse(200, {}, b"<html>"),
}


def test_a_chain_needs_a_node() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Nodes(HttpClient(), ())


async def test_the_first_node_is_asked_alone_while_it_answers(pair: Pair) -> None:
    assert await pair.stage.gateway.balance(pair.stage.account().address, pair.stage.asset) == 0

    assert set(pair.client.asked) == {"first.test"}


@pytest.mark.parametrize("kind", list(NO_ANSWERS))
async def test_the_second_reads_where_the_first_has_no_answer(pair: Pair, kind: str) -> None:
    account = await pair.stage.funded()
    pair.client.answer = NO_ANSWERS[kind]

    balance = await pair.stage.gateway.balance(account.address, pair.stage.asset)

    assert balance == pair.stage.plenty


@pytest.mark.parametrize("kind", list(NO_ANSWERS))
async def test_the_second_broadcasts_where_the_first_has_no_answer(pair: Pair, kind: str) -> None:
    signed = await pair.stage.signed(await pair.stage.funded(), pair.stage.account().address)
    pair.client.answer = NO_ANSWERS[kind]

    answer = await pair.stage.gateway.broadcast(signed)

    assert answer == Accepted(transaction_hash=signed.transaction_hash)


async def test_a_no_of_the_first_is_a_no(pair: Pair) -> None:
    pair.client.answer = HttpResponse(400, {}, b"no")

    answer = await pair.stage.gateway.balance(pair.stage.account().address, pair.stage.asset)

    assert isinstance(answer, Declined)
    assert pair.client.asked == ["first.test"]


async def test_a_no_after_an_unknown_outcome_stays_unknown(pair: Pair) -> None:
    """The first node may have spread what the second one does not take."""
    signed = await pair.stage.signed(await pair.stage.funded(), pair.stage.account().address)
    assert pair.stage.world is not None
    pair.client.answer = SILENT
    pair.stage.world.fault("error", pair.path, status=400)

    assert isinstance(await pair.stage.gateway.broadcast(signed), Unanswered)


async def test_a_no_after_a_refused_connection_is_a_no(pair: Pair) -> None:
    signed = await pair.stage.signed(await pair.stage.funded(), pair.stage.account().address)
    assert pair.stage.world is not None
    pair.client.answer = REFUSED
    pair.stage.world.fault("error", pair.path, status=400)

    assert isinstance(await pair.stage.gateway.broadcast(signed), Declined)


async def test_without_any_connection_nothing_was_sent(pair: Pair) -> None:
    signed = await pair.stage.signed(await pair.stage.funded(), pair.stage.account().address)
    pair.client.answer = REFUSED
    only = {"client": pair.client, "urls": (f"{FIRST}/{pair.path}",)}
    gateway: ChainGateway = (
        BitcoinGateway(**only) if pair.path == "bitcoin" else EthereumGateway(**only)  # type: ignore[arg-type]  # both alike
    )

    assert isinstance(await gateway.broadcast(signed), NotAttempted)


async def test_superseded_is_what_both_say(pair: Pair) -> None:
    stage = pair.stage
    sender = await stage.funded()
    first = await stage.prepared(sender, stage.account().address)
    second = await stage.prepared(sender, stage.account().address)
    other = stage.accept(second, sender).transaction_hash
    got(await stage.gateway.broadcast(stage.accept(first, sender)))
    await stage.simulator.mine(stage.final_blocks)

    seen = got(await stage.gateway.sighting(other, inputs=second.inputs))
    assert seen.presence is Presence.SUPERSEDED

    pair.client.answer = REFUSED
    seen = got(await stage.gateway.sighting(other, inputs=second.inputs))
    assert seen.presence is Presence.UNKNOWN


async def test_a_node_that_is_behind_does_not_hide_what_the_other_has(pair: Pair) -> None:
    stage = pair.stage
    signed = await stage.signed(await stage.funded(), stage.account().address)
    got(await stage.gateway.broadcast(signed))
    nothing = {"jsonrpc": "2.0", "id": 1, "result": None}
    behind = (
        HttpResponse(404, {}, b"Transaction not found")
        if pair.path == "bitcoin"
        else HttpResponse(200, {}, msgspec.json.encode(nothing))
    )
    pair.client.answer = behind

    seen = got(await stage.gateway.sighting(signed.transaction_hash))

    assert seen.presence is Presence.PENDING


async def test_a_block_that_no_longer_counts_includes_nothing(pair: Pair) -> None:
    """After a reorganisation a node may for a while name a block that was replaced."""
    stage = pair.stage
    sender = await stage.funded()
    signed = await stage.signed(sender, stage.account().address)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(stage.final_blocks)
    assert got(await stage.gateway.sighting(signed.transaction_hash)).presence is Presence.FINAL

    pair.client.replaced = True

    seen = got(await stage.gateway.sighting(signed.transaction_hash))
    assert (seen.presence, seen.depth, seen.block) == (Presence.PENDING, 0, None)
    assert await stage.gateway.movements(signed.transaction_hash) == ()
