"""The provider context finds who swaps USDC for the asset of a Buy, and has it signed."""

from domain.contracts.buy_events import BuyTransactionInitiated
from domain.contracts.envelope import EventPayload
from domain.provider.leg import approval_deadline
from domain.provider.swap import SwapWanted, led_swap
from domain.shared.assets import USDC
from domain.shared.decision import Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def _wanted(stream: Stream, facts: Facts) -> SwapWanted:
    buy = stream.known(BuyTransactionInitiated)
    purchase = buy.on_chain
    if purchase is None:
        raise LookupError(f"stream {stream.id} is no purchase on a chain")
    return SwapWanted(
        source=USDC.symbol,
        target=buy.asset,
        amount=purchase.amount - purchase.network_cost.total_base_units,
        slippage_millionths=purchase.slippage_millionths,
        sender_address=purchase.sender_address,
        recipient_address=buy.address,
        platform_fee=0,
        network_cost=purchase.network_cost,
        approval_deadline=approval_deadline(stream, facts, purchase.approval_deadline),
        offers=purchase.offers,
        rejected=purchase.rejected,
    )


REACTIONS: dict[type[EventPayload], Reaction] = led_swap(_wanted)
