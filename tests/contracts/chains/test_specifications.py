"""What the adapters ask and the sandboxes answer, against schemas.

The minimal schemas here always apply. The published ones are checked where ../shared is present.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]  # ships no types
import msgspec
import pytest

from domain.provider.ports.unsigned import EthereumCall
from domain.shared.assets import PAXG
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.http import HttpClient, HttpResponse
from tests.contracts.chains.stages import (
    BITCOIN_URL,
    ETHEREUM_URL,
    Stage,
    bitcoin_stage,
    ethereum_stage,
    got,
)
from tests.contracts.published import published

HEX64: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
STATUS: Final = {
    "type": "object",
    "required": ["confirmed"],
    "properties": {
        "confirmed": {"type": "boolean"},
        "block_height": {"type": "integer"},
        "block_hash": HEX64,
        "block_time": {"type": "integer"},
    },
}
OUTPUT: Final = {
    "type": "object",
    "required": ["scriptpubkey", "scriptpubkey_type", "value"],
    "properties": {
        "scriptpubkey": {"type": "string"},
        "scriptpubkey_address": {"type": "string"},
        "value": {"type": "integer"},
    },
}
TRANSACTION: Final = {
    "type": "object",
    "required": ["txid", "version", "locktime", "size", "weight", "fee", "vin", "vout", "status"],
    "properties": {
        "txid": HEX64,
        "fee": {"type": "integer"},
        "weight": {"type": "integer"},
        "vin": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["txid", "vout", "is_coinbase", "scriptsig", "sequence", "prevout"],
                "properties": {"txid": HEX64, "prevout": {"anyOf": [OUTPUT, {"type": "null"}]}},
            },
        },
        "vout": {"type": "array", "items": OUTPUT},
        "status": STATUS,
    },
}
SUMS: Final = {
    "type": "object",
    "required": [
        "tx_count",
        "funded_txo_count",
        "funded_txo_sum",
        "spent_txo_count",
        "spent_txo_sum",
    ],
    "additionalProperties": {"type": "integer"},
}
ESPLORA: Final[dict[str, object]] = {
    "GET /tx/:txid": TRANSACTION,
    "GET /tx/:txid/hex": {"type": "string", "pattern": "^[0-9a-f]+$"},
    "GET /tx/:txid/outspend/:vout": {
        "type": "object",
        "required": ["spent"],
        "properties": {"spent": {"type": "boolean"}, "txid": HEX64, "status": STATUS},
    },
    "POST /tx": HEX64,
    "GET /address/:address": {
        "type": "object",
        "required": ["address", "chain_stats", "mempool_stats"],
        "properties": {"chain_stats": SUMS, "mempool_stats": SUMS},
    },
    "GET /address/:address/utxo": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["txid", "vout", "value", "status"],
            "properties": {"txid": HEX64, "value": {"type": "integer"}, "status": STATUS},
        },
    },
    "GET /address/:address/txs/chain[/:last_seen_txid]": {"type": "array", "items": TRANSACTION},
    "GET /blocks/tip/height": {"type": "string", "pattern": "^[0-9]+$"},
    "GET /block/:hash/status": {
        "type": "object",
        "required": ["in_best_chain"],
        "properties": {"in_best_chain": {"type": "boolean"}},
    },
    "GET /fee-estimates": {
        "type": "object",
        "required": ["1", "3", "6", "25", "144", "504", "1008"],
        "additionalProperties": {"type": "number"},
    },
}
METHODS: Final = {
    "eth_getBalance": 2,
    "eth_call": 2,
    "eth_getTransactionCount": 2,
    "eth_estimateGas": 2,
    "eth_feeHistory": 3,
    "eth_sendRawTransaction": 1,
    "eth_getTransactionByHash": 1,
    "eth_getTransactionReceipt": 1,
    "eth_getBlockByNumber": 2,
    "eth_blockNumber": 0,
    "eth_getLogs": 1,
    "eth_getBlockAccessList": 1,
}


@dataclass(frozen=True, slots=True)
class Exchange:
    method: str
    url: str
    sent: bytes
    answer: HttpResponse


@dataclass(slots=True)
class Recorder(HttpClient):
    """Passes everything on, and keeps it."""

    inner: HttpClient
    kept: list[Exchange] = field(default_factory=list)

    async def request(
        self, method: str, url: str, *, content: bytes | None = None, **more: object
    ) -> HttpResponse:
        answer = await self.inner.request(method, url, content=content, **more)  # type: ignore[arg-type]  # handed on
        self.kept.append(Exchange(method, url, content or b"", answer))
        return answer


async def play(stage: Stage) -> None:
    """Every question that the gateway has."""
    gateway, sender = stage.gateway, await stage.funded()
    await gateway.balance(sender.address, stage.asset)
    recipient = stage.account().address
    first = await stage.prepared(sender, recipient)
    other = stage.accept(await stage.prepared(sender, sender.address), sender)
    signed = stage.accept(first, sender)
    await gateway.broadcast(signed)
    await gateway.sighting(signed.transaction_hash, inputs=first.inputs)
    await gateway.sighting(other.transaction_hash, inputs=first.inputs)
    await stage.simulator.mine(stage.final_blocks)
    await gateway.sighting(signed.transaction_hash, inputs=first.inputs)
    await gateway.sighting(other.transaction_hash, inputs=first.inputs)
    await gateway.movements(signed.transaction_hash)
    last = got(await gateway.final_height())
    got(await gateway.credits([sender.address, recipient], after=last - 3, up_to=last))


@pytest.fixture
async def esplora() -> AsyncIterator[list[Exchange]]:
    async with bitcoin_stage() as stage:
        assert stage.world is not None
        recorder = Recorder(stage.world.client)
        gateway = BitcoinGateway(client=recorder, urls=(BITCOIN_URL,))
        object.__setattr__(stage, "gateway", gateway)
        await play(stage)
        yield recorder.kept


@pytest.fixture
async def json_rpc() -> AsyncIterator[list[Exchange]]:
    async with ethereum_stage(PAXG) as stage:
        assert stage.world is not None
        recorder = Recorder(stage.world.client)
        gateway = EthereumGateway(client=recorder, urls=(ETHEREUM_URL,))
        object.__setattr__(stage, "gateway", gateway)
        await play(stage)
        sender = await stage.funded()
        call = EthereumCall(
            to=sender.address,
            data=b"",
            value=1,
            token=PAXG.contract,
            spender=sender.address,
            allowance=5,
        )
        got(await stage.gateway.prepare_call(sender.address, call))
        yield recorder.kept


def place_of(exchange: Exchange) -> str:
    """The path as the specification writes it."""
    path = urlsplit(exchange.url).path.removeprefix("/bitcoin")
    path = re.sub("^/address/[^/]+", "/address/:address", path)
    path = re.sub("^/tx/[0-9a-f]{64}", "/tx/:txid", path)
    path = re.sub("^/block/[0-9a-f]{64}", "/block/:hash", path)
    path = re.sub("/txs/chain(/[0-9a-f]{64})?$", "/txs/chain[/:last_seen_txid]", path)
    path = re.sub("/outspend/[0-9]+$", "/outspend/:vout", path)
    return f"{exchange.method} {path}"


def content_of(exchange: Exchange) -> object:
    if exchange.answer.headers["content-type"].startswith("text/plain"):
        return exchange.answer.body.decode()
    return msgspec.json.decode(exchange.answer.body)


def test_esplora_answers_as_it_should(esplora: list[Exchange]) -> None:
    seen = set()
    for exchange in esplora:
        if exchange.answer.status == 200:
            seen.add(place_of(exchange))
            jsonschema.validate(content_of(exchange), ESPLORA[place_of(exchange)])

    assert seen == set(ESPLORA)


def test_esplora_is_asked_what_it_offers(esplora: list[Exchange]) -> None:
    page = published("chains/bitcoin/esplora-API.md")
    # Some headings name two variants of a path, such as /hex and /raw, one a line.
    offered = set(re.findall(r"`((?:GET|POST) /[^`]*)`", page.read_text()))

    assert {place_of(exchange) for exchange in esplora} <= offered


def test_json_rpc_is_asked_and_answers_as_it_should(json_rpc: list[Exchange]) -> None:
    asked = [msgspec.json.decode(exchange.sent) for exchange in json_rpc]

    assert {one["method"] for one in asked} == set(METHODS)
    for one, exchange in zip(asked, json_rpc, strict=True):
        assert (one["jsonrpc"], one["id"]) == ("2.0", 1)
        assert len(one["params"]) == METHODS[one["method"]]
        answer = msgspec.json.decode(exchange.answer.body)
        assert answer["id"] == 1
        assert exchange.answer.headers["content-type"] == "application/json"


def test_json_rpc_fits_the_published_specification(json_rpc: list[Exchange]) -> None:
    page = published("chains/ethereum/refs-openrpc.json")
    document = msgspec.json.decode(page.read_bytes())
    methods = {one["name"]: one for one in document["methods"] if one["name"] in METHODS}
    checkers: dict[tuple[str, int], Any] = {}  # jsonschema's validators have no common type

    def check(key: tuple[str, int], schema: object, value: object) -> None:
        if key not in checkers:
            whole = {"allOf": [schema], "components": document["components"]}
            checkers[key] = jsonschema.Draft7Validator(whole)
        checkers[key].validate(value)

    for exchange in json_rpc:
        asked = msgspec.json.decode(exchange.sent)
        answer = msgspec.json.decode(exchange.answer.body)
        method = methods[asked["method"]]
        for place, (value, param) in enumerate(
            zip(asked["params"], method["params"], strict=False)
        ):
            check((method["name"], place), param["schema"], value)
        if "result" in answer:
            result = as_if_in_a_block(answer["result"])
            check((method["name"], -1), method["result"]["schema"], result)


def as_if_in_a_block(result: object) -> object:
    """The specification leaves out pending transactions, whose place nodes tell as null."""
    if not isinstance(result, dict) or result.get("blockHash", "") is not None:
        return result
    somewhere = {"blockHash": "0x" + 64 * "0"}
    return {
        name: somewhere.get(name, "0x0") if value is None else value
        for name, value in result.items()
    }
