"""A send as its user lives it: ask, read, sign, watch it arrive."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infrastructure.chains.solana.addresses import USDC_DECIMALS
from infrastructure.demo.api import Api
from infrastructure.demo.device import Device
from infrastructure.demo.documents import (
    ACTIONS,
    INITIATE,
    SUBMIT,
    UPDATES,
    Action,
    Found,
    Initiated,
    Problem,
    Submitted,
    Update,
    Updated,
)

TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
_SIGNED_STATE: Final = "PROVIDER_PROCESSING"
_SEND_SECONDS_MAX: Final = 120.0

OnUpdate = Callable[[Update], None]
OnSigned = Callable[[Action], None]


class SendRefused(Exception):
    """The platform said no, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One send; `on_update` is told every event, `on_signed` every action that was signed."""

    api: Api
    device: Device
    recipient: str
    amount: str
    on_update: OnUpdate
    on_signed: OnSigned

    async def run(self) -> Update:
        """The event that ended it. Raises SendRefused, ApiError, WillNotSign or TimeoutError."""
        async with (
            asyncio.timeout(_SEND_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
        ):
            transaction_id = await self._initiate()
            return await self._follow(transaction_id, updates)

    async def _initiate(self) -> str:
        order = {
            "amount": self.amount,
            "recipient": self.recipient,
            "memo": None,
            "idempotencyKey": uuid.uuid4().hex,
        }
        payload = (await self.api.ask(INITIATE, Initiated, input=order)).initiate_send
        if payload.errors or payload.transaction is None:
            raise SendRefused(payload.errors[0])
        return payload.transaction.id

    async def _follow(self, transaction_id: str, updates: AsyncIterator[Updated]) -> Update:
        """Signs whenever the transaction waits for it, until it is over."""
        signed: set[str] = set()
        async for item in updates:
            update = item.transaction_updates
            if update.transaction.id != transaction_id:
                continue
            self.on_update(update)
            if update.state in TERMINAL:
                return update
            if update.type == "UserActionRequired":
                await self._sign(transaction_id, signed)
        raise ConnectionError("the subscription ended before the transaction")

    async def _sign(self, transaction_id: str, signed: set[str]) -> None:
        found = (await self.api.ask(ACTIONS, Found, id=transaction_id)).transaction
        for action in found.user_actions if found else []:
            if action.status != "PENDING" or action.payload is None or action.id in signed:
                continue
            signed.add(action.id)
            await self._submit(action, action.payload)

    async def _submit(self, action: Action, payload: str) -> None:
        allowed = int(Decimal(self.amount).scaleb(USDC_DECIMALS))
        signature = self.device.sign(payload, spends_at_most=allowed)
        order = {"actionId": action.id, "signedTransaction": signature}
        self.on_signed(action)
        answer = (await self.api.ask(SUBMIT, Submitted, input=order)).submit_user_action
        if answer.errors:
            raise SendRefused(answer.errors[0])
