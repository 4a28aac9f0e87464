"""Bridge's webhooks: X-Webhook-Signature holds `t` (milliseconds) and `v0`, an RSA signature.

The signature (PKCS #1 v1.5 with SHA-256) is over the SHA-256 digest of time, full stop and body:
what is signed is hashed twice.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from domain.provider.ports.answers import Webhook, WebhookRefused
from infrastructure.providers.bridge import wire

HEADER: Final = "x-webhook-signature"
AGE_MAX: Final = timedelta(minutes=10)
"""Bridge's advice; each of its retries is signed anew."""
_DIGITS_MAX: Final = 16


def read(
    headers: Mapping[str, str], body: bytes, now: datetime, keys: Sequence[RSAPublicKey]
) -> Webhook:
    """Raises WebhookRefused. A time ahead of ours is no reason: clocks differ, and it is signed."""
    sent_at, text, signature = _parts(headers.get(HEADER))
    digest = hashlib.sha256(text.encode() + b"." + body).digest()
    if not any(_verifies(key, signature, digest) for key in keys):
        raise WebhookRefused("SIGNATURE_WRONG")
    if now - sent_at > AGE_MAX:
        raise WebhookRefused("STALE")
    return _webhook(body)


def _parts(header: str | None) -> tuple[datetime, str, bytes]:
    """The time, the time as it was written, and the signature."""
    if not header:
        raise WebhookRefused("SIGNATURE_MISSING")
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    text, encoded = parts.get("t", ""), parts.get("v0", "")
    if not text or not encoded:
        raise WebhookRefused("SIGNATURE_MISSING")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise WebhookRefused("SIGNATURE_WRONG")
    try:
        signature = base64.b64decode(encoded, validate=True)
        sent_at = datetime.fromtimestamp(int(text) / 1000, UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise WebhookRefused("SIGNATURE_WRONG") from None
    return sent_at, text, signature


def _verifies(key: RSAPublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _webhook(body: bytes) -> Webhook:
    try:
        event = msgspec.json.decode(body, type=wire.Event)
    except msgspec.MsgspecError:
        unread = hashlib.sha256(body).hexdigest()
        return Webhook(message_id=unread, reference=None, event="unreadable")
    qualified = "." in event.event_type
    return Webhook(
        message_id=event.event_id,
        reference=event.event_object_id,
        event=event.event_type if qualified else f"{event.event_category}.{event.event_type}",
        occurred_at=event.event_created_at,
    )
