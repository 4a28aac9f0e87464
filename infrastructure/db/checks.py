"""What every Unit must satisfy before it is sent anywhere: a breach is a defect of its writer."""

from collections import Counter
from collections.abc import Iterable

from domain.shared.ids import AccountId
from domain.shared.unit import HoldKind, Unit
from infrastructure.db.encoding import TRANSACTION_FIXED, TRANSACTION_MOVING

_MIRRORED_IN = {HoldKind.HARD: "held", HoldKind.SOFT: "soft", HoldKind.INCOMING: "incoming"}


class InvalidUnit(ValueError):
    """The Unit contradicts itself; no state of the database would accept it."""


def check_unit(unit: Unit) -> None:
    """Raise `InvalidUnit` where the parts of a Unit do not fit each other."""
    for problem in _problems(unit):
        raise InvalidUnit(f"unit of stream {unit.stream_id}: {problem}")


def _problems(unit: Unit) -> Iterable[str]:
    yield from _event_problems(unit)
    if unit.postings or unit.holds_placed or unit.holds_settled:
        yield from _ledger_problems(unit)
    if unit.transaction is not None:
        known = TRANSACTION_MOVING
        if unit.transaction.opens:
            known |= TRANSACTION_FIXED
        if unknown := unit.transaction.fields.keys() - known:
            yield f"no such columns of a transaction: {', '.join(sorted(unknown))}"


def _event_problems(unit: Unit) -> Iterable[str]:
    for sequence, event in enumerate(unit.events, unit.expected_sequence + 1):
        if event.stream_id != unit.stream_id:
            yield f"event {event.type} belongs to stream {event.stream_id}"
        if event.sequence != sequence:
            yield f"event {event.type} has sequence {event.sequence} instead of {sequence}"
    for group, (known, reached) in unit.handled.items():
        if not 0 <= known <= reached <= unit.expected_sequence + len(unit.events):
            yield f"{group} cannot have handled {known} to {reached}"


def _ledger_problems(unit: Unit) -> Iterable[str]:
    if not unit.events:
        yield "money moves without an event"
    sums: Counter[str] = Counter()
    mirrored: Counter[tuple[AccountId, HoldKind]] = Counter()
    for posting in unit.postings:
        sums[posting.account.asset] += posting.posted
        for kind, part in _MIRRORED_IN.items():
            mirrored[posting.account.id, kind] -= getattr(posting, part)
    for asset, total in sums.items():
        if total:
            yield f"postings of {asset} sum to {total} instead of zero"
    named = {posting.account.id for posting in unit.postings}
    for placed in unit.holds_placed:
        mirrored[placed.account.id, placed.kind] += placed.amount
        if placed.account.id not in named:
            yield f"hold {placed.id} has no posting"
    for settled in unit.holds_settled:
        mirrored[settled.account.id, settled.kind] -= settled.captured + settled.released
        if settled.account.id not in named:
            yield f"hold {settled.id} has no posting"
        if settled.captured < 0 or settled.released < 0:
            yield f"hold {settled.id} is settled by a negative amount"
    for (account_id, kind), difference in mirrored.items():
        if difference:
            yield f"holds of kind {kind} on account {account_id} differ by {difference}"
