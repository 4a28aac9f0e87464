"""`Sources` of the sandbox: bridges are paid on all of its chains."""

from collections.abc import Sequence

from domain.provider.ports.chain import InvalidChainAddress
from domain.shared.assets import ASSETS, Chain
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.lifi.solana import SolanaSource
from infrastructure.sandbox.market import Credit, Payment
from infrastructure.sandbox.solana_chain import SolanaChain


class ChainSources:
    """The other chains' libraries are imported with their first payment: they cost memory."""

    def __init__(self, world: World, solana: SolanaChain) -> None:
        self._world = world
        self._solana = SolanaSource(solana)

    async def payment(self, *, asset: str, sender: str, order: str, amount: int) -> Payment | None:
        """On Ethereum the bridge's own call is the payment."""
        chain = ASSETS[asset].chain
        if chain is Chain.SOLANA:
            return await self._solana.payment(
                asset=asset, sender=sender, order=order, amount=amount
            )
        try:
            return self._payment(chain, sender, order, amount)
        except InvalidChainAddress:
            return None

    async def credits(self, *, chain: str, transaction_hash: str) -> Sequence[Credit]:
        match chain:
            case Chain.BITCOIN:
                from infrastructure.sandbox.bitcoin import source as bitcoin
                from infrastructure.sandbox.bitcoin.ledger import Ledger as Bitcoin

                return bitcoin.credits_of(Bitcoin(self._world), transaction_hash)
            case Chain.ETHEREUM:
                from infrastructure.sandbox.ethereum import source as ethereum
                from infrastructure.sandbox.ethereum.ledger import Ledger as Ethereum

                return ethereum.credits_of(Ethereum(self._world), transaction_hash)
            case Chain.SUI:
                from infrastructure.sandbox.sui import source as sui
                from infrastructure.sandbox.sui.ledger import Ledger as Sui

                return sui.credits_of(Sui(self._world), transaction_hash)
            case _:
                return await self._solana.credits(chain=chain, transaction_hash=transaction_hash)

    def _payment(self, chain: Chain, sender: str, order: str, amount: int) -> Payment | None:
        if chain is Chain.BITCOIN:
            from infrastructure.sandbox.bitcoin import source as bitcoin
            from infrastructure.sandbox.bitcoin.ledger import Ledger as Bitcoin

            ledger = Bitcoin(self._world)
            return bitcoin.payment_of(ledger, sender=sender, order=order, amount=amount)
        if chain is Chain.SUI:
            from infrastructure.sandbox.sui import source as sui
            from infrastructure.sandbox.sui.ledger import Ledger as Sui

            objects = Sui(self._world)
            return sui.payment_of(objects, sender=sender, order=order, amount=amount)
        return None
