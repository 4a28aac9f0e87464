"""deBridge's HTTP: what a status and a body mean for whoever called. All calls only read."""

from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.debridge.wire import Failure

READ_SECONDS: Final = 8.0
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
# By the beginning of the error's name.
_CODES: Final = {
    "ERROR_LOW_GIVE_AMOUNT": "PRV_LIMIT",
    "INSUFFICIENT": "PRV_LIMIT",
    "UNSUPPORTED": "PRV_UNSUPPORTED",
    "INVALID_QUERY_PARAMETERS": "PRV_INVALID",
}

Result = TypeVar("Result")


class DebridgeCalls:
    """`base_url` with its version: https://dln.debridge.finance/v1.0. Without an access token
    fewer calls a minute are allowed; it travels in the query, which is never logged."""

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        access_token: str | None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._token = {} if access_token is None else {"accesstoken": access_token}
        self._read_seconds = read_seconds

    async def read(
        self, path: str, query: Mapping[str, str], kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        """Without an answer nothing has happened."""
        try:
            response = await self._client.request(
                "GET",
                f"{self._base_url}{path}?{urlencode({**query, **self._token})}",
                headers={"accept": "application/json"},
                timeout_seconds=self._read_seconds,
                idempotent=True,
            )
        except HttpError as error:
            return NotAttempted(reason=str(error))
        if response.status != _OK:
            return _refusal(response)
        try:
            return msgspec.json.decode(response.body, type=kind)
        except msgspec.MsgspecError:
            return NotAttempted(reason="the answer is not readable")


def _refusal(response: HttpResponse) -> Declined | NotAttempted:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(reason="rate limit", retry_after_seconds=response.retry_after_seconds)
    if status >= _SERVER_ERROR or status == _NOT_IN_TIME or status < _BAD_REQUEST:
        return NotAttempted(reason=f"HTTP {status}")
    failure = _failure(response.body)
    code = "PRV_DECLINED"
    for beginning, ours in _CODES.items():
        if failure.error_id.startswith(beginning):
            code = ours
    if status in _UNAUTHORISED:
        code = "PRV_UNAUTHORISED"
    return Declined(
        code=code,
        reason=failure.error_message or f"HTTP {status}",
        provider_code=failure.error_id or str(failure.error_code or status),
    )


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()
