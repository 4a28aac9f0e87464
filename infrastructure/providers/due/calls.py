"""Calls to Due: the wire's answer, or the setback that the port knows.

Due recognises no repeated call: what changes something is sent once, and an unknown outcome is the
caller's to inquire about.
"""

import logging
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, Setback
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import JSON, Call, Caller
from infrastructure.providers.due import wire
from infrastructure.providers.setbacks import Setbacks, told

logger = logging.getLogger(__name__)

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


class DueCalls:
    """Each call is made in the name of an account of Due."""

    def __init__(self, client: HttpClient, settings: DueSettings) -> None:
        self._caller = Caller(client, _SETBACKS)
        self._settings = settings

    async def read(self, path: str, kind: type[Answer], *, account: str) -> Answer | Setback:
        return await self._caller.make(self._call("GET", path, account=account), kind)

    async def ask(
        self, path: str, body: wire.Request, kind: type[Answer], *, account: str
    ) -> Answer | Setback:
        """A POST that changes nothing of worth, and may be repeated."""
        return await self._caller.make(self._call("POST", path, body, account=account), kind)

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
        call = self._call("POST", path, body, account=account, changes=True)
        response = await self._caller.send(call)
        if not isinstance(response, HttpResponse):
            return response
        if response.status == _CONFLICT and conflict_is_unknown:
            return _SETBACKS.no_answer("HTTP 409, it may have been done before", changes=True)
        return _SETBACKS.answer(response, kind, changes=True)

    def _call(
        self,
        method: str,
        path: str,
        body: wire.Request | None = None,
        *,
        account: str,
        changes: bool = False,
    ) -> Call:
        headers = {
            "authorization": f"Bearer {self._settings.api_key}",
            "due-account-id": account,
        }
        return Call(
            method=method,
            url=self._settings.base_url + path,
            headers=headers if body is None else headers | JSON,
            content=None if body is None else msgspec.json.encode(body),
            timeout_seconds=self._settings.timeout_seconds,
            changes=changes,
        )


def _declined(response: HttpResponse) -> Declined:
    status, refusal = response.status, told(response, wire.Refusal)
    code = _code(refusal.error_code or "", status)
    if code == "PRV_MISCONFIGURED":
        logger.error("due: HTTP %d: the key is not accepted", status)
    # Names of fields alone: Due's message may repeat what the user entered.
    where = f" at {', '.join(sorted(refusal.details))}" if refusal.details else ""
    return Declined(
        code=code,
        reason=f"due: HTTP {status} {refusal.error_code or 'without a code'}{where}",
        provider_code=refusal.error_code,
    )


def _code(error_code: str, status: int) -> str:
    known = next((code for start, code in _CODES if error_code.startswith(start)), None)
    return known or _STATUS_CODES.get(status, "PRV_DECLINED")


_SETBACKS: Final = Setbacks(provider="due", declined=_declined)
