"""A send as its user lives it: ask, read, sign, watch it arrive."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infrastructure.chains.solana.addresses import USDC_DECIMALS
from infrastructure.demo.api import Api, ApiError
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
    SentTransaction,
    Submitted,
    Update,
    Updated,
)

TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
WAITS_FOR_USER: Final = "UserActionRequired"
SEND_SECONDS_MAX: Final = 120.0

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

    async def run(self) -> str:
        """The state in which it ended. Raises SendRefused, ApiError, WillNotSign or TimeoutError."""
        async with (
            asyncio.timeout(SEND_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
        ):
            transaction_id = await self.initiate()
            async for state in self._states(transaction_id, updates):
                if state in TERMINAL:
                    return state
        raise ApiError("the subscription ended before the transaction")

    async def initiate(self) -> str:
        """Ask for the send; its transaction."""
        order = {
            "amount": self.amount,
            "recipient": self.recipient,
            "idempotencyKey": uuid.uuid4().hex,
        }
        payload = (await self.api.ask(INITIATE, Initiated, input=order)).initiate_send
        if payload.errors or payload.transaction is None:
            raise SendRefused(payload.errors[0])
        return payload.transaction.id

    async def sign(self, transaction_id: str) -> bool:
        """Sign what waits for it; whether something did."""
        waiting = [
            action
            for action in (await self._found(transaction_id)).user_actions
            if action.status == "PENDING"
        ]
        for action in waiting:
            await self._submit(action)
        return bool(waiting)

    async def _found(self, transaction_id: str) -> SentTransaction:
        found = (await self.api.ask(ACTIONS, Found, id=transaction_id)).transaction
        if found is None:
            raise ApiError("the transaction cannot be found right after it was made")
        return found

    async def _states(
        self, transaction_id: str, updates: AsyncIterator[Updated]
    ) -> AsyncIterator[str | None]:
        """The state after each event; whenever the transaction waits for a signature, it is signed."""
        async for item in updates:
            update = item.transaction_updates
            if update.resync:
                await self.sign(transaction_id)
                yield (await self._found(transaction_id)).state
            elif update.transaction is not None and update.transaction.id == transaction_id:
                self.on_update(update)
                if update.type == WAITS_FOR_USER:
                    await self.sign(transaction_id)
                yield update.state

    async def _submit(self, action: Action) -> None:
        allowed = int(Decimal(self.amount).scaleb(USDC_DECIMALS))
        signature = self.device.sign(action.payload, spends_at_most=allowed)
        self.on_signed(action)
        order = {"actionId": action.id, "signedTransaction": signature}
        answer = (await self.api.ask(SUBMIT, Submitted, input=order)).submit_user_action
        if answer.errors:
            raise SendRefused(answer.errors[0])
