"""One call of Stripe's API: a form with a deadline, answered by a wire type or by a setback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec.json import Decoder

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse, HttpUnavailable
from infrastructure.providers.stripe.wire import ErrorBody, ErrorDetails

_SUCCESS: Final = range(200, 300)
_REFUSED: Final = range(400, 500)
_TOO_MANY: Final = 429
_NOT_FOUND: Final = 404
_UNAUTHORISED: Final = frozenset({401, 403})
# A proxy's timeout; another call with our key is under way.
_UNKNOWN: Final = frozenset({408, 409})
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
    answer: Decoder[Value]
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
        self._client = client
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
        try:
            response = await self._client.request(
                call.method,
                url,
                content=encoded.encode() if changes else None,
                headers=headers,
                timeout_seconds=self._timeout_seconds,
                idempotent=not changes,
            )
        except HttpUnavailable as error:
            return NotAttempted(reason=str(error))
        except HttpError as error:
            return no_answer(str(error), changes=changes)
        return _read(response, call)


def no_answer(reason: str, *, changes: bool) -> Setback:
    """Nothing usable came: of a mere question that is no harm, of anything else it is unknown."""
    return Unanswered(reason=reason) if changes else NotAttempted(reason=reason)


def _read(response: HttpResponse, call: Call[Value]) -> Value | Setback:
    changes = call.idempotency_key is not None
    if response.status in _SUCCESS:
        try:
            return call.answer.decode(response.body)
        except msgspec.MsgspecError as error:
            reason = f"HTTP {response.status}: unreadable answer: {error}"
            return no_answer(reason, changes=changes)
    if response.status not in _REFUSED or response.status in _UNKNOWN:
        return no_answer(f"HTTP {response.status}", changes=changes)
    if response.status == _TOO_MANY:
        return NotAttempted(
            reason="HTTP 429: rate limited", retry_after_seconds=response.retry_after_seconds
        )
    return _refusal(response, changes=changes)


def _refusal(response: HttpResponse, *, changes: bool) -> Setback:
    try:
        error = msgspec.json.decode(response.body, type=ErrorBody).error
    except msgspec.MsgspecError:
        error = ErrorDetails()
    if error.type == _IDEMPOTENCY_ERROR:
        # Our key was used with other parameters: that call may well have been executed.
        return no_answer("the idempotency key is known with another call", changes=changes)
    return Declined(
        code=_code(response.status, error),
        reason=error.message or f"HTTP {response.status}",
        provider_code=error.code or error.type or None,
    )


def _code(status: int, error: ErrorDetails) -> str:
    if status in _UNAUTHORISED:
        return "PRV_UNAUTHORISED"
    if status == _NOT_FOUND:
        return "PRV_NOT_FOUND"
    if error.code in _CODES:
        return _CODES[error.code]
    return "PRV_INVALID" if error.type == "invalid_request_error" else "PRV_DECLINED"
