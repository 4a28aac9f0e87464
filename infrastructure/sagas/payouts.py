"""A payout's calls to off-ramps: from an effect's request to an outcome that the domain knows.

What a provider says that it gave back is a claim: what counts is what the chain shows, finally, on
the user's own address.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, assert_never

from domain.contracts.payout_events import PayoutOpened
from domain.contracts.transfer_events import TransferConfirmed
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider.effects import Declined, EffectKind, NotAttempted, Unknown
from domain.provider.flows.withdraw_to_bank import delivered_amount
from domain.provider.payouts import (
    CheckOutcome,
    Mismatch,
    Opened,
    OpenOutcome,
    Paid,
    Returned,
    Waiting,
    bank_of,
    offer_of,
    on_payout_checked,
    on_payout_opened,
)
from domain.provider.ports import answers
from domain.provider.ports.offramp import (
    OffRampProvider,
    OffRampQuote,
    OffRampQuoteRequest,
    PayoutRail,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import USDC
from domain.shared.stream import Stream
from infrastructure.sagas.arrivals import Arrivals, Astray
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.payments import Standing

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0
LOOK_SECONDS_MIN: Final = 1.0
LOOK_SECONDS_MAX: Final = 600.0
"""A bank takes days: asked often at first and seldom later. Webhooks make it sooner."""
LOOK_SHARE_OF_AGE: Final = 0.1
MISMATCH_LOOK_SECONDS: Final = 3600.0

_RECEIVED: Final = frozenset({WithdrawalState.FUNDS_RECEIVED, WithdrawalState.FIAT_SUBMITTED})
_GONE: Final = frozenset({WithdrawalState.CANCELLED, WithdrawalState.FAILED})


class PayoutEffects:
    """Calls the off-ramps that this process knows, by name."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        providers: Mapping[str, OffRampProvider],
        arrivals: Arrivals,
        standing: Standing,
    ) -> None:
        self._engine = engine
        self._providers = providers
        self._arrivals = arrivals
        self._standing = standing

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.PAYOUT_OPEN: self._open, EffectKind.PAYOUT_CHECK: self._check}

    async def _open(self, effect: EffectInHand, stream: Stream) -> None:
        outcome = await self._opened(effect, stream)
        await self._engine.decide(
            stream.id, lambda known, facts: on_payout_opened(known, effect.fence, outcome, facts)
        )

    async def _check(self, effect: EffectInHand, stream: Stream) -> None:
        outcome = await self._checked(effect, stream)
        await self._engine.decide(
            stream.id, lambda known, facts: on_payout_checked(known, effect.fence, outcome, facts)
        )

    async def _opened(self, effect: EffectInHand, stream: Stream) -> OpenOutcome:
        now = self._engine.clock()
        provider = self._providers.get(str(effect.request["provider"]))
        if provider is None:
            return NotAttempted(reason="not configured", due_at=now)
        if not effect.maybe_executed:
            # Chosen earlier; what has happened since may keep it out.
            reason = await self._standing.rejection(provider.name)
            if reason is not None:
                return NotAttempted(reason=reason.value, due_at=now)
        order = withdrawal_order(stream, key=effect.key)
        answer: WithdrawalOpened | answers.Setback | None = None
        if effect.maybe_executed:
            answer = await provider.find_withdrawal(order)
            if isinstance(answer, (answers.Declined, answers.NotAttempted)):
                # The inquiry came to nothing, which says nothing of the payout.
                return Unknown(reason=answer.reason, due_at=now + timedelta(seconds=RETRY_SECONDS))
        if answer is None:
            answer = await provider.initiate_crypto_to_fiat(order)
        return _open_outcome(answer, order, now)

    async def _checked(self, effect: EffectInHand, stream: Stream) -> CheckOutcome:
        now = self._engine.clock()
        again = now + timedelta(seconds=_pause_seconds(stream, now))
        waiting = Waiting(due_at=again, received=False)
        provider = self._providers.get(str(effect.request["provider"]))
        if provider is None:
            logger.error(
                "a payout waits for %s, which is not configured", effect.request["provider"]
            )
            return waiting
        status = await provider.check_withdrawal_status(str(effect.request["reference"]))
        if not isinstance(status, WithdrawalStatus):
            logger.info("%s cannot tell of a payout: %s", provider.name, status.reason)
            return waiting
        if status.state is WithdrawalState.FIAT_PAID:
            return Paid(fiat_amount=status.fiat_amount)
        if status.state is WithdrawalState.REFUNDED:
            return await self._returned(stream, status, waiting)
        if status.state in _GONE:
            due_at = now + timedelta(seconds=MISMATCH_LOOK_SECONDS)
            return Mismatch(reason=f"not paid: {status.provider_status}", due_at=due_at)
        return Waiting(due_at=again, received=status.state in _RECEIVED)

    async def _returned(
        self, stream: Stream, status: WithdrawalStatus, waiting: Waiting
    ) -> CheckOutcome:
        if status.refund_transaction_hash is None:
            return waiting
        hash_ = status.refund_transaction_hash
        owner = stream.known(WithdrawTransactionInitiated).sender_address
        found = await self._arrivals.find(USDC, owner, hash_)
        if found is None:
            return waiting
        if isinstance(found, Astray):
            due_at = self._engine.clock() + timedelta(seconds=MISMATCH_LOOK_SECONDS)
            return Mismatch(reason=found.reason, due_at=due_at)
        return Returned(
            moved=found.moved,
            transaction_hash=hash_,
            code="PAY_RETURNED",
            reason=status.failure or status.provider_status,
        )


def withdrawal_order(stream: Stream, *, key: str) -> WithdrawalOrder:
    """What the provider of this attempt is asked for, the same however often it is made."""
    bank, offer = bank_of(stream), offer_of(stream)
    return WithdrawalOrder(
        key=key,
        quote=OffRampQuote(
            request=OffRampQuoteRequest(
                asset=USDC,
                asset_amount=delivered_amount(stream),
                fiat_currency=offer.fiat_currency,
                rail=PayoutRail(bank.rail),
                country=bank.country,
            ),
            fiat_amount=offer.fiat_amount,
            fees=tuple(
                answers.ProviderFee(kind=fee.kind, amount=fee.amount, asset=fee.asset)
                for fee in offer.fees
            ),
            expires_at=offer.expires_at,
            reference=offer.reference,
            estimated_seconds=offer.estimated_seconds,
        ),
        customer=offer.customer,
        bank_account=offer.bank_account,
        from_address=stream.known(WithdrawTransactionInitiated).sender_address,
    )


def _open_outcome(
    answer: WithdrawalOpened | answers.Setback, order: WithdrawalOrder, now: datetime
) -> OpenOutcome:
    retry_at = now + timedelta(seconds=RETRY_SECONDS)
    look_at = now + timedelta(seconds=MISMATCH_LOOK_SECONDS)
    match answer:
        case WithdrawalOpened(asset_amount=amount) if amount != order.quote.request.asset_amount:
            return Mismatch(reason=f"waits for {amount} base units", due_at=look_at)
        case WithdrawalOpened():
            return Opened(
                reference=answer.reference,
                deposit_address=answer.deposit_address,
                amount=answer.asset_amount,
            )
        case answers.Declined(code=code, reason=reason):
            return Declined(code=code, reason=reason)
        case answers.NotAttempted(reason=reason):
            return NotAttempted(reason=reason, due_at=retry_at)
        case answers.Unanswered(reason=reason, contradicts=True):
            return Mismatch(reason=reason, due_at=look_at)
        case answers.Unanswered(reason=reason):
            return Unknown(reason=reason, due_at=retry_at)
        case _:
            assert_never(answer)


def _pause_seconds(stream: Stream, now: datetime) -> float:
    sent = [
        event.occurred_at
        for event in stream.events
        if isinstance(event.data, (TransferConfirmed, PayoutOpened))
    ]
    age = (now - sent[-1]).total_seconds()
    return min(LOOK_SECONDS_MAX, max(LOOK_SECONDS_MIN, age * LOOK_SHARE_OF_AGE))
