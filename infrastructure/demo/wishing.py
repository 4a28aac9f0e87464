"""Any wish as its user lives it: ask, sign or pay what waits for them, watch it to its end."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from domain.shared.assets import USDC, Asset
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.device import Device
from infrastructure.demo.documents import SUBMIT, UPDATES, Action, Payload, Submitted, Updated
from infrastructure.demo.following import Following, OnAction, OnUpdate, WishRefused
from infrastructure.http import HttpClient

WISH_SECONDS_MAX: Final = 120.0
_PAYMENT: Final = "COMPLETE_PAYMENT"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_JSON: Final = {"content-type": "application/json"}
_PAY: Final = b"outcome=pay"
_CLIENT_ERROR: Final = 400
_HOUR_SECONDS: Final = 3_600
_HOUR_EVERY_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A mutation by its name and its input's type. Signing lets at most `spends_at_most` base units
    of `asset` leave. `hours_pass`: the sandbox's clock runs, as banks and bridges need it to."""

    operation: str
    input_type: str
    order: Mapping[str, object]
    spends_at_most: int
    asset: Asset = USDC
    hours_pass: bool = False

    @property
    def document(self) -> str:
        """The mutation."""
        return (
            f"mutation ($input: {self.input_type}!) {{ {self.operation}(input: $input) {{ "
            "transaction { id state } "
            "errors { code whatHappened why whatToDo alternatives } } }"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishing:
    """One user with their device, and a browser for pages to pay at."""

    api: Api
    client: HttpClient
    device: Device
    sandbox_url: str
    on_update: OnUpdate
    on_action: OnAction

    async def run(self, wish: Wish) -> str:
        """The state in which it ended. Raises WishRefused, WillNotSign, ApiError or TimeoutError."""

        async def act(action: Action) -> None:
            self.on_action(action)
            if action.type == _PAYMENT:
                await self._pay(action)
            else:
                await self._sign(action, wish)

        following = Following(api=self.api, act=act, on_update=self.on_update)
        async with (
            asyncio.timeout(WISH_SECONDS_MAX),
            self.api.news(UPDATES, Updated) as updates,
            self._time(passes=wish.hours_pass),
        ):
            return await following.until_ended(await self._begin(wish), updates)

    async def _begin(self, wish: Wish) -> str:
        order = {**wish.order, "idempotencyKey": uuid.uuid4().hex}
        answers = await self.api.ask(wish.document, dict[str, Payload], input=order)
        payload = answers[wish.operation]
        if payload.errors or payload.transaction is None:
            raise WishRefused(payload.errors[0])
        return payload.transaction.id

    async def _sign(self, action: Action, wish: Wish) -> None:
        signed = self.device.sign(
            action.payload, spends_at_most=wish.spends_at_most, asset=wish.asset
        )
        order = {"actionId": action.id, "signedTransaction": signed}
        answer = (await self.api.ask(SUBMIT, Submitted, input=order)).submit_user_action
        if answer.errors:
            raise WishRefused(answer.errors[0])

    async def _pay(self, action: Action) -> None:
        """The simulated providers' pages have one form; real ones are for people alone."""
        answer = await self.client.request("POST", action.payload, content=_PAY, headers=_FORM)
        if answer.status >= _CLIENT_ERROR:
            raise ApiError(f"the page to pay at answers HTTP {answer.status}")

    @asynccontextmanager
    async def _time(self, *, passes: bool) -> AsyncIterator[None]:
        running = asyncio.create_task(self._hours()) if passes and self.sandbox_url else None
        try:
            yield
        finally:
            if running is not None:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def _hours(self) -> None:
        body = msgspec.json.encode({"skip_seconds": _HOUR_SECONDS})
        while True:
            await asyncio.sleep(_HOUR_EVERY_SECONDS)
            await self.client.request(
                "POST", f"{self.sandbox_url}/control/clock", content=body, headers=_JSON
            )
