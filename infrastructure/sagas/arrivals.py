"""What providers deliver, looked up on the chain where it is to arrive.

A provider's word is a claim: what counts is what the chain shows, finally, on the address.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.provider.effects import Moved
from domain.provider.ports.chain import ChainGateway, Credit, Presence, Sighting
from domain.shared.assets import ASSETS, USDC, Asset, Chain
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.holdings import credit_of

logger = logging.getLogger(__name__)

PAGES_MAX: Final = 20
"""Of two thousand transactions each: more are not what one waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """It arrived: all that the transaction brought the address of the asset, and from whom."""

    moved: Moved
    senders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Astray:
    """The transaction is final and brought nothing of the asset to the address; `instead`: what it
    brought there of another."""

    instead: Credit | None = None

    @property
    def reason(self) -> str:
        """In words."""
        if self.instead is None:
            return "delivered to another address or another asset"
        return f"delivered {self.instead.asset} instead"


class Arrivals:
    """Solana through its own gateway, the others by their chain."""

    def __init__(self, chains: Mapping[Chain, ChainGateway], gateway: SolanaGateway) -> None:
        self._chains = chains
        self._gateway = gateway

    async def find(self, asset: Asset, address: str, hash_: str) -> Found | Astray | None:
        """What arrived. None: not there, or not final yet, or the chain cannot be asked."""
        credits_ = await self.credits(asset.chain, address, hash_)
        if credits_ is None:
            return None
        found = _of(asset, credits_)
        if isinstance(found, Astray):
            logger.error("a delivery does not fit what was asked: %s, %s", hash_, found.reason)
        return found

    async def of_usdc(
        self, address: str, *, after: str, since: datetime
    ) -> Sequence[Credit] | None:
        """All USDC that came in finally behind the transaction `after`, the oldest first; None: the
        chain cannot be asked."""
        found: list[Credit] = []
        try:
            for _page in range(PAGES_MAX):
                page = await self._gateway.inbound(
                    parse_address(address), USDC, after_signature=after, since=since
                )
                if page.newest_signature is None:
                    break
                found.extend(page.credits)
                after = page.newest_signature
        except RpcError as error:
            logger.info("what came in cannot be looked through: %s", error)
            return None
        return found

    async def credits(self, chain: Chain, address: str, hash_: str) -> list[Credit] | None:
        """All that the transaction left the address with; None as in `find`."""
        if chain is Chain.SOLANA:
            return await self._on_solana(address, hash_)
        return await self._on_chain(chain, address, hash_)

    async def _on_solana(self, address: str, hash_: str) -> list[Credit] | None:
        try:
            left = await self._gateway.footprint(hash_, "finalized")
        except RpcError as error:
            logger.info("a delivery cannot be looked up: %s", error)
            return None
        if left is None or not (left.movements or left.lamports):
            return None
        here = [asset for asset in ASSETS.values() if asset.chain is Chain.SOLANA]
        found = [credit_of(left, hash_, address, asset) for asset in here]
        return [credit for credit in found if credit is not None]

    async def _on_chain(self, name: Chain, address: str, hash_: str) -> list[Credit] | None:
        chain = self._chains.get(name)
        if chain is None:
            logger.error("a delivery waits for %s, which is not configured", name)
            return None
        sighting = await chain.sighting(hash_)
        if not isinstance(sighting, Sighting):
            return None
        if sighting.presence is Presence.REVERTED:
            # As final as any other: nothing of it has moved.
            return []
        if sighting.presence is not Presence.FINAL:
            return None
        received = await chain.received(hash_, [chain.parse_address(address)])
        return list(received) if isinstance(received, tuple) else None


def _of(asset: Asset, found: Sequence[Credit]) -> Found | Astray:
    for credit in found:
        if credit.asset == asset.symbol:
            moved = Moved(amount=credit.amount, instruction=credit.index, account=credit.address)
            return Found(moved=moved, senders=credit.senders)
    return Astray(found[0] if found else None)
