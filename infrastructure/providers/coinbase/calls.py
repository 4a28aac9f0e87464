"""One call of Coinbase's API: signed, with a deadline, answered by a wire type or by a setback."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
from msgspec.json import Decoder

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse, HttpUnavailable
from infrastructure.providers.coinbase.signing import CdpKey, Clock
from infrastructure.providers.coinbase.wire import ErrorBody

_SUCCESS: Final = range(200, 300)
_REFUSED: Final = range(400, 500)
_REQUEST_TIMEOUT: Final = 408
_TOO_MANY: Final = 429
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
# Quotas of a guest: the same status as a rate limit, but waiting a moment does not help.
_QUOTAS: Final = frozenset({"guest_transaction_limit", "guest_transaction_count"})
_CODES: Final = {
    "invalid_request": "PRV_INVALID",
    "network_not_tradable": "PRV_UNSUPPORTED",
    "guest_region_forbidden": "PRV_UNSUPPORTED",
    "guest_permission_denied": "PRV_DECLINED",
    "not_found": "PRV_NOT_FOUND",
}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Value]):
    """`changes`: it has an effect, so it is not repeated, and no answer means that it may have
    happened. `body` is sent as JSON."""

    method: str
    url: str
    answer: Decoder[Value]
    changes: bool = False
    body: object = None
    query: str = ""


class CoinbaseCalls:
    def __init__(
        self, client: HttpClient, key: CdpKey, clock: Clock, *, timeout_seconds: float
    ) -> None:
        self._client = client
        self._key = key
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    async def make(self, call: Call[Value]) -> Value | Setback:
        # The token names the path alone, without the query.
        headers = {"authorization": self._key.bearer(call.method, call.url, self._clock())}
        content = None
        if call.body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(call.body)
        try:
            response = await self._client.request(
                call.method,
                call.url + call.query,
                content=content,
                headers=headers,
                timeout_seconds=self._timeout_seconds,
                idempotent=not call.changes,
            )
        except HttpUnavailable as error:
            return NotAttempted(reason=str(error))
        except HttpError as error:
            return no_answer(str(error), changes=call.changes)
        return _read(response, call)


def no_answer(reason: str, *, changes: bool) -> Setback:
    """Nothing usable came: of a mere question that is no harm, of anything else it is unknown."""
    return Unanswered(reason=reason) if changes else NotAttempted(reason=reason)


def _read(response: HttpResponse, call: Call[Value]) -> Value | Setback:
    if response.status in _SUCCESS:
        try:
            return call.answer.decode(response.body)
        except msgspec.MsgspecError as error:
            reason = f"HTTP {response.status}: unreadable answer: {error}"
            return no_answer(reason, changes=call.changes)
    if response.status in _REFUSED and response.status != _REQUEST_TIMEOUT:
        return _refusal(response)
    return no_answer(f"HTTP {response.status}", changes=call.changes)


def _refusal(response: HttpResponse) -> Setback:
    try:
        error = msgspec.json.decode(response.body, type=ErrorBody)
    except msgspec.MsgspecError:
        error = ErrorBody(error_type="")
    if response.status == _TOO_MANY and error.error_type not in _QUOTAS:
        return NotAttempted(
            reason="HTTP 429: rate limited", retry_after_seconds=response.retry_after_seconds
        )
    return Declined(
        code=_code(response.status, error.error_type),
        reason=error.error_message or f"HTTP {response.status}",
        provider_code=error.error_type or None,
    )


def _code(status: int, error_type: str) -> str:
    if error_type in _QUOTAS:
        return "PRV_LIMIT"
    if status in _UNAUTHORISED:
        return "PRV_UNAUTHORISED"
    if status == _NOT_FOUND:
        return "PRV_NOT_FOUND"
    return _CODES.get(error_type, "PRV_DECLINED")
