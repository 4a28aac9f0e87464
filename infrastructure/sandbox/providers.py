"""Every simulated provider, in the world that they share."""

from starlette.routing import BaseRoute

from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.sandbox.coinbase import server as coinbase
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.stripe import server as stripe


class Delivery:
    """What is bought of a provider comes out of the faucet of the asset's own chain."""

    def __init__(self, solana: SolanaNode) -> None:
        self._solana = solana

    async def __call__(self, *, asset: str, chain: str, address: str, amount: int) -> str:
        """The hash of the transaction. ValueError for what is not simulated here."""
        if (asset, chain) != (USDC.symbol, USDC.chain):
            raise ValueError(f"no {asset} on {chain} in this sandbox")
        return self._solana.mint_usdc(parse_address(address), amount)


def provider_mounts(world: World, sender: WebhookSender, solana: SolanaNode) -> list[BaseRoute]:
    """The routes of all providers, each below its own base path."""
    deliver = Delivery(solana)
    return [
        *coinbase.mount(world, sender, deliver=deliver),
        *stripe.mount(world, sender, deliver=deliver),
    ]
