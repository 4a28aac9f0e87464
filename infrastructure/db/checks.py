"""What every Unit must satisfy before it is sent anywhere: a breach is a defect of its writer."""

from collections import Counter
from collections.abc import Iterable

from domain.shared.unit import HoldKind, Unit
from infrastructure.db.encoding import TRANSACTION_FIXED, TRANSACTION_MOVING


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
    told = Counter((step.event_sequence, step.name, step.status) for step in unit.steps)
    if twice := [name for (_, name, _), count in told.items() if count > 1]:
        yield f"steps are told twice with one event: {', '.join(twice)}"
    if len(unit.limits_reserved) > 1:
        yield "a stream takes of its limits once"
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
    for posting in unit.postings:
        sums[posting.account.asset] += posting.posted
    for asset, total in sums.items():
        if total:
            yield f"postings of {asset} sum to {total} instead of zero"
    yield from _hold_problems(unit)


def _hold_problems(unit: Unit) -> Iterable[str]:
    named = {posting.account.code for posting in unit.postings}
    changed = [(hold.id, hold.account) for hold in unit.holds_placed]
    changed += [(hold.id, hold.account) for hold in unit.holds_settled]
    for hold_id, account in changed:
        if account.code not in named:
            yield f"hold {hold_id} has no posting"
    for settled in unit.holds_settled:
        if settled.captured < 0 or settled.released < 0:
            yield f"hold {settled.id} is settled by a negative amount"
    for (code, kind), difference in _unmirrored(unit).items():
        if difference:
            yield f"holds of kind {kind} on account {code} differ by {difference}"


def _unmirrored(unit: Unit) -> Counter[tuple[str, HoldKind]]:
    """What the holds change on an account beyond what its postings say, by code and kind."""
    mirrored: Counter[tuple[str, HoldKind]] = Counter()
    for placed in unit.holds_placed:
        mirrored[placed.account.code, placed.kind] += placed.amount
    for settled in unit.holds_settled:
        mirrored[settled.account.code, settled.kind] -= settled.captured + settled.released
    for posting in unit.postings:
        if posting.held:
            mirrored[posting.account.code, HoldKind.HARD] -= posting.held
        if posting.soft:
            mirrored[posting.account.code, HoldKind.SOFT] -= posting.soft
        if posting.incoming:
            mirrored[posting.account.code, HoldKind.INCOMING] -= posting.incoming
    return mirrored
