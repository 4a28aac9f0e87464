"""What is bought of a provider comes out of the faucet of the asset's own chain."""

from typing import Final

from domain.provider.ports.chain import InvalidChainAddress
from domain.shared.assets import ASSETS, SOL, Asset, Chain
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.solana_chain import SolanaChain

AMOUNT_MAX: Final = 2**96
"""Base units: ten times all ETH there is."""


class Delivery:
    """The other chains' libraries are imported with their first delivery: they cost memory."""

    def __init__(self, world: World, solana: SolanaChain) -> None:
        self._world = world
        self._solana = solana

    async def __call__(self, *, asset: str, chain: str, address: str, amount: int) -> str:
        """The hash of the transaction. ValueError for what has no faucet here."""
        known = ASSETS.get(asset)
        if known is None or known.chain != chain or not 0 < amount <= AMOUNT_MAX:
            raise ValueError(f"no {amount} of {asset} on {chain} in this sandbox")
        try:
            return self._given(known, address, amount)
        except InvalidChainAddress as error:
            raise ValueError(f"no address of {chain}: {address}") from error

    def _given(self, asset: Asset, address: str, amount: int) -> str:
        match asset.chain:
            case Chain.SOLANA:
                owner = parse_address(address)
                give = self._solana.airdrop if asset == SOL else self._solana.mint_usdc
                return give(owner, amount)
            case Chain.BITCOIN:
                from infrastructure.chains.bitcoin.addresses import parse
                from infrastructure.sandbox.bitcoin.ledger import Ledger as Bitcoin

                return Bitcoin(self._world).fund(parse(address).script, amount, confirmed=True)
            case Chain.ETHEREUM:
                from infrastructure.sandbox.ethereum.faucet import Faucet as EthereumFaucet
                from infrastructure.sandbox.ethereum.ledger import Ledger as Ethereum

                faucet = EthereumFaucet(self._world, Ethereum(self._world))
                return faucet.give(asset, address, amount)
            case Chain.SUI:
                from infrastructure.sandbox.sui.faucet import Faucet as SuiFaucet
                from infrastructure.sandbox.sui.ledger import Ledger as Sui

                return SuiFaucet(self._world, Sui(self._world)).give(address, amount)
