"""A payout's calls to off-ramps: from an effect's request to an outcome that the domain knows.

What a provider says that it gave back is a claim: what counts is what the chain shows, finally, on
the user's own address.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from domain.contracts.events import UserActionSubmitted
from domain.contracts.payout_events import PayoutOpened
from domain.contracts.payouts import bank_of, payout_in
from domain.contracts.transfer_events import TransferConfirmed
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider.effects import Declined, EffectKind, Moved, NotAttempted, Unknown
from domain.provider.payouts import (
    Cancelled,
    CancelOutcome,
    CheckOutcome,
    Opened,
    OpenOutcome,
    Paid,
    Returned,
    Waiting,
    offer_of,
    on_payout_cancelled,
    on_payout_checked,
    on_payout_opened,
)
from domain.provider.ports import answers
from domain.provider.ports.chain import Credit
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
from domain.provider.ramps import Mismatch
from domain.shared.assets import USDC
from domain.shared.stream import Stream
from infrastructure.sagas.arrivals import Arrivals, Astray
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler, SagaEngine
from infrastructure.sagas.ramps import Standing, begun, last_at, look_at, mismatch, overdue

logger = logging.getLogger(__name__)

PAYOUT_DAYS_MAX: Final = 7
"""Three business days with a weekend and a holiday in between: after them a person looks why the
bank has not been paid, whatever the provider says."""
RETURN_DAYS_MAX: Final = 2
"""What a bank has not taken is given back on a chain, in minutes."""
_RECEIVED: Final = frozenset({WithdrawalState.FUNDS_RECEIVED, WithdrawalState.FIAT_SUBMITTED})
_COMING_BACK: Final = frozenset(
    {
        WithdrawalState.UNDELIVERABLE,
        WithdrawalState.RETURNED,
        WithdrawalState.REFUNDING,
        WithdrawalState.REFUNDED,
    }
)
MEMO_BYTES_MAX: Final = 256
CANCEL_DAYS_MAX: Final = 3
"""What gets no funds lapses at the provider long before."""
_GONE: Final = frozenset({WithdrawalState.CANCELLED, WithdrawalState.FAILED})


class Returns(Protocol):
    """Which credits are some payout's by now."""

    async def matched(self, transaction_hashes: Sequence[str]) -> set[str]: ...


class PayoutEffects:
    """Calls the off-ramps that this process knows, by name."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        providers: Mapping[str, OffRampProvider],
        arrivals: Arrivals,
        returns: Returns,
        standing: Standing,
        platform: frozenset[str],
    ) -> None:
        """`platform`: its own addresses."""
        self._engine = engine
        self._providers = providers
        self._arrivals = arrivals
        self._returns = returns
        self._standing = standing
        self._platform = platform

    def handlers(self) -> Mapping[str, CarryOut]:
        return {
            EffectKind.PAYOUT_OPEN: self._open,
            EffectKind.PAYOUT_CHECK: self._check,
            EffectKind.PAYOUT_CANCEL: self._cancel,
        }

    async def _open(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._opened(effect, stream)
        return lambda known, facts: on_payout_opened(known, effect.fence, outcome, facts)

    async def _check(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._checked(effect, stream)
        return lambda known, facts: on_payout_checked(known, effect.fence, outcome, facts)

    async def _cancel(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._cancelled(effect, stream)
        return lambda known, facts: on_payout_cancelled(known, effect.fence, outcome, facts)

    async def _cancelled(self, effect: EffectInHand, stream: Stream) -> CancelOutcome:
        """Cancelling twice is cancelling once: it is repeated until the provider answers."""
        now, given_up_at = self._engine.clock(), stream.events[-1].occurred_at
        if now - given_up_at > timedelta(days=CANCEL_DAYS_MAX):
            return Declined(code="PRV_UNAVAILABLE", reason="never answered")
        provider = self._providers.get(str(effect.request["provider"]))
        again = look_at(given_up_at, now)
        if provider is None:
            return NotAttempted(reason="not configured", due_at=again)
        reference = str(effect.request["reference"])
        answer = await provider.cancel_withdrawal(reference, key=effect.key)
        if isinstance(answer, WithdrawalStatus) and answer.state not in _GONE:
            logger.error("%s does not cancel: %s", provider.name, answer.provider_status)
        return _cancel_outcome(answer, again)

    async def _opened(self, effect: EffectInHand, stream: Stream) -> OpenOutcome:
        now, order = self._engine.clock(), withdrawal_order(stream, key=effect.key)
        answer = await begun(
            effect,
            self._providers.get(str(effect.request["provider"])),
            order,
            standing=self._standing,
            begin=lambda provider, order: provider.initiate_crypto_to_fiat(order),
            find=lambda provider, order: provider.find_withdrawal(order),
            now=now,
        )
        if not isinstance(answer, WithdrawalOpened):
            return answer
        if answer.asset_amount != order.quote.request.asset_amount:
            return mismatch(f"waits for {answer.asset_amount} base units", now)
        sender = stream.known(WithdrawTransactionInitiated).sender_address
        if answer.deposit_address in {sender, *self._platform}:
            return mismatch("waits at an address that is not its own", now)
        if not _can_be_sent(answer.deposit_memo):
            return mismatch("asks for a memo that cannot be sent", now)
        return Opened(
            reference=answer.reference,
            deposit_address=answer.deposit_address,
            amount=answer.asset_amount,
            memo=answer.deposit_memo or None,
            expires_at=answer.expires_at,
        )

    async def _checked(self, effect: EffectInHand, stream: Stream) -> CheckOutcome:
        outcome = await self._looked_at(effect, stream)
        if isinstance(outcome, Waiting) and outcome.overdue is not None:
            logger.error("payout %s waits for a person: %s", stream.id, outcome.overdue)
        return outcome

    async def _looked_at(self, effect: EffectInHand, stream: Stream) -> CheckOutcome:
        now, sent_at = self._engine.clock(), _sent_at(stream)
        late = overdue("the bank is not paid", since=sent_at, days=PAYOUT_DAYS_MAX, now=now)
        waiting = Waiting(due_at=look_at(sent_at, now), received=False, overdue=late)
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
            return Paid(
                fiat_amount=status.fiat_amount,
                fiat_currency=status.fiat_currency,
                asset_amount=status.asset_amount,
            )
        if status.state in _COMING_BACK:
            return await self._coming_back(stream, status, waiting)
        if status.state in _GONE:
            return mismatch(f"not paid: {status.provider_status}", now)
        return replace(waiting, received=status.state in _RECEIVED)

    async def _coming_back(
        self, stream: Stream, status: WithdrawalStatus, waiting: Waiting
    ) -> CheckOutcome:
        if status.state is WithdrawalState.REFUNDED:
            found = await self._returned(stream, status, waiting.due_at)
            if found is not None:
                return found
        late = overdue(
            f"not given back: {status.provider_status}",
            since=status.updated_at or _sent_at(stream),
            days=RETURN_DAYS_MAX,
            now=self._engine.clock(),
        )
        return replace(waiting, overdue=waiting.overdue or late)

    async def _returned(
        self, stream: Stream, status: WithdrawalStatus, again: datetime
    ) -> Returned | Mismatch | None:
        """What the chain shows of it; None: not there yet, or it cannot be told which it is."""
        named = status.refund_transaction_hash
        reason = status.failure or status.provider_status
        if named is None:
            credit = await self._unnamed(stream)
            if credit is None:
                return None
            moved = Moved(amount=credit.amount, instruction=credit.index, account=credit.address)
            named = credit.transaction_hash
            return _given_back(moved, named, reason, again, is_credited=True)
        owner = stream.known(WithdrawTransactionInitiated).sender_address
        found = await self._arrivals.find(USDC, owner, named)
        if isinstance(found, Astray):
            return mismatch(found.reason, self._engine.clock())
        return None if found is None else _given_back(found.moved, named, reason, again)

    async def _unnamed(self, stream: Stream) -> Credit | None:
        """What came from where it had been sent, since then, and is no other payout's: best the
        same amount, else less of it."""
        opened = stream.known(PayoutOpened)
        found = await self._arrivals.of_usdc(
            stream.known(WithdrawTransactionInitiated).sender_address,
            after=stream.known(UserActionSubmitted).signature,
            since=_sent_at(stream),
        )
        ours = [
            credit
            for credit in found or ()
            if opened.deposit_address in credit.senders and credit.amount <= opened.amount
        ]
        taken = await self._returns.matched([credit.transaction_hash for credit in ours])
        free = [credit for credit in ours if credit.transaction_hash not in taken]
        return max(free, key=lambda credit: credit.amount, default=None)


def _given_back(
    moved: Moved, transaction_hash: str, reason: str, again: datetime, *, is_credited: bool = False
) -> Returned:
    return Returned(
        moved=moved,
        transaction_hash=transaction_hash,
        code="PAY_RETURNED",
        reason=reason,
        due_at=again,
        is_credited=is_credited,
    )


def _cancel_outcome(answer: WithdrawalStatus | answers.Setback, again: datetime) -> CancelOutcome:
    match answer:
        case WithdrawalStatus(state=state, provider_status=said) if state in _GONE:
            return Cancelled(said=said)
        case WithdrawalStatus(provider_status=said):
            return Declined(code="PRV_UNAVAILABLE", reason=said)
        case answers.Declined(code=code, reason=reason):
            return Declined(code=code, reason=reason)
        case answers.NotAttempted(reason=reason):
            return NotAttempted(reason=reason, due_at=again)
        case answers.Unanswered(reason=reason):
            return Unknown(reason=reason, due_at=again)
        case _:
            assert_never(answer)


def withdrawal_order(stream: Stream, *, key: str) -> WithdrawalOrder:
    """What the provider of this attempt is asked for, the same however often it is made."""
    bank, offer = bank_of(stream), offer_of(stream)
    return WithdrawalOrder(
        key=key,
        quote=OffRampQuote(
            request=OffRampQuoteRequest(
                asset=USDC,
                asset_amount=payout_in(stream).amount,
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


def _can_be_sent(memo: str | None) -> bool:
    """A transaction has room for so much beside the transfers, and its user can read it."""
    text = memo or ""
    return text.isprintable() and len(text.encode(errors="replace")) <= MEMO_BYTES_MAX


def _sent_at(stream: Stream) -> datetime:
    sent_at = last_at(stream, TransferConfirmed, PayoutOpened)
    if sent_at is None:
        raise LookupError(f"stream {stream.id} has opened no payout")
    return sent_at
