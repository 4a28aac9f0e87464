"""What a provider says of a payment, and what it delivered, held against what was ordered.

What the user paid and got is booked as it is; what of it does not fit is told to a person.
"""

from collections.abc import Iterator

from domain.contracts.deposit_events import OnRampProviderSelected
from domain.contracts.payments import Payment, payment_in
from domain.provider.payment_outcomes import Delivered, Told, Waiting
from domain.shared.decision import Facts
from domain.shared.money import AssetAmount, share_rounded_down
from domain.shared.stream import Stream


def oddities(stream: Stream, seen: Waiting | Delivered, facts: Facts) -> tuple[str, ...]:
    """What does not fit, of what is not told nothing. Amounts may differ by as much as a payment may
    bring less without a question."""
    payment = payment_in(stream)
    if isinstance(seen, Delivered):
        offered = payment.offer(stream.known(OnRampProviderSelected).provider).asset_amount
        delivered = _amounts("delivered", seen.amount, offered, seen.asset, facts)
        return (*_words(payment, seen.told, facts), *delivered)
    return tuple(_words(payment, seen.told, facts)) if seen.paid else ()


def paid_amount(payment: Payment, told: Told) -> int:
    """What to book as paid (hundredths of the payment's own currency): what was ordered, where the
    provider tells nothing, or in other money."""
    is_ours = told.fiat_currency in {None, payment.fiat_currency}
    return (told.fiat_amount if is_ours else None) or payment.fiat_amount


def _words(payment: Payment, told: Told, facts: Facts) -> Iterator[str]:
    if told.fiat_currency not in {None, payment.fiat_currency}:
        yield f"paid in {told.fiat_currency}"
    elif told.fiat_amount is not None:
        yield from _amounts(
            "paid", told.fiat_amount, payment.fiat_amount, payment.fiat_currency, facts
        )
    if told.asset not in {None, payment.asset}:
        yield f"{told.asset} is to be delivered"
    if told.address is not None and not _is_same(told.address, payment.address):
        yield "another address is to be delivered to"


def _amounts(what: str, found: int, wanted: int, asset: str, facts: Facts) -> Iterator[str]:
    tolerated = share_rounded_down(wanted, millionths=facts.figures.payment_slippage_millionths)
    if abs(found - wanted) > tolerated:
        yield f"{what} {AssetAmount.of(found, asset)} of {AssetAmount.of(wanted, asset)}"


def _is_same(one: str, other: str) -> bool:
    """Hexadecimal addresses are the same in either case, all others are not."""
    return one == other or (one[:2] == other[:2] == "0x" and one.lower() == other.lower())
