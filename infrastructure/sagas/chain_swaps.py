"""A swap as a leg on a chain where the user pays the network: the provider's own transaction, held
against what was asked before anybody signs it, and read from the chain when it is final."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.gas import Gas
from domain.contracts.swap_events import BlockchainSwapRequested, SwapTerms
from domain.provider.effects import (
    BuildOutcome,
    Built,
    Declined,
    LessOffered,
    MoreCharged,
    Moved,
    NotAttempted,
    SwapLanded,
)
from domain.provider.ports.chain import (
    ChainGateway,
    Movement,
    NetworkFee,
    Sighting,
    TransferPrepared,
)
from domain.provider.ports.dex import SwapBuilt
from domain.shared.assets import ASSETS, NATIVE
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from infrastructure.providers.reports import misfit
from infrastructure.providers.setbacks import NONSENSE
from infrastructure.sagas.chain_legs import COMMITMENT, gas_of, not_prepared, shown, shown_before
from infrastructure.sagas.swaps import PromisedSwaps

SIGNING_SECONDS: Final = 60.0
"""How long a transaction may be signed whose provider names no end: prices move on."""


class ChainSwapLeg:
    """Of an asset on its own chain for USDC on Solana, or any other."""

    def __init__(self, swaps: PromisedSwaps) -> None:
        self._swaps = swaps

    async def build(self, stream: Stream, gateway: ChainGateway, now: datetime) -> BuildOutcome:
        requested = stream.known(BlockchainSwapRequested)
        outcome = await self._build(requested, gateway, now, instead_of=shown_before(stream))
        if isinstance(outcome, Declined) and outcome.code == NONSENSE:
            misfit(requested.swap.provider, outcome.reason)
        return outcome

    async def _build(
        self,
        requested: BlockchainSwapRequested,
        gateway: ChainGateway,
        now: datetime,
        *,
        instead_of: str | None,
    ) -> BuildOutcome:
        swap = requested.swap
        answer = await self._swaps.build(swap)
        if isinstance(answer, (Declined, LessOffered)):
            return answer
        prepared = await gateway.prepare_call(
            swap.sender_address, answer.unsigned, instead_of=instead_of
        )
        if not isinstance(prepared, TransferPrepared):
            return not_prepared(prepared, now)
        wrong = unasked(prepared, swap)
        if wrong is not None:
            return wrong
        gas = requested.network_cost.gas
        if gas is None or prepared.fee > gas.amount:
            return await dearer(prepared, requested, gateway, now)
        return _built(prepared, requested, answer, now)

    async def read(
        self, stream: Stream, gateway: ChainGateway, seen: Sighting, name: str
    ) -> SwapLanded | None:
        swap = stream.known(BlockchainSwapRequested).swap
        taken = await gateway.taken(name, signer=swap.sender_address)
        if not isinstance(taken, tuple):
            return None
        spent = next((one for one in taken if one.asset == swap.source), None)
        if spent is None:
            return None
        own = gateway.parse_address(swap.sender_address)
        return SwapLanded(
            slot=seen.depth,
            commitment=COMMITMENT,
            lamports_spent=0,
            spent=Moved(
                amount=min(spent.amount, swap.amount), instruction=spent.index, account=own
            ),
            fee=None,
            received=None,
            gas=gas_of(gateway, seen),
            aside=aside_of(taken, swap),
            signature=name,
        )


def aside_of(taken: tuple[Movement, ...], swap: SwapTerms) -> Gas | None:
    """What the provider took beside the amount, in the asset that the network is paid in."""
    native = NATIVE[ASSETS[swap.source].chain].symbol
    left = sum(one.amount for one in taken if one.asset == native)
    aside = left - (min(left, swap.amount) if swap.source == native else 0)
    return Gas(asset=native, amount=aside) if aside else None


async def dearer(
    prepared: TransferPrepared,
    requested: BlockchainSwapRequested,
    gateway: ChainGateway,
    now: datetime,
) -> MoreCharged | Declined | NotAttempted:
    """What such a call may cost now, as it was shown when it began; a provider that asks for more
    than that gives way to the next."""
    swap = requested.swap
    fee = await gateway.call_fee(swap.sender_address, ASSETS[swap.source])
    if not isinstance(fee, NetworkFee):
        return not_prepared(fee, now)
    if prepared.fee > fee.amount:
        return Declined(code="TXN_COST_ROSE", reason="asks for more than such a call costs")
    gas = Gas(asset=fee.asset, amount=fee.amount)
    return MoreCharged(network_cost=replace(requested.network_cost, gas=gas))


def unasked(prepared: TransferPrepared, swap: SwapTerms) -> Declined | None:
    """What a provider's transaction does that was not asked for; None where nothing."""
    native = NATIVE[ASSETS[swap.source].chain].symbol
    amount = swap.amount if swap.source == native and not prepared.is_approval else 0
    aside = swap.aside.amount if swap.aside else 0
    if not amount <= prepared.value <= amount + aside:
        return Declined(code=NONSENSE, reason="another amount than was asked for")
    return None


def _built(
    prepared: TransferPrepared, requested: BlockchainSwapRequested, answer: SwapBuilt, now: datetime
) -> Built:
    swap = requested.swap
    offered_until = answer.expires_at or now + timedelta(seconds=SIGNING_SECONDS)
    return shown(
        prepared,
        requested,
        summary=_summary(swap, prepared),
        brings=(swap.target_minimum, swap.target),
        until=offered_until,
        reference=answer.reference,
    )


def _summary(swap: SwapTerms, prepared: TransferPrepared) -> str:
    """What signing does, in plain words."""
    native = NATIVE[ASSETS[swap.source].chain].symbol
    spent = AssetAmount.of(swap.amount, swap.source)
    cost = AssetAmount.of(prepared.fee, native)
    if prepared.is_approval:
        return f"Let {swap.provider} take {spent} for the swap that follows, at a cost of {cost} at most"
    least = AssetAmount.of(swap.target_minimum, swap.target)
    return f"Swap {spent} for at least {least}, at a cost of {cost} at most"
