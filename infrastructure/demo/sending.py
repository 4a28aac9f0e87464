"""A send as its user lives it: ask, read, sign, watch it arrive."""

import asyncio
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infrastructure.chains.solana.addresses import USDC_DECIMALS
from infrastructure.demo.api import Api
from infrastructure.demo.device import Device
from infrastructure.demo.documents import (
    INITIATE,
    UPDATES,
    Action,
    Initiated,
    SentTransaction,
    Updated,
)
from infrastructure.demo.following import Following, OnAction, OnUpdate, WishRefused
from infrastructure.demo.signing import Signing

SEND_SECONDS_MAX: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One send; `on_update` is told every event, `on_signed` every action that was signed."""

    api: Api
    device: Device
    recipient: str
    amount: str
    on_update: OnUpdate
    on_signed: OnAction

    async def run(self) -> str:
        """The state in which it ended. Raises WishRefused, ApiError, WillNotSign or TimeoutError."""
        async with (
            asyncio.timeout(SEND_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
        ):
            return await self._following.until_ended(await self.initiate(), updates)

    async def initiate(self) -> str:
        """Ask for the send; its transaction."""
        order = {
            "amount": self.amount,
            "recipient": self.recipient,
            "idempotencyKey": uuid.uuid4().hex,
        }
        payload = (await self.api.ask(INITIATE, Initiated, input=order)).initiate_send
        if payload.errors or payload.transaction is None:
            raise WishRefused(payload.errors[0])
        return payload.transaction.id

    async def sign(self, transaction_id: str) -> bool:
        """Sign what waits for it; whether something did."""
        return await self._following.act_on_waiting(transaction_id)

    async def found(self, transaction_id: str) -> SentTransaction:
        """The transaction as it stands now."""
        return await self._following.found(transaction_id)

    @property
    def _following(self) -> Following:
        return Following(api=self.api, act=self._sign, on_update=self.on_update)

    async def _sign(self, action: Action) -> None:
        signing = Signing(api=self.api, device=self.device, on_signed=self.on_signed)
        allowed = int(Decimal(self.amount).scaleb(USDC_DECIMALS))
        await signing.sign(action, spends_at_most=allowed)
