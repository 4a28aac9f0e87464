"""Calls to Bridge: the wire's answer, or the setback that the port knows.

Reads are retried by the client. What changes something is sent once: its key lets the caller
repeat it, and only the caller knows what an unknown outcome means.
"""

import logging
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse, HttpUnavailable
from infrastructure.providers.bridge import wire

logger = logging.getLogger(__name__)

_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400
_REQUEST_TIMEOUT: Final = 408
_UNPROCESSABLE: Final = 422

# The key was used before, with another body or too long ago: something was made with it.
_KEY_USED: Final = frozenset({"duplicate_record", "not_truly_idempotent"})
# At 422 these tell of the body; without one of them 422 tells of the key.
_BODY_REFUSED: Final = frozenset({"invalid_parameters", "unprocessable_entity"})

DUPLICATE_ACCOUNT: Final = "duplicate_external_account"
NOT_FOUND: Final = "PRV_NOT_FOUND"
_CODES: Final = {
    "invalid_parameters": "PRV_INVALID",
    "invalid_json": "PRV_INVALID",
    "bad_request": "PRV_INVALID",
    "unprocessable_entity": "PRV_INVALID",
    "not_found": NOT_FOUND,
    "developer_limits_exceeded": "PRV_LIMIT",
    "has_not_accepted_tos": "PRV_CUSTOMER_NOT_READY",
    "requires_active_kyc_status": "PRV_CUSTOMER_NOT_READY",
    "missing_required_endorsements": "PRV_CUSTOMER_NOT_READY",
    "endorsement_requirements_not_met": "PRV_CUSTOMER_NOT_READY",
    "deactivated_external_account": "PRV_BANK_ACCOUNT",
    "not_allowed": "PRV_UNSUPPORTED",
}
_STATUS_CODES: Final = {
    400: "PRV_DECLINED",
    401: "PRV_MISCONFIGURED",
    403: "PRV_MISCONFIGURED",
    404: NOT_FOUND,
}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """`base_url` with its version: https://api.bridge.xyz/v0. `webhook_public_keys`: PEM, one for
    each webhook endpoint that may send."""

    base_url: str
    api_key: str = field(repr=False)
    webhook_public_keys: tuple[str, ...] = ()
    timeout_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class BridgeCalls:
    client: HttpClient
    settings: BridgeSettings

    async def read(self, path: str, kind: type[Answer]) -> Answer | Setback:
        try:
            response = await self._send("GET", path, idempotent=True)
        except HttpError as error:
            return NotAttempted(reason=f"bridge: {error.reason}")
        return _answer(response, kind, changing=False)

    async def create(
        self, path: str, body: wire.Request, kind: type[Answer], *, key: str
    ) -> Answer | Setback:
        headers = {"idempotency-key": key, "content-type": "application/json"}
        content = msgspec.json.encode(body)
        try:
            response = await self._send("POST", path, content=content, headers=headers)
        except HttpUnavailable as error:
            return NotAttempted(reason=f"bridge: {error.reason}")
        except HttpError as error:
            return Unanswered(reason=f"bridge: {error.reason}")
        return _answer(response, kind, changing=True)

    async def delete(self, path: str) -> Setback | None:
        """None where it was done. Bridge takes no key here."""
        try:
            response = await self._send("DELETE", path)
        except HttpUnavailable as error:
            return NotAttempted(reason=f"bridge: {error.reason}")
        except HttpError as error:
            return Unanswered(reason=f"bridge: {error.reason}")
        return None if _went_well(response) else _setback(response, changing=True)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        idempotent: bool = False,
    ) -> HttpResponse:
        return await self.client.request(
            method,
            self.settings.base_url + path,
            content=content,
            headers={"api-key": self.settings.api_key, **(headers or {})},
            timeout_seconds=self.settings.timeout_seconds,
            idempotent=idempotent,
        )


def _went_well(response: HttpResponse) -> bool:
    return 200 <= response.status < 300  # noqa: PLR2004 - the range that HTTP defines


def _answer(response: HttpResponse, kind: type[Answer], *, changing: bool) -> Answer | Setback:
    if not _went_well(response):
        return _setback(response, changing=changing)
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError as error:
        # The error names the member, never its content.
        logger.warning("bridge: unreadable answer for %s: %s", kind.__name__, error)
        reason = f"bridge: unreadable {kind.__name__}"
        return Unanswered(reason=reason) if changing else NotAttempted(reason=reason)


def _setback(response: HttpResponse, *, changing: bool) -> Setback:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(
            reason="bridge: rate limit", retry_after_seconds=response.retry_after_seconds
        )
    if status < _CLIENT_ERROR or status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        reason = f"bridge: HTTP {status}"
        return Unanswered(reason=reason) if changing else NotAttempted(reason=reason)
    told = _refusal(response)
    key_used = told.code in _KEY_USED or (
        status == _UNPROCESSABLE and told.code not in _BODY_REFUSED
    )
    if changing and key_used:
        return Unanswered(reason=f"bridge: HTTP {status}, the key was used before")
    return _declined(status, told)


def _declined(status: int, told: wire.Refusal) -> Declined:
    code = _CODES.get(told.code or "") or _STATUS_CODES.get(status, "PRV_DECLINED")
    if code == "PRV_MISCONFIGURED":
        logger.error("bridge: HTTP %d: the key is not accepted", status)
    # Field names alone: Bridge's message may repeat what the user entered.
    where = f" at {told.source.key}" if told.source is not None and told.source.key else ""
    return Declined(
        code=code,
        reason=f"bridge: HTTP {status} {told.code or 'without a code'}{where}",
        provider_code=told.code,
    )


def _refusal(response: HttpResponse) -> wire.Refusal:
    try:
        return msgspec.json.decode(response.body, type=wire.Refusal)
    except msgspec.MsgspecError:
        return wire.Refusal()
