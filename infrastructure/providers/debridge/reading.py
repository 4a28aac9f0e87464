"""Reads deBridge's orders: whether they are about what was asked, what they say. Pure."""

import logging
from typing import Final

from domain.provider.ports.answers import Declined, ProviderFee
from domain.provider.ports.dex import SwapRequest, SwapState
from domain.provider.ports.unsigned import EthereumCall, SolanaTransaction
from domain.shared.assets import ASSETS, ETH, SOL, Asset, Chain
from infrastructure.providers.debridge.wire import Cost, CreatedTransaction, Token, Transaction
from infrastructure.providers.reports import unrecognised
from infrastructure.providers.unsigned import Unacceptable, from_hex, solana_transaction

logger = logging.getLogger(__name__)

CHAIN_IDS: Final = {Chain.SOLANA: 7_565_164, Chain.ETHEREUM: 1}
NATIVE: Final = {Chain.SOLANA: SOL, Chain.ETHEREUM: ETH}
_NATIVE_ADDRESSES: Final = {
    Chain.SOLANA: "11111111111111111111111111111111",
    Chain.ETHEREUM: "0x0000000000000000000000000000000000000000",
}
_NETWORK_COSTS: Final = frozenset({"EstimatedOperatingExpenses"})
_STATES: Final = {
    "None": SwapState.NOT_FOUND,
    "Created": SwapState.PENDING,
    # The recipient has it; what follows is between the solver and the protocol.
    "Fulfilled": SwapState.DELIVERED,
    "SentUnlock": SwapState.DELIVERED,
    "ClaimedUnlock": SwapState.DELIVERED,
    # Cancelled, but not back yet.
    "OrderCancelled": SwapState.PENDING,
    "SentOrderCancel": SwapState.PENDING,
    "ClaimedOrderCancel": SwapState.REFUNDED,
}


def unsupported(request: SwapRequest) -> Declined | None:
    """deBridge knows two of our chains, and orders go from one to the other."""
    source, target = request.source.chain, request.target.chain
    if source not in CHAIN_IDS or target not in CHAIN_IDS or source is target:
        return Declined(code="PRV_UNSUPPORTED", reason=f"no orders from {source} to {target}")
    if request.amount <= 0:
        return Declined(code="PRV_INVALID", reason="nothing to swap")
    return None


def token_address(asset: Asset) -> str:
    return asset.contract or _NATIVE_ADDRESSES[asset.chain]


def mismatch(created: CreatedTransaction, request: SwapRequest) -> str | None:
    """In what the order differs from the request; None where it fits."""
    given, taken = created.estimation.src_chain_token_in, created.estimation.dst_chain_token_out
    if not _is_asset(given, request.source):
        return "another source than asked"
    if not _is_asset(taken, request.target):
        return "another target than asked"
    if int(given.amount) != request.amount:
        return f"{given.amount} to be spent instead of {request.amount}"
    if int(taken.amount) <= 0:
        return "nothing to be received"
    return None


def fees_of(created: CreatedTransaction, request: SwapRequest) -> tuple[ProviderFee, ...]:
    fees = []
    if created.fix_fee is not None and int(created.fix_fee) > 0:
        native = NATIVE[request.source.chain].symbol
        fees.append(ProviderFee(kind="PROVIDER", amount=int(created.fix_fee), asset=native))
    for cost in created.estimation.costs_details:
        amount = int(cost.payload.fee_amount or "0")
        symbol = _symbol(cost)
        if amount > 0 and symbol is not None:
            kind = "NETWORK" if cost.type in _NETWORK_COSTS else "PROVIDER"
            fees.append(ProviderFee(kind=kind, amount=amount, asset=symbol))
    return tuple(fees)


def unsigned_of(transaction: Transaction, request: SwapRequest) -> SolanaTransaction | EthereumCall:
    """The order's transaction in its chain's form. Raises `Unacceptable`."""
    data = from_hex(transaction.data)
    if request.source.chain is Chain.SOLANA:
        return solana_transaction(data, sender=request.sender)
    if transaction.to is None:
        raise Unacceptable("a call to nobody")
    value, token = int(transaction.value or "0"), request.source.contract
    if token is None and value < request.amount:
        raise Unacceptable(f"{value} wei sent of {request.amount}")
    return EthereumCall(
        to=transaction.to,
        data=data,
        value=value,
        token=token,
        spender=None if token is None else transaction.to,
        allowance=0 if token is None else request.amount,
    )


def state_of(status: str) -> SwapState:
    known = _STATES.get(status)
    if known is None:
        unrecognised("debridge", "status", status)
        return SwapState.UNRECOGNISED
    return known


def _is_asset(token: Token, asset: Asset) -> bool:
    return (
        token.chain_id == CHAIN_IDS[asset.chain]
        and token.decimals == asset.decimals
        and _same(asset.chain, token.address, token_address(asset))
    )


def _same(chain: Chain, one: str, other: str) -> bool:
    return one.lower() == other.lower() if chain is Chain.ETHEREUM else one == other


def _symbol(cost: Cost) -> str | None:
    for asset in ASSETS.values():
        chain_id = CHAIN_IDS.get(asset.chain)
        if str(chain_id) == cost.chain and _same(asset.chain, cost.token_in, token_address(asset)):
            return asset.symbol
    logger.info("debridge: a cost in %s, which is none of ours", cost.token_in)
    return None
