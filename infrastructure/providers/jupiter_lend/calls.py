"""Jupiter Lend's HTTP: how its refusals read. Nothing here changes anything there."""

from typing import Final

from domain.provider.ports.answers import Declined
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import Caller, Questions
from infrastructure.providers.jupiter_lend.wire import Failure
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

READ_SECONDS: Final = 5.0
_EARN: Final = "/lend/v1/earn"


def questions(client: HttpClient, *, base_url: str, api_key: str, read_seconds: float) -> Questions:
    """`base_url` without a path: https://api.jup.ag."""
    return Questions(
        caller=Caller(client, _SETBACKS),
        base_url=base_url.rstrip("/") + _EARN,
        headers={"x-api-key": api_key, "accept": "application/json"},
        timeout_seconds=read_seconds,
    )


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    return Declined(
        code="PRV_UNAUTHORISED" if status in UNAUTHORISED else "PRV_DECLINED",
        reason=failure.error or failure.message or f"HTTP {status}",
        provider_code=str(status if failure.code is None else failure.code),
    )


_SETBACKS: Final = Setbacks(provider="jupiter_lend", declined=_declined, accepted=ONLY_OK)
