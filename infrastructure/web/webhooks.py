"""POST /webhooks/{provider}: what providers tell us, verified, stored once, answered after that.

A webhook is a hint to look: what it says is asked for again, so its order does not matter.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from domain.provider.ports.answers import WebhookReader, WebhookRefused
from domain.shared.unit import Message

logger = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 256 * 1024
MESSAGE_ID_CHARACTERS_MAX: Final = 256
KEPT_HEADERS: Final = frozenset({"content-type", "user-agent", "x-request-id"})
"""Signatures are not kept: with the body they would pass again."""

_OK: Final = 200
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 401
_NOT_FOUND: Final = 404
_TOO_LARGE: Final = 413
_UNAVAILABLE: Final = 503


class Inbox(Protocol):
    """Stores a message once for ever, and makes what waits for it due."""

    async def receive(self, message: Message) -> bool:
        """Returns when it is stored; whether somebody may have to look."""
        ...


class Webhooks:
    """`readers` by provider; `heard` is called when something may have to be looked at."""

    def __init__(
        self,
        *,
        readers: Mapping[str, WebhookReader],
        inbox: Inbox,
        now: Callable[[], datetime],
        heard: Callable[[], None],
    ) -> None:
        self._readers = readers
        self._inbox = inbox
        self._now = now
        self._heard = heard

    def routes(self) -> list[Route]:
        return [Route("/webhooks/{provider}", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        name = request.path_params["provider"]
        reader = self._readers.get(name)
        if reader is None:
            return Response(status_code=_NOT_FOUND)
        try:
            body = await _limited(request)
        except ClientDisconnect:
            # Whoever hung up has heard no 2xx, and sends it again.
            return Response(status_code=_BAD_REQUEST)
        if body is None:
            return Response(status_code=_TOO_LARGE)
        headers = {key.lower(): value for key, value in request.headers.items()}
        try:
            message = reader.read_webhook(headers, body, self._now())
        except WebhookRefused as refused:
            logger.warning("a webhook of %s is refused: %s", name, refused.reason)
            return Response(status_code=_FORBIDDEN)
        try:
            is_due = await self._inbox.receive(
                Message(
                    source=name,
                    message_id=message.message_id[:MESSAGE_ID_CHARACTERS_MAX],
                    headers={key: headers[key] for key in KEPT_HEADERS & headers.keys()},
                    body=body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
                    reference=message.reference,
                )
            )
        except Exception:
            # Not stored: the provider is to send it again.
            logger.exception("a webhook of %s could not be stored", name)
            return Response(status_code=_UNAVAILABLE)
        if message.reference is None:
            logger.error("a webhook of %s is signed and cannot be read: it is kept", name)
        if is_due:
            self._heard()
        return Response(status_code=_OK)


async def _limited(request: Request) -> bytes | None:
    """The body, or None where it is too large; no more than that is read."""
    parts: list[bytes] = []
    total = 0
    async for part in request.stream():
        total += len(part)
        if total > BODY_BYTES_MAX:
            return None
        parts.append(part)
    return b"".join(parts)
