"""What the network asks of a user, in USDC by a price of SOL that may be trusted."""

from collections.abc import Awaitable
from typing import Final

from solders.pubkey import Pubkey

from domain.contracts.events import NetworkCost
from domain.shared.assets import SOL
from domain.shared.errors import Refused
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import TransferCost
from infrastructure.sagas.legs import network_cost
from infrastructure.services.prices import PriceBook

UNAVAILABLE: Final = "PRV_UNAVAILABLE"


class NetworkCosts:
    """Quotes for what is signed on Solana; the price of a quote is kept with it. Every method raises
    `PriceUnavailable` where no source tells a fresh price, and `Refused` where the chain is away."""

    def __init__(self, gateway: SolanaGateway, prices: PriceBook) -> None:
        self._gateway = gateway
        self._prices = prices

    async def of_transfer(self, recipient: Pubkey) -> NetworkCost:
        """Of a transfer of USDC to `recipient`, with an account for them where they have none."""
        return await self._priced(self._gateway.transfer_cost(recipient))

    async def of_swap(self, owner: str, *, wraps: bool) -> NetworkCost:
        """At most, of what a provider composes for `owner`; `wraps`: with one more account."""
        return await self._priced(self._gateway.swap_cost(parse_address(owner), wraps=wraps))

    async def _priced(self, asked: Awaitable[TransferCost]) -> NetworkCost:
        try:
            cost = await asked
        except RpcError:
            raise Refused(code=UNAVAILABLE) from None
        return network_cost(cost, await self._prices.price(SOL.symbol))
