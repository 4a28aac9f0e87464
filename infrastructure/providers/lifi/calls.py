"""LI.FI's HTTP: what a status and a body mean for whoever called. All calls here only read."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.lifi.wire import Failure, ToolError, Unavailable

# A quote asks many bridges, and the slowest answers last.
READ_SECONDS: Final = 8.0
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_CODES: Final = {
    1002: "PRV_UNSUPPORTED",
    1003: "PRV_UNSUPPORTED",
    1007: "PRV_PRICE_MOVED",
    1010: "PRV_UNAUTHORISED",
    1011: "PRV_INVALID",
    1013: "PRV_INVALID",
}
_TOOL_CODES: Final = {
    "AMOUNT_TOO_LOW": "PRV_LIMIT",
    "AMOUNT_TOO_HIGH": "PRV_LIMIT",
    "FEES_HIGHER_THAN_AMOUNT": "PRV_LIMIT",
    "INSUFFICIENT_LIQUIDITY": "PRV_LIMIT",
    "CANNOT_GUARANTEE_MIN_AMOUNT": "PRV_PRICE_MOVED",
}

Result = TypeVar("Result")


class LifiCalls:
    """`base_url` with its version: https://li.quest/v1; nothing else knows the key."""

    def __init__(
        self, client: HttpClient, *, base_url: str, api_key: str, read_seconds: float = READ_SECONDS
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {"x-lifi-api-key": api_key, "accept": "application/json"}
        self._read_seconds = read_seconds

    async def read(
        self, path: str, query: Mapping[str, str], kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        """Without an answer nothing has happened."""
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
            return _refusal(response)
        try:
            return msgspec.json.decode(response.body, type=kind)
        except msgspec.MsgspecError:
            return NotAttempted(reason=f"{path}: the answer is not readable")


def _refusal(response: HttpResponse) -> Declined | NotAttempted:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(reason="rate limit", retry_after_seconds=_retry_after(response))
    if status >= _SERVER_ERROR or status == _NOT_IN_TIME or status < _BAD_REQUEST:
        return NotAttempted(reason=f"HTTP {status}")
    failure = _failure(response.body)
    tools = tuple(_tool_errors(failure))
    code = _CODES.get(failure.code or 0, "PRV_DECLINED")
    if status in _UNAUTHORISED:
        code = "PRV_UNAUTHORISED"
    for tool in tools:
        code = _TOOL_CODES.get(tool.code, code)
    return Declined(
        code=code,
        reason=failure.message or f"HTTP {status}",
        provider_code=tools[0].code if tools else str(failure.code or status),
    )


def _retry_after(response: HttpResponse) -> int | None:
    """LI.FI names the wait in a header of its own."""
    text = response.headers.get("ratelimit-reset", "")
    own = int(text) if text.isascii() and text.isdigit() else None
    return response.retry_after_seconds if own is None else own


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()


def _tool_errors(failure: Failure) -> Iterator[ToolError]:
    """In whichever of its two forms."""
    try:
        errors = msgspec.json.decode(failure.errors, type=list[ToolError] | Unavailable | None)
    except msgspec.MsgspecError:
        return
    if isinstance(errors, list):
        yield from errors
    elif errors is not None:
        for path in errors.failed:
            for found in path.subpaths.values():
                yield from found
