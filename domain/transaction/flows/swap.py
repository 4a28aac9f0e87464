"""What the events of a swap say of the transaction, whatever its flow is."""

from dataclasses import dataclass, replace
from typing import Final

from domain.contracts.buy_events import InvestedBalanceUpdated
from domain.contracts.deposit_events import AvailableBalanceUpdated, ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    NetworkCost,
    OperatorRequired,
    ReservedBalanceCaptured,
    SignatureWanted,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.gas import Gas
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    AssetSwapRequested,
    BlockchainApprovalConfirmed,
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
    CrossChainDelivered,
    CrossChainDeliveryAwaited,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
    SwapOffer,
    gas_of_approvals,
)
from domain.contracts.terms_events import SwapTermsWorsened
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransactionBroadcast,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    BlockchainTransferRequested,
)
from domain.contracts.withdraw_events import DEXProviderSelected
from domain.shared.assets import ASSETS, USDC
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Record
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.flows.transfer import (
    delivery_columns,
    transfer_columns,
    transfer_records,
)
from domain.transaction.states import Trigger

_RESERVED: Final = Record(
    moves=((Trigger.RESERVE, None),),
    funds_location="RESERVED",
    steps=(("reserve", "RESERVATION", "COMPLETED"),),
)
_UPDATED: Final = Record(
    moves=((Trigger.UPDATE_BALANCE, None),),
    waiting_on="NONE",
    funds_location="DELIVERED",
    steps=(("book", "UPDATE", "COMPLETED"),),
)
_SIGNED: Final = transfer_records(
    requested=BlockchainTransferRequested,
    broadcast=BlockchainTransactionBroadcast,
    confirmed=BlockchainConfirmationReceived,
    expired=BlockchainTransferExpired,
    failed=BlockchainTransferFailed,
)


def opening_record() -> Record:
    """Of a flow that begins with its screening."""
    return Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    )


SWAP_RECORDS: Final[dict[type[EventPayload], Record]] = {
    CommandIssued: Record(),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    AvailableBalanceReserved: _RESERVED,
    InvestedBalanceReserved: _RESERVED,
    DEXProviderSelected: Record(
        moves=((Trigger.SELECT_PROVIDER, None),),
        outcome_certainty="CERTAIN",
        steps=(("prepare", "PROVIDER", "STARTED"),),
    ),
    # The offer that was taken tells liquidity, price and slippage; what is left is to execute it.
    AssetSwapRequested: Record(
        moves=(
            (Trigger.PROCESS, "LIQUIDITY_CHECKING"),
            (None, "PRICE_QUOTING"),
            (None, "SLIPPAGE_VALIDATING"),
            (None, "SWAP_EXECUTING"),
        ),
        waiting_on="PROVIDER",
    ),
    **_SIGNED,
    BlockchainSwapRequested: _SIGNED[BlockchainTransferRequested],
    BlockchainSwapConfirmed: _SIGNED[BlockchainConfirmationReceived],
    BlockchainApprovalConfirmed: Record(
        moves=((Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),),
        waiting_on="NONE",
        funds_location="RESERVED",
        outcome_certainty="CERTAIN",
        steps=(("transfer", "BLOCKCHAIN", "COMPLETED"),),
    ),
    ProviderAttemptFailed: Record(
        moves=((Trigger.FAIL_OVER, None),), steps=(("prepare", "PROVIDER", "FAILED"),)
    ),
    SwapTermsWorsened: Record(moves=((None, "SLIPPAGE_VALIDATING"),), waiting_on="NONE"),
    CrossChainDeliveryAwaited: Record(
        moves=((Trigger.PROCESS, "BRIDGE_CONFIRMING"),),
        waiting_on="PROVIDER",
        funds_location="PROVIDER",
        steps=(("deliver", "PROVIDER", "STARTED"),),
    ),
    CrossChainDelivered: Record(
        moves=(
            (Trigger.SUBMIT_TO_CHAIN, "BLOCK_CONFIRMATION_PENDING"),
            (Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),
        ),
        waiting_on="NONE",
        funds_location="CHAIN",
        outcome_certainty="CERTAIN",
        steps=(("deliver", "PROVIDER", "COMPLETED"),),
    ),
    CrossChainTransferRecovered: Record(
        moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
    ),
    OperatorRequired: Record(waiting_on="OPERATOR", funds_location="SUSPENSE"),
    AssetSwapCompleted: Record(),
    InvestedBalanceUpdated: _UPDATED,
    AvailableBalanceUpdated: _UPDATED,
    ReservedBalanceCaptured: Record(),
    BalanceReservationReleased: Record(funds_location="RETURNED"),
}
"""What every flow with a swap has in common; a flow adds its opening and its end."""

SWAP_MILESTONES: Final[tuple[type[EventPayload], ...]] = (
    DEXProviderSelected,
    AssetSwapRequested,
    UserActionRequired,
    UserActionSubmitted,
    BlockchainTransactionBroadcast,
    BlockchainSwapConfirmed,
    AssetSwapCompleted,
)


def completed_record() -> Record:
    """Of the event that ends a flow well."""
    return Record(
        moves=((Trigger.COMPLETE, None),),
        waiting_on="NONE",
        steps=(("notify", "NOTIFICATION", "COMPLETED"),),
    )


def failed_record() -> Record:
    """Of the event that ends a flow otherwise."""
    return Record(moves=((Trigger.FAIL, None),), waiting_on="NONE")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlan:
    """What the opening of a flow with a swap tells of its costs. `is_charged_on_arrival`: they are
    taken out of what the swap brings, not out of what is given."""

    offers: tuple[SwapOffer, ...]
    network_cost: NetworkCost
    platform_fee: int
    is_charged_on_arrival: bool = False

    def left(self, brought: int) -> int:
        """What the costs leave of what the swap brings."""
        if not self.is_charged_on_arrival:
            return brought
        return brought - self.platform_fee - self.network_cost.total_base_units

    def fees(self, provider: str, network_cost: NetworkCost) -> tuple[TransactionFee, ...]:
        """What the provider charges by its offer, the network, and the platform."""
        platform = TransactionFee(
            kind="PLATFORM", amount=self.platform_fee, asset=USDC.symbol, provider=None
        )
        return (*self.offer(provider).fees, network_fee(network_cost), platform)

    def offer(self, provider: str) -> SwapOffer:
        """What that provider quoted."""
        return next(each for each in self.offers if each.provider == provider)


def network_fee(cost: NetworkCost) -> TransactionFee:
    """As a line: in USDC where the platform pays the network, else in the network's own asset."""
    gas = cost.gas
    if gas is None:
        amount, asset = cost.total_base_units, USDC
    else:
        amount, asset = gas.amount, ASSETS[gas.asset]
    return TransactionFee(kind="NETWORK", amount=amount, asset=asset.symbol, provider=asset.chain)


def swap_columns(stream: Stream, event: Event, plan: SwapPlan) -> Columns:
    """What the leg's events fill in the row beside the state."""
    match event.data:
        case DEXProviderSelected(provider=provider, explanation=explanation):
            found: Columns = {
                "provider": provider,
                "provider_explanation": explanation,
                "target_amount": plan.left(plan.offer(provider).target_amount),
                "fees": plan.fees(provider, plan.network_cost),
            }
        case BlockchainSwapRequested(swap=swap, network_cost=cost):
            asked = replace(plan, platform_fee=swap.platform_fee, network_cost=cost)
            found = {
                "target_amount": asked.left(swap.target_amount),
                "platform_fee": swap.platform_fee,
            }
        case UserActionRequired(signature=SignatureWanted(network_cost=cost)):
            found = {"fees": _charged(stream, plan, cost)}
        case BlockchainSwapConfirmed(gas=Gas() as gas):
            paid = replace(plan.network_cost, gas=_paid(stream, gas))
            found = {"fees": _charged(stream, plan, paid)}
        case CrossChainDelivered(asset=asset, transaction_hash=transaction_hash):
            found = delivery_columns(asset, transaction_hash)
        case InvestedBalanceUpdated(credited=credited) | AvailableBalanceUpdated(credited=credited):
            found = {"received_amount": credited}
        case _:
            found = transfer_columns(stream, event)
    return found


def _charged(stream: Stream, plan: SwapPlan, cost: NetworkCost) -> tuple[TransactionFee, ...]:
    """By the swap that was asked for last, with what the network takes."""
    swap = stream.known(BlockchainSwapRequested).swap
    return replace(plan, platform_fee=swap.platform_fee).fees(swap.provider, cost)


def crossing_columns(source: str, target: str) -> Columns:
    """Where its user signs, and where it is delivered if that is another chain."""
    here, there = ASSETS[source].chain, ASSETS[target].chain
    signed: Columns = {"chain": here}
    return signed if here == there else {**signed, "delivery_chain": there}


def _paid(stream: Stream, last: Gas) -> Gas:
    """What all of its transactions have cost: `last` and the approvals before it."""
    return Gas(asset=last.asset, amount=last.amount + gas_of_approvals(stream.events))
