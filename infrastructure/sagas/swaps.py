"""A swap as a leg on Solana: quoted anew, composed with the platform's fee payer, read when landed.

What the user was promised is kept, or nothing is built: a fresh quote may be better; one that is worse
than the least amount that they saw is for them to say yes to.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from solders.instruction import Instruction

from domain.contracts.events import NetworkCost
from domain.contracts.swap_events import BlockchainSwapRequested, SwapTerms
from domain.provider.effects import BuildOutcome, Declined, LessOffered, Moved, SwapLanded
from domain.provider.ports import answers
from domain.provider.ports.dex import DEXProvider, SwapBuilt, SwapQuote, SwapRequest
from domain.provider.ports.unsigned import SolanaInstructions, SolanaTransaction
from domain.provider.registry import Rejection
from domain.shared.assets import ASSETS, USDC
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from infrastructure.chains.solana.composing import (
    CannotCompose,
    instructions_of,
)
from infrastructure.chains.solana.errors import RpcUnavailable
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.holdings import moved, usdc_of
from infrastructure.chains.solana.outcomes import BLOCKHASH_EXPIRED
from infrastructure.providers.reports import misfit
from infrastructure.providers.setbacks import NONSENSE
from infrastructure.providers.unsigned import Unacceptable
from infrastructure.sagas.composed import Composed, composed
from infrastructure.sagas.legs import Seen, built
from infrastructure.sagas.swap_bounds import bounds_of, review

MILLION: Final = 1_000_000


class Standing(Protocol):
    """Whether anything new may be begun with a provider now."""

    async def rejection(self, provider: str) -> Rejection | None: ...


class SwapLeg:
    """Of an asset on Solana for any other."""

    def __init__(self, gateway: SolanaGateway, *, swaps: "PromisedSwaps") -> None:
        self._gateway = gateway
        self._swaps = swaps

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        requested = stream.known(BlockchainSwapRequested)
        outcome = await self._build(stream, requested, now)
        if isinstance(outcome, Declined) and outcome.code == NONSENSE:
            misfit(requested.swap.provider, outcome.reason)
        return outcome

    async def _build(
        self, stream: Stream, requested: BlockchainSwapRequested, now: datetime
    ) -> BuildOutcome:
        swap = requested.swap
        answer = await self._swaps.build(swap, fee_payer=str(self._gateway.fee_payer))
        if isinstance(answer, (Declined, LessOffered)):
            return answer
        try:
            instructions = _composable(answer)
            review(instructions, swap, fee_payer=self._gateway.fee_payer)
        except CannotCompose as error:
            return Declined(code="PRV_UNSUPPORTED", reason=str(error))
        except Unacceptable as error:
            return Declined(code=NONSENSE, reason=str(error))
        whole = await composed(
            self._gateway,
            stream,
            instructions,
            owner=swap.sender_address,
            platform_fee=swap.platform_fee,
            payable=_payable(swap, requested.network_cost),
        )
        if not isinstance(whole, Composed):
            return whole
        wrong = await self._wrong(whole, swap, delivers_later=answer.reference is not None)
        if wrong is not None:
            return wrong
        return built(
            whole.prepared,
            now,
            summary=_summary(swap, whole.cost),
            brings=(swap.target_minimum, swap.target),
            charged=whole.cost,
            due=whole.due,
            reference=answer.reference,
        )

    async def _wrong(
        self, whole: Composed, swap: SwapTerms, *, delivers_later: bool
    ) -> Declined | None:
        """What it would do beyond what was asked, or that it would do nothing; None where neither."""
        owed = swap.platform_fee + whole.cost.total_base_units + whole.due
        bounds = bounds_of(swap, owed=owed, delivers_later=delivers_later)
        result, beyond = await self._gateway.tried_within(
            whole.prepared.built.unsigned, bounds, verify=False
        )
        if result.error == BLOCKHASH_EXPIRED:
            raise RpcUnavailable("a node that does not know the blockhash yet")
        if not result.ok:
            return Declined(code="TXN_SIMULATION_FAILED", reason=result.error or "")
        return None if beyond is None else Declined(code=NONSENSE, reason=beyond)

    def read(self, stream: Stream, seen: Seen) -> SwapLanded | None:
        swap = stream.known(BlockchainSwapRequested).swap
        fee = usdc_of(seen.left.movements, self._gateway.treasury_owner)
        owed = fee.delta_base_units if fee else 0
        source, target = ASSETS[swap.source], ASSETS[swap.target]
        left = moved(seen.left, swap.sender_address, source)
        if left is None:
            return None
        # The platform's fee leaves the same account: it is no part of what was swapped.
        spent = -left.amount - (owed if source == USDC else 0)
        received = None
        came = None if swap.crosses else moved(seen.left, swap.recipient_address, target)
        if came is not None:
            is_charged_there = target == USDC and swap.recipient_address == swap.sender_address
            came = replace(came, amount=came.amount + (owed if is_charged_there else 0))
            # Who is paid first and delivers later is followed, on one chain as between two.
            received = came if came.amount > 0 else None
        return SwapLanded(
            slot=seen.slot,
            commitment=seen.commitment,
            lamports_spent=seen.left.lamports_spent,
            spent=replace(left, amount=spent),
            fee=Moved(amount=owed, instruction=fee.instruction_index, account=fee.account)
            if fee
            else None,
            received=received,
        )


class PromisedSwaps:
    """Swaps of providers' making for no less than was promised; `dexes` by the registry's names."""

    def __init__(self, dexes: Mapping[str, DEXProvider], standing: Standing) -> None:
        self._dexes = dexes
        self._standing = standing

    async def build(
        self, swap: SwapTerms, *, fee_payer: str | None = None
    ) -> SwapBuilt | Declined | LessOffered:
        """The provider's transaction. It only reads: whatever goes wrong, nothing has happened, and
        the next provider may be asked."""
        provider = self._dexes.get(swap.provider)
        if provider is None:
            return Declined(code="PRV_UNAVAILABLE", reason="not configured")
        reason = await self._standing.rejection(swap.provider)
        if reason is not None:
            return Declined(code="PRV_UNAVAILABLE", reason=reason.value)
        wanted = swap_request(swap, fee_payer=fee_payer)
        quote = await _promised(provider, wanted, swap.target_minimum)
        if not isinstance(quote, SwapQuote):
            return quote
        answer = await provider.build_swap(quote)
        return answer if isinstance(answer, SwapBuilt) else _setback(answer)


def swap_request(swap: SwapTerms, *, fee_payer: str | None = None) -> SwapRequest:
    """The same as when it was offered."""
    return SwapRequest(
        source=ASSETS[swap.source],
        target=ASSETS[swap.target],
        amount=swap.amount,
        slippage_millionths=swap.slippage_millionths,
        sender=swap.sender_address,
        recipient=swap.recipient_address,
        fee_payer=fee_payer,
    )


async def _promised(
    provider: DEXProvider, request: SwapRequest, minimum: int
) -> SwapQuote | Declined | LessOffered:
    """A fresh quote that promises `minimum`; with less slippage, where the price moved a little."""
    quote = await provider.get_quote(request)
    if not isinstance(quote, SwapQuote):
        return _setback(quote)
    if quote.target_minimum >= minimum:
        return replace(quote, target_minimum=minimum)
    less = LessOffered(target_amount=quote.target_amount, target_minimum=quote.target_minimum)
    if quote.target_amount < minimum:
        return less
    tighter = (quote.target_amount - minimum) * MILLION // quote.target_amount
    again = await provider.get_quote(replace(request, slippage_millionths=tighter))
    if not isinstance(again, SwapQuote):
        return _setback(again)
    if again.target_minimum < minimum:
        return less
    return replace(again, target_minimum=minimum)


def _setback(answer: answers.Setback) -> Declined:
    if isinstance(answer, answers.Declined):
        return Declined(code=answer.code, reason=answer.reason)
    return Declined(code="PRV_UNAVAILABLE", reason=answer.reason)


def _composable(answer: SwapBuilt) -> list[Instruction]:
    if not isinstance(answer.unsigned, (SolanaInstructions, SolanaTransaction)):
        raise CannotCompose("a transaction of another chain")
    return instructions_of(answer.unsigned)


def _payable(swap: SwapTerms, shown: NetworkCost) -> int | None:
    """What the network can be paid out of, in USDC: what is spent, or what arrives of it."""
    if swap.source == USDC.symbol:
        return swap.amount + shown.total_base_units
    return swap.target_minimum - swap.platform_fee if swap.target == USDC.symbol else None


def _summary(swap: SwapTerms, charged: NetworkCost) -> str:
    """What signing does, in plain words."""
    fees = charged.total_base_units + swap.platform_fee
    there = f" at {swap.recipient_address}" if swap.is_outward else ""
    return (
        f"Swap {AssetAmount.of(swap.amount, swap.source)} for at least "
        f"{AssetAmount.of(swap.target_minimum, swap.target)}{there} and pay "
        f"{AssetAmount.of(fees, USDC.symbol)} in fees"
    )
