"""A protocol's call as a leg on Solana: composed with the platform's fee payer, read when landed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from domain.contracts.events import NetworkCost
from domain.contracts.strategies import terms_in
from domain.contracts.strategy_events import BlockchainCallRequested, ProtocolCall, StrategyTerms
from domain.contracts.transfer_events import LegRequested
from domain.provider.effects import (
    BuildOutcome,
    CallLanded,
    Declined,
    Moved,
    NotAttempted,
    StrategyChanged,
    WorthLess,
)
from domain.provider.ports import answers
from domain.provider.ports.defi import DeFiProvider, Position, StrategyOffer
from domain.provider.ports.unsigned import SolanaInstructions
from domain.shared.assets import USDC
from domain.shared.money import AssetAmount, share_rounded_down
from domain.shared.stream import Stream
from infrastructure.chains.solana.addresses import USDC_MINT, parse_address
from infrastructure.chains.solana.composing import instructions_of
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.holdings import usdc_of
from infrastructure.chains.solana.model import Footprint
from infrastructure.providers.setbacks import may_pass
from infrastructure.sagas.composed import Composed, composed
from infrastructure.sagas.legs import RETRY_SECONDS, Seen, built

BUILD_SECONDS_MAX: Final = 15.0
"""So long a protocol that fails is asked again: building only reads, but the user is waiting."""
MILLION: Final = 1_000_000
APY_LEFT_MIN: Final = Decimal("0.8")
"""Rates float all day; with less of the one that was shown, they are other terms."""


class Book(Protocol):
    """What protocols offer now."""

    async def known(self, identifier: str) -> StrategyOffer | None: ...

    async def others(self, terms: StrategyTerms, amount: int) -> tuple[StrategyTerms, ...]: ...


class ProtocolLeg:
    """Deposits into and redemptions from protocols; `protocols` by the registry's names."""

    def __init__(
        self, gateway: SolanaGateway, *, protocols: Mapping[str, DeFiProvider], book: Book
    ) -> None:
        self._gateway = gateway
        self._protocols = protocols
        self._book = book

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome:
        requested = stream.known(BlockchainCallRequested)
        call = requested.call
        changed = await self._changed(stream, call, now)
        if changed is not None:
            return changed
        answer = await self._instructions(call)
        if not isinstance(answer, SolanaInstructions):
            outcome = _not_built(stream, answer, now)
            if isinstance(outcome, NotAttempted) or call.shares:
                return outcome
            return await self._unavailable(stream, outcome, call.amount)
        instructions = instructions_of(answer)
        whole = await composed(
            self._gateway,
            stream,
            instructions,
            owner=call.owner_address,
            platform_fee=call.platform_fee,
            payable=_payable(call, requested.network_cost),
        )
        if not isinstance(whole, Composed):
            return whole
        return built(
            whole.prepared,
            now,
            summary=_summary(call, whole.cost),
            brings=(call.amount, USDC.symbol),
            charged=whole.cost,
            due=whole.due,
        )

    def read(self, stream: Stream, seen: Seen) -> CallLanded | None:
        call = stream.known(BlockchainCallRequested).call
        own = usdc_of(seen.left.movements, parse_address(call.owner_address))
        if own is None:
            return None
        fee = usdc_of(seen.left.movements, self._gateway.treasury_owner)
        owed = fee.delta_base_units if fee else 0
        return CallLanded(
            slot=seen.slot,
            commitment=seen.commitment,
            lamports_spent=seen.left.lamports_spent,
            # The platform's fee leaves the same account: it is no part of what the protocol moved.
            moved=Moved(
                amount=own.delta_base_units + owed,
                instruction=own.instruction_index,
                account=own.account,
            ),
            shares=_shares(seen.left, call.owner_address),
            fee=Moved(amount=owed, instruction=fee.instruction_index, account=fee.account)
            if fee
            else None,
        )

    async def _changed(
        self, stream: Stream, call: ProtocolCall, now: datetime
    ) -> StrategyChanged | WorthLess | Declined | NotAttempted | None:
        """Where it is no longer what the user agreed to, or cannot be told."""
        if call.shares:
            return await self._worth_less(stream, call, now)
        return await self._terms_changed(stream, call.amount)

    async def _worth_less(
        self, stream: Stream, call: ProtocolCall, now: datetime
    ) -> WorthLess | Declined | NotAttempted | None:
        """Where the protocol would give less for the position, beyond what goes without saying."""
        protocol = self._protocols.get(call.provider)
        if protocol is None:
            return None
        position = await protocol.get_strategy_status(call.offer_id, owner=call.owner_address)
        if position is None:
            position = answers.NotAttempted(reason="knows of no position")
        if not isinstance(position, Position):
            return _not_built(stream, position, now)
        worth = position.worth(call.shares)
        least = share_rounded_down(call.value, millionths=MILLION - call.slippage_millionths)
        return WorthLess(value=worth) if worth < least else None

    async def _terms_changed(self, stream: Stream, amount: int) -> StrategyChanged | None:
        """Where the protocol's terms are worse than those that the user agreed to."""
        terms = terms_in(stream)
        offer = await self._book.known(f"{terms.provider}:{terms.offer_id}")
        worse = None if offer is None else _worse(offer, terms, amount)
        if offer is None or worse is None:
            return None
        amended = offer.terms(terms.provider) if offer.minimum <= amount else None
        return StrategyChanged(
            code="TXN_STRATEGY_CHANGED",
            reason=worse,
            amended=amended,
            alternatives=await self._book.others(terms, amount),
        )

    async def _unavailable(self, stream: Stream, why: Declined, amount: int) -> StrategyChanged:
        alternatives = await self._book.others(terms_in(stream), amount)
        return StrategyChanged(code=why.code, reason=why.reason, alternatives=alternatives)

    async def _instructions(self, call: ProtocolCall) -> SolanaInstructions | answers.Setback:
        """It only reads: whatever goes wrong, nothing has happened."""
        protocol = self._protocols.get(call.provider)
        if protocol is None:
            return answers.Declined(code="PRV_UNAVAILABLE", reason="not configured")
        fee_payer = str(self._gateway.fee_payer)
        if call.shares:
            return await protocol.withdraw_from_strategy(
                call.offer_id, owner=call.owner_address, fee_payer=fee_payer, shares=call.shares
            )
        return await protocol.deploy_strategy(
            call.offer_id, owner=call.owner_address, fee_payer=fee_payer, amount=call.amount
        )


def _worse(offer: StrategyOffer, terms: StrategyTerms, amount: int) -> str | None:
    """In what it is worse than what was agreed to; None: in nothing."""
    if offer.minimum > amount:
        return "the least amount was raised"
    if offer.lock_seconds > terms.lock_seconds:
        return "it keeps the money longer"
    if offer.exit_fee_millionths > terms.exit_fee_millionths:
        return "it costs more to leave"
    if offer.apy is None or terms.apy is None:
        return None
    return "it earns less" if offer.apy < Decimal(terms.apy) * APY_LEFT_MIN else None


def _not_built(stream: Stream, setback: answers.Setback, now: datetime) -> Declined | NotAttempted:
    """A clear no ends it; what may pass is asked for again after as long as it has been waited for,
    so that a single failure of a protocol fails nobody's strategy."""
    code = setback.code if isinstance(setback, answers.Declined) else "PRV_UNAVAILABLE"
    asked_at = next(
        each.occurred_at for each in reversed(stream.events) if isinstance(each.data, LegRequested)
    )
    waited = (now - asked_at).total_seconds()
    if not may_pass(setback) or waited >= BUILD_SECONDS_MAX:
        return Declined(code=code, reason=setback.reason)
    pause = min(max(waited, RETRY_SECONDS), BUILD_SECONDS_MAX - waited)
    return NotAttempted(reason=setback.reason, due_at=now + timedelta(seconds=pause))


def _shares(left: Footprint, owner: str) -> int:
    """What the owner got (or gave) of the protocol's own token."""
    for movement in left.movements:
        if movement.owner == owner and movement.mint != str(USDC_MINT):
            return abs(movement.delta_base_units)
    return 0


def _payable(call: ProtocolCall, shown: NetworkCost) -> int:
    """What the network can be paid out of: what is put in, or what comes of it."""
    return call.amount + shown.total_base_units if call.amount else call.value - call.platform_fee


def _summary(call: ProtocolCall, charged: NetworkCost) -> str:
    """What signing does, in plain words."""
    fees = AssetAmount.of(charged.total_base_units + call.platform_fee, USDC.symbol)
    if call.shares:
        return f"Take your position out of {call.provider} and pay {fees} in fees"
    amount = AssetAmount.of(call.amount, USDC.symbol)
    return f"Put {amount} to work with {call.provider} and pay {fees} for the network"
