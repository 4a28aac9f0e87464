"""LI.FI's HTTP: how its refusals read. All calls here only read."""

from collections.abc import Iterator
from typing import Final

import msgspec

from domain.provider.ports.answers import Declined
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.calls import Caller, Questions
from infrastructure.providers.lifi.wire import Failure, ToolError, Unavailable
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

# A quote asks many bridges, and the slowest answers last.
READ_SECONDS: Final = 8.0
_CODES: Final = {
    1002: "PRV_UNSUPPORTED",
    1003: "PRV_UNSUPPORTED",
    1007: "PRV_PRICE_MOVED",
    1010: "PRV_UNAUTHORISED",
    1011: "PRV_INVALID",
    1013: "PRV_INVALID",
}
_TOOL_CODES: Final = {
    "AMOUNT_TOO_LOW": "PRV_LIMIT",
    "AMOUNT_TOO_HIGH": "PRV_LIMIT",
    "FEES_HIGHER_THAN_AMOUNT": "PRV_LIMIT",
    "INSUFFICIENT_LIQUIDITY": "PRV_LIMIT",
    "CANNOT_GUARANTEE_MIN_AMOUNT": "PRV_PRICE_MOVED",
}


def questions(client: HttpClient, *, base_url: str, api_key: str, read_seconds: float) -> Questions:
    """`base_url` with its version: https://li.quest/v1."""
    return Questions(
        caller=Caller(client, _SETBACKS),
        base_url=base_url,
        headers={"x-lifi-api-key": api_key, "accept": "application/json"},
        timeout_seconds=read_seconds,
    )


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    tools = tuple(_tool_errors(failure))
    code = _CODES.get(failure.code or 0, "PRV_DECLINED")
    if status in UNAUTHORISED:
        code = "PRV_UNAUTHORISED"
    for tool in tools:
        code = _TOOL_CODES.get(tool.code, code)
    return Declined(
        code=code,
        reason=failure.message or f"HTTP {status}",
        provider_code=tools[0].code if tools else str(failure.code or status),
    )


def _wait_seconds(response: HttpResponse) -> int | None:
    """LI.FI names the wait in a header of its own."""
    text = response.headers.get("ratelimit-reset", "")
    own = int(text) if text.isascii() and text.isdigit() else None
    return response.retry_after_seconds if own is None else own


def _tool_errors(failure: Failure) -> Iterator[ToolError]:
    """In whichever of its two forms."""
    try:
        errors = msgspec.json.decode(failure.errors, type=list[ToolError] | Unavailable | None)
    except msgspec.MsgspecError:
        return
    if isinstance(errors, list):
        yield from errors
    elif errors is not None:
        for path in errors.failed:
            for found in path.subpaths.values():
                yield from found


_SETBACKS: Final = Setbacks(
    provider="lifi", declined=_declined, accepted=ONLY_OK, wait_seconds=_wait_seconds
)
