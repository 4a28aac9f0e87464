"""deBridge's HTTP: how its refusals read. All calls only read."""

from typing import Final

from domain.provider.ports.answers import Declined
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import Caller, Questions
from infrastructure.providers.debridge.wire import Failure
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

READ_SECONDS: Final = 8.0
# By the beginning of the error's name.
_CODES: Final = {
    "ERROR_LOW_GIVE_AMOUNT": "PRV_LIMIT",
    "INSUFFICIENT": "PRV_LIMIT",
    "UNSUPPORTED": "PRV_UNSUPPORTED",
    "INVALID_QUERY_PARAMETERS": "PRV_INVALID",
}


def questions(
    client: HttpClient, *, base_url: str, access_token: str | None, read_seconds: float
) -> Questions:
    """`base_url` with its version: https://dln.debridge.finance/v1.0. Without an access token
    fewer calls a minute are allowed."""
    return Questions(
        caller=Caller(client, _SETBACKS),
        base_url=base_url,
        headers={"accept": "application/json"},
        query={} if access_token is None else {"accesstoken": access_token},
        timeout_seconds=read_seconds,
    )


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    code = "PRV_DECLINED"
    for beginning, ours in _CODES.items():
        if failure.error_id.startswith(beginning):
            code = ours
    if status in UNAUTHORISED:
        code = "PRV_UNAUTHORISED"
    return Declined(
        code=code,
        reason=failure.error_message or f"HTTP {status}",
        provider_code=failure.error_id or str(failure.error_code or status),
    )


_SETBACKS: Final = Setbacks(provider="debridge", declined=_declined, accepted=ONLY_OK)
