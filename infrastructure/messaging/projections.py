"""What each audience sees of an event's data: tables, and the code that follows them.

Amounts are published as decimal strings with all digits of their asset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final
from uuid import UUID

from domain.contracts.buy_events import (
    DirectAssetPurchaseCompleted,
    InvestedBalanceUpdated,
    OnChainPurchase,
    OnRampPurchase,
)
from domain.contracts.deposit_events import (
    AvailableBalanceUpdated,
    AvailableBalanceUpdateRequested,
    DeliveryBookedBefore,
    DeliverySuspended,
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    FiatPaymentConfirmed,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    FiatPaymentRequested,
    PaymentOffer,
    USDCConversionCompleted,
    WrongAssetDelivered,
)
from domain.contracts.envelope import Event
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceHeldForReview,
    BalanceReservationReleased,
    BlockedDepositReceived,
    CancellationRequested,
    ComplianceBlocked,
    ComplianceCleared,
    ComplianceReviewRequired,
    FeeDueReserved,
    FeeDueSettled,
    NetworkCost,
    Recipient,
    RecipientBalanceUpdated,
    ReservedBalanceCaptured,
    SendTransactionCompleted,
    SendTransactionInitiated,
    SignatureWanted,
    SolPrice,
    TransactionRefused,
    UnannouncedDepositReceived,
)
from domain.contracts.gas import Gas
from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    FiatTransferRequested,
    PayoutOffer,
    PayoutOpened,
    PayoutRequoteRequested,
    PayoutReturned,
    USDCToFiatConversionCompleted,
    USDCToFiatConversionRequested,
)
from domain.contracts.sell_events import SellTransactionInitiated
from domain.contracts.strategy_events import (
    BlockchainCallConfirmed,
    DeFiStrategyDeployed,
    DeFiStrategyDeployRequested,
    DeFiStrategyWithdrawn,
    PositionReserved,
    PositionValued,
    ProtocolCall,
    StrategyBalanceUpdated,
    StrategyLaunchInitiated,
    StrategyStopInitiated,
)
from domain.contracts.suspense_events import (
    EndedByPerson,
    SuspenseReleased,
    SuspenseReturnClaimed,
    SuspenseReturned,
)
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    AssetSwapRequested,
    BlockchainApprovalConfirmed,
    BlockchainSwapConfirmed,
    CrossChainDelivered,
    CrossChainDeliveryAwaited,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
    SwapOffer,
    SwapTerms,
)
from domain.contracts.terms_events import (
    PaymentTermsWorsened,
    PositionTermsWorsened,
    SwapTermsWorsened,
)
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransferFailed,
    SolanaTransferConfirmed,
    SolanaTransferFailed,
    TransferWanted,
)
from domain.contracts.withdraw_events import (
    ConversionOrder,
    ConversionResult,
    CrossChainTransferConfirmed,
    WithdrawTransactionInitiated,
)
from domain.shared.money import TransactionFee, format_asset

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


class Audience(StrEnum):
    """Who looks: the wallet's own user, the other side of the transaction, or an operator."""

    OWNER = "OWNER"
    COUNTERPARTY = "COUNTERPARTY"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Amount:
    """A field in base units of `asset` (None: of what the payload's field `asset_field` names),
    published as `name`."""

    asset: str | None
    name: str | None = None
    asset_field: str = "asset"


_USDC: Final = Amount("USDC")
_OWN: Final = Amount(None)
_FIAT: Final = Amount(None, asset_field="fiat_currency")
_SOURCE: Final = Amount(None, asset_field="source")
_TARGET: Final = Amount(None, asset_field="target")
_SPENT: Final = Amount("SOL", "network_fee_spent")

_CONFIRMED: Final = {
    "recipient_amount": _OWN,
    "fee_amount": _USDC,
    "fee_due": _USDC,
    "lamports_spent": _SPENT,
}

AMOUNTS: Final[Mapping[type, Mapping[str, Amount]]] = {
    NetworkCost: {
        "network_fee_lamports": Amount("SOL", "network_fee"),
        "rent_lamports": Amount("SOL", "rent"),
        "total_base_units": Amount("USDC", "total"),
    },
    SolPrice: {"micro_usd": Amount("USDC", "usd")},
    Gas: {"amount": _OWN},
    SendTransactionInitiated: {"amount": _OWN, "platform_fee": _OWN},
    TransactionRefused: {"amount": _OWN},
    AvailableBalanceReserved: {"principal": _USDC, "fees": _USDC},
    FeeDueReserved: {"amount": _USDC},
    FeeDueSettled: {"collected": _USDC, "released": _USDC},
    SignatureWanted: {"recipient_amount": _OWN, "fee_due": _USDC},
    TransferWanted: {"amount": _OWN, "platform_fee": _USDC, "delivered": _OWN},
    SolanaTransferConfirmed: _CONFIRMED,
    BlockchainConfirmationReceived: _CONFIRMED,
    SolanaTransferFailed: {"lamports_spent": _SPENT},
    BlockchainTransferFailed: {"lamports_spent": _SPENT},
    RecipientBalanceUpdated: {"debited": _USDC, "credited": _USDC, "fees": _USDC},
    BalanceReservationReleased: {"released": _OWN},
    ReservedBalanceCaptured: {"captured": _OWN, "released": _OWN},
    ComplianceReviewRequired: {"amount": _USDC},
    BalanceHeldForReview: {"amount": _OWN},
    UnannouncedDepositReceived: {"amount": _OWN},
    BlockedDepositReceived: {"amount": _OWN},
    TransactionFee: {"amount": _OWN},
    PaymentOffer: {"asset_amount": _OWN},
    DirectAssetPurchaseCompleted: {"amount": _OWN},
    DepositTransactionInitiated: {
        "fiat_amount": _FIAT,
        "usd_value": _USDC,
        "platform_fee": _OWN,
    },
    ExpectedCreditReserved: {"amount": _OWN},
    FiatPaymentRequested: {"fiat_amount": _FIAT},
    FiatPaymentConfirmed: {"fiat_amount": _FIAT},
    FiatPaymentFailed: {"refunded": _FIAT},
    FiatPaymentRefunded: {"fiat_amount": _FIAT},
    USDCConversionCompleted: {"amount": _OWN},
    WrongAssetDelivered: {"amount": _OWN},
    DeliverySuspended: {"amount": _OWN},
    DeliveryBookedBefore: {"amount": _OWN},
    SuspenseReleased: {"amount": _OWN},
    SuspenseReturnClaimed: {"amount": _OWN},
    SuspenseReturned: {"amount": _OWN},
    AvailableBalanceUpdateRequested: {"amount": _OWN},
    WithdrawTransactionInitiated: {
        "amount": _OWN,
        "platform_fee": _OWN,
        "usd_value": _USDC,
    },
    CrossChainTransferConfirmed: {"debited": _SOURCE, "credited": _OWN, "fees": _SOURCE},
    ConversionOrder: {"amount": _SOURCE, "target_minimum": _TARGET},
    ConversionResult: {"spent": _SOURCE, "received": _TARGET},
    SwapOffer: {"target_amount": _TARGET, "target_minimum": _TARGET},
    SwapTerms: {
        "amount": _SOURCE,
        "target_amount": _TARGET,
        "target_minimum": _TARGET,
        "platform_fee": _USDC,
    },
    BlockchainSwapConfirmed: {
        "spent": _SOURCE,
        "received": _TARGET,
        "fee_amount": _USDC,
        "fee_due": _USDC,
        "lamports_spent": _SPENT,
    },
    SwapTermsWorsened: {
        "promised": _TARGET,
        "target_amount": _TARGET,
        "target_minimum": _TARGET,
    },
    PaymentTermsWorsened: {"expected": _OWN, "offered": _OWN},
    PositionTermsWorsened: {"promised": _USDC, "offered": _USDC},
    AssetSwapRequested: {"amount": _SOURCE, "target_minimum": _TARGET},
    AssetSwapCompleted: {"spent": _SOURCE, "received": _TARGET},
    BlockchainApprovalConfirmed: {
        "amount": _OWN,
        "fee_amount": _USDC,
        "fee_due": _USDC,
        "lamports_spent": _SPENT,
    },
    InvestedBalanceReserved: {"amount": _OWN},
    CrossChainDeliveryAwaited: {"spent": _SOURCE},
    CrossChainDelivered: {"amount": _OWN},
    CrossChainTransferRecovered: {"amount": _OWN},
    SellTransactionInitiated: {
        "amount": _OWN,
        "usd_value": _USDC,
        "platform_fee": _USDC,
    },
    PayoutOffer: {"fiat_amount": _FIAT},
    USDCToFiatConversionRequested: {"amount": _USDC},
    PayoutOpened: {"amount": _USDC},
    USDCToFiatConversionCompleted: {"amount": _USDC},
    FiatTransferRequested: {"fiat_amount": _FIAT},
    FiatTransferConfirmed: {"amount": _USDC, "fiat_amount": _FIAT},
    PayoutReturned: {"amount": _USDC},
    PayoutRequoteRequested: {"amount": _USDC},
    ProtocolCall: {"amount": _USDC, "platform_fee": _USDC, "value": _USDC},
    BlockchainCallConfirmed: {
        "moved": _USDC,
        "fee_amount": _USDC,
        "fee_due": _USDC,
        "lamports_spent": _SPENT,
    },
    StrategyLaunchInitiated: {"amount": _USDC},
    DeFiStrategyDeployRequested: {"amount": _USDC},
    DeFiStrategyDeployed: {"amount": _USDC},
    StrategyBalanceUpdated: {"principal": _USDC},
    StrategyStopInitiated: {
        "principal": _USDC,
        "value": _USDC,
        "exit_cost": _USDC,
        "platform_fee": _USDC,
    },
    PositionReserved: {"principal": _USDC, "expected": _USDC},
    DeFiStrategyWithdrawn: {"amount": _USDC},
    PositionValued: {"principal": _USDC, "value": _USDC},
    OnChainPurchase: {"amount": _USDC},
    OnRampPurchase: {"fiat_amount": _FIAT, "usd_value": _USDC},
    InvestedBalanceUpdated: {"credited": _OWN, "difference": _OWN},
    AvailableBalanceUpdated: {"credited": _OWN, "fee_due": _OWN, "difference": _OWN},
}

COUNTS: Final = frozenset(
    {
        "slot",
        "last_valid_block_height",
        "proven_at_block_height",
        "recipient_instruction",
        "fee_instruction",
        "instruction",
        "spent_instruction",
        "received_instruction",
        "slippage_millionths",
        "moved_instruction",
        "shares",
        "number",
        "lock_seconds",
        "exit_fee_millionths",
        "estimated_seconds",
        "score",
        "definition_version",
    }
)
"""The integers that are no amounts; a test asks that every integer is in one of the tables."""

HIDDEN_FROM_OWNER: Final[Mapping[type, frozenset[str]]] = {
    Recipient: frozenset({"user_id", "wallet_id"}),
    # What providers know the user and their account by is for the platform alone.
    PayoutOffer: frozenset({"customer", "bank_account"}),
    RecipientBalanceUpdated: frozenset({"recipient_wallet_id"}),
    # An operator may have asked for it: whose identifier it is, the owner need not know.
    CancellationRequested: frozenset({"requested_by"}),
    BlockedDepositReceived: frozenset({"senders", "policy_version"}),
    USDCConversionCompleted: frozenset({"senders"}),
    DirectAssetPurchaseCompleted: frozenset({"senders"}),
    WrongAssetDelivered: frozenset({"senders"}),
    # Who decided, and why, stays between the operators.
    ComplianceCleared: frozenset({"reviewed_by", "reason"}),
    ComplianceBlocked: frozenset({"reviewed_by", "reason"}),
    SuspenseReleased: frozenset({"resolved_by", "reason"}),
    EndedByPerson: frozenset({"resolved_by", "reason"}),
    SuspenseReturnClaimed: frozenset({"resolved_by", "reason"}),
}

SHOWN_TO_COUNTERPARTY: Final[Mapping[type, frozenset[str]]] = {
    RecipientBalanceUpdated: frozenset({"credited"}),
    SendTransactionCompleted: frozenset({"transaction_id"}),
}
"""Nothing of the sender: not what they paid, nor who or where they are."""


def project_data(event: Event, audience: Audience) -> dict[str, Json] | None:
    """The data of `event` as `audience` sees it; None where it sees nothing of the event."""
    payload = event.data
    if audience is Audience.OPERATOR:
        return _published(payload, hide=False)
    if audience is Audience.OWNER:
        return _published(payload, hide=True)
    shown = SHOWN_TO_COUNTERPARTY.get(type(payload))
    if shown is None:
        return None
    whole = _published(payload, hide=True)
    return {name: value for name, value in whole.items() if name in shown}


def _published(payload: object, *, hide: bool) -> dict[str, Json]:
    kind: type = type(payload)
    amounts = AMOUNTS.get(kind, {})
    hidden = HIDDEN_FROM_OWNER.get(kind, frozenset()) if hide else frozenset()
    data: dict[str, Json] = {}
    for name in field_names(kind):
        value: object = getattr(payload, name)
        if name in hidden:
            continue
        amount = amounts.get(name)
        if amount is None:
            data[name] = _plain(value, hide=hide)
        else:
            data[amount.name or name] = _decimal(payload, amount, value)
    return data


@cache
def field_names(payload_type: type) -> tuple[str, ...]:
    """The fields of a payload's class, in their order."""
    if not is_dataclass(payload_type):
        raise TypeError(f"{payload_type.__name__} is no dataclass")
    return tuple(field.name for field in fields(payload_type))


def _decimal(payload: object, amount: Amount, value: object) -> str | None:
    if not isinstance(value, int):
        return None
    symbol = amount.asset or str(getattr(payload, amount.asset_field))
    return format_asset(value, symbol)


def _plain(value: object, *, hide: bool) -> Json:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item, hide=hide) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, hide=hide) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _published(value, hide=hide)
    raise TypeError(f"no published form of {type(value).__name__}")
