"""Jupiter's HTTP: what a status and a body mean for whoever called."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse, HttpTimeout, HttpUnavailable
from infrastructure.providers.jupiter.wire import ExecuteBody, Executed, Failure

READ_SECONDS: Final = 5.0
# Jupiter answers an execution only once it has landed.
EXECUTE_SECONDS: Final = 20.0
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

Result = TypeVar("Result")


class JupiterCalls:
    """`base_url` without a path: https://api.jup.ag; nothing else knows the key."""

    def __init__(
        self, client: HttpClient, *, base_url: str, api_key: str, read_seconds: float = READ_SECONDS
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {"x-api-key": api_key, "accept": "application/json"}
        self._read_seconds = read_seconds

    async def read(
        self, path: str, query: Mapping[str, str], kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        """A call that changes nothing: without an answer nothing has happened."""
        try:
            response = await self._client.request(
                "GET",
                f"{self._base_url}{path}?{urlencode(query)}",
                headers=self._headers,
                timeout_seconds=self._read_seconds,
                idempotent=True,
            )
        except HttpError as error:
            return NotAttempted(reason=str(error))
        if response.status != _OK:
            return _refusal(response) or NotAttempted(reason=f"HTTP {response.status}")
        try:
            return msgspec.json.decode(response.body, type=kind)
        except msgspec.MsgspecError:
            return NotAttempted(reason=f"{path}: the answer is not readable")

    async def execute(self, body: ExecuteBody) -> Executed | Setback:
        """Sends a transaction; never repeated here. A refusal with a code of Jupiter's own is an
        execution that failed, whatever the status: the code says whether it may have landed."""
        try:
            response = await self._client.request(
                "POST",
                f"{self._base_url}/swap/v2/execute",
                content=msgspec.json.encode(body),
                headers={**self._headers, "content-type": "application/json"},
                timeout_seconds=EXECUTE_SECONDS,
            )
        except HttpUnavailable as error:
            return NotAttempted(reason=str(error))
        except HttpTimeout as error:
            return Unanswered(reason=str(error))
        if response.status == _BAD_REQUEST:
            failure = _failure(response.body)
            if failure.code is not None:
                return Executed(status="Failed", code=failure.code, error=failure.error)
        if response.status != _OK:
            return _refusal(response) or Unanswered(reason=f"HTTP {response.status}")
        try:
            return msgspec.json.decode(response.body, type=Executed)
        except msgspec.MsgspecError:
            return Unanswered(reason="execute: the answer is not readable")


def _refusal(response: HttpResponse) -> Declined | NotAttempted | None:
    """What is certain by the status alone; None where it says nothing."""
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(reason="rate limit", retry_after_seconds=response.retry_after_seconds)
    if status >= _SERVER_ERROR or status == _NOT_IN_TIME or status < _BAD_REQUEST:
        return None
    failure = _failure(response.body)
    code = "PRV_UNAUTHORISED" if status in _UNAUTHORISED else "PRV_DECLINED"
    return Declined(
        code=code,
        reason=failure.error or failure.message or f"HTTP {status}",
        provider_code=str(status if failure.code is None else _whole(failure.code)),
    )


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()


def _whole(number: Decimal) -> Decimal:
    return number.to_integral_value() if number == number.to_integral_value() else number
