"""What a node's answer to a broadcast means, and which node is asked next."""

import httpx
import pytest
from solders.keypair import Keypair

from infrastructure.chains.solana.errors import RpcMalformed, RpcUnavailable
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Absence, BroadcastKind
from infrastructure.http import HttpClient

ONE, TWO = "http://one.example/", "http://two.example/"
OK = httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": "signature"})
REFUSED = httpx.ConnectError("refused")
BROKEN = httpx.ReadTimeout("slow")


def rejected(code: int, err: object = None) -> httpx.Response:
    error = {"code": code, "message": "no", "data": {"err": err}}
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "error": error})


class Network:
    def __init__(self, **answers: httpx.Response | Exception) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self.gateway = SolanaGateway(
            client=HttpClient(transport=httpx.MockTransport(self._answer)),
            rpc_urls=(ONE, TWO)[: len(answers)],
            fee_payer=Keypair(),
            treasury_owner=Keypair().pubkey(),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.split(".")[0]
        self.asked.append(name)
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (OK, BroadcastKind.ACCEPTED),
        (rejected(-32002, "AlreadyProcessed"), BroadcastKind.ACCEPTED),
        (rejected(-32002, "BlockhashNotFound"), BroadcastKind.DECLINED),
        (rejected(-32002, {"InstructionError": [0, "Custom"]}), BroadcastKind.DECLINED),
        (rejected(-32003), BroadcastKind.DECLINED),
        (rejected(-32005), BroadcastKind.NOT_ATTEMPTED),
        (rejected(-32603), BroadcastKind.UNKNOWN),
        (httpx.Response(429), BroadcastKind.NOT_ATTEMPTED),
        (httpx.Response(502), BroadcastKind.UNKNOWN),
        (httpx.Response(200, content=b"<html>"), BroadcastKind.UNKNOWN),
        (httpx.Response(200, content=b'{"result": 5}'), BroadcastKind.UNKNOWN),
        (REFUSED, BroadcastKind.NOT_ATTEMPTED),
        (BROKEN, BroadcastKind.UNKNOWN),
    ],
)
async def test_each_answer_has_one_meaning(
    answer: httpx.Response | Exception, kind: BroadcastKind
) -> None:
    network = Network(one=answer)

    outcome = await network.gateway.broadcast(b"transaction")

    assert outcome.kind is kind
    assert network.asked == ["one"]


async def test_the_next_node_is_asked_if_the_first_was_not_reached() -> None:
    network = Network(one=REFUSED, two=OK)

    outcome = await network.gateway.broadcast(b"transaction")

    assert outcome.kind is BroadcastKind.ACCEPTED
    assert network.asked == ["one", "two"]


async def test_nobody_else_is_asked_once_the_outcome_is_unknown() -> None:
    network = Network(one=BROKEN, two=OK)

    outcome = await network.gateway.broadcast(b"transaction")

    assert outcome.kind is BroadcastKind.UNKNOWN
    assert network.asked == ["one"]


async def test_reads_go_to_the_next_node_after_any_failure() -> None:
    slot = httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": 5})

    assert await Network(one=BROKEN, two=slot).gateway.rpc.slot() == 5
    with pytest.raises(RpcUnavailable):
        await Network(one=BROKEN, two=REFUSED).gateway.rpc.slot()
    with pytest.raises(RpcMalformed):
        await Network(one=OK).gateway.rpc.slot()


@pytest.mark.parametrize(
    ("height", "answered_slot", "absence"),
    [
        (100, 500, Absence.STILL_POSSIBLE),
        (101, 499, Absence.STILL_POSSIBLE),
        (101, 500, Absence.ABSENT),
    ],
)
async def test_absence_needs_height_and_a_node_as_far(
    height: int, answered_slot: int, absence: Absence
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        result: object = {"absoluteSlot": 500, "blockHeight": height}
        if b"getSignatureStatuses" in request.content:
            result = {"context": {"slot": answered_slot}, "value": [None]}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": result})

    gateway = SolanaGateway(
        client=HttpClient(transport=httpx.MockTransport(answer)),
        rpc_urls=(ONE,),
        fee_payer=Keypair(),
        treasury_owner=Keypair().pubkey(),
    )

    assert await gateway.prove_absence("signature", 100) is absence
