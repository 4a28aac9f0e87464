"""Reads LI.FI's quotes and statuses: whether they are about what was asked, what they say. Pure."""

import logging
from collections.abc import Iterator
from typing import Final

from domain.provider.ports.answers import ProviderFee
from domain.provider.ports.dex import SwapRequest, SwapState, SwapStatus, SwapTrace
from domain.shared.assets import Asset
from infrastructure.providers.lifi.chains import CHAIN_IDS, same_text, symbol_of, token_address
from infrastructure.providers.lifi.wire import Status, Step, Token, Transfer
from infrastructure.providers.reports import unrecognised

logger = logging.getLogger(__name__)

MILLION: Final = 1_000_000
_STATES: Final = {
    "NOT_FOUND": SwapState.NOT_FOUND,
    "PENDING": SwapState.PENDING,
    "FAILED": SwapState.FAILED,
}
_DONE_STATES: Final = {
    "COMPLETED": SwapState.DELIVERED,
    "PARTIAL": SwapState.PARTIAL,
    "REFUNDED": SwapState.REFUNDED,
}


def mismatch(step: Step, request: SwapRequest) -> str | None:
    """In what the quote differs from the request; None where it fits."""
    action, estimate = step.action, step.estimate
    source, target = request.source.chain, request.target.chain
    ends = (
        (_is_asset(action.from_token, request.source), "another source than asked"),
        (_is_asset(action.to_token, request.target), "another target than asked"),
        (action.from_chain_id == CHAIN_IDS[source], "from another chain than asked"),
        (action.to_chain_id == CHAIN_IDS[target], "to another chain than asked"),
        (same_text(source, action.from_address or "", request.sender), "from somebody else"),
        (same_text(target, action.to_address or "", request.recipient), "to somebody else"),
        (int(action.from_amount) == request.amount, "another amount than asked"),
        (int(estimate.from_amount) == request.amount, "another amount than asked"),
    )
    for fits, reason in ends:
        if not fits:
            return reason
    return _slipped(int(estimate.to_amount), int(estimate.to_amount_min), request)


def _is_asset(token: Token, asset: Asset) -> bool:
    return token.decimals == asset.decimals and same_text(
        asset.chain, token.address, token_address(asset)
    )


def _slipped(expected: int, least: int, request: SwapRequest) -> str | None:
    if not 0 < least <= expected:
        return f"at least {least} of {expected}"
    # One base unit of grace: providers round as they like.
    if (least + 1) * MILLION < expected * (MILLION - request.slippage_millionths):
        return f"more slippage than {request.slippage_millionths} millionths"
    return None


def fees_of(step: Step) -> tuple[ProviderFee, ...]:
    """All that it names in assets of ours; what it takes in others is within its amounts."""
    return tuple(_fees(step))


def _fees(step: Step) -> Iterator[ProviderFee]:
    for kind, costs in (
        ("PROVIDER", step.estimate.fee_costs),
        ("NETWORK", step.estimate.gas_costs),
    ):
        for cost in costs:
            symbol = _symbol(cost.token)
            if symbol is None:
                logger.info("lifi: a fee in %s, which is none of ours", cost.token.symbol)
            elif int(cost.amount) > 0:
                yield ProviderFee(kind=kind, amount=int(cost.amount), asset=symbol)


def status_of(status: Status, trace: SwapTrace) -> SwapStatus:
    """DONE alone is not enough: only with COMPLETED did the user get what they asked for."""
    state = _state(status)
    received, asset = _received(status.receiving)
    wanted = trace.request.target.symbol
    if state is SwapState.DELIVERED and not _is_delivery(status, asset, wanted, trace):
        state = SwapState.UNRECOGNISED
    receiving = None if status.receiving is None else status.receiving.tx_hash
    is_refund = state is SwapState.REFUNDED
    return SwapStatus(
        state=state,
        provider_status="/".join(filter(None, (status.status, status.substatus))),
        source_transaction_hash=None if status.sending is None else status.sending.tx_hash,
        target_transaction_hash=None if is_refund else receiving,
        refund_transaction_hash=receiving if is_refund else None,
        received=received,
        received_asset=asset,
    )


def _is_delivery(status: Status, asset: str | None, wanted: str, trace: SwapTrace) -> bool:
    """A delivery of another asset or to another address is none, whatever it is called."""
    chain = trace.request.target.chain
    to = status.to_address
    fits = asset == wanted and (to is None or same_text(chain, to, trace.request.recipient))
    if not fits:
        logger.warning("lifi: COMPLETED with %s instead of %s, or for somebody else", asset, wanted)
    return fits


def _state(status: Status) -> SwapState:
    known = _STATES.get(status.status)
    if status.status == "DONE":
        known = _DONE_STATES.get(status.substatus or "")
    if known is None:
        unrecognised("lifi", "status", f"{status.status}/{status.substatus}")
        return SwapState.UNRECOGNISED
    return known


def _received(receiving: Transfer | None) -> tuple[int | None, str | None]:
    if receiving is None or receiving.amount is None or receiving.token is None:
        return None, None
    return int(receiving.amount), _symbol(receiving.token)


def _symbol(token: Token) -> str | None:
    return symbol_of(int(token.chain_id), token.address)
