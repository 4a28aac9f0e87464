"""Due's webhooks: X-Webhook-Signature is an Ed25519 signature over the raw body, in hex.

The signature carries no time, and a retry is the same message again, so none is too old: what was
seen before is known by its id.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.provider.ports.answers import Webhook, WebhookRefused
from infrastructure.providers.due import wire
from infrastructure.providers.due.references import reference

HEADER: Final = "x-webhook-signature"


def read(headers: Mapping[str, str], body: bytes, keys: Sequence[Ed25519PublicKey]) -> Webhook:
    """Raises WebhookRefused."""
    text = headers.get(HEADER, "").strip()
    if not text:
        raise WebhookRefused("SIGNATURE_MISSING")
    try:
        signature = bytes.fromhex(text)
    except ValueError:
        raise WebhookRefused("SIGNATURE_WRONG") from None
    if not any(_verifies(key, signature, body) for key in keys):
        raise WebhookRefused("SIGNATURE_WRONG")
    return _webhook(body)


def _verifies(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def _webhook(body: bytes) -> Webhook:
    try:
        event = msgspec.json.decode(body, type=wire.Event)
    except msgspec.MsgspecError:
        unread = hashlib.sha256(body).hexdigest()
        return Webhook(message_id=unread, reference=None, event="unreadable")
    about = event.data
    known = about.id is not None and about.owner_id is not None
    return Webhook(
        message_id=event.id,
        reference=reference(account=about.owner_id or "", transfer=about.id or "")
        if known
        else None,
        event=event.type,
        occurred_at=event.occurred_at,
    )
