"""Every provider and chain that the platform speaks to, opened."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.provider.ports.answers import WebhookReader
from domain.provider.ports.chain import ChainGateway
from domain.provider.ports.defi import DeFiProvider
from domain.provider.ports.dex import DEXProvider
from domain.provider.ports.offramp import OffRampProvider
from domain.provider.ports.onramp import OnRampProvider
from domain.provider.ports.prices import PriceSource
from domain.shared.assets import Chain
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.chains import open_chains
from infrastructure.services.connections.markets import open_defi, open_dexes, open_prices
from infrastructure.services.connections.model import Connections
from infrastructure.services.connections.ramps import open_off_ramps, open_on_ramps


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """By the names of the registry; a chain by itself. `prices` in the order in which they are
    asked. Solana's own gateway is not among `chains`."""

    on_ramps: Mapping[str, OnRampProvider]
    off_ramps: Mapping[str, OffRampProvider]
    dexes: Mapping[str, DEXProvider]
    defi: Mapping[str, DeFiProvider]
    prices: Mapping[str, PriceSource]
    chains: Mapping[Chain, ChainGateway]

    @property
    def webhook_readers(self) -> Mapping[str, WebhookReader]:
        return {**self.on_ramps, **self.off_ramps}


def open_providers(connections: Connections, access: Access) -> Providers:
    """Raises `StartupError` for a key that is none."""
    return Providers(
        on_ramps=open_on_ramps(connections, access),
        off_ramps=open_off_ramps(connections, access),
        dexes=open_dexes(connections, access),
        defi=open_defi(connections, access),
        prices=open_prices(connections, access),
        chains=open_chains(connections, access),
    )
