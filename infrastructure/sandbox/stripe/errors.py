"""Stripe's error bodies."""

from typing import Final

from infrastructure.sandbox.frame.server import ProviderError

_BAD_REQUEST: Final = 400


def refused(
    message: str,
    *,
    code: str | None = None,
    parameter: str | None = None,
    kind: str = "invalid_request_error",
    status: int = _BAD_REQUEST,
) -> ProviderError:
    error = {"type": kind, "message": message}
    if code is not None:
        error["code"] = code
    if parameter is not None:
        error["param"] = parameter
    return ProviderError(status, {"error": error})
