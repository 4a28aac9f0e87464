"""Protocols that put USDC to work: what they offer, and positions in it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from domain.contracts.strategy_events import StrategyTerms
from domain.provider.ports.answers import Provider, Setback
from domain.provider.ports.unsigned import SolanaInstructions
from domain.shared.assets import Asset

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOffer:
    """One vault or market. Rates are fractions (0.05 is 5 %); None: the provider does not tell.

    `minimum` in base units of `asset`; `lock_seconds` 0: money can be taken out at any time;
    `liquidity` is what could be taken out now. `source` and `at` belong to every figure.
    """

    id: str
    name: str
    asset: Asset
    apy: Decimal | None
    minimum: int
    lock_seconds: int
    exit_fee_millionths: int
    liquidity: int | None
    total_value: int | None
    source: str
    at: datetime

    def terms(self, provider: str) -> StrategyTerms:
        """As it is taken now."""
        return StrategyTerms(
            provider=provider,
            offer_id=self.id,
            name=self.name,
            asset=self.asset.symbol,
            apy=None if self.apy is None else str(self.apy),
            lock_seconds=self.lock_seconds,
            exit_fee_millionths=self.exit_fee_millionths,
            source=self.source,
            at=self.at,
        )

    def exit_cost(self, net: int) -> int:
        """What is kept of a position that gives `net`, rounded down."""
        left = _MILLION - self.exit_fee_millionths
        return net * self.exit_fee_millionths // left if left > 0 else net


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What an owner has in an offer. `shares` in the protocol's own units; `value` in base units of
    the deposit asset, as it would be redeemed now."""

    offer_id: str
    owner: str
    shares: int
    value: int
    source: str
    at: datetime
    locked_until: datetime | None = None

    def worth(self, shares: int) -> int:
        """What so many of the shares would give now, rounded down."""
        return self.value * min(shares, self.shares) // self.shares


class DeFiProvider(Provider, Protocol):
    """Every call may answer a setback; none raises for what a provider does."""

    async def offers(self) -> tuple[StrategyOffer, ...] | Setback: ...

    async def deploy_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, amount: int
    ) -> SolanaInstructions | Setback:
        """What deposits `amount` (base units); it only reads."""
        ...

    async def get_strategy_status(self, offer_id: str, *, owner: str) -> Position | Setback | None:
        """None: the owner has nothing in it."""
        ...

    async def withdraw_from_strategy(
        self, offer_id: str, *, owner: str, fee_payer: str, shares: int
    ) -> SolanaInstructions | Setback:
        """What takes `shares` out; it only reads."""
        ...
