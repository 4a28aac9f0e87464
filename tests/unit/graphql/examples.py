"""Alice, who sends; Bob, who receives; and what they may see of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from domain.contracts.services import StopPreview
from domain.contracts.views import (
    MissingStrategiesView,
    PartyView,
    PriceView,
    Role,
    StrategyCatalogueView,
    StrategyView,
    TransactionView,
    UserActionView,
    UserView,
)
from domain.shared.actions import UserAction
from domain.shared.ids import ActionId, TransactionId, UserId, WalletId, derived
from domain.shared.money import TransactionAmount, TransactionFee
from resolvers.ids import Kind, encode

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMESPACE = UUID(int=7)


def user_view(name: str) -> UserView:
    return UserView(
        id=UserId(derived(NAMESPACE, "user", name)),
        wallet_id=WalletId(derived(NAMESPACE, "wallet", name)),
        username=name,
        kyc_level="basic",
        country="PT",
        created_at=NOW,
    )


ALICE, BOB, EVE = user_view("alice"), user_view("bob"), user_view("eve")


def transaction_id(number: int) -> TransactionId:
    return TransactionId(derived(NAMESPACE, "transaction", number))


def global_id(number: int) -> str:
    return encode(Kind.TRANSACTION, transaction_id(number))


def transaction(number: int, **changes: object) -> TransactionView:
    """Alice's Send of 25 USDC to Bob, waiting for her signature."""
    view = TransactionView(
        id=transaction_id(number),
        role=Role.SENDER,
        type="SEND",
        state="PROVIDER_PROCESSING",
        sub_state="TRANSACTION_SIGNING",
        given=TransactionAmount(value=25_000_000, source_asset="USDC"),
        target_amount=None,
        received_amount=None,
        fees=(TransactionFee(kind="NETWORK", amount=1_500, asset="USDC", provider="solana"),),
        sender=PartyView(username="alice", address="alices-address"),
        recipient=PartyView(username="bob", address="bobs-address"),
        memo="lunch",
        reason=None,
        waiting_on="USER",
        next_check_at=NOW + timedelta(seconds=50),
        outcome_certainty="CERTAIN",
        funds_location="RESERVED",
        progress_percent=50,
        attempt=1,
        provider="solana-rpc",
        provider_explanation="the only one",
        chain=None,
        chain_signature=None,
        delivery_chain=None,
        delivery_hash=None,
        strategy_id=None,
        position_id=None,
        cancellable=True,
        approval_deadline=NOW + timedelta(minutes=15),
        estimated_completion=None,
        created_at=NOW + timedelta(seconds=number),
        updated_at=NOW + timedelta(seconds=number),
        completed_at=None,
        correlation_id="correlation",
    )
    return replace(view, **cast("Any", changes))


def completed(number: int) -> TransactionView:
    return transaction(
        number,
        state="COMPLETED",
        sub_state=None,
        received_amount=24_998_500,
        waiting_on="NONE",
        funds_location="DELIVERED",
        cancellable=False,
        chain="SOLANA",
        chain_signature="the-signature",
        completed_at=NOW,
    )


def action(number: int, status: str = "PENDING") -> UserActionView:
    return UserActionView(
        id=ActionId(derived(NAMESPACE, "action", number)),
        transaction_id=transaction_id(number),
        action=UserAction(type="SIGN_TRANSACTION", timestamp=NOW),
        status=status,
        payload="AQID",
        summary="Send 24.998500 USDC to @bob",
        expires_at=NOW + timedelta(seconds=50),
        chain="SOLANA",
    )


def strategy(provider: str, name: str, *, lock_seconds: int = 0) -> StrategyView:
    return StrategyView(
        id=f"{provider}:{name}",
        provider=provider,
        name=name,
        asset="USDC",
        risk="low" if provider == "lend" else "medium",
        goals=("New Car",),
        apy="0.05",
        minimum=10_000_000,
        lock_seconds=lock_seconds,
        exit_fee_millionths=0,
        liquidity=None,
        total_value=None,
        source=provider,
        at=NOW,
        stale=False,
    )


CATALOGUE = StrategyCatalogueView(
    strategies=(
        strategy("lend", "c"),
        strategy("lend", "b"),
        strategy("lend", "a"),
        strategy("kamino", "b", lock_seconds=60),
        strategy("kamino", "a"),
    ),
    goals=(("New Car", "medium"),),
    missing=(MissingStrategiesView(provider="other", reason="away"),),
)

STOP_PREVIEW = StopPreview(
    principal=50_000_000,
    value=49_000_000,
    exit_cost=49_000,
    platform_fee=250_000,
    network_cost=1_500,
    source="vault",
    at=NOW,
)

PRICES = (
    PriceView(asset="SOL", micro_usd=150_250_000, source="jupiter", at=NOW, stale=False),
    PriceView(asset="XAUT", micro_usd=None, source=None, at=None, stale=True),
)
