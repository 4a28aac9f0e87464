"""What a payment shall bring is expected, and the expectation ends, in whatever flow.

Whatever ends a flow without a delivery ends the expectation here.
"""

from domain.contracts.deposit_events import (
    DeliveryBookedBefore,
    DeliverySeen,
    DeliverySuspended,
    ExpectedCreditReserved,
    FiatPaymentFailed,
    WrongAssetDelivered,
)
from domain.contracts.envelope import Event
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    BlockedDepositReceived,
    CancellationRequested,
)
from domain.contracts.payments import payment_of
from domain.shared.accounts import chain, suspense
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.stream import Stream
from domain.shared.unit import Account, ChainClaim, HoldKind, HoldPlaced, HoldSettled, Posting
from domain.wallet.claims import Claimant, claimant
from domain.wallet.swap import balance_of


def on_cleared(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return Decision(events=(BalanceReservationRejected(code="TXN_CANCELLED"),))
    payment = payment_of(stream.events[0].data)
    expected = payment.offers[0].asset_amount
    hold_id = HoldId(derived(stream.id, "hold", "credit"))
    account = balance_of(stream.wallet_id, payment.asset)
    return Decision(
        events=(ExpectedCreditReserved(hold_id=hold_id, asset=payment.asset, amount=expected),),
        holds_placed=(
            HoldPlaced(
                id=hold_id, account=account, kind=HoldKind.INCOMING, part="credit", amount=expected
            ),
        ),
        postings=(Posting(account=account, incoming=expected),),
    )


def on_failed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    failed = stream.known(FiatPaymentFailed)
    return NOTHING if failed.refunded else _released(stream)


def on_refunded(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    return _released(stream)


def on_wrong_asset(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Books to suspense what was not bought; where somebody has booked it before, it stays so.
    What was bought is still expected."""
    wrong = event.data
    if not isinstance(wrong, WrongAssetDelivered):
        return NOTHING
    match claimant(stream, facts, claim_of(wrong), wrong.asset, stream.wallet_id):
        case Claimant.OTHER:
            return NOTHING
        case Claimant.WATCHER:
            return Decision(events=(DeliveryBookedBefore(asset=wrong.asset, amount=wrong.amount),))
        case Claimant.NOBODY:
            return _suspended(stream, wrong)


def _suspended(stream: Stream, wrong: WrongAssetDelivered) -> Decision:
    asset = ASSETS[wrong.asset]
    suspended = DeliverySuspended(
        asset=wrong.asset,
        amount=wrong.amount,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(
        events=(suspended,),
        postings=(
            Posting(account=chain(asset), posted=-wrong.amount),
            Posting(account=suspense(stream.wallet_id, asset.symbol), posted=wrong.amount),
        ),
        claims=(claim_of(wrong),),
    )


def blocked(
    delivered: DeliverySeen, facts: Facts, *, is_booked: bool
) -> BlockedDepositReceived | None:
    """What is to be told where somebody on the sanctions list sent what was delivered: it belongs
    into suspense, and goes there now if it `is_booked` with this."""
    if not facts.screening.hits(delivered.senders):
        return None
    return BlockedDepositReceived(
        chain=ASSETS[delivered.asset].chain,
        signature=delivered.transaction_hash,
        account=delivered.account,
        asset=delivered.asset,
        amount=delivered.amount,
        senders=delivered.senders,
        policy_version=f"{facts.figures.policy_version}+{facts.screening.version}",
        is_booked=is_booked,
    )


def _released(stream: Stream) -> Decision:
    expected = stream.known(ExpectedCreditReserved).amount
    reason = stream.known(FiatPaymentFailed).code
    return Decision(
        events=(BalanceReservationReleased(released=expected, reason=reason),),
        holds_settled=(settled(stream, captured=0),),
        postings=(Posting(account=_account(stream), incoming=-expected),),
    )


def settled(stream: Stream, *, captured: int) -> HoldSettled:
    reserved = stream.known(ExpectedCreditReserved)
    return HoldSettled(
        id=reserved.hold_id,
        account=_account(stream),
        kind=HoldKind.INCOMING,
        captured=captured,
        released=reserved.amount - captured,
    )


def _account(stream: Stream) -> Account:
    return balance_of(stream.wallet_id, stream.known(ExpectedCreditReserved).asset)


def claim_of(delivered: DeliverySeen) -> ChainClaim:
    return ChainClaim(
        chain=ASSETS[delivered.asset].chain,
        signature=delivered.transaction_hash,
        instruction=delivered.instruction,
        account=delivered.account,
    )
