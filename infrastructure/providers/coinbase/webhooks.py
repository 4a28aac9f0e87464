"""Coinbase's webhooks: X-Hook0-Signature over the raw body, five minutes of tolerance.

`t=<Unix seconds>,v0=<hex>,h=<header names>,v1=<hex>`: v0 is over time and body, v1 also over the
headers that h names. v0 is enough: nothing here is read from a header. Where a message has v1
alone, that is checked.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from domain.provider.ports.answers import Webhook, WebhookRefused
from infrastructure.providers.coinbase.wire import Notification

HEADER: Final = "x-hook0-signature"
TOLERANCE_SECONDS: Final = 300


def read(headers: Mapping[str, str], body: bytes, now: datetime, secret: str) -> Webhook:
    """Raises `WebhookRefused`. A message has no identifier of its own: a repeat has the same body,
    so the body's digest is its name."""
    fields = _fields(headers.get(HEADER))
    timestamp = fields.get("t", "")
    if not _signed(fields, headers, body, secret):
        raise WebhookRefused("SIGNATURE_WRONG")
    if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookRefused("STALE")
    message_id = hashlib.sha256(body).hexdigest()
    try:
        told = msgspec.json.decode(body, type=Notification)
    except msgspec.MsgspecError:
        return Webhook(message_id=message_id, reference=None, event="")
    return Webhook(
        message_id=message_id,
        reference=told.order_id or told.partner_user_ref or None,
        event=told.event_type,
        occurred_at=told.updated_at,
    )


def _fields(header: str | None) -> dict[str, str]:
    if not header:
        raise WebhookRefused("SIGNATURE_MISSING")
    pairs = (part.strip().partition("=") for part in header.split(","))
    fields = {name: value for name, _, value in pairs}
    if "t" not in fields or not ("v0" in fields or "v1" in fields):
        raise WebhookRefused("SIGNATURE_MISSING")
    return fields


def _signed(
    fields: Mapping[str, str], headers: Mapping[str, str], body: bytes, secret: str
) -> bool:
    if "v0" in fields:
        signed, told = f"{fields['t']}.".encode() + body, fields["v0"]
    else:
        names = fields.get("h", "")
        values = ".".join(headers.get(name.lower(), "") for name in names.split())
        signed, told = f"{fields['t']}.{names}.{values}.".encode() + body, fields["v1"]
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), told.encode())
