"""Reads the list of providers, and asks the on-ramps among them for offers."""

import asyncio
import logging
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.provider.ports.onramp import OnRampProvider, OnRampQuote, OnRampQuoteRequest
from domain.provider.registry import (
    ProviderEntry,
    ProviderKind,
    ProviderRegistry,
    Rejection,
    Wanted,
    rejection,
)
from domain.provider.selection import WHOLE, Candidate, Weights, rank
from domain.shared.money import TransactionFee
from infrastructure.db.openings import Record
from infrastructure.settings import StartupError

logger = logging.getLogger(__name__)

PROVIDERS_FILE: Final = Path(__file__).with_name("providers.toml")
QUOTE_SECONDS_MAX: Final = 3.0
"""Who answers later is left out of this choice: the user is waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLimits:
    """What a payment method takes in one transaction (hundredths of a US dollar)."""

    minimum_cents: int
    maximum_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderList:
    """The providers, how they are weighed, and what payment methods take."""

    registry: ProviderRegistry
    weights: Weights
    payment_methods: Mapping[str, MethodLimits]


class Records(Protocol):
    """The recorded outcomes of providers by their names."""

    async def records(self) -> Mapping[str, Record]: ...


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
        version = msgspec.convert(content["version"], str)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
        raise StartupError(f"{path.name}: {error}") from None
    if weights.cost + weights.reliability + weights.speed + weights.preference != WHOLE:
        raise StartupError(f"{path.name}: the weights do not sum to {WHOLE}")
    registry = ProviderRegistry(version=version, entries=entries)
    return ProviderList(registry=registry, weights=weights, payment_methods=methods)


class OfferDesk:
    """Collects offers for a payment, all providers at once, and ranks them."""

    def __init__(
        self, *, listed: ProviderList, providers: Mapping[str, OnRampProvider], records: Records
    ) -> None:
        self._listed = listed
        self._providers = providers
        self._records = records

    async def offers(
        self, request: OnRampQuoteRequest, *, amount_cents: int, preferred: frozenset[str]
    ) -> tuple[tuple[PaymentOffer, ...], tuple[RejectedOffer, ...]]:
        """The best first, and who is out with the reason. `amount_cents` in US dollars."""
        wanted = Wanted(
            kind=ProviderKind.ON_RAMP,
            asset=request.asset.symbol,
            amount_cents=amount_cents,
            country=request.country,
            currency=request.fiat_currency,
            method=request.payment_method,
        )
        possible, rejected = self._possible(wanted)
        answers = await asyncio.gather(*(self._quote(entry.name, request) for entry in possible))
        quotes: dict[str, OnRampQuote] = {}
        for entry, answer in zip(possible, answers, strict=True):
            if isinstance(answer, OnRampQuote):
                quotes[entry.name] = answer
            else:
                rejected.append(
                    RejectedOffer(
                        provider=entry.name, reason=f"{Rejection.NO_QUOTE.value}: {answer}"
                    )
                )
        entries = [entry for entry in possible if entry.name in quotes]
        return await self._ranked(entries, quotes, request, preferred), tuple(rejected)

    def _possible(self, wanted: Wanted) -> tuple[list[ProviderEntry], list[RejectedOffer]]:
        possible, rejected = [], []
        for entry in self._listed.registry.candidates(wanted):
            reason = rejection(entry, wanted)
            if reason is None and entry.name not in self._providers:
                reason = Rejection.DISABLED
            if reason is None:
                possible.append(entry)
            else:
                rejected.append(RejectedOffer(provider=entry.name, reason=reason.value))
        return possible, rejected

    async def _quote(self, name: str, request: OnRampQuoteRequest) -> OnRampQuote | str:
        """The quote, or in a few words why there is none."""
        try:
            async with asyncio.timeout(QUOTE_SECONDS_MAX):
                answer = await self._providers[name].quote(request)
        except TimeoutError:
            return "no answer in time"
        return answer if isinstance(answer, OnRampQuote) else answer.reason

    async def _ranked(
        self,
        entries: Sequence[ProviderEntry],
        quotes: Mapping[str, OnRampQuote],
        request: OnRampQuoteRequest,
        preferred: frozenset[str],
    ) -> tuple[PaymentOffer, ...]:
        records = await self._records.records()
        nothing = Record(successes=0, attempts=0)
        candidates = [
            Candidate(
                provider=entry.name,
                delivered=quotes[entry.name].asset_amount,
                estimated_seconds=quotes[entry.name].estimated_seconds,
                successes=records.get(entry.name, nothing).successes,
                attempts=records.get(entry.name, nothing).attempts,
                is_preferred=entry.name in preferred,
                is_local=request.country in entry.local_countries,
                priority=entry.priority,
            )
            for entry in entries
        ]
        return tuple(
            _offer(quotes[scored.candidate.provider], scored.candidate.provider, scored.total)
            for scored in rank(candidates, self._listed.weights)
        )


def _offer(quote: OnRampQuote, name: str, score: int) -> PaymentOffer:
    return PaymentOffer(
        provider=name,
        asset_amount=quote.asset_amount,
        fees=tuple(
            TransactionFee(kind=fee.kind, amount=fee.amount, asset=fee.asset, provider=name)
            for fee in quote.fees
        ),
        expires_at=quote.expires_at,
        estimated_seconds=quote.estimated_seconds,
        score=score,
    )
