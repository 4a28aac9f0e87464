"""One call of Coinbase's API: signed, with a deadline, answered by a wire type or by a setback."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, Setback
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers import calls
from infrastructure.providers.coinbase.signing import CdpKey, Clock
from infrastructure.providers.coinbase.wire import ErrorBody
from infrastructure.providers.setbacks import TOO_MANY, UNAUTHORISED, Setbacks, told

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
    """`changes`: it has an effect. `body` is sent as JSON."""

    method: str
    url: str
    kind: type[Value]
    changes: bool = False
    body: object = None
    query: str = ""


class CoinbaseCalls:
    def __init__(
        self, client: HttpClient, key: CdpKey, clock: Clock, *, timeout_seconds: float
    ) -> None:
        self._caller = calls.Caller(client, _SETBACKS)
        self._key = key
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    async def make(self, call: Call[Value]) -> Value | Setback:
        # The token names the path alone, without the query.
        headers = {"authorization": self._key.bearer(call.method, call.url, self._clock())}
        content = None
        if call.body is not None:
            headers |= calls.JSON
            content = msgspec.json.encode(call.body)
        sent = calls.Call(
            method=call.method,
            url=call.url + call.query,
            headers=headers,
            content=content,
            timeout_seconds=self._timeout_seconds,
            changes=call.changes,
        )
        response = await self._caller.send(sent)
        if not isinstance(response, HttpResponse):
            return response
        if response.status == TOO_MANY and told(response, ErrorBody).error_type in _QUOTAS:
            return _declined(response)
        return _SETBACKS.answer(response, call.kind, changes=call.changes)


def _declined(response: HttpResponse) -> Declined:
    error = told(response, ErrorBody)
    return Declined(
        code=_code(response.status, error.error_type),
        reason=error.error_message or f"HTTP {response.status}",
        provider_code=error.error_type or None,
    )


def _code(status: int, error_type: str) -> str:
    if error_type in _QUOTAS:
        return "PRV_LIMIT"
    if status in UNAUTHORISED:
        return "PRV_UNAUTHORISED"
    if status == _NOT_FOUND:
        return "PRV_NOT_FOUND"
    return _CODES.get(error_type, "PRV_DECLINED")


_SETBACKS: Final = Setbacks(provider="coinbase", declined=_declined)
