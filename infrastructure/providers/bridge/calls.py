"""Calls to Bridge: the wire's answer, or the setback that the port knows.

Reads are retried by the client. What changes something is sent once: its key lets the caller
repeat it, and only the caller knows what an unknown outcome means.
"""

import logging
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, Setback
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.bridge import wire
from infrastructure.providers.calls import JSON, Call, Caller
from infrastructure.providers.setbacks import Setbacks, is_refusal, told

logger = logging.getLogger(__name__)

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


class BridgeCalls:
    def __init__(self, client: HttpClient, settings: BridgeSettings) -> None:
        self._caller = Caller(client, _SETBACKS)
        self._settings = settings

    async def read(self, path: str, kind: type[Answer]) -> Answer | Setback:
        return await self._caller.make(self._call("GET", path), kind)

    async def create(
        self, path: str, body: wire.Request, kind: type[Answer], *, key: str
    ) -> Answer | Setback:
        headers = {"idempotency-key": key, **JSON}
        call = self._call("POST", path, content=msgspec.json.encode(body), headers=headers)
        response = await self._changed(call)
        if not isinstance(response, HttpResponse):
            return response
        return _SETBACKS.answer(response, kind, changes=True)

    async def delete(self, path: str) -> Setback | None:
        """None where it was done. Bridge takes no key here."""
        response = await self._changed(self._call("DELETE", path))
        if not isinstance(response, HttpResponse):
            return response
        done = response.status in _SETBACKS.accepted
        return None if done else _SETBACKS.of_status(response, changes=True)

    async def _changed(self, call: Call) -> HttpResponse | Setback:
        response = await self._caller.send(call)
        if isinstance(response, HttpResponse) and _key_was_used(response):
            reason = f"HTTP {response.status}, the key was used before"
            return _SETBACKS.no_answer(reason, changes=True)
        return response

    def _call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Call:
        return Call(
            method=method,
            url=self._settings.base_url + path,
            headers={"api-key": self._settings.api_key, **(headers or {})},
            content=content,
            timeout_seconds=self._settings.timeout_seconds,
            changes=method != "GET",
        )


def _key_was_used(response: HttpResponse) -> bool:
    if not is_refusal(response.status):
        return False
    code = told(response, wire.Refusal).code
    return code in _KEY_USED or (response.status == _UNPROCESSABLE and code not in _BODY_REFUSED)


def _declined(response: HttpResponse) -> Declined:
    status, refusal = response.status, told(response, wire.Refusal)
    code = _CODES.get(refusal.code or "") or _STATUS_CODES.get(status, "PRV_DECLINED")
    if code == "PRV_MISCONFIGURED":
        logger.error("bridge: HTTP %d: the key is not accepted", status)
    # Field names alone: Bridge's message may repeat what the user entered.
    source = refusal.source
    where = f" at {source.key}" if source is not None and source.key else ""
    return Declined(
        code=code,
        reason=f"bridge: HTTP {status} {refusal.code or 'without a code'}{where}",
        provider_code=refusal.code,
    )


_SETBACKS: Final = Setbacks(provider="bridge", declined=_declined)
