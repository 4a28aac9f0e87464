"""Jupiter's HTTP: how its refusals read, and the one call there that changes something."""

from decimal import Decimal
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined, Setback
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import JSON, Call, Caller, Questions
from infrastructure.providers.jupiter.wire import ExecuteBody, Executed, Failure
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

READ_SECONDS: Final = 5.0
# Jupiter answers an execution only once it has landed.
EXECUTE_SECONDS: Final = 20.0
_BAD_REQUEST: Final = 400


def questions(client: HttpClient, *, base_url: str, api_key: str, read_seconds: float) -> Questions:
    """`base_url` without a path: https://api.jup.ag."""
    return Questions(
        caller=Caller(client, _SETBACKS),
        base_url=base_url,
        headers={"x-api-key": api_key, "accept": "application/json"},
        timeout_seconds=read_seconds,
    )


async def execute(questions: Questions, body: ExecuteBody) -> Executed | Setback:
    """Sends a transaction; never repeated here. A refusal with a code of Jupiter's own is an
    execution that failed, whatever the status: the code says whether it may have landed."""
    call = Call(
        method="POST",
        url=questions.url("/swap/v2/execute"),
        headers={**questions.headers, **JSON},
        content=msgspec.json.encode(body),
        timeout_seconds=EXECUTE_SECONDS,
        changes=True,
    )
    response = await questions.caller.send(call)
    if not isinstance(response, HttpResponse):
        return response
    if response.status == _BAD_REQUEST:
        failure = told(response, Failure)
        if failure.code is not None:
            return Executed(status="Failed", code=failure.code, error=failure.error)
    return _SETBACKS.answer(response, Executed, changes=True)


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    return Declined(
        code="PRV_UNAUTHORISED" if status in UNAUTHORISED else "PRV_DECLINED",
        reason=failure.error or failure.message or f"HTTP {status}",
        provider_code=str(status if failure.code is None else _whole(failure.code)),
    )


def _whole(number: Decimal) -> Decimal:
    return number.to_integral_value() if number == number.to_integral_value() else number


_SETBACKS: Final = Setbacks(provider="jupiter", declined=_declined, accepted=ONLY_OK)
