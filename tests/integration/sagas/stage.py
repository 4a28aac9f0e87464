"""A platform in processes of its own, with customers who are about to send to each other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infrastructure.db.pool import Pool, create_pool
from tests.conftest import Database
from tests.integration.sagas.audit import Audit
from tests.integration.sagas.customers import Phone, Sent, introduced
from tests.integration.sagas.processes import Platform, platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everybody hears their events already; the fee payer has `lamports`."""

    platform: Platform
    pool: Pool
    phones: Sequence[Phone]
    lamports: int

    def audit(self, sent: Sequence[Sent]) -> Audit:
        """Of all that was sent until now."""
        return Audit(
            platform=self.platform,
            pool=self.pool,
            phones=self.phones,
            sent=sent,
            lamports_before=self.lamports,
        )


@asynccontextmanager
async def stage(
    folder: Path, database: Database, *, timing: Mapping[str, int], workers: int, customers: int
) -> AsyncIterator[Stage]:
    """See `platform` for what runs; nothing of it is left at the end."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(
            platform(folder, database, timing=timing, workers=workers)
        )
        pool = await stack.enter_async_context(await create_pool(database.app_url, size_max=2))
        phones = [Phone(opened, c) for c in await introduced(opened, pool, customers)]
        for phone in phones:
            await stack.enter_async_context(phone.listening())
        yield Stage(
            platform=opened,
            pool=pool,
            phones=phones,
            lamports=await opened.rpc.balance(opened.fee_payer.pubkey()),
        )
