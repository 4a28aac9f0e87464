"""Quotes: terms that a user was shown, kept until they expire, and good for one beginning."""

from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

import msgspec

from domain.shared.errors import Refused
from domain.shared.ids import UserId
from infrastructure.db.quotes import StoredQuote
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.foresight import Foreseen
from infrastructure.services.wishes import Command, Wish

FIELD = "input.quoteId"


class Quotes(Protocol):
    """Keeps quotes."""

    async def add(self, user_id: UserId, quote: StoredQuote) -> None: ...

    async def find(self, user_id: UserId, quote_id: UUID) -> StoredQuote | None:
        """None for somebody else's too."""
        ...


class QuoteBook:
    """Gives quotes and takes them back. That one is used once is decided in the commit."""

    def __init__(self, engine: SagaEngine, quotes: Quotes) -> None:
        self._engine = engine
        self._quotes = quotes

    async def quote(self, wish: Wish, command: object, foreseen: Foreseen) -> StoredQuote:
        """A new quote of these terms; it ends when its provider's does, at the latest."""
        facts = self._engine.facts()
        ends = facts.now + timedelta(seconds=facts.figures.quote_seconds)
        provider_ends = foreseen.promise.expires_at or ends
        quote = StoredQuote(
            id=uuid4(),
            operation=wish.operation,
            input_hash=wish.input_hash,
            provider=foreseen.provider,
            terms=msgspec.json.encode(command).decode(),
            expires_at=min(ends, provider_ends),
        )
        await self._quotes.add(wish.user_id, quote)
        return quote

    async def terms(self, wish: Wish, quote_id: UUID, command: type[Command]) -> Command:
        """What was shown. Raises `Refused` for a quote that is nobody's or somebody else's, of
        another wish, used, or too old."""
        quote = await self._quotes.find(wish.user_id, quote_id)
        if quote is None:
            raise Refused(code="TXN_QUOTE_UNKNOWN", field=FIELD)
        if (quote.operation, quote.input_hash) != (wish.operation, wish.input_hash):
            raise Refused(code="TXN_QUOTE_OTHER_INPUT", field=FIELD)
        if quote.used:
            raise Refused(code="TXN_QUOTE_USED", field=FIELD)
        if quote.expired:
            raise Refused(code="TXN_QUOTE_EXPIRED", field=FIELD)
        return msgspec.json.decode(quote.terms, type=command)
