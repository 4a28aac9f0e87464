"""An exchange and bridge in memory: the port's promises without a network."""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, assert_never

from domain.provider.ports.answers import Declined, Idempotency, ProviderFee, Setback
from domain.provider.ports.dex import (
    SwapBuilt,
    SwapExecuted,
    SwapQuote,
    SwapRequest,
    SwapState,
    SwapStatus,
    SwapTrace,
)
from domain.provider.ports.unsigned import (
    AccountUse,
    BitcoinPsbt,
    EthereumCall,
    SolanaInstruction,
    SolanaInstructions,
    SolanaTransaction,
    SuiTransaction,
    Unsigned,
)
from domain.shared.assets import Asset, Chain

QUOTE_LIFETIME: Final = timedelta(seconds=60)
MILLION: Final = 1_000_000
_PROGRAM: Final = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
_CONTRACT: Final = "0x00000000000000000000000000000000000d1b0a"
_PSBT_MAGIC: Final = b"psbt\xff"


class MemorySwaps:
    """Rates by `micro_usd`. A swap without a fee payer on Solana alone is sent by it; all others
    the platform sends, and tells it so with `arrive`, which also says how they ended.

    What is put into `setbacks` is answered next, in that order, instead of anything else.
    """

    idempotency = Idempotency(on_server=True, lifetime_seconds=3_600)

    def __init__(
        self,
        *,
        micro_usd: Mapping[str, int],
        clock: Callable[[], datetime],
        fee_millionths: int = 1_000,
        name: str = "memory",
    ) -> None:
        self.name = name
        self.is_up = True
        self.setbacks: deque[Setback] = deque()
        self._micro_usd = micro_usd
        self._clock = clock
        self._fee_millionths = fee_millionths
        self._executed: dict[str, str] = {}
        self._statuses: dict[str, SwapStatus] = {}

    def arrive(self, transaction_hash: str, status: SwapStatus) -> None:
        """From now on that is where the swap stands."""
        self._statuses[transaction_hash] = status

    async def healthy(self) -> bool:
        return self.is_up

    async def get_quote(self, request: SwapRequest) -> SwapQuote | Setback:
        if self.setbacks:
            return self.setbacks.popleft()
        known = {request.source.symbol, request.target.symbol} <= self._micro_usd.keys()
        if not known or request.source == request.target:
            return Declined(code="PRV_UNSUPPORTED", reason="no such pair")
        if request.amount <= 0 or not 0 <= request.slippage_millionths < MILLION:
            return Declined(code="PRV_INVALID", reason="amount or slippage out of range")
        fee = -(-request.amount * self._fee_millionths // MILLION)
        expected = self._convert(request.amount - fee, request.source, request.target)
        least = -(-expected * (MILLION - request.slippage_millionths) // MILLION)
        if least == 0:
            return Declined(code="PRV_LIMIT", reason="the fees are higher than the amount")
        return SwapQuote(
            request=request,
            target_amount=expected,
            target_minimum=least,
            fees=(ProviderFee(kind="PROVIDER", amount=fee, asset=request.source.symbol),),
            route=(self.name,),
            expires_at=self._clock() + QUOTE_LIFETIME,
            estimated_seconds=1,
            terms={"id": _digest(request, expected)},
        )

    async def build_swap(self, quote: SwapQuote) -> SwapBuilt | Setback:
        if self.setbacks:
            return self.setbacks.popleft()
        if quote.expires_at <= self._clock():
            return Declined(code="PRV_QUOTE_EXPIRED", reason="the quote is too old")
        reference = str(quote.terms["id"])
        return SwapBuilt(
            unsigned=_unsigned(quote.request, bytes.fromhex(reference)),
            reference=reference,
            expires_at=quote.expires_at,
        )

    async def execute_swap(
        self, quote: SwapQuote, signed: bytes, *, key: str
    ) -> SwapExecuted | Setback:
        """The same key again is answered as the first time."""
        if self.setbacks:
            return self.setbacks.popleft()
        request = quote.request
        if request.source.chain is not Chain.SOLANA or request.fee_payer is not None:
            return Declined(code="PRV_UNSUPPORTED", reason="the platform sends it")
        if key not in self._executed:
            transaction_hash = hashlib.sha256(signed).hexdigest()
            self._executed[key] = transaction_hash
            self._statuses[transaction_hash] = SwapStatus(
                state=SwapState.DELIVERED,
                provider_status="DELIVERED",
                source_transaction_hash=transaction_hash,
                target_transaction_hash=transaction_hash,
                received=quote.target_amount,
                received_asset=request.target.symbol,
            )
        return SwapExecuted(transaction_hash=self._executed[key])

    async def check_swap_status(self, trace: SwapTrace) -> SwapStatus | Setback:
        if self.setbacks:
            return self.setbacks.popleft()
        unknown = SwapStatus(state=SwapState.NOT_FOUND, provider_status="NOT_FOUND")
        return self._statuses.get(trace.transaction_hash, unknown)

    def _convert(self, amount: int, source: Asset, target: Asset) -> int:
        value = amount * self._micro_usd[source.symbol] * int(10**target.decimals)
        return value // (self._micro_usd[target.symbol] * int(10**source.decimals))


def _digest(request: SwapRequest, expected: int) -> str:
    return hashlib.sha256(f"{request}{expected}".encode()).hexdigest()


def _unsigned(request: SwapRequest, data: bytes) -> Unsigned:
    chain = request.source.chain
    if chain is Chain.SOLANA:
        if request.fee_payer is None:
            return SolanaTransaction(wire=data)
        owner = AccountUse(address=request.sender, is_signer=True, is_writable=False)
        step = SolanaInstruction(program=_PROGRAM, accounts=(owner,), data=data.hex().encode())
        return SolanaInstructions(instructions=(step,))
    if chain is Chain.BITCOIN:
        return BitcoinPsbt(psbt=_PSBT_MAGIC + data)
    if chain is Chain.SUI:
        return SuiTransaction(transaction=data)
    if chain is Chain.ETHEREUM:
        token = request.source.contract
        return EthereumCall(
            to=_CONTRACT,
            data=data,
            value=request.amount if token is None else 0,
            token=token,
            spender=None if token is None else _CONTRACT,
            allowance=0 if token is None else request.amount,
        )
    assert_never(chain)
