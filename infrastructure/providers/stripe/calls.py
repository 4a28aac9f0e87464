"""One call of Stripe's API: a form with a deadline, answered by a wire type or by a setback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from domain.provider.ports.answers import Declined, Setback
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers import calls
from infrastructure.providers.setbacks import UNAUTHORISED, Setbacks, is_refusal, told
from infrastructure.providers.stripe.wire import ErrorBody, ErrorDetails

_NOT_FOUND: Final = 404
# Another call with our key is under way.
_CONFLICT: Final = 409
_IDEMPOTENCY_ERROR: Final = "idempotency_error"
_CODES: Final = {
    "crypto_onramp_disabled": "PRV_UNAVAILABLE",
    "crypto_onramp_merchant_not_properly_setup": "PRV_UNAVAILABLE",
    "crypto_onramp_unsupported_country": "PRV_UNSUPPORTED",
    "crypto_onramp_unsupportable_customer": "PRV_UNSUPPORTED",
    "crypto_onramp_invalid_source_destination_pair": "PRV_UNSUPPORTED",
    "crypto_onramp_invalid_destination_currency_and_network_pair": "PRV_UNSUPPORTED",
    "crypto_onramp_invalid_destination_currencies_and_networks": "PRV_UNSUPPORTED",
    "crypto_onramp_invalid_source_amount": "PRV_LIMIT",
}

Value = TypeVar("Value")
Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Value]):
    """With an `idempotency_key` it has an effect. Though Stripe knows the key again, it is not
    repeated here: a refusal of the second try would say nothing about the first."""

    method: str
    path: str
    kind: type[Value]
    form: Form = ()
    idempotency_key: str | None = None


class StripeCalls:
    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        secret_key: str,
        version: str,
        timeout_seconds: float,
    ) -> None:
        self._caller = calls.Caller(client, _SETBACKS)
        self._timeout_seconds = timeout_seconds
        self._base_url = base_url
        self._secret_key = secret_key
        self._version = version

    async def make(self, call: Call[Value]) -> Value | Setback:
        changes = call.idempotency_key is not None
        encoded = urlencode(call.form)
        url = self._base_url + call.path
        headers = {
            "authorization": f"Bearer {self._secret_key}",
            "stripe-version": self._version,
        }
        if call.idempotency_key is not None:
            headers["idempotency-key"] = call.idempotency_key
            headers["content-type"] = "application/x-www-form-urlencoded"
        elif encoded:
            url += f"?{encoded}"
        sent = calls.Call(
            method=call.method,
            url=url,
            headers=headers,
            content=encoded.encode() if changes else None,
            timeout_seconds=self._timeout_seconds,
            changes=changes,
        )
        response = await self._caller.send(sent)
        if not isinstance(response, HttpResponse):
            return response
        open_because = _left_open(response)
        if open_because is not None:
            return _SETBACKS.no_answer(open_because, changes=changes)
        return _SETBACKS.answer(response, call.kind, changes=changes)


def _left_open(response: HttpResponse) -> str | None:
    """Why a refusal does not settle whether a call with our key was executed; None where it
    does."""
    if response.status == _CONFLICT:
        return "HTTP 409"
    if is_refusal(response.status) and _error(response).type == _IDEMPOTENCY_ERROR:
        # Our key was used with other parameters: that call may well have been executed.
        return "the idempotency key is known with another call"
    return None


def _declined(response: HttpResponse) -> Declined:
    error = _error(response)
    return Declined(
        code=_code(response.status, error),
        reason=error.message or f"HTTP {response.status}",
        provider_code=error.code or error.type or None,
    )


def _error(response: HttpResponse) -> ErrorDetails:
    return told(response, ErrorBody).error


def _code(status: int, error: ErrorDetails) -> str:
    if status in UNAUTHORISED:
        return "PRV_UNAUTHORISED"
    if status == _NOT_FOUND:
        return "PRV_NOT_FOUND"
    if error.code in _CODES:
        return _CODES[error.code]
    return "PRV_INVALID" if error.type == "invalid_request_error" else "PRV_DECLINED"


_SETBACKS: Final = Setbacks(provider="stripe", declined=_declined)
