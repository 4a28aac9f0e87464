"""Stripe's Idempotency-Key: the first answer again, for a day; another call by it is refused."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from infrastructure.sandbox.frame.server import Answer
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.stripe.errors import refused

LIFETIME_SECONDS: Final = 24 * 3600
KEY_LENGTH_MAX: Final = 255
_KEPT: Final = "stripe_idempotency"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    body: dict[str, object]
    at: datetime


def once(
    world: World, key: str | None, content: bytes, make: Callable[[], dict[str, object]]
) -> Answer:
    """What `make` raises is not kept: nothing was begun."""
    if key is None:
        return Answer(body=make())
    if len(key) > KEY_LENGTH_MAX:
        raise refused("The idempotency key is too long.", kind="idempotency_error")
    now, digest = world.clock.now(), hashlib.sha256(content).hexdigest()
    kept = world.memory.get(_KEPT, key, Kept)
    if kept is None or now - kept.at > timedelta(seconds=LIFETIME_SECONDS):
        body = make()
        world.memory.put(_KEPT, key, Kept(digest=digest, body=body, at=now))
        return Answer(body=body)
    if kept.digest != digest:
        message = "Keys for idempotent requests can only be used with the same parameters."
        raise refused(message, kind="idempotency_error")
    return Answer(body=kept.body, headers={"idempotent-replayed": "true"})
