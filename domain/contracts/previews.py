"""What a transaction would be, before anybody has begun it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.views import PartyView
from domain.shared.money import TransactionFee

FEE_DUE: Final = "FEE_DUE"
"""What is owed from earlier: it is paid beside the amount, not out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What an opening promises: `received` of `asset` (base units) is expected, after all fees, and
    no less than `least` is settled for; None: the provider promises no least.

    `expires_at` is the providers' own end of it, where they tell.
    """

    asset: str
    received: int
    least: int | None
    recipient: PartyView
    route: tuple[str, ...]
    rejected: tuple[RejectedOffer, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the user should know before they begin: a code of the catalogue, and what
    fills the blanks of its text."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a transaction would cost and bring: `amount` in base units of `asset`.

    `spendable_after` is what the balance would show to a next movement; None where none is spent.
    `fees` stand in whatever asset each is taken. `estimated_seconds` is what its
    transaction would tell. `quote_id` may be begun with until `expires_at`.
    """

    type: str
    asset: str
    amount: int
    promise: Promise
    fees: tuple[TransactionFee, ...]
    spendable_after: int | None
    provider: str
    explanation: str
    estimated_seconds: int
    warnings: tuple[Notice, ...]
    quote_id: UUID
    expires_at: datetime

    @property
    def fees_total(self) -> int | None:
        """All fees of this transaction together, where all are in the asset that is spent."""
        own = own_fees(self.fees)
        if any(fee.asset != self.asset for fee in own):
            return None
        return sum(fee.amount for fee in own)


def own_fees(fees: Iterable[TransactionFee]) -> tuple[TransactionFee, ...]:
    """Those that the transaction itself causes."""
    return tuple(fee for fee in fees if fee.kind != FEE_DUE)
