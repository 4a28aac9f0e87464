"""A deposit as its user lives it: ask, pay at the provider's page, watch it arrive."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Final

from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.documents import DEPOSIT, UPDATES, Action, Deposited, Updated
from infrastructure.demo.following import Following, OnAction, OnUpdate, WishRefused
from infrastructure.http import HttpClient

DEPOSIT_SECONDS_MAX: Final = 120.0
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_PAY: Final = b"outcome=pay"
_CLIENT_ERROR: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """One deposit in US dollars; `browser` is what opens the page to pay at.

    `on_paid` is told of every payment that was made.
    """

    api: Api
    browser: HttpClient
    amount: str
    method: str
    on_update: OnUpdate
    on_paid: OnAction

    async def run(self) -> str:
        """The state in which it ended. Raises WishRefused, ApiError or TimeoutError."""
        following = Following(api=self.api, act=self._pay, on_update=self.on_update)
        async with (
            asyncio.timeout(DEPOSIT_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
        ):
            return await following.until_ended(await self._initiate(), updates)

    async def _initiate(self) -> str:
        order = {
            "amount": self.amount,
            "paymentMethod": self.method,
            "idempotencyKey": uuid.uuid4().hex,
        }
        payload = (await self.api.ask(DEPOSIT, Deposited, input=order)).initiate_deposit
        if payload.errors or payload.transaction is None:
            raise WishRefused(payload.errors[0])
        return payload.transaction.id

    async def _pay(self, action: Action) -> None:
        """The simulated providers' pages have one form; real ones are for people alone."""
        self.on_paid(action)
        answer = await self.browser.request("POST", action.payload, content=_PAY, headers=_FORM)
        if answer.status >= _CLIENT_ERROR:
            raise ApiError(f"the page to pay at answers HTTP {answer.status}")
