"""What a transaction would be: its first commit, decided by all contexts and stored nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from domain.compliance.model import assess
from domain.compliance.reactions import MOVEMENTS
from domain.contracts.envelope import EventPayload
from domain.contracts.previews import FEE_DUE, Notice, Preview, Promise
from domain.shared.accounts import available, invested
from domain.shared.assets import ASSETS, USDC, Chain
from domain.shared.decision import Facts
from domain.shared.figures import Figures
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject, Unit
from domain.transaction.promises import notices_of, promise_of
from infrastructure.db.quotes import StoredQuote
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.wishes import Command, Plan, Wish

_NO_LINE: Final = 10**30
"""More than anybody moves: an approval line that nothing passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A beginning that compliance lets pass: what it opens with, what it promises, and the `row` of
    the transaction as the first commit would leave it. `held`: what that commit takes of the balance
    that the amount is of, what is paid beside the amount too. `needs_review`: a person approves first.
    """

    opening: EventPayload
    promise: Promise
    row: JsonObject
    held: int
    needs_review: bool

    @property
    def provider(self) -> str:
        return str(self.row["provider"])

    @property
    def estimated_seconds(self) -> int:
        """From when the row was made to when it says that all should be done."""
        expected: timedelta = self.row["estimated_completion"] - self.row["updated_at"]
        return int(expected.total_seconds())

    @property
    def fees(self) -> tuple[TransactionFee, ...]:
        """As the row itemises them, with what is owed from earlier."""
        told: Sequence[TransactionFee] = self.row.get("fees") or _simple_fees(self.row)
        lines = (
            *told,
            TransactionFee(kind=FEE_DUE, amount=self.row.get("fee_due") or 0, asset=USDC.symbol),
        )
        return tuple(fee for fee in lines if fee.amount or fee.kind == "PLATFORM")


class Foresight:
    def __init__(self, engine: SagaEngine) -> None:
        self._engine = engine

    async def foresee(self, wish: Wish, plan: Plan[Command], command: Command) -> Foreseen:
        """Raises why the flow or compliance would refuse it."""
        facts = replace(self._engine.facts(), profile=wish.profile)
        # Providers are chosen once a person has approved: what they would do is shown before.
        unit = await self._engine.foresee(
            wish.opening("", counterparty=plan.counterparty(command)),
            plan.begin(command, facts),
            replace(facts, figures=_without_approval(facts.figures)),
        )
        opening = unit.events[0].data
        row = {} if unit.transaction is None else unit.transaction.fields
        return Foreseen(
            opening=opening,
            promise=promise_of(opening),
            row=row,
            held=held_of(unit, str(row.get("asset"))),
            needs_review=_assessed(wish, unit, facts),
        )

    def preview(self, foreseen: Foreseen, plan: Plan[Command], quote: StoredQuote) -> Preview:
        """As its user sees it."""
        facts, row, promise = self._engine.facts(), foreseen.row, foreseen.promise
        amount = int(row["amount"])
        return Preview(
            type=str(row["type"]),
            asset=str(row["asset"]),
            amount=amount,
            promise=promise,
            fees=foreseen.fees,
            spendable_after=None if plan.spendable is None else plan.spendable - foreseen.held,
            provider=foreseen.provider,
            explanation=str(row["provider_explanation"]),
            estimated_seconds=foreseen.estimated_seconds,
            warnings=(
                *((Notice(code="CMP_APPROVAL_NEEDED"),) if foreseen.needs_review else ()),
                *notices_of(foreseen.opening, promise, foreseen.fees, facts.figures),
            ),
            quote_id=quote.id,
            expires_at=quote.expires_at,
        )


def held_of(unit: Unit, symbol: str) -> int:
    """Of what may be spent of that asset; what is owed from earlier is no part of it."""
    if symbol not in ASSETS:
        return 0
    spendable = (available(unit.wallet_id), invested(unit.wallet_id, ASSETS[symbol]))
    return sum(hold.amount for hold in unit.holds_placed if hold.account in spendable)


def _assessed(wish: Wish, unit: Unit, facts: Facts) -> bool:
    """Whether a person has to approve; raises why compliance would stop it."""
    stream = Stream(id=unit.stream_id, wallet_id=unit.wallet_id, events=unit.events[:1])
    if stream.flow is None:
        raise LookupError(f"{unit.events[0].type} opens no flow")
    movement = MOVEMENTS[stream.flow](stream, facts.figures)
    assessed = assess(
        flow=movement.flow,
        amount=movement.amount,
        addresses=movement.addresses,
        profile=wish.profile,
        facts=facts,
        method=movement.method,
    )
    return assessed.needs_review


def _without_approval(figures: Figures) -> Figures:
    regions = {name: replace(each, approval=_NO_LINE) for name, each in figures.regions.items()}
    return replace(figures, regions=regions)


def _simple_fees(row: JsonObject) -> tuple[TransactionFee, ...]:
    """Of a row that itemises none: the platform's, and the network's."""
    asset = str(row["asset"])
    return (
        TransactionFee(kind="PLATFORM", amount=int(row.get("platform_fee") or 0), asset=asset),
        TransactionFee(
            kind="NETWORK",
            amount=int(row.get("network_fee") or 0),
            asset=asset,
            provider=row.get("chain") or Chain.SOLANA,
        ),
    )
