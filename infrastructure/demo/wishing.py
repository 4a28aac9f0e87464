"""Any wish as its user lives it: ask, sign or pay what waits for them, watch it to its end."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from domain.shared.assets import USDC
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.device import Device
from infrastructure.demo.documents import (
    SUBMIT,
    UPDATES,
    WALLET,
    Action,
    Owned,
    Payload,
    Submitted,
    Updated,
)
from infrastructure.demo.following import Following, OnAction, OnUpdate, WishRefused
from infrastructure.demo.wishes import Wish

WISH_SECONDS_MAX: Final = 120.0
_PAYMENT: Final = "COMPLETE_PAYMENT"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_JSON: Final = {"content-type": "application/json"}
_PAY: Final = b"outcome=pay"
_CLIENT_ERROR: Final = 400
_STEP_SECONDS: Final = 600
_STEP_EVERY_SECONDS: Final = 0.3


def _ignore(_told: object) -> None:
    """What nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishing:
    """One user with their device, and a browser for pages to pay at.

    `on_update` is told every event, `on_action` all that the user signs or pays, `note` what else
    there is to say. Without `sandbox_url` time is left to itself.
    """

    api: Api
    device: Device
    sandbox_url: str = ""
    on_update: OnUpdate = _ignore
    on_action: OnAction = _ignore
    note: Callable[[str], None] = _ignore

    async def run(self, wish: Wish) -> str:
        """The state in which it ended. Raises WishRefused, WillNotSign, ApiError or TimeoutError."""
        async with (
            asyncio.timeout(WISH_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
            self._time(passes=wish.time_passes),
        ):
            return await self._following(wish).until_ended(await self.begin(wish), updates)

    async def begin(self, wish: Wish) -> str:
        """Ask for it; its transaction."""
        order = {**wish.order, "idempotencyKey": uuid.uuid4().hex}
        answers = await self.api.ask(wish.document, dict[str, Payload], input=order)
        payload = answers[wish.operation]
        if payload.errors or payload.transaction is None:
            raise WishRefused(payload.errors[0])
        return payload.transaction.id

    async def act(self, wish: Wish, transaction_id: str) -> bool:
        """Sign or pay what waits for it; whether something did."""
        return await self._following(wish).act_on_waiting(transaction_id)

    async def skip(self, seconds: float) -> None:
        """That much time passes in the sandbox."""
        body = msgspec.json.encode({"skip_seconds": seconds})
        url = f"{self.sandbox_url}/control/clock"
        answer = await self.api.client.request("POST", url, content=body, headers=_JSON)
        if answer.status >= _CLIENT_ERROR:
            raise ApiError(f"the sandbox's clock answers HTTP {answer.status}")

    def _following(self, wish: Wish) -> Following:
        async def act(action: Action) -> None:
            self.on_action(action)
            if action.type == _PAYMENT:
                await self._pay(action)
            else:
                await self._sign(action, wish)

        return Following(api=self.api, act=act, on_update=self.on_update)

    async def _sign(self, action: Action, wish: Wish) -> None:
        """What the user owes from earlier goes with what they sign."""
        owed = await self._owed() if wish.asset == USDC else 0
        signed = self.device.sign(
            action.payload,
            spends_at_most=wish.spends_at_most + owed,
            asset=wish.asset,
            gives_shares=wish.gives_shares,
        )
        order = {"actionId": action.id, "signedTransaction": signed}
        answer = (await self.api.ask(SUBMIT, Submitted, input=order)).submit_user_action
        if answer.errors:
            raise WishRefused(answer.errors[0])

    async def _owed(self) -> int:
        wallet = (await self.api.ask(WALLET, Owned)).wallet
        return int(Decimal(wallet.available.fee_due).scaleb(USDC.decimals))

    async def _pay(self, action: Action) -> None:
        """The simulated providers' pages have one form; real ones are for people alone."""
        answer = await self.api.client.request("POST", action.payload, content=_PAY, headers=_FORM)
        if answer.status >= _CLIENT_ERROR:
            raise ApiError(f"the page to pay at answers HTTP {answer.status}")

    @asynccontextmanager
    async def _time(self, *, passes: bool) -> AsyncIterator[None]:
        """A clock that stopped says why the wish did not end."""
        if not passes or not self.sandbox_url:
            yield
            return
        running = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running})
            if not running.cancelled():
                running.result()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_STEP_EVERY_SECONDS)
            await self.skip(_STEP_SECONDS)
