"""Units as handlers would decide them, down to what a test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from domain.contracts.envelope import Event
from domain.contracts.events import TransactionRefused
from domain.shared.ids import EffectId, EventId, HoldId, StreamId, WalletId, derived
from domain.shared.unit import (
    Account,
    EffectRequested,
    Group,
    HoldKind,
    HoldPlaced,
    HoldSettled,
    KeyClaim,
    Posting,
    Unit,
)

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO: Final = NOON - timedelta(days=365)
WORLD: Final = Account("chain:SOLANA:USDC", "USDC")

Parts = dict[str, Any]
_HELD_IN: Final = {HoldKind.HARD: "held", HoldKind.SOFT: "soft", HoldKind.INCOMING: "incoming"}


def user_account(*, floor: int | None = 0) -> Account:
    return Account(f"available:{uuid4()}", "USDC", floor=floor)


def stream() -> StreamId:
    return StreamId(uuid4())


def wallet_of(stream_id: StreamId) -> WalletId:
    return WalletId(derived(stream_id, "wallet"))


def event(stream_id: StreamId, sequence: int, *, decision: str = "", amount: int = 1) -> Event:
    """`decision` tells events apart that two deciders make for the same place."""
    payload = TransactionRefused(operation="send", code="X", amount=amount, asset="USDC")
    return Event(
        id=EventId(derived(stream_id, "event", sequence, decision)),
        stream_id=stream_id,
        wallet_id=wallet_of(stream_id),
        user_id=None,
        sequence=sequence,
        type=payload.type_name(),
        kind=payload.kind_name(),
        attempt=1,
        occurred_at=NOON,
        causation_id=None,
        correlation_id="test",
        data=payload,
    )


def unit(
    stream_id: StreamId | None = None,
    *parts: Parts,
    after: int = 0,
    events: int = 1,
    decision: str = "",
    **more: Any,  # noqa: ANN401  the fields of a Unit
) -> Unit:
    """A unit that adds `events` behind the sequence `after`; `parts` are merged, tuples added."""
    stream_id = stream_id or stream()
    merged: Parts = {}
    for name, value in (item for part in (*parts, more) for item in part.items()):
        merged[name] = merged[name] + value if name in merged else value
    return Unit(
        stream_id=stream_id,
        wallet_id=wallet_of(stream_id),
        expected_sequence=after,
        events=tuple(
            event(stream_id, sequence, decision=decision)
            for sequence in range(after + 1, after + 1 + events)
        ),
        **merged,
    )


def transfer(source: Account, target: Account, amount: int) -> Parts:
    return {
        "postings": (
            Posting(account=source, posted=-amount),
            Posting(account=target, posted=amount),
        )
    }


def deposit(account: Account, amount: int) -> Parts:
    return transfer(WORLD, account, amount)


def place(
    account: Account, amount: int, *, hold_id: HoldId | None = None, kind: HoldKind = HoldKind.HARD
) -> Parts:
    placed = HoldPlaced(
        id=hold_id or HoldId(uuid4()), account=account, kind=kind, part="principal", amount=amount
    )
    return {"holds_placed": (placed,), "postings": (mirror(account, kind, amount),)}


def settle(
    account: Account,
    hold_id: HoldId,
    *,
    captured: int = 0,
    released: int = 0,
    kind: HoldKind = HoldKind.HARD,
) -> Parts:
    """What is captured goes to the world beyond (an incoming hold's comes from there)."""
    settled = HoldSettled(
        id=hold_id, account=account, kind=kind, captured=captured, released=released
    )
    spent = {HoldKind.INCOMING: captured}.get(kind, -captured)
    mirrored = mirror(account, kind, -captured - released)
    moved: Parts = {"postings": (mirrored,)}
    if captured:
        moved["postings"] += transfer(WORLD, account, spent)["postings"]
    return {"holds_settled": (settled,), **moved}


def mirror(account: Account, kind: HoldKind, amount: int) -> Posting:
    return Posting(account=account, **{_HELD_IN[kind]: amount})


def key(name: str, *, body: str = "a", result: str = "first") -> Parts:
    claim = KeyClaim(
        principal="alice", operation="send", key=name, input_hash=body, result={"made": result}
    )
    return {"key": claim}


def effect(
    effect_id: EffectId | None = None,
    *,
    kind: str = "broadcast",
    group: Group = Group.PROVIDER,
    due_at: datetime = LONG_AGO,
) -> EffectRequested:
    effect_id = effect_id or EffectId(uuid4())
    return EffectRequested(
        id=effect_id,
        group=group,
        kind=kind,
        key=f"key-{effect_id}",
        attempt=1,
        request={"n": 10**30},
        due_at=due_at,
    )
