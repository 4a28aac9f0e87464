"""Data loaders: what many fields of one operation ask for is read once and together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from strawberry.dataloader import DataLoader

from domain.contracts.views import (
    AttemptView,
    BalanceView,
    InteractionView,
    StepView,
    TimelineEntryView,
    UserActionView,
    UserView,
    WalletView,
)
from domain.shared.ids import TransactionId, UserId, WalletId
from resolvers.ports import Views

Key = TypeVar("Key")
Row = TypeVar("Row")
Found = TypeVar("Found")


class Loaders:
    """The loaders of one operation, or of one item of a subscription; each made when asked for:
    most operations need one of them, and making all was a twentieth of what a Send cost."""

    def __init__(self, views: Views) -> None:
        self._views = views

    @cached_property
    def wallets(self) -> DataLoader[WalletId, WalletView | None]:
        return _single(self._views.wallet)

    @cached_property
    def balances(self) -> DataLoader[WalletId, Sequence[BalanceView]]:
        return _single(self._views.balances)

    @cached_property
    def pending_actions(self) -> DataLoader[WalletId, Sequence[UserActionView]]:
        return _single(self._views.user_actions_of)

    @cached_property
    def timelines(self) -> DataLoader[TransactionId, Sequence[TimelineEntryView]]:
        return _grouped(self._views.timelines)

    @cached_property
    def steps(self) -> DataLoader[TransactionId, Sequence[StepView]]:
        return _grouped(self._views.steps)

    @cached_property
    def attempts(self) -> DataLoader[TransactionId, Sequence[AttemptView]]:
        return _grouped(self._views.attempts)

    @cached_property
    def interactions(self) -> DataLoader[TransactionId, Sequence[InteractionView]]:
        return _grouped(self._views.interactions)

    @cached_property
    def user_actions(self) -> DataLoader[TransactionId, Sequence[UserActionView]]:
        return _grouped(self._views.user_actions)


def user_loader(views: Views) -> DataLoader[UserId, UserView | None]:
    """Outlives the other loaders: whose wallet is whose never changes."""
    return _single(views.user)


def _single(read: Callable[[Key], Awaitable[Found]]) -> DataLoader[Key, Found]:
    """For what an operation asks of one key alone: its own user and wallet."""

    async def load(keys: list[Key]) -> list[Found]:
        return [await read(key) for key in keys]

    return DataLoader(load_fn=load)


def _grouped(
    read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Sequence[Row]]]],
) -> DataLoader[Key, Sequence[Row]]:
    async def load(keys: list[Key]) -> list[Sequence[Row]]:
        rows = await read(keys)
        return [rows.get(key, ()) for key in keys]

    return DataLoader(load_fn=load)
