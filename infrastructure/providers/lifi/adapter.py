"""Swaps and bridges between all our chains. A quote brings its transaction along; the user's own
chain sends it, and LI.FI is asked what became of it."""

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
    SwapStatus,
    SwapTrace,
)
from domain.shared.money import format_amount
from infrastructure.http import HttpClient
from infrastructure.providers.lifi.calls import READ_SECONDS, questions
from infrastructure.providers.lifi.chains import CHAIN_IDS, token_address, unsigned_of
from infrastructure.providers.lifi.reading import MILLION, fees_of, mismatch, status_of
from infrastructure.providers.lifi.wire import Status, Step, TransactionRequest
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.unsigned import Unacceptable

# LI.FI names no expiry; bridges hold their rates about this long.
QUOTE_LIFETIME: Final = timedelta(seconds=60)
_MILLIONTHS_DIGITS: Final = 6


class LifiSwaps:
    """Stateless; `clock` is asked for the expiry of quotes alone. `integrator` is the name under
    which the platform is registered."""

    name = "lifi"
    idempotency = Idempotency(on_server=False)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        api_key: str,
        integrator: str,
        clock: Callable[[], datetime],
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = questions(
            client, base_url=base_url, api_key=api_key, read_seconds=read_seconds
        )
        self._integrator = integrator
        self._clock = clock

    async def healthy(self) -> bool:
        query = {"chain": "SOL", "token": "USDC"}
        answer = await self._questions.read("/token", dict[str, object], query=query)
        return isinstance(answer, dict)

    async def get_quote(self, request: SwapRequest) -> SwapQuote | Setback:
        if request.source == request.target:
            return Declined(code="PRV_UNSUPPORTED", reason="nothing to swap")
        if request.amount <= 0 or not 0 <= request.slippage_millionths < MILLION:
            return Declined(code="PRV_INVALID", reason="amount or slippage out of range")
        step = await self._questions.read("/quote", Step, query=self._query(request))
        if not isinstance(step, Step):
            return step
        wrong = mismatch(step, request)
        if wrong is None and step.transaction_request is None:
            wrong = "no transaction in the quote"
        if wrong is not None:
            return nonsense(wrong)
        return SwapQuote(
            request=request,
            target_amount=int(step.estimate.to_amount),
            target_minimum=int(step.estimate.to_amount_min),
            fees=fees_of(step),
            route=tuple(included.tool for included in step.included_steps) or (step.tool,),
            expires_at=self._clock() + QUOTE_LIFETIME,
            estimated_seconds=int(step.estimate.execution_duration),
            terms={
                "id": step.id,
                "tool": step.tool,
                "approval_address": step.estimate.approval_address,
                "transaction_request": msgspec.to_builtins(step.transaction_request),
            },
        )

    async def build_swap(self, quote: SwapQuote) -> SwapBuilt | Setback:
        """The quote's own transaction: another one would be another quote."""
        if quote.expires_at <= self._clock():
            return Declined(code="PRV_QUOTE_EXPIRED", reason="the quote's transaction is too old")
        try:
            unsigned = unsigned_of(
                msgspec.convert(quote.terms["transaction_request"], TransactionRequest),
                quote.request,
                approval_address=str(quote.terms["approval_address"]),
            )
        except Unacceptable as error:
            return nonsense(str(error))
        return SwapBuilt(
            unsigned=unsigned, reference=str(quote.terms["id"]), expires_at=quote.expires_at
        )

    async def execute_swap(
        self, quote: SwapQuote, signed: bytes, *, key: str
    ) -> SwapExecuted | Setback:
        """LI.FI sends nothing: its chain does."""
        del signed, key
        return Declined(code="PRV_UNSUPPORTED", reason=f"{quote.request.source.chain} sends it")

    async def check_swap_status(self, trace: SwapTrace) -> SwapStatus | Setback:
        request = trace.request
        query = {
            "txHash": trace.transaction_hash,
            "fromChain": str(CHAIN_IDS[request.source.chain]),
            "toChain": str(CHAIN_IDS[request.target.chain]),
        }
        status = await self._questions.read("/status", Status, query=query)
        return status_of(status, trace) if isinstance(status, Status) else status

    def _query(self, request: SwapRequest) -> dict[str, str]:
        return {
            "fromChain": str(CHAIN_IDS[request.source.chain]),
            "toChain": str(CHAIN_IDS[request.target.chain]),
            "fromToken": token_address(request.source),
            "toToken": token_address(request.target),
            "fromAddress": request.sender,
            "toAddress": request.recipient,
            "fromAmount": str(request.amount),
            "slippage": format_amount(request.slippage_millionths, _MILLIONTHS_DIGITS),
            "integrator": self._integrator,
        }
