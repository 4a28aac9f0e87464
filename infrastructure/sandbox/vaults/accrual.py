"""What a vault is worth at a time: whole numbers alone, rounded to the vault's favour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from infrastructure.sandbox.frame.world import World

PRICE_SCALE: Final = 10**18
MILLION: Final = 1_000_000
BPS: Final = 10_000
_YEAR_MICROSECONDS: Final = 365 * 86_400 * MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultTerms:
    """A vault as it opens. Amounts in base units of USDC; `others` is what other depositors have
    in it, `idle_millionths` how much of everything is not lent out."""

    key: str
    name: str
    rate_millionths: int
    minimum: int
    others: int
    idle_millionths: int = 400_000
    lock_seconds: int = 0
    exit_fee_bps: int = 0


class Accrual(msgspec.Struct, frozen=True, kw_only=True):
    """Since `at`, when a share cost `price` (scaled), it earns `rate_millionths` a year.
    `liquidity`: what can be taken out where a simulation says so."""

    price: int
    at: datetime
    rate_millionths: int
    liquidity: int | None = None


class VaultBook:
    """The figures of one vault; what they are computed from survives a restart."""

    def __init__(self, world: World, provider: str, terms: VaultTerms) -> None:
        self.terms = terms
        self._world = world
        self._collection = f"{provider}_vault"
        if self._world.memory.get(self._collection, terms.key, Accrual) is None:
            self._keep(
                Accrual(
                    price=PRICE_SCALE,
                    at=world.clock.now(),
                    rate_millionths=terms.rate_millionths,
                )
            )

    @property
    def rate_millionths(self) -> int:
        return self._accrual.rate_millionths

    def price(self) -> int:
        """Of one share, in USDC, scaled: linear in time at one rate."""
        known = self._accrual
        elapsed = (self._world.clock.now() - known.at) // timedelta(microseconds=1)
        earned = known.price * known.rate_millionths * elapsed // (MILLION * _YEAR_MICROSECONDS)
        return known.price + earned

    def shares_for(self, base_units: int) -> int:
        return base_units * PRICE_SCALE // self.price()

    def gross(self, shares: int) -> int:
        """What shares are worth before the exit fee."""
        return shares * self.price() // PRICE_SCALE

    def net(self, shares: int) -> int:
        """What is paid out for them."""
        gross = self.gross(shares)
        return gross + -gross * self.terms.exit_fee_bps // BPS

    def total_shares(self, issued: int) -> int:
        """With those of others, who came when the vault opened."""
        return self.terms.others + issued

    def liquidity(self, issued: int) -> int:
        told = self._accrual.liquidity
        if told is not None:
            return told
        return self.gross(self.total_shares(issued)) * self.terms.idle_millionths // MILLION

    def set_liquidity(self, base_units: int | None) -> None:
        self._keep(msgspec.structs.replace(self._accrual, liquidity=base_units))

    def set_rate(self, rate_millionths: int) -> None:
        """From now on; what was earned until now stays."""
        earned = msgspec.structs.replace(
            self._accrual,
            price=self.price(),
            at=self._world.clock.now(),
            rate_millionths=rate_millionths,
        )
        self._keep(earned)

    @property
    def _accrual(self) -> Accrual:
        known = self._world.memory.get(self._collection, self.terms.key, Accrual)
        if known is None:
            raise LookupError(self.terms.key)
        return known

    def _keep(self, accrual: Accrual) -> None:
        self._world.memory.put(self._collection, self.terms.key, accrual)


def in_decimals(number: int, decimals: int) -> str:
    """A whole number of smallest units as exact text."""
    digits = str(number).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"
