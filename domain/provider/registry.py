"""The providers that there are: what each can do, for whom, and whether it may be used now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ProviderKind(StrEnum):
    """The four types of providers."""

    ON_RAMP = "ON_RAMP"
    OFF_RAMP = "OFF_RAMP"
    DEX = "DEX"
    DEFI = "DEFI"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """One provider. Empty `countries` and `currencies`: all of them.

    Limits are for one transaction, in hundredths of a US dollar. `local_countries` are those that
    it knows best. A lower `priority` wins where all else is equal.
    """

    name: str
    kind: ProviderKind
    assets: frozenset[str]
    priority: int
    enabled: bool = True
    countries: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    local_countries: frozenset[str] = frozenset()
    payment_methods: frozenset[str] = frozenset()
    minimum_cents: int = 0
    maximum_cents: int = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a provider is looked for. `method` is a payment method or rail, where there is one."""

    kind: ProviderKind
    asset: str
    amount_cents: int
    country: str
    currency: str = ""
    method: str = ""


class Rejection(StrEnum):
    """Why a provider is out before it is asked, or because of what it answered."""

    DISABLED = "disabled"
    COUNTRY = "country not served"
    CURRENCY = "currency not taken"
    METHOD = "payment method not taken"
    ASSET = "asset not delivered"
    AMOUNT = "amount outside of its limits"
    NO_QUOTE = "no quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRegistry:
    """All providers by name; which version of the list this is stands in each explanation."""

    version: str
    entries: Mapping[str, ProviderEntry]

    def candidates(self, wanted: Wanted) -> tuple[ProviderEntry, ...]:
        """Those of the wanted kind, in order of priority and name."""
        of_kind = (entry for entry in self.entries.values() if entry.kind is wanted.kind)
        return tuple(sorted(of_kind, key=lambda entry: (entry.priority, entry.name)))


def rejection(entry: ProviderEntry, wanted: Wanted) -> Rejection | None:
    """Why this provider cannot do what is wanted; None: it can, as far as the registry knows."""
    checks = (
        (not entry.enabled, Rejection.DISABLED),
        (wanted.asset not in entry.assets, Rejection.ASSET),
        (_outside(wanted.country, entry.countries), Rejection.COUNTRY),
        (_outside(wanted.currency, entry.currencies), Rejection.CURRENCY),
        (_outside(wanted.method, entry.payment_methods), Rejection.METHOD),
        (
            not entry.minimum_cents <= wanted.amount_cents <= entry.maximum_cents,
            Rejection.AMOUNT,
        ),
    )
    return next((reason for fails, reason in checks if fails), None)


def _outside(value: str, allowed: frozenset[str]) -> bool:
    return bool(value and allowed and value not in allowed)
