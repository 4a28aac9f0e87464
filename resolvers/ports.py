"""What the API asks of the rest of the platform; all of it is satisfied structurally.

Where a promise says "raises", it is a `DomainError` with a code of the catalogue.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from domain.contracts.previews import Preview
from domain.contracts.saved import (
    ContactInput,
    ContactView,
    PaymentMethodInput,
    PaymentMethodView,
    SavedAddressInput,
    SavedAddressView,
)
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
    BalanceView,
    BankAccountView,
    ErrorView,
    InteractionView,
    LimitsView,
    PageRequest,
    PageView,
    PositionView,
    PriceView,
    StepView,
    StrategyCatalogueView,
    TimelineEntryView,
    TransactionView,
    UserActionView,
    UserView,
    WalletView,
)
from domain.shared.ids import ActionId, TransactionId, UserId, WalletId


class Principal(Protocol):
    """Who is signed in."""

    @property
    def user_id(self) -> str: ...
    @property
    def username(self) -> str: ...


class Scope(Protocol):
    """What is known of one operation before it runs."""

    @property
    def request_id(self) -> str: ...
    @property
    def accept_language(self) -> str: ...
    def require_principal(self) -> Principal:
        """Who is signed in and still may be served; raises what the transport shows otherwise."""
        ...


class Views(Protocol):
    """The reads. What belongs to nobody or to somebody else is absent, never an error."""

    async def wallet_of(self, user_id: UserId) -> WalletId | None: ...
    async def user(self, user_id: UserId) -> UserView | None: ...
    async def wallet(self, wallet_id: WalletId) -> WalletView | None: ...
    async def balances(self, wallet_id: WalletId) -> Sequence[BalanceView]: ...

    async def transaction(
        self, wallet_id: WalletId, transaction_id: TransactionId
    ) -> TransactionView | None:
        """The transaction if the wallet is its sender, or its recipient and credited."""
        ...

    async def transactions(
        self, wallet_id: WalletId, page: PageRequest
    ) -> PageView[TransactionView]:
        """The wallet's transactions, newest first. Raises `VAL_CURSOR`."""
        ...

    async def timelines(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[TimelineEntryView]]:
        """In the order in which states were passed; transactions without any may be missing."""
        ...

    async def steps(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[StepView]]: ...
    async def attempts(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[AttemptView]]: ...
    async def interactions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[InteractionView]]: ...
    async def user_actions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[UserActionView]]: ...

    async def user_actions_of(self, wallet_id: WalletId) -> Sequence[UserActionView]:
        """Those of the wallet that are PENDING, oldest first."""
        ...


class Money(Protocol):
    """What a user may ask for about their money. Every method raises `DomainError`."""

    async def preview_send(self, user_id: UserId, wish: SendInput) -> Preview: ...
    async def preview_deposit(self, user_id: UserId, wish: DepositInput) -> Preview: ...
    async def preview_purchase(self, user_id: UserId, wish: DepositInput) -> Preview: ...
    async def preview_buy(self, user_id: UserId, wish: SwapInput) -> Preview: ...
    async def preview_sell(self, user_id: UserId, wish: SwapInput) -> Preview: ...
    async def preview_withdraw(self, user_id: UserId, wish: WithdrawInput) -> Preview: ...
    async def preview_payout(self, user_id: UserId, wish: BankWithdrawInput) -> Preview: ...
    async def preview_launch(self, user_id: UserId, wish: LaunchStrategyInput) -> Preview: ...
    async def preview_stop(self, user_id: UserId, wish: StopStrategyInput) -> Preview: ...

    async def initiate_send(self, user_id: UserId, wish: SendInput) -> TransactionId: ...
    async def initiate_deposit(self, user_id: UserId, wish: DepositInput) -> TransactionId: ...
    async def initiate_withdraw(self, user_id: UserId, wish: WithdrawInput) -> TransactionId: ...
    async def initiate_buy(self, user_id: UserId, wish: SwapInput) -> TransactionId: ...
    async def buy_with_payment(self, user_id: UserId, wish: DepositInput) -> TransactionId: ...
    async def initiate_sell(self, user_id: UserId, wish: SwapInput) -> TransactionId: ...
    async def launch_strategy(
        self, user_id: UserId, wish: LaunchStrategyInput
    ) -> TransactionId: ...
    async def stop_strategy(self, user_id: UserId, wish: StopStrategyInput) -> TransactionId: ...

    async def look_at_stop(self, user_id: UserId, position_id: UUID) -> StopPreview: ...

    async def strategies(self) -> StrategyCatalogueView:
        """What may be chosen; what is missing of it is named."""
        ...

    async def prices(self) -> Sequence[PriceView]:
        """Of every asset, also where none is known."""
        ...

    async def positions(self, wallet_id: WalletId) -> Sequence[PositionView]:
        """What the wallet has in strategies, the oldest first."""
        ...

    async def withdraw_to_bank(self, user_id: UserId, wish: BankWithdrawInput) -> TransactionId: ...

    async def add_bank_account(self, user_id: UserId, wish: BankAccountInput) -> UUID:
        """The account's identifier, the same for the same key."""
        ...

    async def remove_bank_account(self, user_id: UserId, account_id: UUID) -> None: ...
    async def bank_accounts(self, wallet_id: WalletId) -> Sequence[BankAccountView]: ...
    async def limits(self, user_id: UserId) -> LimitsView: ...
    async def submit(
        self, user_id: UserId, action_id: ActionId, signed_transaction: str
    ) -> TransactionId: ...
    async def choose(self, user_id: UserId, action_id: ActionId, option: str) -> TransactionId: ...
    async def cancel(self, user_id: UserId, transaction_id: TransactionId) -> TransactionId: ...


class Saved(Protocol):
    """What a user keeps to find again. What changes it raises `DomainError`; lists are oldest
    first."""

    async def add_contact(self, user_id: UserId, wish: ContactInput) -> None: ...
    async def add_address(self, user_id: UserId, wish: SavedAddressInput) -> None: ...
    async def add_payment_method(self, user_id: UserId, wish: PaymentMethodInput) -> None: ...
    async def remove_contact(self, user_id: UserId, item_id: UUID) -> None: ...
    async def remove_address(self, user_id: UserId, item_id: UUID) -> None: ...
    async def remove_payment_method(self, user_id: UserId, item_id: UUID) -> None: ...
    async def prefer(self, user_id: UserId, providers: list[str]) -> None: ...
    async def contacts(self, wallet_id: WalletId) -> Sequence[ContactView]: ...
    async def addresses(self, wallet_id: WalletId) -> Sequence[SavedAddressView]: ...
    async def payment_methods(self, wallet_id: WalletId) -> Sequence[PaymentMethodView]: ...
    async def preferred(self, user_id: UserId) -> Sequence[str]: ...

    async def address(self, user_id: UserId, item_id: UUID, *, field: str) -> SavedAddressView:
        """One of the user's; raises where there is none such, for the input's `field`."""
        ...

    async def payment_method(
        self, user_id: UserId, item_id: UUID, *, field: str
    ) -> PaymentMethodView:
        """One of the user's; raises where there is none such, for the input's `field`."""
        ...


class SignIn(Protocol):
    """Signing in with a wallet. Both raise `DomainError`."""

    async def challenge(self, address: str) -> SignInMessage: ...
    async def exchange(self, *, message: str, signature: str) -> Session: ...


@runtime_checkable
class Update(Protocol):
    """One event of a feed; `cursor` is what to go on after."""

    @property
    def cursor(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str | None: ...
    @property
    def sub_state(self) -> str | None: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def transaction_id(self) -> TransactionId: ...
    @property
    def data(self) -> Mapping[str, object]:
        """The event's data as its reader may see it."""
        ...


class Resync(Protocol):
    """Events were lost to the reader: read the state anew, go on after `cursor`."""

    @property
    def cursor(self) -> str: ...


class Feed(Protocol):
    """Live events. Both raise `ValueError` at once for an `after` that is no cursor."""

    def transaction_updates(
        self,
        principal_user_id: UserId,
        wallet_id: WalletId,
        transaction_id: TransactionId | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        """The events of one transaction of the wallet, or of all."""
        ...

    def wallet_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        """The events that change the wallet's balances."""
        ...

    def strategy_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        """What is new of the wallet's positions."""
        ...


class Texts(Protocol):
    """The catalogue of errors in the languages of the platform."""

    def explain(
        self,
        code: str,
        *,
        accept_language: str,
        details: Mapping[str, str] | None = None,
        field: str | None = None,
    ) -> ErrorView:
        """The error's texts in the best language of an Accept-Language header."""
        ...
