"""Finds what reached an owner's holding of an asset, so that nothing between two calls is missed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from solders.pubkey import Pubkey

from domain.provider.ports.chain import Credit
from domain.shared.assets import USDC, Asset
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.errors import RpcMalformed, RpcUnavailable
from infrastructure.chains.solana.holdings import credit_of
from infrastructure.chains.solana.model import Inbound
from infrastructure.chains.solana.movements import footprint_of
from infrastructure.chains.solana.rpc import SIGNATURES_PAGE_MAX, SolanaRpc
from infrastructure.chains.solana.wire import SignatureInfo

# Half a million transactions of one account: beyond that the node repeats itself.
PAGES_MAX: Final = 500
PARALLEL_READS_MAX: Final = 8
BLOCK_TIME_MARGIN: Final = timedelta(minutes=1)
"""The time of a block is what its validators estimate."""


Known = Callable[[Sequence[str]], Awaitable[Collection[str]]]


async def nothing_known(_signatures: Sequence[str]) -> Collection[str]:
    """Every transaction is read."""
    return ()


def account_of(owner: Pubkey, asset: Asset) -> Pubkey:
    """The account that holds the owner's USDC, or SOL."""
    return associated_token_account(owner) if asset == USDC else owner


async def inbound_credits(
    rpc: SolanaRpc,
    owner: Pubkey,
    asset: Asset,
    *,
    after_signature: str | None,
    since: datetime | None = None,
    known: Known = nothing_known,
) -> Inbound:
    """Finalised receipts behind `after_signature`, none older than `since`, oldest first.

    One call reads at most two pages; the caller goes on from `newest_signature`. What `known`
    names is not read: it is booked elsewhere.
    """
    infos = await _oldest_signatures(rpc, account_of(owner, asset), after_signature, since)
    if not infos:
        return Inbound()
    booked_elsewhere = await known([info.signature for info in infos])
    gate = asyncio.Semaphore(PARALLEL_READS_MAX)

    async def read(info: SignatureInfo) -> Credit | None:
        async with gate:
            return await _receipt(rpc, info.signature, owner, asset)

    found = await asyncio.gather(
        *(
            read(info)
            for info in infos
            if info.err is None and info.signature not in booked_elsewhere
        )
    )
    return Inbound(
        credits=tuple(credit for credit in found if credit is not None),
        newest_signature=infos[-1].signature,
    )


async def _receipt(rpc: SolanaRpc, signature: str, owner: Pubkey, asset: Asset) -> Credit | None:
    record = await rpc.transaction(signature, "finalized")
    if record is None:
        # Listed as finalised and yet unknown: a node behind. To skip it would lose it.
        raise RpcUnavailable(f"{signature} is listed but not readable yet")
    left = footprint_of(record)
    if left is None:
        raise RpcMalformed(f"{signature} comes without its balances")
    return credit_of(left, signature, str(owner), asset)


async def _oldest_signatures(
    rpc: SolanaRpc, account: Pubkey, after: str | None, since: datetime | None
) -> list[SignatureInfo]:
    """Nodes list newest first, so pages are walked to the end and only the last two kept."""
    previous: list[SignatureInfo] = []
    before: str | None = None
    for _page in range(PAGES_MAX):
        page = await rpc.signatures_for_address(account, before=before, until=after)
        recent = [info for info in page if not _is_before(info, since)]
        if len(recent) < SIGNATURES_PAGE_MAX:
            return [*reversed(recent), *reversed(previous)]
        previous, before = page, page[-1].signature
    raise RpcMalformed(f"the signatures of {account} never end")


def _is_before(info: SignatureInfo, since: datetime | None) -> bool:
    """What has no time may be of today."""
    if since is None or info.block_time is None:
        return False
    return info.block_time < (since - BLOCK_TIME_MARGIN).timestamp()
