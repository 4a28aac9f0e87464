"""Offers for a payment or a payout whose own can no longer be had: providers are asked again."""

from collections.abc import Mapping
from typing import Protocol

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.payments import payment_in
from domain.contracts.payout_events import PayoutOffer
from domain.contracts.payouts import bank_of, payout_in
from domain.provider.effects import EffectKind
from domain.provider.payout_requotes import PayoutsRequoted, on_payouts_requoted
from domain.provider.ports.offramp import OffRampQuoteRequest, PayoutRail
from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.provider.requotes import Requoted, on_requoted
from domain.provider.valuation import cents_rounded_up
from domain.shared.assets import ASSETS, USDC
from domain.shared.stream import Stream
from infrastructure.db.bank_accounts import BankToken
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler


class Offers(Protocol):
    """Asks all on-ramps at once."""

    async def offers(
        self, request: OnRampQuoteRequest, *, amount_cents: int, preferred: frozenset[str]
    ) -> tuple[tuple[PaymentOffer, ...], tuple[RejectedOffer, ...]]: ...


class PayoutOffers(Protocol):
    """Asks all off-ramps that know the account at once."""

    async def offers(
        self, request: OffRampQuoteRequest, tokens: Mapping[str, BankToken]
    ) -> tuple[tuple[PayoutOffer, ...], tuple[RejectedOffer, ...]]: ...


class RequoteEffects:
    """It only reads, so it may be repeated."""

    def __init__(self, offers: Offers, payouts: PayoutOffers) -> None:
        self._offers = offers
        self._payouts = payouts

    def handlers(self) -> Mapping[str, CarryOut]:
        return {
            EffectKind.ONRAMP_QUOTE: self._quote,
            EffectKind.PAYOUT_QUOTE: self._quote_payout,
        }

    async def _quote_payout(self, effect: EffectInHand, stream: Stream) -> Handler:
        bank = bank_of(stream)
        offers, rejected = await self._payouts.offers(
            OffRampQuoteRequest(
                asset=USDC,
                asset_amount=payout_in(stream).amount,
                fiat_currency=bank.fiat_currency,
                rail=PayoutRail(bank.rail),
                country=bank.country,
            ),
            # Who made an offer before knows the account.
            {
                each.provider: BankToken(customer=each.customer, token=each.bank_account)
                for each in bank.offers
            },
        )
        told = PayoutsRequoted(offers=offers, rejected=rejected)
        return lambda known, facts: on_payouts_requoted(known, effect.fence, told, facts)

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
