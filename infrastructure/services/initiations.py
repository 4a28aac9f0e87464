"""How a wish becomes a transaction, whatever its flow: once for a key, and what is refused is
recorded and refused again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.shared.decision import Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import StreamId, TransactionId, UserId, WalletId, derived
from domain.shared.saga import Origin
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject, KeyClaim
from domain.transaction.handlers import record_refusal
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.services.results import result_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for, of whom, under which key: `amount` in base units of `asset`."""

    user_id: UserId
    wallet_id: WalletId
    operation: str
    key: str
    input_hash: str
    amount: int
    asset: str

    @property
    def transaction_id(self) -> TransactionId:
        """The same for the same key."""
        return TransactionId(derived(self.user_id, self.operation, self.key))

    def claim(self, result: JsonObject) -> KeyClaim:
        """The key with what it came to."""
        return KeyClaim(
            principal=str(self.user_id),
            operation=self.operation,
            key=self.key,
            input_hash=self.input_hash,
            result=result,
        )


class Initiations:
    """Commits beginnings and refusals."""

    def __init__(self, engine: SagaEngine) -> None:
        self._engine = engine

    async def begin(
        self, wish: Wish, decide: Callable[[], Awaitable[Callable[[Facts], Decision]]]
    ) -> TransactionId:
        """Begins the transaction that `decide` prepares; raises `Refused`, and records it."""
        try:
            return await self._begin(wish, await decide())
        except Refused as refusal:
            replayed = await self._refuse(wish, refusal)
            if replayed is None:
                raise
        # A twin was faster with this key: its result stands.
        return result_of(replayed)

    async def _begin(self, wish: Wish, begin: Callable[[Facts], Decision]) -> TransactionId:
        transaction_id = wish.transaction_id

        def first(_stream: Stream, facts: Facts) -> Decision:
            return begin(facts)

        decided = await self._engine.decide(
            StreamId(transaction_id),
            first,
            opening=_opening(wish, correlation_id=str(transaction_id)),
            key=wish.claim({"transaction_id": str(transaction_id)}),
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
            opening=_opening(wish, correlation_id=wish.key),
            key=wish.claim(result),
        )
        return decided.replayed


def _opening(wish: Wish, *, correlation_id: str) -> Opening:
    return Opening(
        wallet_id=wish.wallet_id,
        origin=Origin(user_id=wish.user_id, correlation_id=correlation_id),
    )
