"""Swaps on Solana.

With a fee payer they are composed by the platform from `/build` (its own fee transfer, its fee
payer); without one, `/order` gives a whole transaction, which `/execute` sends.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from solders.signature import Signature
from solders.transaction import VersionedTransaction

from domain.provider.ports.answers import Declined, Idempotency, Setback, Unanswered
from domain.provider.ports.dex import (
    SwapBuilt,
    SwapExecuted,
    SwapQuote,
    SwapRequest,
    SwapStatus,
    SwapTrace,
)
from domain.shared.assets import SOL
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.http import HttpClient
from infrastructure.providers.jupiter.calls import READ_SECONDS, execute, questions
from infrastructure.providers.jupiter.reading import (
    WRAPPED_SOL,
    instructions_of,
    mint_of,
    mismatch,
    order_fees,
    slippage_bps,
    unsupported,
)
from infrastructure.providers.jupiter.wire import Build, ExecuteBody, Executed, Order, TokenPrice
from infrastructure.providers.reports import contradiction, unrecognised
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.unsigned import Unacceptable, from_base64, solana_transaction

logger = logging.getLogger(__name__)

# Jupiter gives none for most routers; a blockhash lives about a minute.
ORDER_LIFETIME: Final = timedelta(seconds=45)
ESTIMATED_SECONDS: Final = 5
# One signed transaction lands once, however often it is handed in; it is dead with its blockhash.
EXECUTE_REPEATABLE_SECONDS: Final = 120
_BPS: Final = 10_000
# About the bytes themselves, so that no try with them can ever have landed. Others that sound like
# a no (-1, no such order; -1004; -2003, expired; -2004, rejected) may be said to the second try of
# an order whose first one landed.
_NEVER_SENT: Final = frozenset({-2, -3, -1002, -1003, -2002})


class JupiterSwaps:
    """Stateless; `clock` is asked for the expiry of quotes alone.

    `accounts_max` bounds composed routes (1 to 64 accounts): a legacy message, which has no lookup
    tables, carries no more than about 25. None leaves it to Jupiter.
    """

    name = "jupiter"
    idempotency = Idempotency(on_server=True, lifetime_seconds=EXECUTE_REPEATABLE_SECONDS)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        api_key: str,
        clock: Callable[[], datetime],
        accounts_max: int | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = questions(
            client, base_url=base_url, api_key=api_key, read_seconds=read_seconds
        )
        self._clock = clock
        self._route_query = {} if accounts_max is None else {"maxAccounts": str(accounts_max)}

    async def healthy(self) -> bool:
        answer = await self._questions.read(
            "/price/v3", dict[str, TokenPrice], query={"ids": WRAPPED_SOL}
        )
        return isinstance(answer, dict)

    async def get_quote(self, request: SwapRequest) -> SwapQuote | Setback:
        refused = unsupported(request)
        if refused is not None:
            return refused
        if request.fee_payer is None:
            return await self._order(request)
        build = await self._build(request, slippage_bps(request))
        if not isinstance(build, Build):
            return build
        return SwapQuote(
            request=request,
            target_amount=int(build.out_amount),
            target_minimum=int(build.other_amount_threshold),
            fees=(),
            route=tuple(step.swap_info.label for step in build.route_plan),
            expires_at=self._clock() + ORDER_LIFETIME,
            estimated_seconds=ESTIMATED_SECONDS,
            terms={"mode": "build"},
        )

    async def build_swap(self, quote: SwapQuote) -> SwapBuilt | Setback:
        """Composed swaps are built anew, never for less than the quote promised."""
        if quote.terms["mode"] == "order":
            return self._ordered(quote)
        request = quote.request
        build = await self._build(request, slippage_bps(request))
        if isinstance(build, Build) and int(build.other_amount_threshold) < quote.target_minimum:
            # The price moved: what is left of the slippage is asked for instead.
            left = (int(build.out_amount) - quote.target_minimum) * _BPS // int(build.out_amount)
            if left < 0:
                return Declined(code="PRV_PRICE_MOVED", reason="less than the quote promised")
            build = await self._build(request, left)
        if not isinstance(build, Build):
            return build
        if int(build.other_amount_threshold) < quote.target_minimum:
            return Declined(code="PRV_PRICE_MOVED", reason="less than the quote promised")
        try:
            return SwapBuilt(unsigned=instructions_of(build, request))
        except Unacceptable as error:
            return nonsense(str(error))

    async def execute_swap(
        self, quote: SwapQuote, signed: bytes, *, key: str
    ) -> SwapExecuted | Setback:
        """Jupiter knows no key of ours: the order's id and the transaction itself are the key."""
        del key
        if quote.terms["mode"] != "order":
            return Declined(code="PRV_UNSUPPORTED", reason="the platform sends what it composed")
        try:
            signature = VersionedTransaction.from_bytes(signed).signatures[0]
        except (ValueError, IndexError):
            return Declined(code="PRV_INVALID", reason="not a signed transaction")
        text = base64.b64encode(signed).decode()
        body = ExecuteBody(text, str(quote.terms["request_id"]))
        answer = await execute(self._questions, body)
        if not isinstance(answer, Executed):
            return answer
        return _execution(answer, quote.request, signature)

    async def check_swap_status(self, trace: SwapTrace) -> SwapStatus | Setback:
        """There is nothing to ask Jupiter: a swap is one transaction, known to its chain."""
        return Declined(
            code="PRV_UNSUPPORTED", reason=f"{trace.transaction_hash}: ask the chain instead"
        )

    async def _build(self, request: SwapRequest, bps: int) -> Build | Setback:
        payer = {"payer": str(request.fee_payer)}
        query = {**_query(request, bps), **payer, **self._route_query}
        if request.recipient != request.sender:
            query.update(_destination(request))
        build = await self._questions.read("/swap/v2/build", Build, query=query)
        if not isinstance(build, Build):
            return build
        wrong = mismatch(build, request, bps=bps)
        return build if wrong is None else nonsense(wrong)

    async def _order(self, request: SwapRequest) -> SwapQuote | Setback:
        bps = slippage_bps(request)
        query = _query(request, bps)
        if request.recipient != request.sender:
            query["receiver"] = request.recipient
        order = await self._questions.read("/swap/v2/order", Order, query=query)
        if not isinstance(order, Order):
            return order
        if not order.transaction:
            return Declined(
                code="PRV_DECLINED",
                reason=order.error_message or "no transaction",
                provider_code=f"{order.router}:{order.error_code}",
            )
        wrong = mismatch(order, request, bps=bps)
        if wrong is None and order.taker not in {None, request.sender}:
            wrong = "for somebody else"
        if wrong is not None:
            return nonsense(wrong)
        return SwapQuote(
            request=request,
            target_amount=int(order.out_amount),
            target_minimum=int(order.other_amount_threshold),
            fees=order_fees(order, request),
            route=(order.router, *(step.swap_info.label for step in order.route_plan)),
            expires_at=self._clock() + ORDER_LIFETIME,
            estimated_seconds=ESTIMATED_SECONDS,
            terms={
                "mode": "order",
                "request_id": order.request_id,
                "transaction": order.transaction,
            },
        )

    def _ordered(self, quote: SwapQuote) -> SwapBuilt | Setback:
        if quote.expires_at <= self._clock():
            return Declined(code="PRV_QUOTE_EXPIRED", reason="the order's transaction is too old")
        try:
            wire = from_base64(str(quote.terms["transaction"]))
            unsigned = solana_transaction(wire, sender=quote.request.sender)
        except Unacceptable as error:
            return nonsense(f"the order's transaction: {error}")
        return SwapBuilt(
            unsigned=unsigned,
            reference=str(quote.terms["request_id"]),
            expires_at=quote.expires_at,
        )


def _query(request: SwapRequest, bps: int) -> dict[str, str]:
    return {
        "inputMint": mint_of(request.source),
        "outputMint": mint_of(request.target),
        "amount": str(request.amount),
        "taker": request.sender,
        "slippageBps": str(bps),
    }


def _destination(request: SwapRequest) -> Mapping[str, str]:
    if request.target == SOL:
        return {"nativeDestinationAccount": request.recipient}
    owner, mint = parse_address(request.recipient), parse_address(mint_of(request.target))
    return {"destinationTokenAccount": str(associated_token_account(owner, mint))}


def _execution(
    answer: Executed, request: SwapRequest, signature: Signature
) -> SwapExecuted | Setback:
    if answer.status == "Success":
        return _success(answer, request, signature)
    if answer.status != "Failed":
        unrecognised("jupiter", "execution status", answer.status)
        return Unanswered(reason=f"unknown status {answer.status!r}")
    reason = answer.error or "failed"
    code = None if answer.code is None else int(answer.code)
    if code in _NEVER_SENT:
        return Declined(code="PRV_DECLINED", reason=reason, provider_code=str(code))
    return Unanswered(reason=f"{reason} ({code}): it may have landed")


def _success(
    answer: Executed, request: SwapRequest, signature: Signature
) -> SwapExecuted | Unanswered:
    if answer.signature is None:
        return Unanswered(reason="no signature in the answer")
    # An empty first slot is a market maker's, who signs last: then theirs is the signature.
    if signature != Signature.default() and answer.signature != str(signature):
        return contradiction("jupiter", "the answer is about another transaction")
    if answer.total_input_amount is not None and int(answer.total_input_amount) > request.amount:
        return contradiction(
            "jupiter", f"{answer.total_input_amount} spent instead of {request.amount}"
        )
    return SwapExecuted(transaction_hash=answer.signature)
