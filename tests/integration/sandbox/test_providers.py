"""The sandbox that `diboas up` starts has every simulated provider and chain in it."""

from pathlib import Path

import pytest
from starlette.routing import Mount, Route

import infrastructure.sandbox
from domain.shared.assets import BTC, SOL, USDC
from infrastructure.sandbox.deliveries import Delivery
from tests.integration.sandbox.conftest import World

SIMULATED = sorted(
    server.parent.name for server in Path(infrastructure.sandbox.__path__[0]).glob("*/server.py")
)


@pytest.mark.parametrize("name", [name for name in SIMULATED if name != "frame"])
async def test_each_is_below_its_own_base_path(world: World, name: str) -> None:
    paths = [route.path for route in world.app.routes if isinstance(route, Mount | Route)]
    assert any(path == f"/{name}" or path.startswith(f"/{name}/") for path in paths)


async def test_what_a_provider_delivers_comes_from_the_assets_own_chain(world: World) -> None:
    deliver = Delivery(world.app.state.world, world.app.state.solana)
    bob = str(world.bob.pubkey())
    for asset, amount in ((USDC, 5_000_000), (SOL, 7_000_000)):
        assert await deliver(asset=asset.symbol, chain=asset.chain, address=bob, amount=amount)
    world.clock.pass_ms(500)
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 5_000_000
    assert await world.gateway.rpc.balance(world.bob.pubkey()) == 7_000_000


async def test_what_has_no_faucet_is_not_delivered(world: World) -> None:
    deliver = Delivery(world.app.state.world, world.app.state.solana)
    with pytest.raises(ValueError, match="no address of BITCOIN"):
        await deliver(asset=BTC.symbol, chain=BTC.chain, address="x", amount=1)
    with pytest.raises(ValueError, match="of BTC on SOLANA"):
        await deliver(asset=BTC.symbol, chain=SOL.chain, address="x", amount=1)


async def test_a_fault_of_nobody_is_refused_with_those_there_are(world: World) -> None:
    good = {"kind": "outage", "provider": "coinbase"}
    misspelt = await world.http.post(
        "/control/faults", json=[good, {"kind": "outage", "provider": "coinbsae"}]
    )
    assert misspelt.status_code == 400
    assert "no provider coinbsae" in misspelt.text
    assert "coinbase" in misspelt.text.partition("there are")[2]
    assert (await world.http.get("/control/faults")).json() == {"faults": []}

    assert (await world.http.delete("/control/faults?provider=coinbsae")).status_code == 400
    assert (await world.http.post("/control/faults", json=good)).status_code == 200
