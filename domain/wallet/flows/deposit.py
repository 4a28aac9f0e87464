"""The wallet expects what a Deposit shall bring, and credits what the chain shows of it.

It owns its own compensation: whatever ends a Deposit without a delivery ends the expectation here.
"""

from domain.contracts.deposit_events import (
    AvailableBalanceUpdated,
    AvailableBalanceUpdateRequested,
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    OnRampProviderSelected,
    USDCConversionCompleted,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    CancellationRequested,
    ComplianceCleared,
)
from domain.shared.accounts import available, chain, fee_due, provider
from domain.shared.assets import USDC, Chain
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.money import share_rounded_down
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, HoldKind, HoldPlaced, HoldSettled, Posting

ALREADY_BOOKED = "ALREADY_BOOKED"
INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"


def on_cleared(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return Decision(events=(BalanceReservationRejected(code="TXN_CANCELLED"),))
    expected = stream.known(DepositTransactionInitiated).offers[0].asset_amount
    hold_id = HoldId(derived(stream.id, "hold", "credit"))
    account = available(stream.wallet_id)
    return Decision(
        events=(ExpectedCreditReserved(hold_id=hold_id, asset=USDC.symbol, amount=expected),),
        holds_placed=(
            HoldPlaced(
                id=hold_id, account=account, kind=HoldKind.INCOMING, part="credit", amount=expected
            ),
        ),
        postings=(Posting(account=account, incoming=expected),),
    )


def on_update_requested(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Books what arrived, less the platform's fee, and ends the expectation."""
    delivered = stream.known(USDCConversionCompleted)
    name = stream.known(OnRampProviderSelected).provider
    fee = share_rounded_down(delivered.amount, millionths=facts.figures.deposit_fee_millionths)
    rejected = facts.rejection.reason if facts.rejection else None
    # The watcher for unannounced money was faster: it is credited, and by now perhaps spent.
    is_credited = rejected is not None
    if rejected == INSUFFICIENT_BALANCE:
        fee = 0
    credited = delivered.amount - fee
    expected = stream.known(ExpectedCreditReserved).amount
    updated = AvailableBalanceUpdated(
        asset=USDC.symbol,
        credited=credited,
        fee_due=fee,
        difference=delivered.amount - expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    own = Posting(
        account=available(stream.wallet_id),
        posted=-fee if is_credited else credited,
        incoming=-expected,
    )
    beyond = (Posting(account=chain(USDC), posted=delivered.amount),) if is_credited else ()
    return Decision(
        events=(updated,),
        holds_settled=(_settled(stream, captured=min(expected, delivered.amount)),),
        postings=(
            Posting(account=provider(name, USDC.symbol), posted=-delivered.amount),
            own,
            *beyond,
            *((Posting(account=fee_due(stream.wallet_id), posted=fee),) if fee else ()),
        ),
        claims=() if is_credited else (_claim(delivered),),
    )


def on_failed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    failed = stream.known(FiatPaymentFailed)
    return NOTHING if failed.refunded else _released(stream)


def on_refunded(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    return _released(stream)


def _released(stream: Stream) -> Decision:
    expected = stream.known(ExpectedCreditReserved).amount
    reason = stream.known(FiatPaymentFailed).code
    return Decision(
        events=(BalanceReservationReleased(released=expected, reason=reason),),
        holds_settled=(_settled(stream, captured=0),),
        postings=(Posting(account=available(stream.wallet_id), incoming=-expected),),
    )


def _settled(stream: Stream, *, captured: int) -> HoldSettled:
    reserved = stream.known(ExpectedCreditReserved)
    return HoldSettled(
        id=reserved.hold_id,
        account=available(stream.wallet_id),
        kind=HoldKind.INCOMING,
        captured=captured,
        released=reserved.amount - captured,
    )


def _claim(delivered: USDCConversionCompleted) -> ChainClaim:
    return ChainClaim(
        chain=Chain.SOLANA,
        signature=delivered.transaction_hash,
        instruction=delivered.instruction,
        account=delivered.account,
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    ComplianceCleared: on_cleared,
    AvailableBalanceUpdateRequested: on_update_requested,
    FiatPaymentFailed: on_failed,
    FiatPaymentRefunded: on_refunded,
}
