"""Reads the list of providers, and asks the on-ramps among them for offers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.provider.breaker import GuardLimits
from domain.provider.ports.answers import Setback
from domain.provider.ports.onramp import OnRampProvider, OnRampQuote, OnRampQuoteRequest
from domain.provider.registry import (
    Capability,
    ProviderEntry,
    ProviderKind,
    ProviderRegistry,
    Wanted,
)
from domain.provider.selection import WHOLE, Weights
from infrastructure.services.offers import Bid, OfferCollector, fees_by
from infrastructure.settings import StartupError

PROVIDERS_FILE: Final = Path(__file__).with_name("providers.toml")
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLimits:
    """What a payment method takes in one transaction (hundredths of a US dollar)."""

    minimum_cents: int
    maximum_cents: int

    def takes(self, amount: int) -> bool:
        return self.minimum_cents <= amount <= self.maximum_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderList:
    """The providers, how they are weighed, and what payment methods take."""

    registry: ProviderRegistry
    weights: Weights
    payment_methods: Mapping[str, MethodLimits]
    guards: Mapping[str, GuardLimits]

    def guard_limits(self, name: str) -> GuardLimits:
        """Those of a provider, or of the chain whose node is named."""
        return self.guards.get(name.partition(".")[0], self.guards[_DEFAULT])


def load_providers(path: Path = PROVIDERS_FILE) -> ProviderList:
    """The list of a TOML file; raises `StartupError` with one line for a file that is wrong."""
    try:
        content = tomllib.loads(path.read_text())
        entries = {
            name: msgspec.convert({"name": name, **fields}, ProviderEntry)
            for name, fields in content["providers"].items()
        }
        weights = msgspec.convert(content["weights"], Weights)
        methods = msgspec.convert(content["payment_methods"], dict[str, MethodLimits])
        guards = _guards(content["guards"])
        version = msgspec.convert(content["version"], str)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
        raise StartupError(f"{path.name}: {error}") from None
    if weights.cost + weights.reliability + weights.speed + weights.preference != WHOLE:
        raise StartupError(f"{path.name}: the weights do not sum to {WHOLE}")
    registry = ProviderRegistry(version=version, entries=entries)
    return ProviderList(registry=registry, weights=weights, payment_methods=methods, guards=guards)


def _guards(content: dict[str, dict[str, object]]) -> dict[str, GuardLimits]:
    usual = content[_DEFAULT]
    return {
        name: msgspec.convert({**usual, **figures}, GuardLimits)
        for name, figures in content.items()
    }


class OfferDesk:
    """Asks on-ramps for offers for a payment."""

    def __init__(self, collector: OfferCollector, providers: Mapping[str, OnRampProvider]) -> None:
        self._collector = collector
        self._providers = providers

    async def offers(
        self, request: OnRampQuoteRequest, *, amount_cents: int, preferred: frozenset[str]
    ) -> tuple[tuple[PaymentOffer, ...], tuple[RejectedOffer, ...]]:
        """The best first, and who is out with the reason. `amount_cents` in US dollars."""
        wanted = _wanted(request, amount_cents)

        async def ask(provider: OnRampProvider) -> Bid[OnRampQuote] | Setback:
            quote = await provider.quote(request)
            if not isinstance(quote, OnRampQuote):
                return quote
            return Bid(quote, delivered=quote.asset_amount, seconds=quote.estimated_seconds)

        collected = await self._collector.collect(wanted, self._providers, ask, preferred=preferred)
        offers = tuple(_offer(each.quote, each.provider, each.score) for each in collected.offers)
        return offers, collected.rejected

    def is_taken(self, request: OnRampQuoteRequest, *, amount_cents: int) -> bool:
        """Whether somebody takes such a payment, be they out of reach for now or not."""
        return self._collector.is_possible(_wanted(request, amount_cents), self._providers)


def _wanted(request: OnRampQuoteRequest, amount_cents: int) -> Wanted:
    return Wanted(
        kind=ProviderKind.ON_RAMP,
        capability=Capability.BUY,
        asset=request.asset.symbol,
        amount_cents=amount_cents,
        country=request.country,
        currency=request.fiat_currency,
        method=request.payment_method,
        chains=frozenset({request.asset.chain}),
    )


def _offer(quote: OnRampQuote, name: str, score: int) -> PaymentOffer:
    return PaymentOffer(
        provider=name,
        asset_amount=quote.asset_amount,
        asset=quote.request.asset.symbol,
        fees=fees_by(name, quote.fees),
        expires_at=quote.expires_at,
        estimated_seconds=quote.estimated_seconds,
        score=score,
    )
