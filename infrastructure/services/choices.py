"""The user's answer to a choice: one of the options that they were given."""

from collections.abc import Awaitable, Callable, Mapping

from domain.contracts.envelope import EventPayload
from domain.provider.choices import check_choosable, is_chosen, make_choice
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import ActionId, TransactionId, UserId
from domain.shared.stream import Stream
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.approvals import ACTION, Actions, about, stream_of
from infrastructure.services.faults import in_plain_words

Prepare = Callable[[Stream, str], Awaitable[tuple[EventPayload, ...]]]
"""What an option brings with it that has to be asked of others first; raises `Refused` where it
cannot be had: then nothing is answered yet."""


class ChoiceDesk:
    """Takes choices; `prepare` by the action's type. Every method raises `DomainError` alone."""

    def __init__(
        self, *, engine: SagaEngine, actions: Actions, prepare: Mapping[str, Prepare]
    ) -> None:
        self._engine = engine
        self._actions = actions
        self._prepare = prepare

    async def choose(self, user_id: UserId, action_id: ActionId, option: str) -> TransactionId:
        """Takes the answer, once: the same again changes nothing, another one is refused."""
        with in_plain_words(), about(ACTION):
            stream = await stream_of(self._engine, self._actions, action_id, user_id)
            if not is_chosen(stream, action_id, option):
                await self._answer(stream, action_id, option)
        return TransactionId(stream.id)

    async def _answer(self, stream: Stream, action_id: ActionId, option: str) -> None:
        required = check_choosable(stream, action_id, option, self._engine.clock())
        prepare = self._prepare.get(required.action)
        brought = () if prepare is None else await prepare(stream, option)

        def answered(known: Stream, facts: Facts) -> Decision:
            made = make_choice(known, action_id, option, facts)
            return NOTHING if made == NOTHING else made + Decision(events=brought)

        await self._engine.decide(stream.id, answered)
