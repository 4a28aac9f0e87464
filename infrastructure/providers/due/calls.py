"""Calls to Due: the wire's answer, or the setback that the port knows.

Due recognises no repeated call: what changes something is sent once, and an unknown outcome is the
caller's to inquire about.
"""

import logging
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse, HttpUnavailable
from infrastructure.providers.due import wire

logger = logging.getLogger(__name__)

_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400
_REQUEST_TIMEOUT: Final = 408
_CONFLICT: Final = 409

ALREADY_THERE: Final = "err_recipient_already_exists"
NOT_FOUND: Final = "PRV_NOT_FOUND"
# The first beginning that fits decides.
_CODES: Final = (
    ("err_quote_limit_", "PRV_LIMIT"),
    ("err_policy_transfer_limit_exceeded", "PRV_LIMIT"),
    ("err_policy_usage_limit_exceeded", "PRV_LIMIT"),
    ("err_policy_3rd_party_transfer_limit_exceeded", "PRV_LIMIT"),
    ("err_kyc_", "PRV_CUSTOMER_NOT_READY"),
    ("err_tos_", "PRV_CUSTOMER_NOT_READY"),
    ("err_endorsement_required", "PRV_CUSTOMER_NOT_READY"),
    ("err_signup_", "PRV_CUSTOMER_NOT_READY"),
    ("err_recipient_type_not_supported", "PRV_UNSUPPORTED"),
    ("err_recipient_not_found", NOT_FOUND),
    ("err_recipient_", "PRV_BANK_ACCOUNT"),
    ("err_channel_", "PRV_UNSUPPORTED"),
    ("err_purpose_", "PRV_UNSUPPORTED"),
    ("err_memo_", "PRV_UNSUPPORTED"),
    ("err_rail_schema_", "PRV_UNSUPPORTED"),
    ("err_transfer_invalid_", "PRV_INVALID"),
    ("err_quote_no_amount", "PRV_INVALID"),
    ("err_wallet_invalid_address", "PRV_INVALID"),
    ("err_platform_deactivated", "PRV_MISCONFIGURED"),
)
_STATUS_CODES: Final = {
    401: "PRV_MISCONFIGURED",
    403: "PRV_DECLINED",
    404: NOT_FOUND,
    422: "PRV_INVALID",
}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSettings:
    """`base_url` without its version: https://api.due.network. Quotes are asked for in the name of
    `quote_account`, the platform's own. `webhook_public_keys`: PEM, one an endpoint."""

    base_url: str
    api_key: str = field(repr=False)
    quote_account: str
    webhook_public_keys: tuple[str, ...] = ()
    timeout_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class DueCalls:
    """Each call is made in the name of an account of Due."""

    client: HttpClient
    settings: DueSettings

    async def read(self, path: str, kind: type[Answer], *, account: str) -> Answer | Setback:
        return await self._idempotent("GET", path, None, kind, account)

    async def ask(
        self, path: str, body: wire.Request, kind: type[Answer], *, account: str
    ) -> Answer | Setback:
        """A POST that changes nothing of worth, and may be repeated."""
        return await self._idempotent("POST", path, body, kind, account)

    async def change(
        self,
        path: str,
        body: wire.Request | None,
        kind: type[Answer],
        *,
        account: str,
        conflict_is_unknown: bool = False,
    ) -> Answer | Setback:
        """`conflict_is_unknown`: 409 may mean that this very call came before."""
        try:
            response = await self._send("POST", path, body, account, idempotent=False)
        except HttpUnavailable as error:
            return NotAttempted(reason=f"due: {error.reason}")
        except HttpError as error:
            return Unanswered(reason=f"due: {error.reason}")
        if response.status == _CONFLICT and conflict_is_unknown:
            return Unanswered(reason="due: HTTP 409, it may have been done before")
        return _answer(response, kind, changing=True)

    async def _idempotent(
        self, method: str, path: str, body: wire.Request | None, kind: type[Answer], account: str
    ) -> Answer | Setback:
        try:
            response = await self._send(method, path, body, account, idempotent=True)
        except HttpError as error:
            return NotAttempted(reason=f"due: {error.reason}")
        return _answer(response, kind, changing=False)

    async def _send(
        self, method: str, path: str, body: wire.Request | None, account: str, *, idempotent: bool
    ) -> HttpResponse:
        headers = {
            "authorization": f"Bearer {self.settings.api_key}",
            "due-account-id": account,
        }
        if body is not None:
            headers["content-type"] = "application/json"
        return await self.client.request(
            method,
            self.settings.base_url + path,
            content=None if body is None else msgspec.json.encode(body),
            headers=headers,
            timeout_seconds=self.settings.timeout_seconds,
            idempotent=idempotent,
        )


def _answer(response: HttpResponse, kind: type[Answer], *, changing: bool) -> Answer | Setback:
    if not 200 <= response.status < 300:  # noqa: PLR2004 - the range that HTTP defines
        return _setback(response, changing=changing)
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError as error:
        # The error names the member, never its content.
        logger.warning("due: unreadable answer: %s", error)
        reason = "due: unreadable answer"
        return Unanswered(reason=reason) if changing else NotAttempted(reason=reason)


def _setback(response: HttpResponse, *, changing: bool) -> Setback:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(
            reason="due: rate limit", retry_after_seconds=response.retry_after_seconds
        )
    if status < _CLIENT_ERROR or status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        reason = f"due: HTTP {status}"
        return Unanswered(reason=reason) if changing else NotAttempted(reason=reason)
    told = _refusal(response)
    code = _code(told.error_code or "", status)
    if code == "PRV_MISCONFIGURED":
        logger.error("due: HTTP %d: the key is not accepted", status)
    # Names of fields alone: Due's message may repeat what the user entered.
    where = f" at {', '.join(sorted(told.details))}" if told.details else ""
    return Declined(
        code=code,
        reason=f"due: HTTP {status} {told.error_code or 'without a code'}{where}",
        provider_code=told.error_code,
    )


def _code(error_code: str, status: int) -> str:
    known = next((code for start, code in _CODES if error_code.startswith(start)), None)
    return known or _STATUS_CODES.get(status, "PRV_DECLINED")


def _refusal(response: HttpResponse) -> wire.Refusal:
    try:
        return msgspec.json.decode(response.body, type=wire.Refusal)
    except msgspec.MsgspecError:
        return wire.Refusal()
