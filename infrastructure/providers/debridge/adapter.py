"""Limit orders that solvers fulfil on the other chain. What an order promises is exact: it is
fulfilled with that amount, or cancelled and given back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined, Idempotency, Setback
from domain.provider.ports.dex import (
    SwapBuilt,
    SwapExecuted,
    SwapQuote,
    SwapRequest,
    SwapState,
    SwapStatus,
    SwapTrace,
)
from infrastructure.http import HttpClient
from infrastructure.providers.debridge.calls import READ_SECONDS, questions
from infrastructure.providers.debridge.reading import (
    CHAIN_IDS,
    fees_of,
    mismatch,
    state_of,
    token_address,
    unsigned_of,
    unsupported,
)
from infrastructure.providers.debridge.wire import (
    CreatedTransaction,
    EventMetadata,
    OrderHistory,
    OrderIds,
    OrderStatus,
    SupportedChains,
    Transaction,
)
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.unsigned import Unacceptable

# deBridge advises to place an order within half a minute of its quote.
QUOTE_LIFETIME: Final = timedelta(seconds=30)
TOOL: Final = "DLN"
_ENDED: Final = frozenset({SwapState.DELIVERED, SwapState.REFUNDED})


class DebridgeSwaps:
    """Stateless; `clock` is asked for the expiry of quotes alone. `stats_url` is the statistics' API,
    which alone tells the transactions in which an order ended."""

    name = "debridge"
    idempotency = Idempotency(on_server=False)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        access_token: str | None,
        clock: Callable[[], datetime],
        stats_url: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = questions(
            client, base_url=base_url, access_token=access_token, read_seconds=read_seconds
        )
        self._stats = (
            None
            if stats_url is None
            else questions(client, base_url=stats_url, access_token=None, read_seconds=read_seconds)
        )
        self._clock = clock

    async def healthy(self) -> bool:
        answer = await self._questions.read("/supported-chains-info", SupportedChains)
        return isinstance(answer, SupportedChains)

    async def get_quote(self, request: SwapRequest) -> SwapQuote | Setback:
        refused = unsupported(request)
        if refused is not None:
            return refused
        created = await self._questions.read(
            "/dln/order/create-tx", CreatedTransaction, query=_query(request)
        )
        if not isinstance(created, CreatedTransaction):
            return created
        wrong = mismatch(created, request)
        if wrong is not None:
            return nonsense(wrong)
        promised = int(created.estimation.dst_chain_token_out.amount)
        delay = created.order.approximate_fulfillment_delay
        return SwapQuote(
            request=request,
            target_amount=promised,
            target_minimum=promised,
            fees=fees_of(created, request),
            route=(TOOL,),
            expires_at=self._clock() + QUOTE_LIFETIME,
            estimated_seconds=None if delay is None else int(delay),
            terms={
                "order_id": created.order_id,
                "transaction": msgspec.to_builtins(created.tx),
            },
        )

    async def build_swap(self, quote: SwapQuote) -> SwapBuilt | Setback:
        """The quote's own transaction: another one would be another order."""
        if quote.expires_at <= self._clock():
            return Declined(code="PRV_QUOTE_EXPIRED", reason="the order's transaction is too old")
        try:
            transaction = msgspec.convert(quote.terms["transaction"], Transaction)
            unsigned = unsigned_of(transaction, quote.request)
        except Unacceptable as error:
            return nonsense(str(error))
        return SwapBuilt(
            unsigned=unsigned,
            reference=str(quote.terms["order_id"]),
            expires_at=quote.expires_at,
        )

    async def execute_swap(
        self, quote: SwapQuote, signed: bytes, *, key: str
    ) -> SwapExecuted | Setback:
        """deBridge sends nothing: the source chain does."""
        del signed, key
        return Declined(code="PRV_UNSUPPORTED", reason=f"{quote.request.source.chain} sends it")

    async def check_swap_status(self, trace: SwapTrace) -> SwapStatus | Setback:
        """By the order's id; without one, or where that is not known yet, by the transaction that
        placed it."""
        if trace.reference is not None:
            told = await self._status_of(trace.reference, trace)
            if not isinstance(told, SwapStatus) or told.state is not SwapState.NOT_FOUND:
                return told
        found = await self._order_placed_by(trace.transaction_hash)
        if not isinstance(found, str):
            return found
        if trace.reference is not None and found.lower() != trace.reference.lower():
            return nonsense("the transaction of another order")
        return await self._status_of(found, trace)

    async def _status_of(self, order_id: str, trace: SwapTrace) -> SwapStatus | Setback:
        answer = await self._questions.read(f"/dln/order/{order_id}/status", OrderStatus)
        if not isinstance(answer, OrderStatus):
            return answer
        if answer.order_id is not None and answer.order_id.lower() != order_id.lower():
            return nonsense("the status of another order")
        state = state_of(answer.status)
        history = await self._history(order_id) if state in _ENDED else OrderHistory()
        return SwapStatus(
            state=state,
            provider_status=answer.status,
            source_transaction_hash=trace.transaction_hash,
            target_transaction_hash=_hash_of(history.fulfilled_dst_event_metadata),
            refund_transaction_hash=_hash_of(history.claimed_order_cancel_src_event_metadata),
        )

    async def _history(self, order_id: str) -> OrderHistory:
        """In which transactions it ended; nothing where the statistics do not tell (yet)."""
        if self._stats is None:
            return OrderHistory()
        answer = await self._stats.read(f"/Orders/{order_id}", OrderHistory)
        return answer if isinstance(answer, OrderHistory) else OrderHistory()

    async def _order_placed_by(self, transaction_hash: str) -> str | SwapStatus | Setback:
        path = f"/dln/tx/{transaction_hash}/order-ids"
        answer = await self._questions.read(path, OrderIds)
        if not isinstance(answer, OrderIds):
            return answer
        if len(answer.order_ids) > 1:
            return nonsense("a transaction of several orders")
        if not answer.order_ids:
            return SwapStatus(state=SwapState.NOT_FOUND, provider_status="no order")
        return answer.order_ids[0]


def _hash_of(event: EventMetadata | None) -> str | None:
    if event is None or event.transaction_hash is None:
        return None
    return event.transaction_hash.string_value


def _query(request: SwapRequest) -> dict[str, str]:
    """Both ends are their owner's: nobody else may cancel or is refunded. Operating expenses come
    out of the amount, so that it is spent in full and nothing beyond it."""
    return {
        "srcChainId": str(CHAIN_IDS[request.source.chain]),
        "srcChainTokenIn": token_address(request.source),
        "srcChainTokenInAmount": str(request.amount),
        "dstChainId": str(CHAIN_IDS[request.target.chain]),
        "dstChainTokenOut": token_address(request.target),
        "dstChainTokenOutAmount": "auto",
        "dstChainTokenOutRecipient": request.recipient,
        "senderAddress": request.sender,
        "srcChainOrderAuthorityAddress": request.sender,
        "srcChainRefundAddress": request.sender,
        "dstChainOrderAuthorityAddress": request.recipient,
        "prependOperatingExpenses": "false",
    }
