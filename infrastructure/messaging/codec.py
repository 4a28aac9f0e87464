"""CloudEvents 1.0 in structured JSON, and the frames that carry them through Redis."""

import logging
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.contracts.envelope import Event
from infrastructure.db.positions import Logged, Position
from infrastructure.messaging.channels import OPERATIONS, channel_of
from infrastructure.messaging.projections import Audience, project_data

_log: Final = logging.getLogger(__name__)

LOST: Final = ""
"""In place of a frame: messages of this channel may have been lost just before."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it is published. Extension attributes stand beside the standard ones."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    sequence: int
    kind: str
    attempt: int
    skipped: bool = False
    causationid: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any] = {}  # JSON, which has no type that can be decoded into


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What subscribers of one channel may need of an event: a projection for each audience."""

    position: Position
    stream_id: UUID
    wallet_id: UUID
    counterparty_wallet_id: UUID | None = None
    state: str | None = None
    sub_state: str | None = None
    projections: dict[Audience, CloudEvent] = {}


class Published(msgspec.Struct, frozen=True, tag_field="frame", tag="event"):
    """A message with its number in its channel: dense, the same whoever publishes it."""

    offset: int
    message: Message


class Heartbeat(msgspec.Struct, frozen=True, tag_field="frame", tag="heartbeat"):
    """Up to `position` all events of the channel are published; `offset` is the last one's."""

    offset: int
    position: Position


Frame = Published | Heartbeat

_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Frame]] = msgspec.json.Decoder(Published | Heartbeat)


class UnreadableFrame(Exception):
    """Something else than a frame came through a channel."""


class InvalidCursor(ValueError):
    """The text is no cursor of ours."""


def project(event: Event, audience: Audience) -> CloudEvent | None:
    """`event` as `audience` sees it; None where it sees nothing of it."""
    data = project_data(event, audience)
    if data is None:
        return None
    # What led to the event is the owner's own affair.
    inside = audience is not Audience.COUNTERPARTY
    causation = event.causation_id if inside else None
    return CloudEvent(
        specversion="1.0",
        id=str(event.id),
        source=f"/streams/{event.stream_id}",
        type=event.type,
        subject=str(event.stream_id),
        time=event.occurred_at,
        datacontenttype="application/json",
        sequence=event.sequence,
        kind=event.kind,
        attempt=event.attempt,
        skipped=event.skipped,
        causationid=None if causation is None else str(causation),
        correlationid=event.correlation_id if inside else None,
        traceparent=event.traceparent if inside else None,
        data=data,
    )


def message_for(channel: int, logged: Logged) -> Message:
    """What `channel` carries of an event: only what its own subscribers may see.

    An event that cannot be projected goes through without projections: it must not hold up
    those behind it, nor change their offsets.
    """
    position, event = logged
    try:
        projections = _projections(channel, event)
    except (TypeError, ValueError, LookupError, AttributeError):
        _log.exception("event %s (%s) cannot be projected", event.id, event.type)
        projections = {}
    return Message(
        position=position,
        stream_id=event.stream_id,
        wallet_id=event.wallet_id,
        counterparty_wallet_id=event.counterparty_wallet_id,
        state=event.state,
        sub_state=event.sub_state,
        projections=projections,
    )


def _projections(channel: int, event: Event) -> dict[Audience, CloudEvent]:
    projected = {audience: project(event, audience) for audience in _audiences(channel, event)}
    return {audience: view for audience, view in projected.items() if view is not None}


def _audiences(channel: int, event: Event) -> list[Audience]:
    if channel == OPERATIONS:
        return [Audience.OPERATOR]
    audiences = []
    if channel_of(event.wallet_id) == channel:
        audiences.append(Audience.OWNER)
    other = event.counterparty_wallet_id
    if other is not None and channel_of(other) == channel:
        audiences.append(Audience.COUNTERPARTY)
    return audiences


def encode_frame(frame: Frame) -> str:
    """The frame as it is published."""
    return _encoder.encode(frame).decode()


def decode_frame(text: str) -> Frame:
    """The frame in `text`. Raises `UnreadableFrame`."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise UnreadableFrame(str(error)) from error


def decode_cursor(text: str) -> Position:
    """The position in a client's cursor. Raises `InvalidCursor`."""
    try:
        return Position.decode(text)
    except ValueError as error:
        raise InvalidCursor(str(error)) from error
