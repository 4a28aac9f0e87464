"""Speaks to the simulated nodes as they are, past the gateways."""

import msgspec

from infrastructure.http import HttpResponse
from tests.contracts.chains.stages import BITCOIN_URL, ETHEREUM_URL, Stage
from tests.contracts.worlds import ProviderWorld


def world_of(stage: Stage) -> ProviderWorld:
    assert stage.world is not None
    return stage.world


async def call(stage: Stage, method: str, *params: object) -> dict[str, object]:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return await post(stage, msgspec.json.encode(body))


async def post(stage: Stage, content: bytes) -> dict[str, object]:
    answer = await world_of(stage).client.request("POST", ETHEREUM_URL, content=content)
    return msgspec.json.decode(answer.body, type=dict[str, object])


async def get(stage: Stage, path: str) -> HttpResponse:
    return await world_of(stage).client.request("GET", BITCOIN_URL + path)


async def order(stage: Stage, url: str, content: object) -> int:
    body = msgspec.json.encode(content)
    return (await world_of(stage).client.request("POST", url, content=body)).status
