"""Reads wishes from the API's inputs: to begin with, or to look at first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.contracts.services import (
    BankWithdrawInput,
    DepositInput,
    LaunchStrategyInput,
    SendInput,
    StopStrategyInput,
    SwapInput,
    WithdrawInput,
)
from domain.shared.assets import ASSETS, USDC
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.ids import UserId
from resolvers.ids import Kind, decode
from resolvers.ports import Saved
from schema.inputs import (
    BuyPreviewInput,
    DepositPreviewInput,
    InitiateBuyInput,
    InitiateDepositInput,
    InitiateSellInput,
    InitiateSendInput,
    InitiateStrategyLaunchInput,
    InitiateStrategyStopInput,
    InitiateWithdrawInput,
    PaymentSourceInput,
    SellPreviewInput,
    SendPreviewInput,
    StrategyLaunchPreviewInput,
    StrategyStopPreviewInput,
    WithdrawDestinationInput,
    WithdrawPreviewInput,
)

Initiating = (
    InitiateSendInput
    | InitiateDepositInput
    | InitiateBuyInput
    | InitiateSellInput
    | InitiateWithdrawInput
    | InitiateStrategyLaunchInput
    | InitiateStrategyStopInput
)
EXTERNAL_WALLET: Final = "input.destination.externalWallet"
SAVED_ADDRESS: Final = "input.destination.savedAddress.id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What makes a wish more than a look: its key, and the quote that it is to be held to."""

    key: str | None = None
    quote_id: UUID | None = None


LOOK: Final = Binding()


def binding(given: Initiating) -> Binding:
    """Raises `VAL_ID` for a quote that is none."""
    quote = given.quote_id
    return Binding(
        key=given.idempotency_key,
        quote_id=None if quote is None else decode(Kind.QUOTE, quote, field="input.quoteId"),
    )


def send_of(given: SendPreviewInput, bound: Binding = LOOK) -> SendInput:
    return SendInput(
        amount=given.amount,
        recipient=given.recipient,
        memo=given.memo,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and what they keep: a wish may name it."""

    user_id: UserId
    saved: Saved

    async def method(
        self, paid: DepositPreviewInput | PaymentSourceInput, *, within: str
    ) -> tuple[str, str | None]:
        """How it is paid, and the provider that knows the payment method already."""
        if (paid.payment_method is None) is (paid.payment_method_id is None):
            raise InvalidInput(code="VAL_PAYMENT_METHOD", field=f"{within}.paymentMethod")
        if paid.payment_method_id is None:
            return paid.payment_method or "", None
        field = f"{within}.paymentMethodId"
        key = decode(Kind.PAYMENT_METHOD, paid.payment_method_id, field=field)
        saved = await self.saved.payment_method(self.user_id, key, field=field)
        return saved.payment_method, saved.provider

    async def address(self, destination: WithdrawDestinationInput) -> tuple[str, str | None]:
        """An address outside of the platform, and its chain, where that is named."""
        if destination.saved_address:
            key = decode(Kind.SAVED_ADDRESS, destination.saved_address.id, field=SAVED_ADDRESS)
            saved = await self.saved.address(self.user_id, key, field=SAVED_ADDRESS)
            return saved.address, saved.chain
        wallet = destination.external_wallet
        return (wallet.address, wallet.chain) if wallet else ("", "")


@contextmanager
def where_it_goes(destination: WithdrawDestinationInput) -> Iterator[None]:
    """What is wrong with an address is about where it was given: the services know of no saved ones."""
    try:
        yield
    except DomainError as error:
        if destination.saved_address and (error.field or "").startswith(EXTERNAL_WALLET):
            error.field = SAVED_ADDRESS
        raise


async def deposit_of(
    asker: Asker, given: DepositPreviewInput, bound: Binding = LOOK
) -> DepositInput:
    method, provider = await asker.method(given, within="input")
    return DepositInput(
        amount=given.amount,
        currency=given.currency,
        payment_method=method,
        provider=provider,
        return_url=given.return_url,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


def sell_of(given: SellPreviewInput, bound: Binding = LOOK) -> SwapInput:
    return SwapInput(
        asset=given.asset,
        amount=given.amount,
        max_slippage_percent=given.max_slippage_percent,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


async def buy_of(
    asker: Asker, given: BuyPreviewInput, bound: Binding = LOOK
) -> SwapInput | DepositInput:
    """By what is paid with."""
    available, payment = given.source.available, given.source.payment
    if available:
        return SwapInput(
            asset=given.asset,
            amount=available.amount,
            max_slippage_percent=available.max_slippage_percent,
            idempotency_key=bound.key,
            quote_id=bound.quote_id,
        )
    if not payment or given.asset == USDC.symbol:
        raise InvalidInput(code="VAL_ASSET_UNTRADED", field="input.asset")
    method, provider = await asker.method(payment, within="input.source.payment")
    return DepositInput(
        asset=given.asset,
        amount=payment.amount,
        currency=payment.currency,
        payment_method=method,
        provider=provider,
        return_url=payment.return_url,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


async def withdraw_of(
    asker: Asker, given: WithdrawPreviewInput, bound: Binding = LOOK
) -> WithdrawInput | BankWithdrawInput:
    """By where it goes."""
    bank = given.destination.bank_account
    if bank:
        if given.target_asset is not None:
            raise InvalidInput(code="VAL_ASSET", field="input.targetAsset")
        field = "input.destination.bankAccount.id"
        return BankWithdrawInput(
            bank_account_id=decode(Kind.BANK_ACCOUNT, bank.id, field=field),
            amount=given.amount,
            idempotency_key=bound.key,
            quote_id=bound.quote_id,
        )
    address, chain = await asker.address(given.destination)
    target = given.asset if given.target_asset is None else given.target_asset
    its_own = ASSETS[target].chain if target in ASSETS else ""
    return WithdrawInput(
        amount=given.amount,
        asset=given.asset,
        target_asset=target,
        address=address,
        chain=its_own if chain is None else chain,
        max_slippage_percent=given.max_slippage_percent,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


def launch_of(given: StrategyLaunchPreviewInput, bound: Binding = LOOK) -> LaunchStrategyInput:
    return LaunchStrategyInput(
        strategy_id=given.strategy_id,
        amount=given.amount,
        idempotency_key=bound.key,
        quote_id=bound.quote_id,
    )


def stop_of(given: StrategyStopPreviewInput, bound: Binding = LOOK) -> StopStrategyInput:
    key = decode(Kind.POSITION, given.position_id, field="input.positionId")
    return StopStrategyInput(position_id=key, idempotency_key=bound.key, quote_id=bound.quote_id)
