import json
import uuid
from dataclasses import Field, fields, is_dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contracts.envelope import EventPayload
from domain.contracts.event_types import EVENT_TYPES
from domain.contracts.events import (
    NetworkCost,
    Recipient,
    SendTransactionInitiated,
    SignatureWanted,
    SolPrice,
    TransactionRefused,
)
from domain.shared.ids import TransactionId, UserId
from infrastructure.db.positions import START, Logged, Position
from infrastructure.messaging.channels import (
    OPERATIONS,
    WALLET_CHANNELS,
    channel_name,
    channel_of,
    channels_of,
)
from infrastructure.messaging.codec import (
    Heartbeat,
    InvalidCursor,
    Published,
    UnreadableFrame,
    decode_cursor,
    decode_frame,
    encode_frame,
    message_for,
    project,
)
from infrastructure.messaging.projections import AMOUNTS, COUNTS, Audience, project_data
from tests.unit.messaging.support import ALICE, BOB, CAROL, booked, event

SENT = SendTransactionInitiated(
    transaction_id=TransactionId(uuid.UUID(int=1)),
    username="alice",
    sender_address="SenderAddress",
    recipient=Recipient(
        address="RecipientAddress",
        username="bob",
        user_id=UserId(uuid.UUID(int=0xFEED)),
        wallet_id=BOB,
    ),
    asset="USDC",
    amount=25_000_000,
    platform_fee=0,
    network_cost=NetworkCost(
        network_fee_lamports=5000,
        rent_lamports=2_039_280,
        total_base_units=10_000,
        price=SolPrice(micro_usd=150_000_000, source="table", at=datetime(2025, 1, 1, tzinfo=UTC)),
    ),
    memo="lunch",
    approval_deadline=datetime(2025, 1, 1, tzinfo=UTC),
)


def test_a_cloud_event_has_what_the_standard_asks_for() -> None:
    found = project(event(3), Audience.OWNER)
    assert found is not None
    assert (found.specversion, found.type, found.kind) == (
        "1.0",
        "SendTransactionCompleted",
        "TransactionCompleted",
    )
    assert found.subject == str(uuid.UUID(int=1))
    assert found.source == f"/streams/{uuid.UUID(int=1)}"
    assert (found.sequence, found.attempt, found.correlationid) == (3, 1, "request-1")
    assert found.causationid == str(uuid.UUID(int=9))


def test_extension_attributes_are_named_as_the_standard_allows() -> None:
    frame = json.loads(
        encode_frame(Published(1, message_for(channel_of(ALICE), Logged(START, event()))))
    )
    attributes = frame["message"]["projections"]["OWNER"]
    assert all(name.isascii() and name.isalnum() and name.islower() for name in attributes)
    assert attributes["time"] == "2025-03-04T05:06:07Z"


def test_the_owner_sees_their_own_and_no_identifier_of_others() -> None:
    data = project_data(event(data=SENT), Audience.OWNER)
    assert data is not None
    assert data["amount"] == "25.000000"
    assert data["recipient"] == {"address": "RecipientAddress", "username": "bob"}
    assert data["network_cost"] == {
        "network_fee": "0.000005000",
        "rent": "0.002039280",
        "total": "0.010000",
        "price": {
            "usd": "150.000000",
            "source": "table",
            "at": "2025-01-01T00:00:00+00:00",
        },
        "gas": None,
    }
    assert str(BOB) not in json.dumps(project_data(booked(), Audience.OWNER))


def test_an_operator_sees_all() -> None:
    data = project_data(booked(), Audience.OPERATOR)
    assert data is not None
    assert data["recipient_wallet_id"] == str(BOB)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_counterparty_sees_two_kinds_of_events_alone(name: str) -> None:
    payload = EVENT_TYPES[name]
    shown = {"RecipientBalanceUpdated", "SendTransactionCompleted"}
    if name not in shown:
        found = event(data=object.__new__(payload))
        assert project(found, Audience.COUNTERPARTY) is None


def test_a_counterparty_sees_nothing_of_the_sender() -> None:
    found = project(booked(counterparty=BOB), Audience.COUNTERPARTY)
    assert found is not None
    assert found.data == {"credited": "24.990000"}
    assert found.causationid is None
    assert found.correlationid is None
    assert found.traceparent is None


INTEGERS: tuple[object, ...] = (int, int | None)


def dataclass_fields(payload: type) -> tuple[Field[object], ...]:
    assert is_dataclass(payload)
    return fields(payload)


def dataclasses_of_events() -> list[type]:
    return [*EVENT_TYPES.values(), NetworkCost, Recipient, SignatureWanted]


@pytest.mark.parametrize("payload", dataclasses_of_events(), ids=lambda each: each.__name__)
def test_every_integer_is_an_amount_or_a_count(payload: type[EventPayload]) -> None:
    integers = {each.name for each in dataclass_fields(payload) if each.type in INTEGERS}
    assert integers - COUNTS == set(AMOUNTS.get(payload, {}))


def test_a_wallet_keeps_its_channel() -> None:
    assert channel_of(ALICE) == channel_of(CAROL) == 1
    assert channel_of(BOB) == 2
    assert channel_of(None) == OPERATIONS == WALLET_CHANNELS
    assert channel_name(3) == "diboas:events:3"
    assert channel_name(OPERATIONS) == "diboas:events:operations"


def test_an_event_goes_to_both_wallets_and_to_operations() -> None:
    assert channels_of(event()) == (1, OPERATIONS)
    assert channels_of(event(counterparty=BOB)) == (1, 2, OPERATIONS)
    assert channels_of(event(counterparty=CAROL)) == (1, OPERATIONS)


def test_a_channel_carries_what_its_own_subscribers_may_see() -> None:
    logged = Logged(START, booked(counterparty=BOB))
    assert set(message_for(1, logged).projections) == {Audience.OWNER}
    assert set(message_for(2, logged).projections) == {Audience.COUNTERPARTY}
    assert set(message_for(OPERATIONS, logged).projections) == {Audience.OPERATOR}
    shared = message_for(1, Logged(START, booked(counterparty=CAROL)))
    assert set(shared.projections) == {Audience.OWNER, Audience.COUNTERPARTY}


def test_an_event_that_cannot_be_projected_goes_through_empty() -> None:
    refused = TransactionRefused(operation="SEND", code="X", amount=1, asset="UNHEARD")
    message = message_for(1, Logged(START, event(data=refused)))
    assert message.projections == {}


def test_frames_survive_the_way() -> None:
    for frame in (
        Published(7, message_for(1, Logged(Position(1, 2, 3), booked()))),
        Heartbeat(7, Position(1, 2, 3)),
    ):
        assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"frame":"event"}', "\ud800"])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFrame):
        decode_frame(text)


@given(st.text() | st.text("ABCab-_019", min_size=28, max_size=28))
def test_a_cursor_is_ours_or_refused(text: str) -> None:
    try:
        position = decode_cursor(text)
    except InvalidCursor:
        return
    assert position.encode() == text


def test_a_cursor_reads_back() -> None:
    position = Position(2, 2**62, 17)
    assert decode_cursor(position.encode()) == position
