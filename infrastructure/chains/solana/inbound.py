"""Finds what reached an owner's USDC account, so that nothing between two calls is missed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import USDC_MINT, associated_token_account
from infrastructure.chains.solana.errors import RpcMalformed, RpcUnavailable
from infrastructure.chains.solana.model import Inbound, InboundTransfer, TokenMovement
from infrastructure.chains.solana.movements import token_movements
from infrastructure.chains.solana.rpc import SIGNATURES_PAGE_MAX, SolanaRpc
from infrastructure.chains.solana.wire import SignatureInfo

# Half a million transactions of one account: beyond that the node repeats itself.
PAGES_MAX: Final = 500
PARALLEL_READS_MAX: Final = 8


Known = Callable[[Sequence[str]], Awaitable[Collection[str]]]


async def nothing_known(_signatures: Sequence[str]) -> Collection[str]:
    """Every transaction is read."""
    return ()


async def inbound_transfers(
    rpc: SolanaRpc, owner: Pubkey, after_signature: str | None, known: Known = nothing_known
) -> Inbound:
    """Finalised USDC receipts since `after_signature`, oldest first.

    One call reads at most two pages; the caller goes on from `newest_signature`. What `known`
    names is not read: it is booked elsewhere.
    """
    account = associated_token_account(owner)
    infos = await _oldest_signatures(rpc, account, after_signature)
    if not infos:
        return Inbound()
    booked_elsewhere = await known([info.signature for info in infos])
    gate = asyncio.Semaphore(PARALLEL_READS_MAX)

    async def read(info: SignatureInfo) -> InboundTransfer | None:
        async with gate:
            return await _receipt(rpc, info.signature, str(account))

    found = await asyncio.gather(
        *(
            read(info)
            for info in infos
            if info.err is None and info.signature not in booked_elsewhere
        )
    )
    return Inbound(
        transfers=tuple(transfer for transfer in found if transfer is not None),
        newest_signature=infos[-1].signature,
    )


async def _receipt(rpc: SolanaRpc, signature: str, account: str) -> InboundTransfer | None:
    record = await rpc.transaction(signature, "finalized")
    if record is None:
        # Listed as finalised and yet unknown: a node behind. To skip it would lose it.
        raise RpcUnavailable(f"{signature} is listed but not readable yet")
    movements = token_movements(record)
    for movement in movements:
        received = movement.delta_base_units > 0 and movement.mint == str(USDC_MINT)
        if movement.account == account and received:
            return InboundTransfer(
                signature=signature,
                slot=record.slot,
                block_time=record.block_time,
                movement=movement,
                senders=_senders(movements),
            )
    return None


def _senders(movements: Sequence[TokenMovement]) -> tuple[str, ...]:
    """Owners and accounts that USDC left; nobody, where it was minted."""
    left = [
        movement
        for movement in movements
        if movement.mint == str(USDC_MINT) and movement.delta_base_units < 0
    ]
    owners = (movement.owner for movement in left if movement.owner is not None)
    return (*owners, *(movement.account for movement in left))


async def _oldest_signatures(
    rpc: SolanaRpc, account: Pubkey, after: str | None
) -> list[SignatureInfo]:
    """Nodes list newest first, so pages are walked to the end and only the last two kept."""
    previous: list[SignatureInfo] = []
    before: str | None = None
    for _page in range(PAGES_MAX):
        page = await rpc.signatures_for_address(account, before=before, until=after)
        if len(page) < SIGNATURES_PAGE_MAX:
            return [*reversed(page), *reversed(previous)]
        previous, before = page, page[-1].signature
    raise RpcMalformed(f"the signatures of {account} never end")
