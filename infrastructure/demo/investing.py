"""A strategy as its user lives it: put USDC to work, let it earn, take it out again."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infrastructure.demo import wishes
from infrastructure.demo.api import ApiError
from infrastructure.demo.documents import (
    POSITIONS,
    STRATEGIES,
    Chosen,
    Held,
    Position,
    Strategy,
)
from infrastructure.demo.wishing import Wishing

_COMPLETED: Final = "COMPLETED"
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Investing:
    """`days` pass in the sandbox between launch and stop."""

    provider: str
    amount: str
    days: int

    async def run(self, user: Wishing) -> str:
        """The state in which it ended. Raises WishRefused, WillNotSign, ApiError or TimeoutError."""
        strategy = await self._choose(user)
        known = {each.id for each in await _positions(user)}
        state = await user.run(wishes.launch(strategy_id=strategy.id, amount=self.amount))
        if state != _COMPLETED:
            return state
        opened = next(each for each in await _positions(user) if each.id not in known)
        if user.sandbox_url and self.days:
            await user.skip(self.days * _DAY_SECONDS)
            user.note(f"            {self.days} days pass in the sandbox")
        await _tell(user, opened.id)
        return await user.run(wishes.stop(position_id=opened.id, principal=opened.principal))

    async def _choose(self, user: Wishing) -> Strategy:
        """The provider's first strategy that can be left at any time."""
        found = (await user.api.ask(STRATEGIES, Chosen)).strategies
        for each in found.nodes:
            if each.provider == self.provider and not each.lock_seconds and not each.stale:
                user.note(
                    f"            {each.name}: {_percent(each.apy)} a year says {each.source}"
                )
                return each
        reason = next((e.reason for e in found.missing if e.provider == self.provider), "none")
        raise ApiError(f"{self.provider} offers no strategy without a lock: {reason}")


async def _positions(user: Wishing) -> list[Position]:
    return (await user.api.ask(POSITIONS, Held)).wallet.positions


async def _tell(user: Wishing, position_id: str) -> None:
    position = next(each for each in await _positions(user) if each.id == position_id)
    if position.value is None or position.profit is None:
        user.note(f"            {position.provider} does not tell the value now")
        return
    profit = Decimal(position.profit)
    user.note(
        f"            {position.principal} put in, worth {position.value} ({profit:+f}) "
        f"says {position.source}"
    )


def _percent(apy: str | None) -> str:
    return "an untold rate" if apy is None else f"{Decimal(apy) * 100:.2f} %"
