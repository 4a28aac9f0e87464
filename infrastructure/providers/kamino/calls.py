"""Kamino's HTTP: how its refusals read. Nothing here changes anything at Kamino."""

from typing import Final

from domain.provider.ports.answers import Declined
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import Caller, Questions
from infrastructure.providers.kamino.wire import Failure
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

READ_SECONDS: Final = 5.0
NOT_FOUND: Final = "404"
_CODES: Final = {
    "KVAULT_NOT_FOUND": "PRV_UNSUPPORTED",
    "DECIMAL_TO_LAMPORTS_OVERFLOW": "PRV_INVALID",
}


def questions(client: HttpClient, *, base_url: str, read_seconds: float) -> Questions:
    """`base_url` without a path: https://api.kamino.finance. There is no key."""
    return Questions(
        caller=Caller(client, _SETBACKS),
        base_url=base_url,
        headers={"accept": "application/json"},
        timeout_seconds=read_seconds,
    )


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    code = "PRV_UNAUTHORISED" if status in UNAUTHORISED else "PRV_DECLINED"
    return Declined(
        code=_CODES.get(failure.code or "", code),
        reason=failure.message or failure.error or failure.metadata or f"HTTP {status}",
        provider_code=failure.code or str(status),
    )


_SETBACKS: Final = Setbacks(provider="kamino", declined=_declined, accepted=ONLY_OK)
