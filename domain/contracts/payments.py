"""A payment with fiat, in whatever flow: what is paid for, by whom it was offered, where it goes."""

from dataclasses import dataclass, replace

from domain.contracts.buy_events import BuyTransactionInitiated, OnRampPurchase
from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    PaymentMethodUpdateRequested,
    PaymentOffer,
    RejectedOffer,
)
from domain.contracts.envelope import EventPayload
from domain.contracts.terms_events import PaymentRequoted
from domain.shared.stream import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """`fiat_amount` (hundredths), all costs included, worth `usd_value` (millionths), buys `asset`,
    which is to arrive at the user's own `address`; `offers` are the best first. With any of `methods`
    somebody takes such a payment."""

    asset: str
    address: str
    fiat_amount: int
    fiat_currency: str
    usd_value: int
    payment_method: str
    country: str
    return_url: str
    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    methods: tuple[str, ...]

    def offer(self, provider: str) -> PaymentOffer:
        """What that provider quoted."""
        return next(each for each in self.offers if each.provider == provider)


def payment_of(opening: EventPayload) -> Payment:
    """The payment that a flow opens with; LookupError where it opens with none."""
    match opening:
        case DepositTransactionInitiated():
            return _payment(opening, asset=opening.asset, address=opening.address)
        case BuyTransactionInitiated(on_ramp=OnRampPurchase() as purchase):
            return _payment(purchase, asset=opening.asset, address=opening.address)
        case _:
            raise LookupError(f"{opening.type_name()} opens no payment")


def payment_in(stream: Stream) -> Payment:
    """The payment of a stream as it is now: with the method that the user chose last, and the offers
    that were made last."""
    payment = payment_of(stream.events[0].data)
    for event in stream.events:
        match event.data:
            case PaymentMethodUpdateRequested(payment_method=method) as updated:
                payment = replace(payment, payment_method=method)
            case PaymentRequoted() as updated:
                pass
            case _:
                continue
        payment = replace(payment, offers=updated.offers, rejected=updated.rejected)
    return payment


def _payment(
    told: DepositTransactionInitiated | OnRampPurchase, *, asset: str, address: str
) -> Payment:
    return Payment(
        asset=asset,
        address=address,
        fiat_amount=told.fiat_amount,
        fiat_currency=told.fiat_currency,
        usd_value=told.usd_value,
        payment_method=told.payment_method,
        country=told.country,
        return_url=told.return_url,
        offers=told.offers,
        rejected=told.rejected,
        methods=told.methods,
    )
