"""The providers that there are: what each can do, for whom, and whether it may be used now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.shared.assets import Chain


class ProviderKind(StrEnum):
    """The four types of providers, and what else is asked outside: prices and chains' nodes."""

    ON_RAMP = "ON_RAMP"
    OFF_RAMP = "OFF_RAMP"
    DEX = "DEX"
    DEFI = "DEFI"
    PRICES = "PRICES"
    CHAIN = "CHAIN"


class Capability(StrEnum):
    """What a provider does for the platform. SWAP is on one chain, BRIDGE from one to another."""

    BUY = "BUY"
    PAY_OUT = "PAY_OUT"
    SWAP = "SWAP"
    BRIDGE = "BRIDGE"
    EARN = "EARN"
    PRICES = "PRICES"
    TRANSFER = "TRANSFER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """One provider. Empty `chains`, `countries` and `currencies`: all of them. `assets` are those
    that it delivers and takes.

    Limits are for one transaction, in hundredths of a US dollar. `local_countries` are those that
    it knows best. A lower `priority` wins where all else is equal.
    """

    name: str
    kind: ProviderKind
    assets: frozenset[str]
    priority: int
    capabilities: frozenset[Capability]
    enabled: bool = True
    chains: frozenset[Chain] = frozenset()
    countries: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    local_countries: frozenset[str] = frozenset()
    payment_methods: frozenset[str] = frozenset()
    minimum_cents: int = 0
    maximum_cents: int = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a provider is looked for: `asset` is to be delivered or put to work, `source` paid for
    it on `chains`. `method` is a payment method or rail, where there is one."""

    kind: ProviderKind
    capability: Capability
    asset: str
    amount_cents: int
    country: str
    source: str = ""
    chains: frozenset[Chain] = frozenset()
    currency: str = ""
    method: str = ""


class Rejection(StrEnum):
    """Why a provider is out before it is asked, or because of what it answered."""

    DISABLED = "disabled"
    SWITCHED_OFF = "disabled by an operator"
    UNHEALTHY = "health checks fail"
    BREAKER_OPEN = "too many failures of late"
    CAPABILITY = "not what it does"
    CHAIN = "chain not served"
    SOURCE = "asset not taken"
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
        (wanted.capability not in entry.capabilities, Rejection.CAPABILITY),
        (wanted.asset not in entry.assets, Rejection.ASSET),
        (_outside(wanted.source, entry.assets), Rejection.SOURCE),
        (bool(entry.chains) and not wanted.chains <= entry.chains, Rejection.CHAIN),
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
