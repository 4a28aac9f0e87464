"""Looks after the platform's SOL: without it nothing can be sent, though every balance is right."""

import asyncio
import logging
from typing import Final, Protocol

from infrastructure.chains.solana.errors import RpcError

LOOK_SECONDS: Final = 60.0
logger = logging.getLogger(__name__)


class FeePayer(Protocol):
    """The account that pays for every transfer. Raises `RpcError`."""

    async def fee_payer_lamports(self) -> int: ...


class FeePayerWatch:
    """Raises the alarm, again at each look, while the fee payer has less than `lamports_min`."""

    def __init__(self, fee_payer: FeePayer, *, lamports_min: int) -> None:
        self._fee_payer = fee_payer
        self._lamports_min = lamports_min

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Once, now."""
        try:
            lamports = await self._fee_payer.fee_payer_lamports()
        except RpcError as error:
            logger.warning("the fee payer's balance cannot be read: %s", error)
            return
        if lamports < self._lamports_min:
            logger.error(
                "the fee payer is low: %d lamports left, at least %d are wanted",
                lamports,
                self._lamports_min,
            )
