"""A strategy as its user lives it: put USDC to work, let it earn, take it out again."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from infrastructure.chains.solana.addresses import USDC_DECIMALS
from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.documents import (
    LAUNCH,
    POSITIONS,
    STOP,
    STRATEGIES,
    UPDATES,
    Chosen,
    Held,
    Launched,
    Payload,
    Position,
    Stopped,
    Strategy,
    Updated,
)
from infrastructure.demo.following import Following, OnUpdate, WishRefused
from infrastructure.demo.signing import Signing
from infrastructure.http import HttpClient

STRATEGY_SECONDS_MAX: Final = 120.0
FEES_MAX: Final = Decimal("0.01")
"""More of what was put in than this the user does not pay to have it out, but for the least fee."""
FEES_LEAST: Final = Decimal(1)
_COMPLETED: Final = "COMPLETED"
_CLIENT_ERROR: Final = 400
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Investing:
    """`days` pass in the sandbox at `sandbox_url` between launch and stop; empty: none do."""

    api: Api
    client: HttpClient
    signing: Signing
    provider: str
    amount: str
    days: int
    sandbox_url: str
    on_update: OnUpdate
    note: Callable[[str], None]

    async def run(self) -> str:
        """The state in which it ended. Raises WishRefused, WillNotSign, ApiError or TimeoutError."""
        async with asyncio.timeout(STRATEGY_SECONDS_MAX):
            strategy = await self._choose()
            known = {each.id for each in await self._positions()}
            order = {"strategyId": strategy.id, "amount": self.amount}
            state = await self._move(LAUNCH, order, spends_at_most=Decimal(self.amount))
            if state != _COMPLETED:
                return state
            opened = next(each for each in await self._positions() if each.id not in known)
            await self._let_it_earn()
            await self._tell(opened.id)
            fees = max(FEES_LEAST, Decimal(opened.principal) * FEES_MAX)
            return await self._move(STOP, {"positionId": opened.id}, spends_at_most=fees)

    async def _choose(self) -> Strategy:
        """The provider's first strategy that can be left at any time."""
        found = (await self.api.ask(STRATEGIES, Chosen)).strategies
        for each in found.nodes:
            if each.provider == self.provider and not each.lock_seconds and not each.stale:
                self.note(
                    f"            {each.name}: {_percent(each.apy)} a year says {each.source}"
                )
                return each
        reason = next((e.reason for e in found.missing if e.provider == self.provider), "none")
        raise ApiError(f"{self.provider} offers no strategy without a lock: {reason}")

    async def _move(
        self, document: str, order: Mapping[str, str], *, spends_at_most: Decimal
    ) -> str:
        allowed = int(spends_at_most.scaleb(USDC_DECIMALS))
        following = Following(
            api=self.api,
            act=partial(self.signing.sign, spends_at_most=allowed, gives_shares=document == STOP),
            on_update=self.on_update,
        )
        async with self.api.news(UPDATES, Updated) as updates:
            return await following.until_ended(await self._begin(document, order), updates)

    async def _begin(self, document: str, order: Mapping[str, str]) -> str:
        wish = {**order, "idempotencyKey": uuid.uuid4().hex}
        payload = await self._asked(document, wish)
        if payload.errors or payload.transaction is None:
            raise WishRefused(payload.errors[0])
        return payload.transaction.id

    async def _asked(self, document: str, wish: Mapping[str, str]) -> Payload:
        if document == LAUNCH:
            return (await self.api.ask(LAUNCH, Launched, input=wish)).initiate_strategy_launch
        return (await self.api.ask(STOP, Stopped, input=wish)).initiate_strategy_stop

    async def _positions(self) -> list[Position]:
        return (await self.api.ask(POSITIONS, Held)).wallet.positions

    async def _let_it_earn(self) -> None:
        if not self.sandbox_url or not self.days:
            return
        body = msgspec.json.encode({"skip_seconds": self.days * _DAY_SECONDS})
        answer = await self.client.request(
            "POST",
            f"{self.sandbox_url}/control/clock",
            content=body,
            headers={"content-type": "application/json"},
        )
        if answer.status >= _CLIENT_ERROR:
            raise ApiError(f"the sandbox's clock answers HTTP {answer.status}")
        self.note(f"            {self.days} days pass in the sandbox")

    async def _tell(self, position_id: str) -> None:
        position = next(each for each in await self._positions() if each.id == position_id)
        if position.value is None or position.profit is None:
            self.note(f"            {position.provider} does not tell the value now")
            return
        profit = Decimal(position.profit)
        self.note(
            f"            {position.principal} put in, worth {position.value} ({profit:+f}) "
            f"says {position.source}"
        )


def _percent(apy: str | None) -> str:
    return "an untold rate" if apy is None else f"{Decimal(apy) * 100:.2f} %"
