"""Finds money that came in without a transaction of ours, and books it.

One question for a hundred wallets: only those whose token account changed are looked at closer.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.contracts.commands import BookDepositCommand
from domain.shared.ids import StreamId, WalletId, derived
from domain.shared.saga import Origin
from domain.wallet.handlers import book_deposit
from infrastructure.chains.solana.addresses import parse_address
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import InboundTransfer
from infrastructure.db.deposits import FIRST, Receiver
from infrastructure.sagas.engine import Opening, SagaEngine

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 15.0
PAGE_WALLETS: Final = 100
"""What a node answers for in one request."""
THOROUGH_SECONDS: Final = 300.0
"""As much in as out between two looks leaves no trace in the balance; all are looked at then."""


CLOSER_LOOKS: Final = 15
"""A node may show an account's change before it lists the transaction; so often it is asked. What
it lists meanwhile may be the transaction before, so nothing that is found ends the looking."""


@dataclass(slots=True)
class _Account:
    """A token account as it was seen last, and how often it is still to be looked at closer."""

    content: str | None
    looks_left: int = CLOSER_LOOKS


class Deposits(Protocol):
    """What the watcher keeps, and asks of the log."""

    async def receivers(self, after: WalletId, limit: int) -> Sequence[Receiver]: ...
    async def broadcast_by_us(self, signatures: Sequence[str]) -> set[str]: ...
    async def looked(self, address: str, signature: str) -> None: ...
    async def acquire(self, owner: str, *, seconds: float) -> bool: ...


class DepositWatcher:
    """`run` until cancelled; of several processes the one with the lease looks."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        owner: str,
        deposits: Deposits,
        gateway: SolanaGateway,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._deposits = deposits
        self._gateway = gateway
        self._poll_seconds = poll_seconds
        self._seen: dict[str, _Account] = {}
        self._forget_at = 0.0

    async def run(self) -> None:
        """Looks, waits, looks again."""
        while True:
            try:
                if await self._deposits.acquire(self._owner, seconds=LEASE_SECONDS):
                    await self.look()
            except RpcError as error:
                logger.info("deposits could not be looked for: %s", error)
            except Exception:
                logger.exception("deposits could not be looked for")
            await asyncio.sleep(self._poll_seconds)

    async def look(self) -> None:
        """Books what came in to any wallet since the last look."""
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + THOROUGH_SECONDS
            self._seen.clear()
        after = FIRST
        while page := await self._deposits.receivers(after, PAGE_WALLETS):
            await self._look_at(page)
            after = page[-1].wallet_id

    async def _look_at(self, page: Sequence[Receiver]) -> None:
        owners = [parse_address(receiver.address) for receiver in page]
        for receiver, content in zip(page, await self._gateway.token_accounts(owners), strict=True):
            account = self._seen.get(receiver.address)
            if account is None or account.content != content:
                account = self._seen[receiver.address] = _Account(content)
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
            parse_address(receiver.address), receiver.looked_up_to, self._deposits.broadcast_by_us
        )
        for transfer in found.transfers:
            await self._book(receiver, transfer)
        if found.newest_signature is not None:
            await self._deposits.looked(receiver.address, found.newest_signature)

    async def _book(self, receiver: Receiver, transfer: InboundTransfer) -> None:
        movement = transfer.movement
        command = BookDepositCommand(
            signature=transfer.signature,
            instruction=movement.instruction_index,
            account=movement.account,
            amount=movement.delta_base_units,
            senders=transfer.senders,
        )
        await self._engine.decide(
            StreamId(derived(receiver.wallet_id, "deposit", transfer.signature)),
            lambda stream, facts: book_deposit(stream, command, facts),
            opening=Opening(
                wallet_id=receiver.wallet_id,
                origin=Origin(user_id=receiver.user_id, correlation_id=transfer.signature),
            ),
        )
