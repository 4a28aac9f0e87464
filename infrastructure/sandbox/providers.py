"""Every simulated provider and chain, in the world that they share."""

from starlette.routing import BaseRoute

from infrastructure.sandbox.bitcoin import server as bitcoin
from infrastructure.sandbox.bridge import server as bridge
from infrastructure.sandbox.coinbase import server as coinbase
from infrastructure.sandbox.coingecko import server as coingecko
from infrastructure.sandbox.debridge import server as debridge
from infrastructure.sandbox.deliveries import Delivery
from infrastructure.sandbox.deposit_accounts import DepositAccounts
from infrastructure.sandbox.due import server as due
from infrastructure.sandbox.ethereum import server as ethereum
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter import server as jupiter
from infrastructure.sandbox.jupiter_lend import server as jupiter_lend
from infrastructure.sandbox.kamino import server as kamino
from infrastructure.sandbox.lifi import server as lifi
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.sources import ChainSources
from infrastructure.sandbox.stripe import server as stripe
from infrastructure.sandbox.sui import server as sui


def provider_mounts(world: World, sender: WebhookSender, solana: SolanaNode) -> list[BaseRoute]:
    """The routes of all of them, each below its own base path."""
    deliver, source = Delivery(world, solana), ChainSources(world, solana)
    bridge_accounts = DepositAccounts(world, solana, bridge.PROVIDER)
    due_accounts = DepositAccounts(world, solana, due.PROVIDER)
    return [
        *coinbase.mount(world, sender, deliver=deliver),
        *stripe.mount(world, sender, deliver=deliver),
        *bridge.mount(
            world,
            sender,
            chain=bridge_accounts,
            refund=bridge_accounts,
            new_address=bridge_accounts.new_address,
        ),
        *due.mount(
            world,
            sender,
            chain=due_accounts,
            refund=due_accounts,
            new_address=due_accounts.new_address,
        ),
        *jupiter.mount(world, sender, chain=solana),
        *lifi.mount(world, sender, deliver=deliver, sources=source),
        *debridge.mount(world, sender, deliver=deliver, sources=source),
        *kamino.mount(world, sender, chain=solana),
        *jupiter_lend.mount(world, sender, chain=solana),
        *coingecko.mount(world, sender),
        *bitcoin.mount(world),
        *ethereum.mount(world),
        *sui.mount(world),
    ]
