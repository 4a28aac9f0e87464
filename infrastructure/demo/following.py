"""A transaction as its user lives it, whatever its flow: watch it, act when it waits for the user."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from infrastructure.demo.api import Api, ApiError
from infrastructure.demo.documents import (
    ACTIONS,
    Action,
    Found,
    Problem,
    SentTransaction,
    Update,
    Updated,
)

TERMINAL: Final = frozenset({"COMPLETED", "FAILED"})
WAITS_FOR_USER: Final = "UserActionRequired"

OnUpdate = Callable[[Update], None]
OnAction = Callable[[Action], None]
Act = Callable[[Action], Awaitable[None]]


class WishRefused(Exception):
    """The platform said no, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """`act` does what an action of the user asks for; `on_update` is told every event."""

    api: Api
    act: Act
    on_update: OnUpdate

    async def until_ended(self, transaction_id: str, updates: AsyncIterator[Updated]) -> str:
        """The state in which it ended."""
        async for item in updates:
            state = await self._after(transaction_id, item.transaction_updates)
            if state in TERMINAL:
                return state
        raise ApiError("the subscription ended before the transaction")

    async def act_on_waiting(self, transaction_id: str) -> bool:
        """Does what waits for the user; whether something did."""
        waiting = [
            action
            for action in (await self.found(transaction_id)).user_actions
            if action.status == "PENDING"
        ]
        for action in waiting:
            await self.act(action)
        return bool(waiting)

    async def _after(self, transaction_id: str, update: Update) -> str:
        """The state after an event, or an empty one where it is another transaction's."""
        if update.resync:
            await self.act_on_waiting(transaction_id)
            return (await self.found(transaction_id)).state
        if update.transaction is None or update.transaction.id != transaction_id:
            return ""
        self.on_update(update)
        if update.type == WAITS_FOR_USER:
            await self.act_on_waiting(transaction_id)
        return update.state or ""

    async def found(self, transaction_id: str) -> SentTransaction:
        """The transaction as it stands now."""
        found = (await self.api.ask(ACTIONS, Found, id=transaction_id)).transaction
        if found is None:
            raise ApiError("the transaction cannot be found right after it was made")
        return found
