"""Offers for a payment that went on waiting until those it had expired: on-ramps are asked again."""

from collections.abc import Mapping
from typing import Protocol

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.payments import payment_in
from domain.provider.effects import EffectKind
from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.provider.requotes import Requoted, on_requoted
from domain.provider.valuation import cents_rounded_up
from domain.shared.assets import ASSETS
from domain.shared.stream import Stream
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler


class Offers(Protocol):
    """Asks all on-ramps at once."""

    async def offers(
        self, request: OnRampQuoteRequest, *, amount_cents: int, preferred: frozenset[str]
    ) -> tuple[tuple[PaymentOffer, ...], tuple[RejectedOffer, ...]]: ...


class RequoteEffects:
    """It only reads, so it may be repeated."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.ONRAMP_QUOTE: self._quote}

    async def _quote(self, effect: EffectInHand, stream: Stream) -> Handler:
        payment = payment_in(stream)
        offers, rejected = await self._offers.offers(
            OnRampQuoteRequest(
                fiat_amount=payment.fiat_amount,
                fiat_currency=payment.fiat_currency,
                asset=ASSETS[payment.asset],
                payment_method=PaymentMethod(payment.payment_method),
                country=payment.country,
                address=payment.address,
            ),
            amount_cents=cents_rounded_up(payment.usd_value),
            preferred=frozenset(),
        )
        told = Requoted(offers=offers, rejected=rejected)
        return lambda known, facts: on_requoted(known, effect.fence, told, facts)
