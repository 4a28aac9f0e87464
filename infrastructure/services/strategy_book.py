"""The strategies that may be chosen: what the protocols offer, joined with the goals of users."""

import asyncio
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from domain.contracts.strategy_events import STRATEGY_ID_SEPARATOR, StrategyTerms, strategy_id
from domain.contracts.views import (
    MissingStrategiesView,
    StrategyCatalogueView,
    StrategyView,
)
from domain.provider.ports.defi import DeFiProvider, StrategyOffer
from domain.provider.registry import Rejection
from domain.shared.errors import Refused
from infrastructure.providers.asking import asked
from infrastructure.services.offers import Standing
from infrastructure.settings import StartupError

STRATEGIES_FILE: Final = Path(__file__).with_name("strategies.toml")
ASK_SECONDS_MAX: Final = 3.0
OTHERS_MAX: Final = 3
"""So many strategies are offered in place of one."""
RISKS: Final = ("low", "medium", "high")


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A goal and how much risk it bears."""

    name: str
    risk: str


class Goals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`risks` by provider."""

    risks: Mapping[str, str]
    templates: tuple[Template, ...]

    def of(self, provider: str) -> tuple[str, ...]:
        """The goals that take a strategy of this provider."""
        level = RISKS.index(self.risks[provider])
        return tuple(each.name for each in self.templates if RISKS.index(each.risk) >= level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a protocol offered, and when it was asked; `reason`: why it did not answer since."""

    offers: tuple[StrategyOffer, ...]
    asked_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """What a protocol offers is taken as told for `asked_again_seconds`; figures older than
    `stale_seconds` are shown as stale, and nothing is begun by them."""

    asked_again_seconds: float
    stale_seconds: float


def load_goals(path: Path = STRATEGIES_FILE) -> Goals:
    """Raises `StartupError` with one line for a file that is wrong."""
    try:
        goals = msgspec.convert(tomllib.loads(path.read_text()), Goals)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StartupError(f"{path.name}: {error}") from None
    levels = {*goals.risks.values(), *(each.risk for each in goals.templates)}
    if not levels <= set(RISKS):
        raise StartupError(f"{path.name}: a risk is one of {', '.join(RISKS)}")
    return goals


def _may_replace(provider: str, offer: StrategyOffer, terms: StrategyTerms, amount: int) -> bool:
    return (
        (provider, offer.id) != (terms.provider, terms.offer_id)
        and offer.minimum <= amount
        and offer.lock_seconds <= terms.lock_seconds
        and offer.exit_fee_millionths <= terms.exit_fee_millionths
    )


class StrategyBook:
    """What the protocols offer, remembered for a while."""

    def __init__(
        self,
        protocols: Mapping[str, DeFiProvider],
        *,
        goals: Goals,
        standing: Standing,
        ages: Ages,
        clock: Callable[[], datetime],
    ) -> None:
        self._protocols = protocols
        self._goals = goals
        self._standing = standing
        self._ages = ages
        self._clock = clock
        self._told: dict[str, _Told] = {}
        self._asking = asyncio.Lock()

    async def catalogue(self, *, least: int) -> StrategyCatalogueView:
        """All that is known, with the platform's own `least` where a protocol takes less. One that
        does not answer, or may not be used, is named, never an error; what an operator has switched
        off is not shown."""
        await self._ask_all()
        rejections = {name: await self._standing.rejection(name) for name in self._told}
        return StrategyCatalogueView(
            strategies=tuple(
                self._view(name, offer, least)
                for name, told in self._told.items()
                if rejections[name] is not Rejection.SWITCHED_OFF
                for offer in told.offers
            ),
            goals=tuple((each.name, each.risk) for each in self._goals.templates),
            missing=tuple(
                MissingStrategiesView(provider=name, reason=reason)
                for name, told in self._told.items()
                if (reason := rejections[name] or told.reason) is not None
            ),
        )

    async def offer(self, identifier: str) -> tuple[str, StrategyOffer]:
        """The provider and what it offers now. Raises `Refused` for what is not known or stale."""
        await self._ask_all()
        provider, _, offer_id = identifier.partition(STRATEGY_ID_SEPARATOR)
        told = self._told.get(provider)
        offers = told.offers if told else ()
        found = next((each for each in offers if each.id == offer_id), None)
        if found is None:
            code = "TXN_STRATEGY_UNKNOWN" if told and told.reason is None else "PRV_UNAVAILABLE"
            raise Refused(code=code if told else "TXN_STRATEGY_UNKNOWN", field="input.strategyId")
        if self._stale(found) or await self._standing.rejection(provider) is not None:
            raise Refused(code="PRV_UNAVAILABLE", field="input.strategyId")
        return provider, found

    async def known(self, identifier: str) -> StrategyOffer | None:
        """What was last told of it, for whoever leaves: neither a switch nor a provider that no
        longer lists it keeps anybody's money in. None: nothing was told."""
        await self._ask_all()
        provider, _, offer_id = identifier.partition(STRATEGY_ID_SEPARATOR)
        told = self._told.get(provider)
        return next((each for each in told.offers if each.id == offer_id), None) if told else None

    async def others(self, terms: StrategyTerms, amount: int) -> tuple[StrategyTerms, ...]:
        """What may take the place of a strategy for that amount: no riskier, no longer locked, no
        dearer to leave; the best yield first."""
        await self._ask_all()
        found = [
            (provider, offer)
            for provider, told in self._told.items()
            if self._is_no_riskier(provider, terms.provider)
            and await self._standing.rejection(provider) is None
            for offer in told.offers
            if not self._stale(offer) and _may_replace(provider, offer, terms, amount)
        ]
        found.sort(key=lambda each: (-(each[1].apy or 0), each[0], each[1].id))
        return tuple(offer.terms(provider) for provider, offer in found[:OTHERS_MAX])

    def _is_no_riskier(self, provider: str, than: str) -> bool:
        risks = self._goals.risks
        return RISKS.index(risks[provider]) <= RISKS.index(risks[than])

    async def _ask_all(self) -> None:
        async with self._asking:
            now = self._clock()
            due = [
                name
                for name in self._protocols
                if name not in self._told
                or now - self._told[name].asked_at
                >= timedelta(seconds=self._ages.asked_again_seconds)
            ]
            for name, told in zip(
                due, await asyncio.gather(*(self._ask(name, now) for name in due)), strict=True
            ):
                self._told[name] = told

    async def _ask(self, name: str, now: datetime) -> _Told:
        answer = await asked(self._protocols[name].offers, seconds=ASK_SECONDS_MAX)
        if isinstance(answer, tuple):
            return _Told(offers=answer, asked_at=now)
        return self._silent(name, now, answer.reason)

    def _silent(self, name: str, now: datetime, reason: str) -> _Told:
        """What it said last is still shown, with its time."""
        known = self._told.get(name)
        return _Told(offers=known.offers if known else (), asked_at=now, reason=reason)

    def _stale(self, offer: StrategyOffer) -> bool:
        return self._clock() - offer.at > timedelta(seconds=self._ages.stale_seconds)

    def _view(self, provider: str, offer: StrategyOffer, least: int) -> StrategyView:
        return StrategyView(
            id=strategy_id(provider, offer.id),
            provider=provider,
            name=offer.name,
            asset=offer.asset.symbol,
            risk=self._goals.risks[provider],
            goals=self._goals.of(provider),
            apy=None if offer.apy is None else str(offer.apy),
            minimum=max(least, offer.minimum),
            lock_seconds=offer.lock_seconds,
            exit_fee_millionths=offer.exit_fee_millionths,
            liquidity=offer.liquidity,
            total_value=offer.total_value,
            source=offer.source,
            at=offer.at,
            stale=self._stale(offer),
        )
