"""Chains other than Solana, whose gateway has settings of its own. Imported when they are used:
Ethereum's libraries alone cost 25 MB."""

from domain.provider.ports.chain import ChainGateway
from domain.shared.assets import Chain
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.model import (
    Connections,
    EthereumConnection,
    NodesConnection,
)


def open_chains(connections: Connections, access: Access) -> dict[Chain, ChainGateway]:
    opened: dict[Chain, ChainGateway] = {}
    if connections.bitcoin is not None:
        opened[Chain.BITCOIN] = _bitcoin(connections.bitcoin, access)
    if connections.ethereum is not None:
        opened[Chain.ETHEREUM] = _ethereum(connections.ethereum, access)
    if connections.sui is not None:
        opened[Chain.SUI] = _sui(connections.sui, access)
    return opened


def _bitcoin(at: NodesConnection, access: Access) -> ChainGateway:
    from infrastructure.chains.bitcoin.gateway import BitcoinGateway

    return BitcoinGateway(client=access.client("bitcoin", at.urls), urls=at.urls)


def _ethereum(at: EthereumConnection, access: Access) -> ChainGateway:
    from infrastructure.chains.ethereum.gateway import EthereumGateway

    client = access.client("ethereum", at.urls)
    return EthereumGateway(client=client, urls=at.urls, chain_id=at.chain_id)


def _sui(at: NodesConnection, access: Access) -> ChainGateway:
    from infrastructure.chains.sui.gateway import SuiGateway

    return SuiGateway(client=access.client("sui", at.urls), urls=at.urls)
