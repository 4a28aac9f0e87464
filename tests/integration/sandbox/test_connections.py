"""What the command line writes for a sandbox opens every provider and chain that it simulates."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from domain.provider.ports.answers import NotAttempted, Provider
from domain.shared.assets import BTC, ETH, SUI, Asset
from infrastructure.cli.provider_keys import connections
from infrastructure.sandbox.frame.faults import ProviderFault
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.model import Connections, load_connections
from infrastructure.services.connections.providers import Providers, open_providers
from infrastructure.settings import StartupError
from tests.integration.sandbox.conftest import URL, World

ADDRESSES = {
    BTC: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ETH: "0x52908400098527886E0F7030069857D2E4169EE7",
    SUI: "0x" + "5" * 64,
}


def opened(world: World, tmp_path: Path) -> Providers:
    file = tmp_path / "providers.json"
    secrets = world.app.state.world.credentials()
    file.write_bytes(msgspec.json.encode(connections(URL, secrets)))
    now = datetime.fromtimestamp(world.clock(), UTC)
    return open_providers(load_connections(file), Access(world.client, lambda: now))


async def test_every_connection_is_used_and_answers(world: World, tmp_path: Path) -> None:
    providers = opened(world, tmp_path)
    by_kind: dict[str, dict[str, Provider]] = {
        kind.name: getattr(providers, kind.name)
        for kind in fields(providers)
        if kind.name != "chains"
    }
    names = {name for kind in by_kind.values() for name in kind}
    chains = {chain.lower() for chain in providers.chains}
    assert names | chains == set(Connections.__struct_fields__)
    for kind in by_kind.values():
        for name, provider in kind.items():
            assert provider.name == name
            assert await provider.healthy(), name


async def test_every_chain_answers(world: World, tmp_path: Path) -> None:
    providers = opened(world, tmp_path)
    for asset, address in ADDRESSES.items():
        gateway = providers.chains[asset.chain]
        assert gateway.chain is asset.chain
        assert await gateway.healthy()
        assert await gateway.balance(address, asset) == 0


@pytest.mark.parametrize("asset", ADDRESSES)
async def test_when_a_node_is_out_the_chains_other_one_answers(
    world: World, tmp_path: Path, asset: Asset
) -> None:
    gateway, node = opened(world, tmp_path).chains[asset.chain], asset.chain.lower()
    faults = world.app.state.world.faults
    faults.add(ProviderFault(kind="outage", provider=node))
    assert await gateway.balance(ADDRESSES[asset], asset) == 0
    faults.add(ProviderFault(kind="outage", provider=f"{node}_2"))
    assert isinstance(await gateway.balance(ADDRESSES[asset], asset), NotAttempted)


async def test_the_vaults_are_offered_with_their_locks(world: World, tmp_path: Path) -> None:
    offers = await opened(world, tmp_path).defi["kamino"].offers()
    assert isinstance(offers, tuple)
    assert sorted(offer.lock_seconds for offer in offers) == [0, 0, 30 * 86_400]


def test_a_webhook_key_that_is_none_is_told_at_the_start(world: World, tmp_path: Path) -> None:
    secrets = world.app.state.world.credentials()
    content = connections(URL, {**secrets, "due.webhook_public_key": "none"})
    file = tmp_path / "providers.json"
    file.write_bytes(msgspec.json.encode(content))
    with pytest.raises(StartupError, match="due: a webhook key is no PEM"):
        open_providers(load_connections(file), Access(world.client, lambda: datetime.now(UTC)))
