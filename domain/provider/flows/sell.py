"""The provider context finds who swaps the asset of a Sell for USDC, and has it signed."""

from domain.contracts.envelope import EventPayload
from domain.contracts.sell_events import SellTransactionInitiated
from domain.provider.leg import approval_deadline
from domain.provider.swap import SwapWanted, led_swap
from domain.shared.assets import USDC
from domain.shared.decision import Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def _wanted(stream: Stream, facts: Facts) -> SwapWanted:
    sell = stream.known(SellTransactionInitiated)
    return SwapWanted(
        source=sell.asset,
        target=USDC.symbol,
        amount=sell.amount,
        slippage_millionths=sell.slippage_millionths,
        sender_address=sell.sender_address,
        recipient_address=sell.recipient_address,
        platform_fee=sell.platform_fee,
        network_cost=sell.network_cost,
        approval_deadline=approval_deadline(stream, facts, sell.approval_deadline),
        offers=sell.offers,
        rejected=sell.rejected,
    )


REACTIONS: dict[type[EventPayload], Reaction] = led_swap(_wanted)
