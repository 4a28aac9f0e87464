"""Data loaders: what many fields of one operation ask for is read once and together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    """The loaders of one operation, or of one item of a subscription."""

    def __init__(self, views: Views) -> None:
        self.wallets: DataLoader[WalletId, WalletView | None] = _single(views.wallet)
        self.balances: DataLoader[WalletId, Sequence[BalanceView]] = _single(views.balances)
        self.pending_actions: DataLoader[WalletId, Sequence[UserActionView]] = _single(
            views.user_actions_of
        )
        self.timelines: DataLoader[TransactionId, Sequence[TimelineEntryView]] = _grouped(
            views.timelines
        )
        self.steps: DataLoader[TransactionId, Sequence[StepView]] = _grouped(views.steps)
        self.attempts: DataLoader[TransactionId, Sequence[AttemptView]] = _grouped(views.attempts)
        self.interactions: DataLoader[TransactionId, Sequence[InteractionView]] = _grouped(
            views.interactions
        )
        self.user_actions: DataLoader[TransactionId, Sequence[UserActionView]] = _grouped(
            views.user_actions
        )


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
