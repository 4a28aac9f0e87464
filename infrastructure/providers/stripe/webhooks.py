"""Stripe's webhooks: Stripe-Signature over the raw body, five minutes of tolerance.

`t=<Unix seconds>,v1=<hex>[,v1=<hex>]`: several while a secret is being replaced; one has to fit.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from domain.provider.ports.answers import Webhook, WebhookRefused
from infrastructure.providers.stripe.wire import Event

HEADER: Final = "stripe-signature"
TOLERANCE_SECONDS: Final = 300
_SESSION: Final = "crypto.onramp_session"


class EventName(msgspec.Struct, frozen=True):
    """What every event has, whatever it is about."""

    id: str
    type: str


def read(headers: Mapping[str, str], body: bytes, now: datetime, secret: str) -> Webhook:
    """Raises `WebhookRefused`. An event about something else than a session has no reference."""
    timestamp, signatures = _parts(headers.get(HEADER))
    signed = f"{timestamp}.".encode() + body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    if not any(hmac.compare_digest(wanted, told.encode()) for told in signatures):
        raise WebhookRefused("SIGNATURE_WRONG")
    if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookRefused("STALE")
    try:
        event = msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:
        return _unreadable(body)
    return Webhook(
        message_id=event.id,
        reference=event.data.object.id if event.data.object.object == _SESSION else None,
        event=event.type,
        occurred_at=datetime.fromtimestamp(event.created, UTC),
    )


def _unreadable(body: bytes) -> Webhook:
    try:
        name = msgspec.json.decode(body, type=EventName)
    except msgspec.MsgspecError:
        return Webhook(message_id=hashlib.sha256(body).hexdigest(), reference=None, event="")
    return Webhook(message_id=name.id, reference=None, event=name.type)


def _parts(header: str | None) -> tuple[str, list[str]]:
    if not header:
        raise WebhookRefused("SIGNATURE_MISSING")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if not timestamps or not signatures:
        raise WebhookRefused("SIGNATURE_MISSING")
    return timestamps[0], signatures
