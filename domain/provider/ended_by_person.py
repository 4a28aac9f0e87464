"""What a person may end where something does not fit: what has certainly moved nothing, and a payment
that brought something else than was bought, which its user keeps.

All else ends by its provider's word or by the chain: nobody's decision makes money move.
"""

from domain.contracts.deposit_events import (
    DeliveryBookedBefore,
    DeliverySuspended,
    FiatPaymentConfirmed,
    FiatPaymentFailed,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PurchaseCompleted,
    WrongAssetDelivered,
)
from domain.contracts.envelope import EventPayload
from domain.contracts.events import OperatorRequired, UserActionRequired
from domain.contracts.flows import FlowName
from domain.contracts.payments import payment_in
from domain.contracts.payout_events import PayoutOpened, USDCToFiatConversionRequested
from domain.contracts.suspense_events import EndedByPerson, SuspenseReturned
from domain.contracts.transfer_events import TransferFailed
from domain.provider.effects import EffectKind, effect_id
from domain.provider.leg import leg_of
from domain.shared.accounts import chain, conversion, fiat, provider
from domain.shared.assets import ASSETS
from domain.shared.decision import Decision
from domain.shared.errors import Refused
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState, Posting

OTHER_ASSET = "PAY_OTHER_ASSET"
MISMATCH = "PAY_MISMATCH"
_PAYMENTS = frozenset({FlowName.DEPOSIT, FlowName.BUY_WITH_PAYMENT})


class MayHaveMoved(Refused):
    """Money may be on its way: it ends by the provider's word, or by the chain."""

    code = "TXN_NOT_CANCELLABLE"


def brought_another(stream: Stream) -> bool:
    """Whether a payment that goes on has brought something else than was bought, and it is there."""
    return bool(_came(stream)) and not _has_ended(stream)


def is_unmoved(stream: Stream) -> bool:
    """Whether what waits for a person has certainly moved nothing: nobody could pay or sign yet."""
    if not stream.has(OperatorRequired) or _has_ended(stream):
        return False
    if stream.flow is FlowName.WITHDRAW_TO_BANK:
        return not stream.has(UserActionRequired, PayoutOpened)
    return (
        stream.flow in _PAYMENTS
        and not stream.has(FiatPaymentConfirmed, WrongAssetDelivered)
        and not stream.happened_since(UserActionRequired, OnRampProviderSelected)
    )


def keep_what_came(stream: Stream, decided: EndedByPerson) -> Decision:
    """What was paid has bought what came instead; what was bought is not expected any more."""
    payment, confirmed = payment_in(stream), stream.latest(FiatPaymentConfirmed)
    name, currency = stream.known(OnRampProviderSelected).provider, payment.fiat_currency
    payer, paid = fiat(currency), payment.fiat_amount
    if confirmed is not None:
        payer, paid = provider(name, currency), confirmed.fiat_amount
    came = _came(stream)
    return Decision(
        events=(decided, _payment_failed(stream, OTHER_ASSET)),
        effects_moved=(_cancelled(stream, EffectKind.ONRAMP_CHECK),),
        postings=(
            Posting(account=payer, posted=-paid),
            Posting(account=conversion(currency), posted=paid),
            *(Posting(account=conversion(each.asset), posted=-each.amount) for each in came),
            *(Posting(account=chain(ASSETS[each.asset]), posted=each.amount) for each in came),
        ),
    )


def end_unmoved(stream: Stream, decided: EndedByPerson) -> Decision:
    """It has failed, and what is held or expected is let go. Raises `MayHaveMoved`."""
    if not is_unmoved(stream):
        raise MayHaveMoved
    if stream.flow is FlowName.WITHDRAW_TO_BANK:
        kind = EffectKind.PAYOUT_OPEN
        failed: EventPayload = leg_of(stream).failed(
            code=MISMATCH, reason=decided.reason, landed=False
        )
    else:
        kind, failed = EffectKind.ONRAMP_OPEN, _payment_failed(stream, MISMATCH)
    return Decision(events=(decided, failed), effects_moved=(_cancelled(stream, kind),))


def _came(stream: Stream) -> list[DeliverySuspended | DeliveryBookedBefore]:
    """Of another asset, without what went back: the oldest in suspense first."""
    events = [event.data for event in stream.events]
    suspended = [each for each in events if isinstance(each, DeliverySuspended)]
    booked = [each for each in events if isinstance(each, DeliveryBookedBefore)]
    return [*suspended[stream.count(SuspenseReturned) :], *booked]


def _payment_failed(stream: Stream, code: str) -> FiatPaymentFailed:
    return FiatPaymentFailed(
        provider=stream.known(OnRampProviderSelected).provider,
        code=code,
        reason=stream.known(OperatorRequired).reason,
        fiat_currency=payment_in(stream).fiat_currency,
        refunded=0,
    )


def _cancelled(stream: Stream, kind: EffectKind) -> EffectMoved:
    """Nobody asks the provider about it any more."""
    begun = (
        USDCToFiatConversionRequested if kind is EffectKind.PAYOUT_OPEN else FiatPaymentRequested
    )
    effect = effect_id(stream.id, kind, stream.count(begun))
    return EffectMoved(id=effect, state=EffectState.CANCELLED)


def _has_ended(stream: Stream) -> bool:
    return stream.has(FiatPaymentFailed, PurchaseCompleted, TransferFailed, EndedByPerson)
