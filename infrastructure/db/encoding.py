"""How a Unit becomes the rows of one JSON document, and how stored events become Events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.event_types import EVENT_TYPES
from domain.shared.ids import AccountId, EventId, JournalId, StreamId, UserId, WalletId, derived
from domain.shared.unit import (
    Account,
    EffectMoved,
    EffectState,
    Group,
    Message,
    Posting,
    Unit,
)
from infrastructure.db.pool import Record

Row = dict[str, Any]

TRANSACTION_FIXED: Final = frozenset(
    [
        "user_id",
        "type",
        "sender_username",
        "sender_address",
        "memo",
        "definition_version",
        "correlation_id",
        "created_at",
    ]
)
"""Columns of a transaction that `TransactionMoved.fields` may give when it opens, and only then."""

TRANSACTION_MOVING: Final = frozenset(
    [
        "amount",
        "asset",
        "target_amount",
        "target_asset",
        "received_amount",
        "recipient_wallet_id",
        "recipient_user_id",
        "recipient_username",
        "recipient_address",
        "platform_fee",
        "network_fee",
        "provider_fee",
        "fee_due",
        "fees",
        "reason",
        "waiting_on",
        "outcome_certainty",
        "funds_location",
        "progress_percent",
        "attempt",
        "provider",
        "provider_explanation",
        "provider_reference",
        "chain",
        "chain_signature",
        "delivery_chain",
        "delivery_hash",
        "strategy_id",
        "position_id",
        "linked_id",
        "cancellable",
        "approval_deadline",
        "estimated_completion",
        "estimated_as",
        "updated_at",
        "completed_at",
        "details",
    ]
)
"""Columns that `TransactionMoved.fields` may give at any time; `details` is merged."""

CALL_UNITS_MAX: Final = 32  # what commit_units takes

_encoder: Final = msgspec.json.Encoder()
_payload_decoders: Final = {
    name: msgspec.json.Decoder(payload) for name, payload in EVENT_TYPES.items()
}


@dataclass(frozen=True, slots=True)
class EncodedUnit:
    """A Unit's rows by table, each list without its brackets, so that a batch only joins them.

    `accounts` are apart: those that are known to be open need not be sent again.
    """

    stream_id: StreamId
    parts: Mapping[str, bytes]
    accounts: Mapping[AccountId, Account]


def encode_unit(unit: Unit, *, again: bool = False) -> EncodedUnit:
    """The rows of a Unit. `again`: it was sent before and its answer was lost."""
    rows: dict[str, list[Row]] = {"units": [_unit_row(unit, again=again)]}
    ids: Row = {"stream_id": unit.stream_id, "wallet_id": unit.wallet_id}
    if unit.key is not None:
        rows["keys"] = [{"stream_id": unit.stream_id, **_fields(unit.key)}]
    if unit.events:
        rows["events"] = [_event_row(event) for event in unit.events]
    if unit.postings:
        rows["postings"] = list(_posting_rows(unit))
    _add_holds(unit, ids, rows)
    if unit.claims:
        rows["claims"] = [{"stream_id": unit.stream_id, **_fields(claim)} for claim in unit.claims]
    _add_limits(unit, ids, rows)
    _add_transaction(unit, ids, rows)
    _add_records(unit, ids, rows)
    _add_effects(unit, ids, rows)
    if unit.messages:
        rows["messages"] = [{**ids, **_fields(each)} for each in unit.messages]
    return EncodedUnit(
        unit.stream_id,
        {name: _encoder.encode(part)[1:-1] for name, part in rows.items()},
        {posting.account.id: posting.account for posting in unit.postings},
    )


def encode_batch(
    units: Sequence[EncodedUnit], accounts: Iterable[Account], messages: Sequence[Message] = ()
) -> bytes:
    """The document that `commit_units` takes; `accounts` may have to be opened, and `messages` are
    of no unit."""
    parts: dict[str, list[bytes]] = {}
    for unit in units:
        for name, rows in unit.parts.items():
            parts.setdefault(name, []).append(rows)
    if messages:
        rows = _encoder.encode([_fields(message) for message in messages])
        parts.setdefault("messages", []).append(rows[1:-1])
    opening = [_account_row(account) for account in accounts]
    if opening:
        parts["accounts"] = [_encoder.encode(opening)[1:-1]]
    return b"{%s}" % b",".join(
        b'"%s":[%s]' % (name.encode(), b",".join(rows)) for name, rows in parts.items()
    )


def journal_id(stream_id: StreamId, sequence: int) -> JournalId:
    """The journal of the Unit whose last event has this sequence."""
    return JournalId(derived(stream_id, "journal", sequence))


def unit_journal_id(unit: Unit) -> JournalId:
    """As an event of the Unit names it, else as derived from the stream and the last event."""
    for event in unit.events:
        named = getattr(event.data, "journal_id", None)
        if isinstance(named, UUID):
            return JournalId(named)
    return journal_id(unit.stream_id, unit.expected_sequence + len(unit.events))


def merged_postings(postings: Iterable[Posting]) -> dict[AccountId, Posting]:
    """One posting an account, in the order of their first naming."""
    merged: dict[AccountId, Posting] = {}
    for posting in postings:
        known = merged.get(posting.account.id)
        merged[posting.account.id] = (
            posting
            if known is None
            else Posting(
                account=known.account,
                posted=known.posted + posting.posted,
                held=known.held + posting.held,
                soft=known.soft + posting.soft,
                incoming=known.incoming + posting.incoming,
                leaves=max(known.leaves, posting.leaves),
            )
        )
    return merged


def encode_payload(payload: object) -> bytes:
    """An event's payload as it is stored and published."""
    return _encoder.encode(payload)


def decode_payload(type_name: str, data: bytes | str) -> EventPayload:
    """The typed payload of a stored event; `ValueError` for a type that is not known."""
    decoder = _payload_decoders.get(type_name)
    if decoder is None:
        raise ValueError(f"unknown event type {type_name}")
    return decoder.decode(data)


def decode_event(row: Record) -> Event:
    """An Event of a row of `outbox` whose `data` was read as text."""
    causation: UUID | None = row["causation_id"]
    user: UUID | None = row["user_id"]
    counterparty: UUID | None = row["counterparty_wallet_id"]
    occurred_at: datetime = row["occurred_at"]
    return Event(
        id=EventId(row["event_id"]),
        stream_id=StreamId(row["stream_id"]),
        wallet_id=WalletId(row["wallet_id"]),
        user_id=None if user is None else UserId(user),
        sequence=row["sequence"],
        type=row["type"],
        kind=row["kind"],
        attempt=row["attempt"],
        occurred_at=occurred_at,
        causation_id=None if causation is None else EventId(causation),
        correlation_id=row["correlation_id"],
        data=decode_payload(row["type"], row["data"]),
        counterparty_wallet_id=None if counterparty is None else WalletId(counterparty),
        skipped=row["skipped"],
        state=row["state"],
        sub_state=row["sub_state"],
        traceparent=row["traceparent"],
    )


def decode_handled(handled: Mapping[str, int]) -> dict[Group, int]:
    return {Group(name): sequence for name, sequence in handled.items()}


def _unit_row(unit: Unit, *, again: bool) -> Row:
    row: Row = {
        "stream_id": unit.stream_id,
        "wallet_id": unit.wallet_id,
        "expected": unit.expected_sequence,
        "sequence": unit.expected_sequence + len(unit.events),
        "handled": {group: moved[1] for group, moved in unit.handled.items()},
        "handled_from": {group: moved[0] for group, moved in unit.handled.items() if moved[0]},
        "handled_new": [group for group, moved in unit.handled.items() if not moved[0]],
    }
    if again:
        row["again"] = True
    return row


def _event_row(event: Event) -> Row:
    return {
        "event_id": event.id,
        "stream_id": event.stream_id,
        "wallet_id": event.wallet_id,
        "user_id": event.user_id,
        "counterparty_wallet_id": event.counterparty_wallet_id,
        "sequence": event.sequence,
        "type": event.type,
        "kind": event.kind,
        "attempt": event.attempt,
        "skipped": event.skipped,
        "state": event.state,
        "sub_state": event.sub_state,
        "occurred_at": event.occurred_at,
        "causation_id": event.causation_id,
        "correlation_id": event.correlation_id,
        "traceparent": event.traceparent,
        "data": event.data,
    }


def _posting_rows(unit: Unit) -> Iterable[Row]:
    journal = unit_journal_id(unit)
    for account_id, posting in merged_postings(unit.postings).items():
        yield {
            "stream_id": unit.stream_id,
            "journal_id": journal,
            "account_id": account_id,
            "asset": posting.account.asset,
            "posted": posting.posted,
            "held": posting.held,
            "soft": posting.soft,
            "incoming": posting.incoming,
            "leaves": posting.leaves,
        }


def _account_row(account: Account) -> Row:
    return {
        "id": account.id,
        "code": account.code,
        "asset": account.asset,
        "wallet_id": account.wallet_id,
        "floor": account.floor,
    }


def _add_holds(unit: Unit, ids: Row, rows: dict[str, list[Row]]) -> None:
    if unit.holds_placed:
        rows["holds_placed"] = [
            {
                **ids,
                "id": hold.id,
                "account_id": hold.account.id,
                "kind": hold.kind,
                "part": hold.part,
                "amount": hold.amount,
                "expires_at": hold.expires_at,
            }
            for hold in unit.holds_placed
        ]
    if unit.holds_settled:
        rows["holds_settled"] = [
            {
                **ids,
                "id": hold.id,
                "account_id": hold.account.id,
                "kind": hold.kind,
                "captured": hold.captured,
                "released": hold.released,
            }
            for hold in unit.holds_settled
        ]


def _add_limits(unit: Unit, ids: Row, rows: dict[str, list[Row]]) -> None:
    if unit.limits_reserved:
        rows["limits_reserved"] = [{**ids, **_fields(each)} for each in unit.limits_reserved]
    if unit.limits_settled:
        rows["limits_settled"] = [{**ids, **_fields(each)} for each in unit.limits_settled]


def _add_transaction(unit: Unit, ids: Row, rows: dict[str, list[Row]]) -> None:
    moved = unit.transaction
    if moved is not None:
        state = {"state": moved.state, "sub_state": moved.sub_state}
        part = "transactions_opened" if moved.opens else "transactions_moved"
        rows[part] = [{**ids, "fields": {**moved.fields, **state}}]


def _add_records(unit: Unit, ids: Row, rows: dict[str, list[Row]]) -> None:
    wallet: Row = {"wallet_id": unit.wallet_id}
    transaction: Row = {**ids, "transaction_id": unit.stream_id}
    for name, part in (
        ("history", unit.history),
        ("steps", unit.steps),
        ("interactions", unit.interactions),
        ("recoveries", unit.recoveries),
        ("actions_opened", unit.actions_opened),
    ):
        if part:
            rows[name] = [{**transaction, **_fields(row)} for row in part]
    statuses = [
        {**ids, **wallet, "action_id": action.id, "status": "PENDING", "at": action.at}
        | {"approval": {}}
        for action in unit.actions_opened
    ]
    statuses += [
        {**ids, "action_id": move.id, "status": move.status, "at": move.at}
        | {"approval": move.approval}
        for move in unit.actions_moved
    ]
    if statuses:
        rows["actions_moved"] = statuses


def _add_effects(unit: Unit, ids: Row, rows: dict[str, list[Row]]) -> None:
    if unit.effects_requested:
        moved = {effect.id: effect for effect in unit.effects_moved}
        rows["effects_requested"] = [
            {**ids, **_fields(effect), "group_name": effect.group} | _ended(moved.get(effect.id))
            for effect in unit.effects_requested
        ]
    known = {effect.id for effect in unit.effects_requested}
    moves = [{**ids, **_fields(each)} for each in unit.effects_moved if each.id not in known]
    if moves:
        rows["effects_moved"] = moves


def _ended(moved: EffectMoved | None) -> Row:
    """How an effect stands that was carried out before it is stored."""
    if moved is None:
        return {"state": EffectState.INTENT}
    due = {} if moved.due_at is None else {"due_at": moved.due_at}
    return {"state": moved.state, "response": moved.response, **due}


def _fields(value: object) -> Row:
    """A row's columns are named as the fields of the Unit's part are."""
    return {name: getattr(value, name) for name in type(value).__slots__}  # type: ignore[attr-defined]  # all are slotted dataclasses
