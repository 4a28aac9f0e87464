"""The ledger as it is promised, in plain Python: what a Unit comes to, and what then stands.

It knows nothing of batches, locks or SQL: units come one after another.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeAlias

from domain.contracts.envelope import Event
from domain.shared.ids import HoldId, StreamId
from domain.shared.unit import (
    Account,
    Booked,
    ChainClaim,
    CommitResult,
    Committed,
    HoldPlaced,
    KeyClaim,
    KeyConflict,
    Posting,
    Rejected,
    Replayed,
    Stale,
    Unit,
)
from tests.integration.db.world import Standing


class Defect(Enum):
    """What no result stands for: the committer raises `CommitFailed`."""

    DEFECT = "CommitFailed"


DEFECT: Final = Defect.DEFECT
Answer: TypeAlias = CommitResult | Defect
SOME_TIME: Final = datetime.max.replace(tzinfo=UTC)
"""When something was claimed is not modelled, and not compared."""


@dataclass(slots=True)
class Ledger:
    """Units go in by `commit`; `left` is what of each hold is still open."""

    standings: dict[Account, Standing] = field(default_factory=lambda: defaultdict(Standing))
    holds: dict[HoldId, HoldPlaced] = field(default_factory=dict)
    left: dict[HoldId, int] = field(default_factory=dict)
    streams: dict[StreamId, tuple[Event, ...]] = field(default_factory=dict)
    keys: dict[tuple[str, str, str], KeyClaim] = field(default_factory=dict)
    claims: dict[ChainClaim, Booked] = field(default_factory=dict)

    def commit(self, unit: Unit) -> Answer:
        """The answer, after which the Unit is in the ledger or has changed nothing."""
        answer = self.answer(unit)
        if answer == Committed() and not self._has(unit):
            self._take(unit)
        return answer

    def answer(self, unit: Unit) -> Answer:
        """What `commit` would answer now. A used key comes before all else: a repeated command
        gets its result whatever became of the stream since."""
        known = self.keys.get(_name(unit.key)) if unit.key else None
        if known and unit.key:
            same = known.input_hash == unit.key.input_hash
            return Replayed(known.result) if same else KeyConflict()
        if len(self.streams.get(unit.stream_id, ())) != unit.expected_sequence:
            return Committed() if self._has(unit) else Stale("stream")
        for claim in unit.claims:
            if claim in self.claims:
                return Rejected("ALREADY_BOOKED", claim.account, self.claims[claim])
        for account, standing in self._after(unit).items():
            if account.floor is not None and _free(standing) < account.floor:
                return Rejected("INSUFFICIENT_BALANCE", account.code)
        return Committed() if all(self._keeps_to_its_holds(unit)) else DEFECT

    def open_holds(self) -> list[HoldPlaced]:
        """Those of which something is left, the oldest first."""
        return [hold for hold in self.holds.values() if self.left[hold.id]]

    def spendable(self, account: Account) -> int:
        """What may still be spent or held; for an account without floor, what stands there."""
        return _free(self.standings[account]) - (account.floor or 0)

    def _has(self, unit: Unit) -> bool:
        """The very events of the Unit are in its stream: it was committed before."""
        first = unit.expected_sequence
        stored = self.streams.get(unit.stream_id, ())[first : first + len(unit.events)]
        return bool(unit.events) and stored == unit.events

    def _after(self, unit: Unit) -> dict[Account, Standing]:
        """What the accounts of the Unit would say, in the order of its postings."""
        after: dict[Account, Standing] = {}
        for posting in unit.postings:
            before = after.get(posting.account, self.standings[posting.account])
            after[posting.account] = _plus(before, posting)
        return after

    def _keeps_to_its_holds(self, unit: Unit) -> Iterator[bool]:
        for placed in unit.holds_placed:
            yield placed.id not in self.holds
        for settled in unit.holds_settled:
            hold = self.holds.get(settled.id)
            yield hold is not None and (hold.account, hold.kind) == (settled.account, settled.kind)
            yield settled.captured + settled.released <= self.left.get(settled.id, 0)

    def _take(self, unit: Unit) -> None:
        self.standings |= self._after(unit)
        self.streams[unit.stream_id] = self.streams.get(unit.stream_id, ()) + unit.events
        self.claims |= dict.fromkeys(unit.claims, Booked(unit.stream_id, SOME_TIME))
        if unit.key:
            self.keys[_name(unit.key)] = unit.key
        for placed in unit.holds_placed:
            self.holds[placed.id] = placed
            self.left[placed.id] = placed.amount
        for settled in unit.holds_settled:
            self.left[settled.id] -= settled.captured + settled.released


def _name(key: KeyClaim) -> tuple[str, str, str]:
    return key.principal, key.operation, key.key


def _plus(standing: Standing, posting: Posting) -> Standing:
    return replace(
        standing,
        posted=standing.posted + posting.posted,
        held=standing.held + posting.held,
        soft=standing.soft + posting.soft,
        incoming=standing.incoming + posting.incoming,
    )


def _free(standing: Standing) -> int:
    return standing.posted - standing.held - standing.soft
