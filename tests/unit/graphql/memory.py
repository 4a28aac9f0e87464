"""The ports behind the API, in memory; they count what is asked of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.previews import Notice, Preview, Promise
from domain.contracts.services import (
    BankAccountInput,
    BankWithdrawInput,
    DepositInput,
    LaunchStrategyInput,
    SendInput,
    Session,
    SignInMessage,
    StopPreview,
    StopStrategyInput,
    SwapInput,
    WithdrawInput,
)
from domain.contracts.views import (
    AttemptView,
    BalanceKind,
    BalanceView,
    BankAccountView,
    InteractionView,
    LimitsView,
    LimitView,
    PageItem,
    PageRequest,
    PageView,
    PartyView,
    PositionView,
    PriceView,
    StepView,
    StrategyCatalogueView,
    TimelineEntryView,
    TransactionView,
    UserActionView,
    UserView,
    WalletView,
    as_recipient_sees,
)
from domain.shared.assets import Chain
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.ids import ActionId, TransactionId, UserId, WalletId, derived
from domain.shared.money import Balance, TransactionFee, WalletAddress
from tests.unit.graphql.examples import (
    ALICE,
    BOB,
    CATALOGUE,
    EVE,
    NOW,
    PRICES,
    STOP_PREVIEW,
    action,
    transaction_id,
)


@dataclass
class MemoryViews:
    """Alice's wallet holds `sent`; Bob receives them. `calls` counts what was read."""

    sent: list[TransactionView] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    balance: int = 100_000_000
    asked: UserActionView = field(default_factory=lambda: action(1))

    async def wallet_of(self, user_id: UserId) -> WalletId | None:
        self.calls["wallet_of"] += 1
        return next((user.wallet_id for user in (ALICE, BOB, EVE) if user.id == user_id), None)

    async def user(self, user_id: UserId) -> UserView | None:
        self.calls["user"] += 1
        return next((user for user in (ALICE, BOB, EVE) if user.id == user_id), None)

    async def wallet(self, wallet_id: WalletId) -> WalletView | None:
        self.calls["wallet"] += 1
        return WalletView(
            id=wallet_id,
            user_id=ALICE.id,
            addresses=(WalletAddress("an-address", Chain.SOLANA),),
            created_at=NOW,
        )

    async def balances(self, wallet_id: WalletId) -> Sequence[BalanceView]:
        self.calls["balances"] += 1
        if wallet_id != ALICE.wallet_id:
            return ()
        return (
            _balance(BalanceKind.AVAILABLE, "USDC", self.balance),
            _balance(BalanceKind.INVESTED, "BTC", 150_000_000),
            _balance(BalanceKind.STRATEGY, "USDC", 7),
        )

    async def transaction(
        self, wallet_id: WalletId, transaction_id: TransactionId
    ) -> TransactionView | None:
        self.calls["transaction"] += 1
        return next((v for v in self._of(wallet_id) if v.id == transaction_id), None)

    async def transactions(
        self, wallet_id: WalletId, page: PageRequest
    ) -> PageView[TransactionView]:
        self.calls["transactions"] += 1
        rows = sorted(self._of(wallet_id), key=lambda view: view.created_at, reverse=True)
        places = [f"c{number}" for number in range(len(rows))]
        start, end = 0, len(rows)
        if page.cursor is not None and page.cursor not in places:
            raise InvalidInput(code="VAL_CURSOR", field="before" if page.backwards else "after")
        if page.backwards:
            end = places.index(page.cursor) if page.cursor else end
            start = max(0, end - page.count)
        else:
            start = places.index(page.cursor) + 1 if page.cursor else start
            end = min(len(rows), start + page.count)
        items = tuple(PageItem(cursor=places[i], node=rows[i]) for i in range(start, end))
        return PageView(items=items, has_next=end < len(rows), has_previous=start > 0)

    async def timelines(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[TimelineEntryView]]:
        self.calls["timelines"] += 1
        return {
            key: [
                TimelineEntryView(
                    transaction_id=key,
                    sequence=1,
                    state="FAILED",
                    sub_state=None,
                    event_type="SendTransactionFailed",
                    at=NOW,
                    reason="CMP_SANCTIONED",
                )
            ]
            for key in ids
        }

    async def steps(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[StepView]]:
        self.calls["steps"] += 1
        later = NOW + timedelta(seconds=1)
        changes = (
            ("validate", "STARTED", NOW),
            ("validate", "COMPLETED", later),
            ("reserve", "STARTED", later),
        )
        return {
            key: [
                StepView(
                    transaction_id=key, name=name, type="STEP", status=status, attempt=1, at=at
                )
                for name, status, at in changes
            ]
            for key in ids
        }

    async def attempts(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[AttemptView]]:
        self.calls["attempts"] += 1
        return {
            key: [
                AttemptView(
                    id=derived(key, "attempt"),
                    transaction_id=key,
                    strategy="REBUILD",
                    reason="the message expired",
                    attempt=2,
                    at=NOW,
                    result="REBUILT",
                )
            ]
            for key in ids
        }

    async def interactions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[InteractionView]]:
        self.calls["interactions"] += 1
        return {
            key: [
                InteractionView(
                    id=derived(key, "interaction"),
                    transaction_id=key,
                    provider="solana-rpc",
                    operation="build",
                    outcome="BUILT",
                    attempt=1,
                    at=NOW,
                )
            ]
            for key in ids
        }

    async def user_actions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[UserActionView]]:
        self.calls["user_actions"] += 1
        return {transaction_id(1): [self.asked]} if transaction_id(1) in ids else {}

    async def user_actions_of(self, wallet_id: WalletId) -> Sequence[UserActionView]:
        self.calls["user_actions_of"] += 1
        return [action(1)] if wallet_id == ALICE.wallet_id else []

    def _of(self, wallet_id: WalletId) -> Iterable[TransactionView]:
        if wallet_id == ALICE.wallet_id:
            return self.sent
        if wallet_id != BOB.wallet_id:
            return ()
        return [view for whole in self.sent if (view := as_recipient_sees(whole)) is not None]


def _balance(kind: BalanceKind, asset: str, posted: int) -> BalanceView:
    return BalanceView(
        kind=kind,
        booked=Balance.of(posted, asset),
        reserved=3,
        earmarked=2,
        pending=1,
        spendable=5,
        amount_max=4,
    )


@dataclass
class MemoryMoney:
    """Answers with the first of Alice's transactions, or raises `refusal`."""

    refusal: Exception | None = None
    calls: list[tuple[object, ...]] = field(default_factory=list)

    async def preview_send(self, user_id: UserId, wish: SendInput) -> Preview:
        return self._preview("preview_send", user_id, wish)

    async def preview_deposit(self, user_id: UserId, wish: DepositInput) -> Preview:
        return self._preview("preview_deposit", user_id, wish)

    async def preview_purchase(self, user_id: UserId, wish: DepositInput) -> Preview:
        return self._preview("preview_purchase", user_id, wish)

    async def preview_buy(self, user_id: UserId, wish: SwapInput) -> Preview:
        return self._preview("preview_buy", user_id, wish)

    async def preview_sell(self, user_id: UserId, wish: SwapInput) -> Preview:
        return self._preview("preview_sell", user_id, wish)

    async def preview_withdraw(self, user_id: UserId, wish: WithdrawInput) -> Preview:
        return self._preview("preview_withdraw", user_id, wish)

    async def preview_payout(self, user_id: UserId, wish: BankWithdrawInput) -> Preview:
        return self._preview("preview_payout", user_id, wish)

    async def preview_launch(self, user_id: UserId, wish: LaunchStrategyInput) -> Preview:
        return self._preview("preview_launch", user_id, wish)

    async def preview_stop(self, user_id: UserId, wish: StopStrategyInput) -> Preview:
        return self._preview("preview_stop", user_id, wish)

    def _preview(self, *call: object) -> Preview:
        self._take(*call)
        return Preview(
            type="SEND",
            asset="USDC",
            amount=25_000_000,
            promise=Promise(
                asset="USDC",
                received=24_998_500,
                least=24_998_500,
                recipient=PartyView(username="bob", address="bobs-address"),
                route=("SOLANA",),
                rejected=(RejectedOffer(provider="slow", reason="no answer in time"),),
            ),
            fees=(TransactionFee(kind="NETWORK", amount=1_500, asset="USDC"),),
            spendable_after=75_000_000,
            provider="solana-rpc",
            explanation="the only candidate",
            estimated_seconds=60,
            warnings=(Notice(code="TXN_COSTS_HIGH", details={"percent": "6.0"}),),
            quote_id=transaction_id(1),
            expires_at=NOW,
        )

    async def initiate_send(self, user_id: UserId, wish: SendInput) -> TransactionId:
        self._take("initiate_send", user_id, wish)
        return transaction_id(1)

    async def initiate_buy(self, user_id: UserId, wish: SwapInput) -> TransactionId:
        self._take("initiate_buy", user_id, wish)
        return transaction_id(1)

    async def buy_with_payment(self, user_id: UserId, wish: DepositInput) -> TransactionId:
        self._take("buy_with_payment", user_id, wish)
        return transaction_id(1)

    async def initiate_sell(self, user_id: UserId, wish: SwapInput) -> TransactionId:
        self._take("initiate_sell", user_id, wish)
        return transaction_id(1)

    async def launch_strategy(self, user_id: UserId, wish: LaunchStrategyInput) -> TransactionId:
        self._take("launch_strategy", user_id, wish)
        return transaction_id(1)

    async def stop_strategy(self, user_id: UserId, wish: StopStrategyInput) -> TransactionId:
        self._take("stop_strategy", user_id, wish)
        return transaction_id(1)

    async def strategies(self) -> StrategyCatalogueView:
        return CATALOGUE

    async def look_at_stop(self, user_id: UserId, position_id: UUID) -> StopPreview:
        self._take("look_at_stop", user_id, position_id)
        return STOP_PREVIEW

    async def prices(self) -> tuple[PriceView, ...]:
        return PRICES

    async def positions(self, wallet_id: WalletId) -> tuple[PositionView, ...]:
        self._take("positions", wallet_id)
        return ()

    async def withdraw_to_bank(self, user_id: UserId, wish: BankWithdrawInput) -> TransactionId:
        self._take("withdraw_to_bank", user_id, wish)
        return transaction_id(1)

    async def add_bank_account(self, user_id: UserId, wish: BankAccountInput) -> UUID:
        self._take("add_bank_account", user_id, wish)
        return transaction_id(1)

    async def remove_bank_account(self, user_id: UserId, account_id: UUID) -> None:
        self._take("remove_bank_account", user_id, account_id)

    async def bank_accounts(self, wallet_id: WalletId) -> tuple[BankAccountView, ...]:
        self._take("bank_accounts", wallet_id)
        return ()

    async def initiate_deposit(self, user_id: UserId, wish: DepositInput) -> TransactionId:
        self._take("initiate_deposit", user_id, wish)
        return transaction_id(1)

    async def initiate_withdraw(self, user_id: UserId, wish: WithdrawInput) -> TransactionId:
        self._take("initiate_withdraw", user_id, wish)
        return transaction_id(1)

    async def limits(self, user_id: UserId) -> LimitsView:
        self._take("limits", user_id)
        day = LimitView(
            days=1,
            payment_method=None,
            limit=5_000_000_000,
            used=4_999_000_000,
            left=1_000_000,
            frees_at=NOW,
        )
        return LimitsView(
            transaction=2_000_000_000,
            approval_above=25_000_000_000,
            flows=("deposit", "send"),
            windows=(day,),
        )

    async def submit(
        self, user_id: UserId, action_id: ActionId, signed_transaction: str
    ) -> TransactionId:
        self._take("submit", user_id, action_id, signed_transaction)
        return transaction_id(1)

    async def choose(self, user_id: UserId, action_id: ActionId, option: str) -> TransactionId:
        self._take("choose", user_id, action_id, option)
        return transaction_id(1)

    async def cancel(self, user_id: UserId, transaction_id: TransactionId) -> TransactionId:
        self._take("cancel", user_id, transaction_id)
        return transaction_id

    def _take(self, *call: object) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            raise self.refusal


class MemorySignIn:
    async def challenge(self, address: str) -> SignInMessage:
        if address == "nonsense":
            raise DomainError(code="VAL_ADDRESS", field="input.address")
        return SignInMessage(message=f"sign in as {address}", expires_at=NOW)

    async def exchange(self, *, message: str, signature: str) -> Session:
        if signature != "good":
            raise DomainError(code="AUTH_CHALLENGE")
        return Session(token=message, user_id=ALICE.id, expires_at=NOW)
