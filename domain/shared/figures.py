"""The product's figures (decisions, section 5), as data that a file gives and start-up checks.

Amounts are USDC base units (6 decimals), durations seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KycLimits:
    """What a KYC level may move at once and within rolling windows, and in which flows."""

    transaction: int
    day: int
    week: int
    month: int
    flows: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionLimits:
    """What may be moved from its `countries` within a day; above `approval` a person approves."""

    day: int
    approval: int
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualTime:
    """Within how many `seconds` transactions of a `type` are expected to be done, paid by any of
    `methods` (any at all, where it names none) and worth `usd_max` at most (USD in millionths).
    History is kept by `name`."""

    name: str
    type: str
    seconds: int
    methods: tuple[str, ...] = ()
    usd_max: int | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether it holds for every transaction of its type."""
        return not self.methods and self.usd_max is None

    def fits(self, kind: str, method: str | None, usd_value: int) -> bool:
        is_worth_no_more = self.usd_max is None or usd_value <= self.usd_max
        return (
            self.type == kind and is_worth_no_more and (not self.methods or method in self.methods)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Limits, fees and times that the business changes.

    `payment_slippage_millionths`: how much less than was shown a payment may bring without a question.
    `slippage_warned_millionths` and `costs_warned_millionths`: what a preview warns above. A quote is
    good for `quote_seconds`, or for less where its provider says so; who is asked whether new terms
    will do has `confirmation_seconds`. A page to pay at is taken to be open for
    `payment_page_seconds`, where its provider does not say.
    `regions` holds one called "other" for every country that no region names. `risk_millionths`: what
    of the limits a tier of risk leaves. `method_day`: what a payment method takes within a day.
    `usual_times` hold, the first that fits, until `estimate_after_completed` transactions of that name
    have been completed: from then on history tells.
    """

    policy_version: str
    send_minimum: int
    fee_reserve: int
    send_fee_millionths: int
    withdraw_minimum: int
    withdraw_fee_millionths: int
    bank_withdraw_fee_millionths: int
    deposit_minimum_cents: int
    deposit_fee_millionths: int
    buy_minimum: int
    buy_minimum_cents: int
    sell_minimum: int
    sell_fee_millionths: int
    sell_fee_minimum: int
    strategy_minimum: int
    strategy_stop_fee_millionths: int
    strategy_stop_fee_minimum: int
    slippage_millionths: int
    slippage_millionths_max: int
    payment_slippage_millionths: int
    slippage_warned_millionths: int
    costs_warned_millionths: int
    quote_seconds: int
    confirmation_seconds: int
    kyc: Mapping[str, KycLimits]
    regions: Mapping[str, RegionLimits]
    blocked_countries: frozenset[str]
    risk_millionths: Mapping[str, int]
    method_day: Mapping[str, int]
    approval_window_seconds: int
    payment_page_seconds: int
    rebuilds_max: int
    usual_times: tuple[UsualTime, ...]
    estimate_after_completed: int

    def usual_time(self, kind: str, *, method: str | None, usd_value: int) -> UsualTime:
        """Of a transaction of that type; LookupError for a type without a line for all others."""
        for each in self.usual_times:
            if each.fits(kind, method, usd_value):
                return each
        raise LookupError(f"no usual time for {kind}")
