"""The use cases of moving money behind one door, as the API asks for them."""

from domain.contracts.previews import Preview
from domain.contracts.services import (
    DepositInput,
    ExternalAddress,
    SendInput,
    SwapInput,
    WithdrawInput,
)
from domain.shared.assets import USDC
from domain.shared.errors import InvalidInput
from domain.shared.ids import TransactionId, UserId
from infrastructure.services.approvals import ApprovalDesk
from infrastructure.services.bank_accounts import BankAccountDesk
from infrastructure.services.choices import ChoiceDesk
from infrastructure.services.held import HeldWithdrawDesk
from infrastructure.services.inputs import read_send, read_withdraw
from infrastructure.services.limits import LimitDesk
from infrastructure.services.payments import PaymentDesk
from infrastructure.services.payouts import PayoutDesk
from infrastructure.services.prices import PriceBook
from infrastructure.services.strategies import StrategyDesk
from infrastructure.services.swaps import SwapDesk
from infrastructure.services.transfers import TransferDesk


class MoneyMovements:
    """Every method raises `DomainError` alone."""

    def __init__(
        self,
        *,
        sends: TransferDesk,
        withdraws: TransferDesk,
        held: HeldWithdrawDesk,
        conversions: SwapDesk,
        deposits: PaymentDesk,
        purchases: PaymentDesk,
        approvals: ApprovalDesk,
        limits: LimitDesk,
        buys: SwapDesk,
        sells: SwapDesk,
        strategies: StrategyDesk,
        payouts: PayoutDesk,
        banks: BankAccountDesk,
        choices: ChoiceDesk,
        prices: PriceBook,
    ) -> None:
        self._sends = sends
        self._withdraws = withdraws
        self._held = held
        self._conversions = conversions
        self._deposits = deposits
        self.buy_with_payment = purchases.initiate
        self.preview_deposit = deposits.preview
        self.preview_purchase = purchases.preview
        self.preview_buy = buys.preview
        self.preview_sell = sells.preview
        self.preview_payout = payouts.preview
        self.preview_launch = strategies.preview_launch
        self.preview_stop = strategies.preview_stop
        self.submit = approvals.submit
        self.choose = choices.choose
        self.cancel = approvals.cancel
        self.limits = limits.limits
        self.initiate_buy = buys.initiate
        self.initiate_sell = sells.initiate
        self.launch_strategy = strategies.launch
        self.stop_strategy = strategies.stop
        self.look_at_stop = strategies.look_at_stop
        self.strategies = strategies.catalogue
        self.positions = strategies.positions
        self.withdraw_to_bank = payouts.initiate
        self.add_bank_account = banks.add
        self.remove_bank_account = banks.remove
        self.bank_accounts = banks.of_wallet
        self.prices = prices.views

    async def initiate_send(self, user_id: UserId, wish: SendInput) -> TransactionId:
        return await self._sends.initiate(user_id, read_send(wish))

    async def preview_send(self, user_id: UserId, wish: SendInput) -> Preview:
        return await self._sends.preview(user_id, read_send(wish))

    async def preview_withdraw(self, user_id: UserId, wish: WithdrawInput) -> Preview:
        if _is_held(wish):
            return await self._held.preview(user_id, wish)
        if wish.target_asset == wish.asset:
            return await self._withdraws.preview(user_id, read_withdraw(wish))
        return await self._conversions.preview(user_id, conversion_of(wish))

    async def initiate_withdraw(self, user_id: UserId, wish: WithdrawInput) -> TransactionId:
        if _is_held(wish):
            return await self._held.initiate(user_id, wish)
        if wish.target_asset == wish.asset:
            return await self._withdraws.initiate(user_id, read_withdraw(wish))
        return await self._conversions.initiate(user_id, conversion_of(wish))

    async def initiate_deposit(self, user_id: UserId, wish: DepositInput) -> TransactionId:
        return await self._deposits.initiate(user_id, wish)


def _is_held(wish: WithdrawInput) -> bool:
    """Whether it is an invested asset that is to arrive as it is."""
    return wish.target_asset == wish.asset != USDC.symbol


def conversion_of(wish: WithdrawInput) -> SwapInput:
    """The Withdraw as the swap that it begins with: of Available, there is nothing else yet."""
    if wish.asset != USDC.symbol:
        raise InvalidInput(code="VAL_ASSET", field="input.asset")
    return SwapInput(
        asset=wish.target_asset,
        amount=wish.amount,
        max_slippage_percent=wish.max_slippage_percent,
        idempotency_key=wish.idempotency_key,
        quote_id=wish.quote_id,
        destination=ExternalAddress(address=wish.address, chain=wish.chain),
    )
