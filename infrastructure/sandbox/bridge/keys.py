"""Idempotency-Key as Bridge has it: on every POST, for a day, with the same body."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request

from infrastructure.sandbox.bridge.bodies import refused
from infrastructure.sandbox.frame.server import Answer
from infrastructure.sandbox.frame.world import World

WINDOW: Final = timedelta(hours=24)
_COLLECTION: Final = "bridge_key"

CarryOut = Callable[[Request], Awaitable[Answer]]


class Used(msgspec.Struct, frozen=True):
    at: datetime
    asked: str
    status: int
    answer: str


def once(world: World, carry_out: CarryOut) -> CarryOut:
    """An operation that is carried out once for a key, and answers alike from then on."""

    async def carried_out(request: Request) -> Answer:
        key = request.headers.get("idempotency-key")
        if not key:
            raise refused(400, "bad_request", "Idempotency-Key is missing")
        asked = hashlib.sha256(request.url.path.encode() + await request.body()).hexdigest()
        used = world.memory.get(_COLLECTION, key, Used)
        if used is not None:
            return _again(used, asked, world.clock.now())
        answer = await carry_out(request)
        text = msgspec.json.encode(answer.body).decode()
        world.memory.put(_COLLECTION, key, Used(world.clock.now(), asked, answer.status, text))
        return answer

    return carried_out


def without_key(carry_out: CarryOut) -> CarryOut:
    """An operation that takes no key."""

    async def carried_out(request: Request) -> Answer:
        if "idempotency-key" in request.headers:
            raise refused(400, "bad_request", "Idempotency-Key is for POST alone")
        return await carry_out(request)

    return carried_out


def _again(used: Used, asked: str, now: datetime) -> Answer:
    if now - used.at > WINDOW:
        raise refused(422, "duplicate_record", "the key is too old")
    if used.asked != asked:
        raise refused(422, "not_truly_idempotent", "the key came with another request")
    return Answer(status=used.status, body=used.answer.encode())
