"""What the events of Strategy launch and stop say of the transaction: its states, where the money
is, who acts next."""

from dataclasses import dataclass, replace
from typing import Final

from domain.contracts.deposit_events import AvailableBalanceUpdated, ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    NetworkCost,
    SignatureWanted,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.strategy_events import (
    AssetToUSDCSwapCompleted,
    AssetToUSDCSwapRequested,
    BlockchainCallConfirmed,
    BlockchainCallRequested,
    DeFiProviderSelected,
    DeFiStrategyDeployed,
    DeFiStrategyDeployRequested,
    DeFiStrategyWithdrawn,
    DeFiStrategyWithdrawRequested,
    PositionReserved,
    RequiredAssetSwapCompleted,
    RequiredAssetSwapRequested,
    StrategyAdjustmentRequired,
    StrategyBalanceUpdated,
    StrategyLaunchCompleted,
    StrategyLaunchFailed,
    StrategyLaunchInitiated,
    StrategyStopCompleted,
    StrategyStopFailed,
    StrategyStopInitiated,
    StrategyTermsAmended,
    strategy_id,
)
from domain.contracts.terms_events import PositionTermsWorsened
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransactionBroadcast,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    BlockchainTransferRequested,
)
from domain.shared.assets import USDC, Chain
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.choice import CHOICE_RECORDS
from domain.transaction.flows.ending import led
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.flows.swap import completed_record, failed_record, opening_record
from domain.transaction.flows.transfer import transfer_columns, transfer_records
from domain.transaction.states import Trigger

_SIGNED: Final = transfer_records(
    requested=BlockchainTransferRequested,
    broadcast=BlockchainTransactionBroadcast,
    confirmed=BlockchainConfirmationReceived,
    expired=BlockchainTransferExpired,
    failed=BlockchainTransferFailed,
)
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
_SELECTED: Final = Record(
    moves=((Trigger.SELECT_PROVIDER, None),), steps=(("prepare", "PROVIDER", "STARTED"),)
)
_COMMON: Final[dict[type[EventPayload], Record]] = {
    CommandIssued: Record(),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    DeFiProviderSelected: _SELECTED,
    **_SIGNED,
    BlockchainCallRequested: _SIGNED[BlockchainTransferRequested],
    BlockchainCallConfirmed: _SIGNED[BlockchainConfirmationReceived],
    BalanceReservationReleased: Record(funds_location="RETURNED"),
}

LAUNCH_RECORDS: Final[dict[type[EventPayload], Record]] = {
    StrategyLaunchInitiated: opening_record(),
    **_COMMON,
    **CHOICE_RECORDS,
    StrategyAdjustmentRequired: Record(),
    StrategyTermsAmended: Record(),
    ProviderAttemptFailed: Record(
        moves=((Trigger.FAIL_OVER, None),), steps=(("prepare", "PROVIDER", "FAILED"),)
    ),
    AvailableBalanceReserved: _RESERVED,
    RequiredAssetSwapRequested: Record(
        moves=((Trigger.PROCESS, "STRATEGY_VALIDATING"), (None, "ASSET_PREPARATION")),
        waiting_on="PROVIDER",
    ),
    RequiredAssetSwapCompleted: Record(steps=(("convert", "PROVIDER", "SKIPPED"),)),
    DeFiStrategyDeployRequested: Record(
        moves=((None, "PROTOCOL_CONNECTING"), (None, "POSITION_OPENING"))
    ),
    DeFiStrategyDeployed: Record(funds_location="PROVIDER"),
    StrategyBalanceUpdated: _UPDATED,
    StrategyLaunchCompleted: completed_record(),
    StrategyLaunchFailed: failed_record(),
}
STOP_RECORDS: Final[dict[type[EventPayload], Record]] = {
    StrategyStopInitiated: opening_record(),
    **_COMMON,
    PositionReserved: _RESERVED,
    DeFiStrategyWithdrawRequested: Record(
        moves=((Trigger.PROCESS, "POSITION_CLOSING"),), waiting_on="PROVIDER"
    ),
    DeFiStrategyWithdrawn: Record(),
    AssetToUSDCSwapRequested: Record(),
    AssetToUSDCSwapCompleted: Record(steps=(("convert", "PROVIDER", "SKIPPED"),)),
    PositionTermsWorsened: Record(moves=((None, "SLIPPAGE_VALIDATING"),), waiting_on="NONE"),
    AvailableBalanceUpdated: _UPDATED,
    StrategyStopCompleted: completed_record(),
    StrategyStopFailed: failed_record(),
}

_SIGNING: Final = (
    UserActionRequired,
    UserActionSubmitted,
    BlockchainTransactionBroadcast,
    BlockchainCallConfirmed,
)
LAUNCH_MILESTONES: Final = (
    StrategyLaunchInitiated,
    AvailableBalanceReserved,
    DeFiProviderSelected,
    DeFiStrategyDeployRequested,
    *_SIGNING,
    StrategyBalanceUpdated,
    StrategyLaunchCompleted,
)
STOP_MILESTONES: Final = (
    StrategyStopInitiated,
    PositionReserved,
    DeFiProviderSelected,
    DeFiStrategyWithdrawRequested,
    *_SIGNING,
    AvailableBalanceUpdated,
    StrategyStopCompleted,
)


def launch_columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case StrategyLaunchInitiated() as launch:
            return _launch(event, launch)
        case DeFiStrategyDeployRequested(provider=provider, offer_id=offer_id):
            return {"strategy_id": strategy_id(provider, offer_id)}
        case DeFiStrategyDeployed(amount=amount):
            return {"received_amount": amount}
        case StrategyBalanceUpdated(position_id=position_id):
            return {"position_id": position_id}
        case _:
            launch = stream.known(StrategyLaunchInitiated)
            return _columns(stream, event, _Costs(network=launch.network_cost))


def stop_columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case StrategyStopInitiated() as stop:
            return _stop(event, stop)
        case AvailableBalanceUpdated(credited=credited):
            return {"received_amount": credited}
        case BlockchainCallRequested(call=call, network_cost=cost):
            left = call.value - call.platform_fee - cost.total_base_units
            return {"target_amount": left, "platform_fee": call.platform_fee}
        case _:
            stop, asked = (
                stream.known(StrategyStopInitiated),
                stream.latest(BlockchainCallRequested),
            )
            fee = stop.platform_fee if asked is None else asked.call.platform_fee
            costs = _Costs(
                network=stop.network_cost,
                platform_fee=fee,
                exit_cost=stop.exit_cost,
                provider=stop.provider,
            )
            return _columns(stream, event, costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Costs:
    """What it costs: `exit_cost` is what the provider of a position keeps of it."""

    network: NetworkCost
    platform_fee: int = 0
    exit_cost: int = 0
    provider: str | None = None

    @property
    def fees(self) -> tuple[TransactionFee, ...]:
        lines = (
            ("EXIT", self.exit_cost, self.provider),
            ("NETWORK", self.network.total_base_units, Chain.SOLANA),
            ("PLATFORM", self.platform_fee, None),
        )
        return tuple(
            TransactionFee(kind=kind, amount=amount, asset=USDC.symbol, provider=charged_by)
            for kind, amount, charged_by in lines
            if amount or kind != "EXIT"
        )


def _columns(stream: Stream, event: Event, costs: _Costs) -> Columns:
    match event.data:
        case DeFiProviderSelected(provider=provider, explanation=explanation):
            return {
                "provider": provider,
                "provider_explanation": explanation,
                "fees": costs.fees,
            }
        case UserActionRequired(signature=SignatureWanted(network_cost=cost)):
            return {"fees": replace(costs, network=cost).fees}
        case _:
            return transfer_columns(stream, event)


def _launch(event: Event, launch: StrategyLaunchInitiated) -> Columns:
    return {
        **_opening(event, launch.username, launch.owner_address),
        "type": "STRATEGY_LAUNCH",
        "amount": launch.amount,
        "strategy_id": strategy_id(launch.terms.provider, launch.terms.offer_id),
        "network_fee": launch.network_cost.total_base_units,
        "definition_version": launch.definition_version,
        "approval_deadline": launch.approval_deadline,
    }


def _stop(event: Event, stop: StrategyStopInitiated) -> Columns:
    return {
        **_opening(event, stop.username, stop.owner_address),
        "type": "STRATEGY_STOP",
        "amount": stop.principal,
        "strategy_id": strategy_id(stop.provider, stop.offer_id),
        "position_id": stop.position_id,
        "target_amount": stop.value - stop.platform_fee - stop.network_cost.total_base_units,
        "platform_fee": stop.platform_fee,
        "network_fee": stop.network_cost.total_base_units,
        "definition_version": stop.definition_version,
        "approval_deadline": stop.approval_deadline,
    }


def _opening(event: Event, username: str, address: str) -> Columns:
    return {
        "user_id": event.user_id,
        "asset": USDC.symbol,
        "sender_username": username,
        "sender_address": address,
        "recipient_username": username,
        "recipient_address": address,
        "chain": Chain.SOLANA,
        "correlation_id": event.correlation_id,
        "created_at": event.occurred_at,
    }


LAUNCH: Final = Flow(
    records=LAUNCH_RECORDS,
    milestones=LAUNCH_MILESTONES,
    columns=launch_columns,
    answers=led(StrategyLaunchCompleted, StrategyLaunchFailed),
)
STOP: Final = Flow(
    records=STOP_RECORDS,
    milestones=STOP_MILESTONES,
    columns=stop_columns,
    answers=led(StrategyStopCompleted, StrategyStopFailed),
)
