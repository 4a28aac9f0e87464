"""The wallet expects what a Buy shall bring, and credits what the asset's chain shows of it."""

from domain.contracts.buy_events import DirectAssetPurchaseCompleted, InvestedBalanceUpdated
from domain.contracts.deposit_events import (
    ExpectedCreditReserved,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    WrongAssetDelivered,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceCleared
from domain.shared.accounts import chain, provider, suspense
from domain.shared.assets import ASSETS
from domain.shared.decision import Decision, Facts
from domain.shared.ids import derived
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
from domain.wallet.swap import balance_of


def on_delivered(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Books what arrived and ends the expectation; nothing of it is the platform's. What somebody
    on the sanctions list sent is not credited but in suspense. What was booked as something else was
    not delivered for this."""
    delivered = stream.known(DirectAssetPurchaseCompleted)
    claim = claim_of(delivered)
    by = claimant(stream, facts, claim, delivered.asset, stream.wallet_id)
    if by is Claimant.OTHER:
        return taken()
    expected = stream.known(ExpectedCreditReserved).amount
    is_credited = by is Claimant.WATCHER
    stopped = blocked(delivered, facts, is_booked=not is_credited)
    account = balance_of(stream.wallet_id, delivered.asset)
    updated = InvestedBalanceUpdated(
        asset=delivered.asset,
        credited=0 if stopped else delivered.amount,
        difference=delivered.amount - expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    # The watcher for unannounced money was faster: it is booked, and nothing of it is here.
    to = suspense(stream.wallet_id, delivered.asset) if stopped else account
    if is_credited:
        to = chain(ASSETS[delivered.asset])
    return Decision(
        events=(updated, stopped) if stopped else (updated,),
        holds_settled=(settled(stream, captured=min(expected, delivered.amount)),),
        postings=(
            Posting(
                account=provider(delivered.provider, delivered.asset), posted=-delivered.amount
            ),
            Posting(account=account, incoming=-expected),
            Posting(account=to, posted=delivered.amount),
        ),
        claims=() if is_credited else (claim,),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    ComplianceCleared: on_cleared,
    DirectAssetPurchaseCompleted: on_delivered,
    WrongAssetDelivered: on_wrong_asset,
    FiatPaymentFailed: on_failed,
    FiatPaymentRefunded: on_refunded,
}
