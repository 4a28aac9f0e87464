"""What nodes say to a transaction that they do not take, and what it is taken for."""

import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import Accepted, Signed
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.http import HttpClient, HttpResponse

NAME = 64 * "a"
HASH = "0x" + NAME


class Node(HttpClient):
    """Answers a broadcast with what it was given, and knows no transaction."""

    def __init__(self, broadcast: HttpResponse, lookup: HttpResponse) -> None:
        self._broadcast = broadcast
        self._lookup = lookup

    async def request(
        self, method: str, url: str, *, content: bytes | None = None, **_more: object
    ) -> HttpResponse:
        sends = (method, url[-3:]) == ("POST", "/tx") or (
            content is not None and b"sendRaw" in content
        )
        return self._broadcast if sends else self._lookup


async def bitcoin(status: int, text: str) -> Accepted | Setback:
    node = Node(HttpResponse(status, {}, text.encode()), HttpResponse(404, {}, b""))
    gateway = BitcoinGateway(client=node, urls=("http://node.test",))
    return await gateway.broadcast(Signed(raw=b"\0", transaction_hash=NAME))


async def ethereum(content: object, status: int = 200) -> Accepted | Setback:
    nothing = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "result": None})
    body = msgspec.json.encode(content)
    node = Node(HttpResponse(status, {}, body), HttpResponse(200, {}, nothing))
    gateway = EthereumGateway(client=node, urls=("http://node.test",))
    return await gateway.broadcast(Signed(raw=b"\0", transaction_hash=HASH))


def core(code: int, message: str) -> str:
    return f'sendrawtransaction RPC error: {{"code":{code},"message":"{message}"}}'


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-27, "Transaction already in block chain"),
        (-27, "Transaction outputs already in utxo set"),
        (-26, "txn-already-in-mempool"),
        (-26, "txn-already-known"),
    ],
)
async def test_bitcoin_known_already(code: int, message: str) -> None:
    assert await bitcoin(400, core(code, message)) == Accepted(transaction_hash=NAME)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-25, "bad-txns-inputs-missingorspent"),
        (-25, "Missing inputs"),
        (-26, "txn-mempool-conflict"),
        (-26, "insufficient fee, rejecting replacement abc; new feerate 0.1 <= old feerate 0.2"),
    ],
)
async def test_bitcoin_conflicts_are_no_clear_no(code: int, message: str) -> None:
    assert isinstance(await bitcoin(400, core(code, message)), Unanswered)


@pytest.mark.parametrize(
    ("code", "message", "catalogue_code"),
    [
        (-26, "min relay fee not met, 100 < 141", "TXN_COST_ROSE"),
        (-26, "mempool min fee not met, 100 < 141", "TXN_COST_ROSE"),
        (-26, "dust", "TXN_CHAIN_REFUSED"),
        (-26, "mempool-script-verify-flag-failed (Invalid Schnorr signature)", "TXN_CHAIN_REFUSED"),
        (-22, "TX decode failed", "TXN_CHAIN_REFUSED"),
    ],
)
async def test_bitcoin_noes(code: int, message: str, catalogue_code: str) -> None:
    answer = await bitcoin(400, core(code, message))

    assert answer == Declined(code=catalogue_code, reason=message, provider_code=str(code))


@pytest.mark.parametrize("text", ["", "ok", 64 * "b", 63 * "a"])
async def test_bitcoin_answers_that_name_another_transaction(text: str) -> None:
    assert isinstance(await bitcoin(200, text), Unanswered)


def error(code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    "message", ["already known", "known transaction: 0xab", "ALREADY EXISTS: already known"]
)
async def test_ethereum_known_already(message: str) -> None:
    assert await ethereum(error(-32000, message)) == Accepted(transaction_hash=HASH)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32000, "nonce too low: next nonce 9, tx nonce 7"),
        (-32000, "replacement transaction underpriced"),
        (-32000, "transaction underpriced: tip needed 1, tip permitted 0"),
        (-32603, "internal error"),
        (-32000, "words that nobody has seen before"),
        (-32010, "OldNonce"),
    ],
)
async def test_ethereum_no_clear_no(code: int, message: str) -> None:
    assert isinstance(await ethereum(error(code, message)), Unanswered)


@pytest.mark.parametrize(
    ("code", "message", "catalogue_code"),
    [
        (
            -32000,
            "insufficient funds for gas * price + value: balance 0, tx cost 5, overshot 5",
            "TXN_INSUFFICIENT_BALANCE",
        ),
        (-32000, "intrinsic gas too low: gas 20000, minimum needed 21000", "TXN_CHAIN_REFUSED"),
        (-32000, "invalid sender", "TXN_CHAIN_REFUSED"),
        (-32000, "invalid chain id for signer: have 5 want 1", "TXN_CHAIN_REFUSED"),
        (-32000, "transaction type not supported", "TXN_CHAIN_REFUSED"),
        (-32000, "max fee per gas less than block base fee", "TXN_COST_ROSE"),
        (-32602, "invalid argument 0: json: cannot unmarshal hex string", "TXN_CHAIN_REFUSED"),
    ],
)
async def test_ethereum_noes(code: int, message: str, catalogue_code: str) -> None:
    answer = await ethereum(error(code, message))

    assert answer == Declined(code=catalogue_code, reason=message, provider_code=str(code))


@pytest.mark.parametrize("code", [-32005, 429])
async def test_ethereum_limits(code: int) -> None:
    assert isinstance(await ethereum(error(code, "limit exceeded")), NotAttempted)
    assert isinstance(await ethereum(error(-32000, "txpool is full")), NotAttempted)


@pytest.mark.parametrize(
    "result", [None, 5, "", "0x", "0x" + 64 * "b", "0x" + 64 * "A", HASH + "0", ["x"]]
)
async def test_ethereum_answers_that_name_another_transaction(result: object) -> None:
    answer = await ethereum({"jsonrpc": "2.0", "id": 1, "result": result})

    assert isinstance(answer, Unanswered)


async def test_ethereum_errors_may_come_with_a_status() -> None:
    answer = await ethereum(error(-32000, "invalid sender"), status=400)

    assert isinstance(answer, Declined)
    assert answer.provider_code == "-32000"
