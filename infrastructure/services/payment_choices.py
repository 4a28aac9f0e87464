"""Another way to pay, or the same anew: what providers offer for it now."""

from collections.abc import Mapping
from typing import Protocol

from domain.contracts.deposit_events import PaymentMethodUpdateRequested
from domain.contracts.envelope import EventPayload
from domain.contracts.payments import payment_in
from domain.provider.extensions import EXTEND
from domain.provider.payment_choices import STOP, declined_by, is_declined
from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.provider.valuation import cents_rounded_up
from domain.shared.assets import ASSETS
from domain.shared.ids import UserId
from domain.shared.stream import Stream
from domain.transaction.errors import NoProvider
from infrastructure.services.payments import check_method
from infrastructure.services.providers import MethodLimits, OfferDesk


class Preferences(Protocol):
    """Whom a user prefers."""

    async def preferred(self, user_id: UserId) -> list[str]: ...


class PaymentChoices:
    """Prepares the answers to what a user is asked about a payment."""

    def __init__(
        self,
        *,
        offers: OfferDesk,
        methods: Mapping[str, MethodLimits],
        preferences: Preferences,
    ) -> None:
        self._offers = offers
        self._methods = methods
        self._preferences = preferences

    async def prepare(self, stream: Stream, option: str) -> tuple[EventPayload, ...]:
        """The payment's next method with what is offered for it. Raises `NoProvider`, or that the
        method does not take the amount."""
        if option == STOP or not is_declined(stream):
            return ()
        payment, user_id = payment_in(stream), stream.events[0].user_id
        is_anew = option == EXTEND
        method = PaymentMethod(payment.payment_method if is_anew else option)
        check_method(
            self._methods[method], payment.fiat_amount, payment.fiat_currency, field="input.option"
        )
        preferred = await self._preferences.preferred(user_id) if user_id else []
        offers, rejected = await self._offers.offers(
            OnRampQuoteRequest(
                fiat_amount=payment.fiat_amount,
                fiat_currency=payment.fiat_currency,
                asset=ASSETS[payment.asset],
                payment_method=method,
                country=payment.country,
                address=payment.address,
            ),
            amount_cents=cents_rounded_up(payment.usd_value),
            preferred=frozenset(preferred),
        )
        if method == payment.payment_method and not is_anew:
            # Who declined this very payment is not asked for it again.
            declined = declined_by(stream)
            offers = tuple(each for each in offers if each.provider not in declined)
        if not offers:
            raise NoProvider(
                reasons="; ".join(f"{each.provider}: {each.reason}" for each in rejected)
            )
        requested = PaymentMethodUpdateRequested(
            payment_method=method, offers=offers, rejected=rejected
        )
        return (requested,)
