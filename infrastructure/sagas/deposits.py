"""Finds what came in on Solana without a transaction of ours, and has it booked.

One question for a hundred wallets: only those whose account changed are looked at closer.
"""

import asyncio
import logging
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.provider.ports.chain import Credit
from domain.shared.assets import USDC, Asset, Chain
from domain.shared.ids import WalletId
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.deposits import FIRST, Owner, Receiver
from infrastructure.sagas.tenure import Tenure

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
PAGE_WALLETS: Final = 100
"""What a node answers for in one request."""
THOROUGH_SECONDS: Final = 300.0
"""As much in as out between two looks leaves no trace in the balance; all are looked at then."""
STORE_SECONDS: Final = 10.0
"""While more and more comes, how far it was looked is stored so often; what a successor looks at
again it books once."""

CLOSER_LOOKS: Final = 15
"""A node may show an account's change before it lists the transaction; so often it is asked, or for
as many seconds where that is less often. What it lists meanwhile may be the transaction before, so
nothing that is found ends the looking."""


@dataclass(slots=True)
class _Account:
    """An account as it was seen last, and how often it is still to be looked at closer."""

    content: str | None
    looks_left: int


class Deposits(Protocol):
    """What the watcher keeps, and asks of the log."""

    async def receivers(
        self, chain: Chain, after: WalletId, limit: int, *, asset: Asset | None = None
    ) -> Sequence[Receiver]: ...
    async def broadcast_by_us(self, signatures: Sequence[str]) -> set[str]: ...
    async def own(self, signatures: Sequence[str], wallet_id: WalletId) -> set[str]: ...
    async def looked(self, address: str, asset: Asset, signature: str) -> None: ...
    async def acquire(self, lease: str, owner: str, *, seconds: float) -> bool: ...


class Book(Protocol):
    """Who books what is found: each credit once."""

    async def take(self, owner: Owner, credit: Credit) -> None: ...
    async def take_up_left(self, chain: Chain) -> None: ...
    async def book(self, owner: Owner, credit: Credit) -> None: ...


class DepositWatcher:
    """Of USDC, or of SOL. `run` until cancelled; of several processes the one with the lease looks."""

    def __init__(
        self,
        *,
        owner: str,
        deposits: Deposits,
        gateway: SolanaGateway,
        book: Book,
        asset: Asset = USDC,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._deposits = deposits
        lease = f"deposits:{asset.symbol}"
        self._tenure = Tenure(deposits.acquire, lease=lease, owner=owner)
        self._gateway = gateway
        self._book = book
        self._asset = asset
        self._poll_seconds = poll_seconds
        self._closer_looks = min(CLOSER_LOOKS, math.ceil(CLOSER_LOOKS / poll_seconds))
        self._seen: dict[str, _Account] = {}
        self._forget_at = 0.0
        self._looked: dict[str, str] = {}
        self._is_quiet = True
        self._store_at = 0.0

    async def run(self) -> None:
        """Looks, waits, looks again."""
        while True:
            try:
                if await self._tenure.is_held():
                    await self.look()
                else:
                    self._looked.clear()
            except RpcError as error:
                logger.info("deposits could not be looked for: %s", error)
            except Exception:
                logger.exception("deposits could not be looked for")
            await asyncio.sleep(self._poll_seconds)

    async def look(self) -> None:
        """Has booked what came in to any wallet since the last look."""
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + THOROUGH_SECONDS
            self._seen.clear()
        if not self._is_claimed_by_senders:
            await self._book.take_up_left(Chain.SOLANA)
        after, self._is_quiet = FIRST, True
        while page := await self._deposits.receivers(
            Chain.SOLANA, after, PAGE_WALLETS, asset=self._asset
        ):
            await self._look_at(page)
            after = page[-1].wallet_id
        if self._is_quiet or time.monotonic() >= self._store_at:
            await self._store()

    async def _store(self) -> None:
        """How far it was looked."""
        self._store_at = time.monotonic() + STORE_SECONDS
        while self._looked:
            address, signature = next(iter(self._looked.items()))
            await self._deposits.looked(address, self._asset, signature)
            del self._looked[address]

    @property
    def _is_claimed_by_senders(self) -> bool:
        """Our own transactions credit whomever they bring USDC: nothing of it is left to wait."""
        return self._asset == USDC

    async def _look_at(self, page: Sequence[Receiver]) -> None:
        owners = [parse_address(receiver.address) for receiver in page]
        contents = await self._gateway.holdings(owners, self._asset)
        for receiver, content in zip(page, contents, strict=True):
            account = self._seen.get(receiver.address)
            if account is None or account.content != content:
                account = self._seen[receiver.address] = _Account(content, self._closer_looks)
            if content is not None and account.looks_left:
                account.looks_left -= 1
                await self._book_or_leave(receiver)

    async def _book_or_leave(self, receiver: Receiver) -> None:
        """What a node cannot tell of one wallet must not keep the others waiting."""
        try:
            await self._book_since_last(receiver)
        except RpcError as error:
            logger.info("receipts of %s cannot be read: %s", receiver.address, error)
            self._seen.pop(receiver.address, None)

    async def _book_since_last(self, receiver: Receiver) -> None:
        found = await self._gateway.inbound(
            parse_address(receiver.address),
            self._asset,
            after_signature=self._looked.get(receiver.address, receiver.looked_up_to),
            # What they received before they were here, they may have spent before as well.
            since=receiver.created_at,
            known=lambda signatures: self._known(receiver, signatures),
        )
        for credit in found.credits:
            if self._is_claimed_by_senders:
                await self._book.book(receiver, credit)
            else:
                await self._book.take(receiver, credit)
        if found.newest_signature is not None:
            self._looked[receiver.address] = found.newest_signature
            self._is_quiet = False

    async def _known(self, receiver: Receiver, signatures: Sequence[str]) -> Collection[str]:
        if self._is_claimed_by_senders:
            return await self._deposits.broadcast_by_us(signatures)
        return await self._deposits.own(signatures, receiver.wallet_id)
