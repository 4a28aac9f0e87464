"""Exchanges and bridges, DeFi and prices. Adapters are imported when they are used."""

from domain.provider.ports.defi import DeFiProvider
from domain.provider.ports.dex import DEXProvider
from domain.provider.ports.prices import PriceSource
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.model import (
    Connections,
    DebridgeConnection,
    JupiterConnection,
    KaminoConnection,
    KeyedConnection,
    LifiConnection,
)


def open_dexes(connections: Connections, access: Access) -> dict[str, DEXProvider]:
    opened: dict[str, DEXProvider] = {}
    if connections.jupiter is not None:
        opened["jupiter"] = _jupiter(connections.jupiter, access)
    if connections.lifi is not None:
        opened["lifi"] = _lifi(connections.lifi, access)
    if connections.debridge is not None:
        opened["debridge"] = _debridge(connections.debridge, access)
    return opened


def open_defi(connections: Connections, access: Access) -> dict[str, DeFiProvider]:
    opened: dict[str, DeFiProvider] = {}
    if connections.kamino is not None:
        opened["kamino"] = _kamino(connections.kamino, access)
    if connections.jupiter_lend is not None:
        opened["jupiter_lend"] = _jupiter_lend(connections.jupiter_lend, access)
    return opened


def open_prices(connections: Connections, access: Access) -> dict[str, PriceSource]:
    """In the order in which they are asked."""
    opened: dict[str, PriceSource] = {}
    if connections.jupiter is not None:
        opened["jupiter"] = _jupiter_prices(connections.jupiter, access)
    if connections.coingecko is not None:
        opened["coingecko"] = _coingecko(connections.coingecko, access)
    return opened


def _jupiter(at: JupiterConnection, access: Access) -> DEXProvider:
    from infrastructure.providers.jupiter.adapter import JupiterSwaps

    return JupiterSwaps(
        access.client("jupiter"),
        base_url=at.base_url,
        api_key=at.api_key,
        clock=access.clock,
        accounts_max=at.accounts_max,
    )


def _lifi(at: LifiConnection, access: Access) -> DEXProvider:
    from infrastructure.providers.lifi.adapter import LifiSwaps

    return LifiSwaps(
        access.client("lifi"),
        base_url=at.base_url,
        api_key=at.api_key,
        integrator=at.integrator,
        clock=access.clock,
    )


def _debridge(at: DebridgeConnection, access: Access) -> DEXProvider:
    from infrastructure.providers.debridge.adapter import DebridgeSwaps

    return DebridgeSwaps(
        access.client("debridge"),
        base_url=at.base_url,
        access_token=at.access_token,
        stats_url=at.stats_url,
        clock=access.clock,
    )


def _kamino(at: KaminoConnection, access: Access) -> DeFiProvider:
    from infrastructure.providers.kamino.adapter import KaminoVaults

    return KaminoVaults(
        access.client("kamino"),
        base_url=at.base_url,
        clock=access.clock,
        vaults=tuple(at.vaults),
        locks={vault: seconds for vault, seconds in at.vaults.items() if seconds},
    )


def _jupiter_lend(at: KeyedConnection, access: Access) -> DeFiProvider:
    from infrastructure.providers.jupiter_lend.adapter import JupiterLend

    return JupiterLend(
        access.client("jupiter_lend"),
        base_url=at.base_url,
        api_key=at.api_key,
        clock=access.clock,
    )


def _jupiter_prices(at: JupiterConnection, access: Access) -> PriceSource:
    from infrastructure.providers.jupiter.prices import JupiterPrices

    return JupiterPrices(
        access.client("jupiter"), base_url=at.base_url, api_key=at.api_key, clock=access.clock
    )


def _coingecko(at: KeyedConnection, access: Access) -> PriceSource:
    from infrastructure.providers.coingecko.adapter import CoinGeckoPrices

    return CoinGeckoPrices(
        access.client("coingecko"), base_url=at.base_url, api_key=at.api_key, clock=access.clock
    )
