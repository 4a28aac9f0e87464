"""Collects offers of providers of any type: all are asked at once, with one deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from domain.contracts.deposit_events import RejectedOffer
from domain.provider.ports.answers import ProviderFee, Setback
from domain.provider.registry import ProviderEntry, ProviderRegistry, Rejection, Wanted, rejection
from domain.provider.selection import Candidate, Scored, Weights, rank
from domain.shared.money import TransactionFee
from infrastructure.db.openings import Record

QUOTE_SECONDS_MAX: Final = 3.0
"""Who answers later is left out of this choice: the user is waiting."""
_NOTHING: Final = Record(successes=0, attempts=0)

Adapter = TypeVar("Adapter")
Quote = TypeVar("Quote")


class Records(Protocol):
    """The recorded outcomes of providers by their names."""

    async def records(self) -> Mapping[str, Record]: ...


class Standing(Protocol):
    """Whether providers may be used now, whatever is wanted of them."""

    async def rejection(self, provider: str) -> Rejection | None: ...


def fees_by(provider: str, quoted: Iterable[ProviderFee]) -> tuple[TransactionFee, ...]:
    """What a provider quotes as its fees, as a transaction lists them."""
    return tuple(
        TransactionFee(kind=fee.kind, amount=fee.amount, asset=fee.asset, provider=provider)
        for fee in quoted
    )


@dataclass(frozen=True, slots=True)
class Bid(Generic[Quote]):
    """A quote and what it is worth beside others: `delivered` (base units) arrives of what the
    user spends, in `seconds`, where the provider tells."""

    quote: Quote
    delivered: int
    seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(Generic[Quote]):
    """`score` in millionths, more is better; its parts are in `scored`."""

    provider: str
    quote: Quote
    score: int
    scored: Scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected(Generic[Quote]):
    """The best first, and who is out with the reason; by which version of the list."""

    offers: tuple[Offered[Quote], ...]
    rejected: tuple[RejectedOffer, ...]
    policy_version: str


class OfferCollector:
    def __init__(
        self,
        *,
        registry: ProviderRegistry,
        weights: Weights,
        records: Records,
        standing: Standing,
    ) -> None:
        self._registry = registry
        self._weights = weights
        self._records = records
        self._standing = standing

    async def collect(
        self,
        wanted: Wanted,
        providers: Mapping[str, Adapter],
        ask: Callable[[Adapter], Awaitable[Bid[Quote] | Setback]],
        *,
        preferred: frozenset[str] = frozenset(),
    ) -> Collected[Quote]:
        """Asks those of `providers` (by the registry's names) that can do what is `wanted`."""
        possible, rejected = await self._possible(wanted, providers)
        answers = await asyncio.gather(*(_bid(ask, providers[each.name]) for each in possible))
        bids: dict[str, Bid[Quote]] = {}
        for entry, answer in zip(possible, answers, strict=True):
            if isinstance(answer, Bid):
                bids[entry.name] = answer
            else:
                reason = f"{Rejection.NO_QUOTE.value}: {answer}"
                rejected.append(RejectedOffer(provider=entry.name, reason=reason))
        entries = [entry for entry in possible if entry.name in bids]
        return Collected(
            offers=await self._ranked(entries, bids, wanted.country, preferred),
            rejected=tuple(rejected),
            policy_version=self._registry.version,
        )

    def is_possible(self, wanted: Wanted, providers: Mapping[str, Adapter]) -> bool:
        """Whether any of `providers` does what is `wanted`, be it out of reach for now or not."""
        return any(
            entry.name in providers and rejection(entry, wanted) is None
            for entry in self._registry.candidates(wanted)
        )

    async def _possible(
        self, wanted: Wanted, providers: Mapping[str, Adapter]
    ) -> tuple[list[ProviderEntry], list[RejectedOffer]]:
        possible, rejected = [], []
        for entry in self._registry.candidates(wanted):
            reason = rejection(entry, wanted)
            if reason is None and entry.name not in providers:
                reason = Rejection.DISABLED
            if reason is None:
                reason = await self._standing.rejection(entry.name)
            if reason is None:
                possible.append(entry)
            else:
                rejected.append(RejectedOffer(provider=entry.name, reason=reason.value))
        return possible, rejected

    async def _ranked(
        self,
        entries: Sequence[ProviderEntry],
        bids: Mapping[str, Bid[Quote]],
        country: str,
        preferred: frozenset[str],
    ) -> tuple[Offered[Quote], ...]:
        records = await self._records.records()
        candidates = [
            Candidate(
                provider=entry.name,
                delivered=bids[entry.name].delivered,
                estimated_seconds=bids[entry.name].seconds,
                successes=records.get(entry.name, _NOTHING).successes,
                attempts=records.get(entry.name, _NOTHING).attempts,
                is_preferred=entry.name in preferred,
                is_local=country in entry.local_countries,
                priority=entry.priority,
            )
            for entry in entries
        ]
        return tuple(
            Offered(
                provider=scored.candidate.provider,
                quote=bids[scored.candidate.provider].quote,
                score=scored.total,
                scored=scored,
            )
            for scored in rank(candidates, self._weights)
        )


async def _bid(
    ask: Callable[[Adapter], Awaitable[Bid[Quote] | Setback]], provider: Adapter
) -> Bid[Quote] | str:
    """The bid, or in a few words why there is none."""
    try:
        async with asyncio.timeout(QUOTE_SECONDS_MAX):
            answer = await ask(provider)
    except TimeoutError:
        return "no answer in time"
    return answer if isinstance(answer, Bid) else answer.reason
