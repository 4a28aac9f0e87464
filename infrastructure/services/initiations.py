"""How a wish becomes a transaction, whatever its flow: once for a key, by terms that were quoted
where it names a quote, and what is refused is recorded and refused again."""

from typing import Final

from domain.contracts.previews import Preview
from domain.shared.decision import Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import StreamId, TransactionId, derived
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject
from domain.transaction.handlers import record_refusal
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.foresight import Foresight
from infrastructure.services.quotes import QuoteBook
from infrastructure.services.results import again, result_of
from infrastructure.services.wishes import Command, Plan, Wish

PASSING: Final = frozenset(
    {"PRV_UNAVAILABLE", "PRV_NONE_AVAILABLE", "PRV_PRICE_UNAVAILABLE", "PRV_ILLIQUID"}
)
"""These say that somebody is away, and nothing of the wish: with the same key it may be asked again."""


class Initiations:
    """Commits beginnings and refusals, and tells beforehand what a beginning would be."""

    def __init__(self, engine: SagaEngine, quotes: QuoteBook) -> None:
        self._engine = engine
        self._quotes = quotes
        self._foresight = Foresight(engine)

    async def begin(self, wish: Wish, plan: Plan[Command]) -> TransactionId:
        """Begins the transaction, once for its key; raises `Refused`, and records it, unless it
        passes by itself."""
        if wish.known is not None:
            return again(wish.known, wish.key_hash)
        try:
            return await self._begin(wish, plan, await self._command(wish, plan))
        except Refused as refusal:
            if refusal.code in PASSING:
                raise
            replayed = await self._refuse(wish, refusal)
            if replayed is None:
                raise
        # A twin was faster with this key: its result stands.
        return result_of(replayed)

    async def preview(self, wish: Wish, plan: Plan[Command]) -> Preview:
        """What it would cost and bring, with a quote to begin by. Raises why it would be refused."""
        command = await plan.prepare()
        foreseen = await self._foresight.foresee(wish, plan, command)
        quote = await self._quotes.quote(wish, command, foreseen)
        return self._foresight.preview(foreseen, plan, quote)

    async def _command(self, wish: Wish, plan: Plan[Command]) -> Command:
        if wish.quote_id is None:
            return await plan.prepare()
        command = plan.renew(await self._quotes.terms(wish, wish.quote_id, plan.command))
        # Nobody has asked compliance since the terms were shown.
        await self._foresight.foresee(wish, plan, command)
        return command

    async def _begin(self, wish: Wish, plan: Plan[Command], command: Command) -> TransactionId:
        transaction_id = wish.transaction_id

        def first(_stream: Stream, facts: Facts) -> Decision:
            if facts.rejection is not None and facts.rejection.quote is not None:
                raise Refused(code=facts.rejection.quote, field="input.quoteId")
            return plan.begin(command, facts)

        decided = await self._engine.decide(
            StreamId(transaction_id),
            first,
            opening=wish.opening(str(transaction_id), counterparty=plan.counterparty(command)),
            key=wish.claim({"transaction_id": str(transaction_id)}, quote_id=wish.quote_id),
        )
        return transaction_id if decided.replayed is None else result_of(decided.replayed)

    async def _refuse(self, wish: Wish, refusal: Refused) -> JsonObject | None:
        """What stood under the key already, or None."""
        result = {"refused": refusal.code, "field": refusal.field, "details": refusal.details}
        decided = await self._engine.decide(
            StreamId(derived(wish.user_id, "refused", wish.operation, wish.key)),
            lambda _stream, _facts: record_refusal(
                refusal, operation=wish.operation, amount=wish.amount, asset=wish.asset
            ),
            opening=wish.opening(wish.key),
            key=wish.claim(result),
        )
        return decided.replayed
