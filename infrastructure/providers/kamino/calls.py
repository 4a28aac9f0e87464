"""Kamino's HTTP: what a status and a body mean. Nothing here changes anything at Kamino."""

from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.kamino.wire import AmountBody, Failure, Instructions

READ_SECONDS: Final = 5.0
NOT_FOUND: Final = "404"
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_CODES: Final = {
    "KVAULT_NOT_FOUND": "PRV_UNSUPPORTED",
    "DECIMAL_TO_LAMPORTS_OVERFLOW": "PRV_INVALID",
}

Result = TypeVar("Result")


class KaminoCalls:
    """`base_url` without a path: https://api.kamino.finance. There is no key."""

    def __init__(
        self, client: HttpClient, *, base_url: str, read_seconds: float = READ_SECONDS
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._read_seconds = read_seconds

    async def read(self, path: str, kind: type[Result]) -> Result | Declined | NotAttempted:
        return await self._asked("GET", path, None, kind)

    async def instructions(
        self, action: str, body: AmountBody
    ) -> Instructions | Declined | NotAttempted:
        """`action` is deposit or withdraw. It composes, and may be asked again."""
        path = f"/ktx/kvault/{action}-instructions"
        return await self._asked("POST", path, msgspec.json.encode(body), Instructions)

    async def _asked(
        self, method: str, path: str, content: bytes | None, kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        headers = {"accept": "application/json"}
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            response = await self._client.request(
                method,
                f"{self._base_url}{path}",
                content=content,
                headers=headers,
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
            return NotAttempted(reason=f"{method}: the answer is not readable")


def _refusal(response: HttpResponse) -> Declined | NotAttempted:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(reason="rate limit", retry_after_seconds=response.retry_after_seconds)
    if status >= _SERVER_ERROR or status == _NOT_IN_TIME or status < _BAD_REQUEST:
        return NotAttempted(reason=f"HTTP {status}")
    failure = _failure(response.body)
    code = "PRV_UNAUTHORISED" if status in _UNAUTHORISED else "PRV_DECLINED"
    return Declined(
        code=_CODES.get(failure.code or "", code),
        reason=failure.message or failure.error or failure.metadata or f"HTTP {status}",
        provider_code=failure.code or str(status),
    )


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()
