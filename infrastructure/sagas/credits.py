"""Books money that came in without a transaction of ours, once, and finds it on the chains that are
looked at block by block.

A credit that an open transaction may be waiting for is left to it, for a while: whichever of the two
comes first claims it, and the other finds that it is booked.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from domain.contracts.commands import BookDepositCommand
from domain.provider.ports.answers import Setback
from domain.provider.ports.chain import ChainGateway, Credit, InvalidChainAddress
from domain.shared.assets import Asset, Chain
from domain.shared.ids import WalletId
from domain.shared.saga import Origin
from domain.wallet.claims import deposit_stream
from domain.wallet.handlers import book_deposit
from infrastructure.db.deposits import FIRST, Left, Owner, Receiver
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.sagas.tenure import Tenure

logger = logging.getLogger(__name__)

SAVE_SECONDS: Final = 30.0
"""So often the place is stored where nothing was found: what is looked at twice is booked once."""
PAGE_WALLETS: Final[Mapping[Chain, int]] = {
    Chain.BITCOIN: 100,
    Chain.ETHEREUM: 10_000,
    Chain.SUI: 100,
}
"""So many wallets between two renewals of the lease. On Ethereum they are one question together."""
BLOCKS_MAX: Final[Mapping[Chain, int]] = {
    Chain.BITCOIN: 1_008,
    Chain.ETHEREUM: 64,
    Chain.SUI: 400_000,
}
"""So many blocks in one look: a week, thirteen minutes, a day. What was missed for longer is caught
up with look by look. On Ethereum alone each block is a question."""


class Deposits(Protocol):
    """What the looking keeps, and asks of the log."""

    async def receivers(
        self, chain: Chain, after: WalletId, limit: int, *, asset: Asset | None = None
    ) -> Sequence[Receiver]: ...
    async def own(self, signatures: Sequence[str], wallet_id: WalletId) -> set[str]: ...
    async def is_awaited(self, credit: Credit, wallet_id: WalletId) -> bool: ...
    async def height(self, chain: Chain) -> int | None: ...
    async def looked_to(self, chain: Chain, height: int) -> None: ...
    async def leave(self, owner: Owner, credit: Credit) -> None: ...
    async def left(self, chain: Chain, *, patience_seconds: float) -> Sequence[Left]: ...
    async def settled(self, credit: Credit) -> None: ...
    async def acquire(self, lease: str, owner: str, *, seconds: float) -> bool: ...


class CreditBook:
    """`patience_seconds`: so long a credit is left to the transaction that may claim it."""

    def __init__(self, engine: SagaEngine, deposits: Deposits, *, patience_seconds: float) -> None:
        self._engine = engine
        self._deposits = deposits
        self._patience_seconds = patience_seconds

    async def take(self, owner: Owner, credit: Credit) -> None:
        """Books it, or leaves it."""
        if await self._deposits.is_awaited(credit, owner.wallet_id):
            await self._deposits.leave(owner, credit)
        else:
            await self._book_unless_own(owner, credit)

    async def take_up_left(self, chain: Chain) -> None:
        """Books what nobody waits for any more, and what was left for long enough."""
        for left in await self._deposits.left(chain, patience_seconds=self._patience_seconds):
            awaited = await self._deposits.is_awaited(left.credit, left.owner.wallet_id)
            if awaited and not left.is_due:
                continue
            if awaited:
                logger.warning("a credit was left to a transaction that did not claim it in time")
            await self._book_unless_own(left.owner, left.credit)
            await self._deposits.settled(left.credit)

    async def _book_unless_own(self, owner: Owner, credit: Credit) -> None:
        """What a transaction of the owner's own brought back is booked with it."""
        if not await self._deposits.own([credit.transaction_hash], owner.wallet_id):
            await self.book(owner, credit)

    async def book(self, owner: Owner, credit: Credit) -> None:
        """Once: what is claimed already stays as it is."""
        command = BookDepositCommand(
            asset=credit.asset,
            signature=credit.transaction_hash,
            instruction=credit.index,
            account=credit.address,
            amount=credit.amount,
            senders=credit.senders,
        )
        await self._engine.decide(
            deposit_stream(owner.wallet_id, credit.transaction_hash, credit.asset),
            lambda stream, facts: book_deposit(stream, command, facts),
            opening=Opening(
                wallet_id=owner.wallet_id,
                origin=Origin(user_id=owner.user_id, correlation_id=credit.transaction_hash),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Span:
    """The blocks that are being looked at, and the last wallet that they were looked at for."""

    after: int
    up_to: int
    wallet_id: WalletId = FIRST
    has_news: bool = False


class CreditWatcher:
    """`run` until cancelled; of several processes the one with the chain's lease looks."""

    def __init__(
        self,
        *,
        owner: str,
        deposits: Deposits,
        gateway: ChainGateway,
        book: CreditBook,
        poll_seconds: float,
    ) -> None:
        self._deposits = deposits
        self._gateway = gateway
        lease = f"deposits:{gateway.chain}"
        self._tenure = Tenure(deposits.acquire, lease=lease, owner=owner)
        self._book = book
        self._poll_seconds = poll_seconds
        self._reached = 0
        self._span: _Span | None = None
        self._save_at = 0.0

    async def run(self) -> None:
        """Looks, waits, looks again; who is behind does not wait."""
        while True:
            is_behind = False
            try:
                is_behind = await self.look()
            except Exception:
                logger.exception("credits on %s could not be looked for", self._gateway.chain)
            if not is_behind:
                await asyncio.sleep(self._poll_seconds)

    async def look(self) -> bool:
        """Takes what became final since the last look, and says whether there is more. A block counts
        as looked at once it was for every address; what fails is looked at again from there on, and
        booking again changes nothing."""
        chain = self._gateway.chain
        if not await self._tenure.is_held():
            return False
        await self._book.take_up_left(chain)
        final = await self._gateway.final_height()
        if not isinstance(final, int):
            logger.info("credits on %s cannot be looked for: %s", chain, final.reason)
            return False
        stored = await self._deposits.height(chain)
        if stored is None or not await self._deposits.receivers(chain, FIRST, 1):
            # What came in before the first wallet was here is nobody's of ours.
            await self._reach(final, has_news=stored is None)
            return False
        after = max(stored, self._reached)
        span = self._span
        if span is None or span.after != after:
            span = _Span(after, min(final, after + BLOCKS_MAX[chain]))
        if span.up_to <= after:
            return False
        return await self._look_through(span) and span.up_to < final

    async def _look_through(self, span: _Span) -> bool:
        """Whether to its end: not where the chain cannot tell, or another process looks by now."""
        chain = self._gateway.chain
        size = PAGE_WALLETS[chain]
        while page := await self._deposits.receivers(chain, span.wallet_id, size):
            found = await self._looked_at(page, span)
            if found is None or not await self._tenure.is_held():
                return False
            has_news = span.has_news or found > 0
            span = self._span = replace(span, wallet_id=page[-1].wallet_id, has_news=has_news)
        await self._reach(span.up_to, has_news=span.has_news)
        return True

    async def _reach(self, height: int, *, has_news: bool) -> None:
        self._reached = height
        if has_news or time.monotonic() >= self._save_at:
            self._save_at = time.monotonic() + SAVE_SECONDS
            await self._deposits.looked_to(self._gateway.chain, height)

    async def _looked_at(self, page: Sequence[Receiver], span: _Span) -> int | None:
        """How many credits there were; None where that is not known."""
        by_address = self._by_address(page)
        found = await self._gateway.credits(list(by_address), after=span.after, up_to=span.up_to)
        if isinstance(found, Setback):
            # Whatever it is, to pass over a block would lose what is in it.
            logger.error("credits on %s cannot be read: %s", self._gateway.chain, found.reason)
            return None
        for credit in found:
            await self._book.take(by_address[credit.address], credit)
        return len(found)

    def _by_address(self, page: Collection[Receiver]) -> dict[str, Receiver]:
        """By the spelling of the chain; what is no address of it receives nothing."""
        found = {}
        for one in page:
            try:
                found[self._gateway.parse_address(one.address)] = one
            except InvalidChainAddress:
                logger.warning("%s is no address of %s", one.address, self._gateway.chain)
        return found
