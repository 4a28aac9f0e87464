"""Jupiter Lend's HTTP: what a status and a body mean. Nothing here changes anything there."""

from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.jupiter_lend.wire import (
    DepositBody,
    Failure,
    Instruction,
    RedeemBody,
)

READ_SECONDS: Final = 5.0
_EARN: Final = "/lend/v1/earn"
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

Result = TypeVar("Result")


class JupiterLendCalls:
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
        asked = f"?{urlencode(query)}" if query else ""
        return await self._asked("GET", f"{path}{asked}", None, kind)

    async def instruction(
        self, path: str, body: DepositBody | RedeemBody
    ) -> Instruction | Declined | NotAttempted:
        """It composes, and may be asked again."""
        return await self._asked("POST", path, msgspec.json.encode(body), Instruction)

    async def _asked(
        self, method: str, path: str, content: bytes | None, kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        headers = dict(self._headers)
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            response = await self._client.request(
                method,
                f"{self._base_url}{_EARN}{path}",
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
    return Declined(
        code="PRV_UNAUTHORISED" if status in _UNAUTHORISED else "PRV_DECLINED",
        reason=failure.error or failure.message or f"HTTP {status}",
        provider_code=str(status if failure.code is None else failure.code),
    )


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()
