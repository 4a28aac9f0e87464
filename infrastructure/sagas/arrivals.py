"""What providers deliver, looked up on the chain where it is to arrive.

A provider's word is a claim: what counts is what the chain shows, finally, on the address.
"""

import logging
from collections.abc import Mapping
from enum import Enum

from domain.provider.effects import Moved
from domain.provider.ports.chain import ChainGateway, Movement, Presence, Sighting
from domain.shared.assets import Asset, Chain
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.sagas.swaps import moved

logger = logging.getLogger(__name__)


class Astray(Enum):
    """The transaction is final and brought nothing of the asset to the address."""

    ASTRAY = "delivered to another address or another asset"


class Arrivals:
    """Solana through its own gateway, the others by their chain."""

    def __init__(self, chains: Mapping[Chain, ChainGateway], gateway: SolanaGateway) -> None:
        self._chains = chains
        self._gateway = gateway

    async def find(self, asset: Asset, address: str, hash_: str) -> Moved | Astray | None:
        """What arrived. None: not there, or not final yet, or the chain cannot be asked."""
        if asset.chain is Chain.SOLANA:
            found = await self._on_solana(asset, address, hash_)
        else:
            found = await self._on_chain(asset, address, hash_)
        if found is Astray.ASTRAY:
            logger.error("a delivery does not fit what was asked: %s", hash_)
        return found

    async def _on_solana(self, asset: Asset, address: str, hash_: str) -> Moved | Astray | None:
        try:
            left = await self._gateway.footprint(hash_, "finalized")
        except RpcError as error:
            logger.info("a delivery cannot be looked up: %s", error)
            return None
        if left is None or not (left.movements or left.lamports):
            return None
        came = moved(left, address, asset)
        return came if came is not None and came.amount > 0 else Astray.ASTRAY

    async def _on_chain(self, asset: Asset, address: str, hash_: str) -> Moved | Astray | None:
        chain = self._chains.get(asset.chain)
        if chain is None:
            logger.error("a delivery waits for %s, which is not configured", asset.chain)
            return None
        credits_ = await _final_credits(chain, hash_)
        if credits_ is None:
            return None
        own = chain.parse_address(address)
        for credit in credits_:
            if credit.address == own and credit.asset == asset.symbol:
                return Moved(amount=credit.amount, instruction=credit.index, account=credit.address)
        return Astray.ASTRAY


async def _final_credits(chain: ChainGateway, hash_: str) -> tuple[Movement, ...] | None:
    """None while the transaction is not final, or the chain cannot be asked."""
    sighting = await chain.sighting(hash_)
    if not isinstance(sighting, Sighting) or sighting.presence is not Presence.FINAL:
        return None
    credits_ = await chain.movements(hash_)
    return credits_ if isinstance(credits_, tuple) else None
