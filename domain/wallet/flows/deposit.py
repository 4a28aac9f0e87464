"""The wallet expects what a Deposit shall bring, and credits what the chain shows of it.

It owns its own compensation: whatever ends a Deposit without a delivery ends the expectation here.
"""

from domain.contracts.deposit_events import (
    AvailableBalanceUpdated,
    AvailableBalanceUpdateRequested,
    ExpectedCreditReserved,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    OnRampProviderSelected,
    USDCConversionCompleted,
    WrongAssetDelivered,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceCleared
from domain.shared.accounts import available, chain, fee_due, provider, suspense
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.ids import derived
from domain.shared.money import share_rounded_down
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import Posting
from domain.wallet.claims import Claimant, claimant, taken
from domain.wallet.credit import (
    blocked,
    claim_of,
    on_cleared,
    on_failed,
    on_refunded,
    on_wrong_asset,
    settled,
)
from domain.wallet.swap import is_short


def on_update_requested(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Books what arrived, less the platform's fee, and ends the expectation. What somebody on the
    sanctions list sent is not credited but in suspense, and nothing is taken of it. What was booked
    as something else was not delivered for this."""
    delivered = stream.known(USDCConversionCompleted)
    claim = claim_of(delivered)
    by = claimant(stream, facts, claim, USDC.symbol, stream.wallet_id)
    if by is Claimant.OTHER:
        return taken()
    name = stream.known(OnRampProviderSelected).provider
    fee = share_rounded_down(delivered.amount, millionths=facts.figures.deposit_fee_millionths)
    # The watcher for unannounced money was faster: it is credited, and by now perhaps spent.
    is_credited = by is Claimant.WATCHER
    stopped = blocked(delivered, facts, is_booked=not is_credited)
    if (is_credited and is_short(facts)) or stopped:
        fee = 0
    credited = 0 if stopped else delivered.amount - fee
    expected = stream.known(ExpectedCreditReserved).amount
    updated = AvailableBalanceUpdated(
        asset=USDC.symbol,
        credited=credited,
        fee_due=fee,
        difference=delivered.amount - expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    account = available(stream.wallet_id)
    to = suspense(stream.wallet_id, USDC.symbol) if stopped else account
    if is_credited:
        to = chain(USDC)
    return Decision(
        events=(updated, stopped) if stopped else (updated,),
        holds_settled=(settled(stream, captured=min(expected, delivered.amount)),),
        postings=(
            Posting(account=provider(name, USDC.symbol), posted=-delivered.amount),
            Posting(account=account, posted=-fee, incoming=-expected),
            Posting(account=to, posted=delivered.amount),
            *((Posting(account=fee_due(stream.wallet_id), posted=fee),) if fee else ()),
        ),
        claims=() if is_credited else (claim,),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    ComplianceCleared: on_cleared,
    AvailableBalanceUpdateRequested: on_update_requested,
    WrongAssetDelivered: on_wrong_asset,
    FiatPaymentFailed: on_failed,
    FiatPaymentRefunded: on_refunded,
}
