"""Whether the process lives, and whether it should be sent work.

`/health/live` answers while the event loop turns. `/health/ready` runs the checks it was given;
each names a thing that requests need and raises while that is missing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

logger = logging.getLogger(__name__)

CHECK_TIMEOUT_SECONDS = 2.0

Check = Callable[[], Awaitable[None]]


def health_routes(
    checks: Mapping[str, Check], *, timeout_seconds: float = CHECK_TIMEOUT_SECONDS
) -> list[Route]:
    """Routes to mount at the root. Ready answers 200 or 503, with `ok` or `failed` by check."""

    async def live(_request: Request) -> Response:
        return _answer({"status": "live"}, status=200)

    async def ready(_request: Request) -> Response:
        results = await asyncio.gather(
            *(_passes(name, check, timeout_seconds) for name, check in checks.items())
        )
        is_ready = all(results)
        named = {
            name: "ok" if passed else "failed" for name, passed in zip(checks, results, strict=True)
        }
        body = {"status": "ready" if is_ready else "unready", "checks": named}
        return _answer(body, status=200 if is_ready else 503)

    return [
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
    ]


async def _passes(name: str, check: Check, timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            await check()
    except Exception as error:  # noqa: BLE001 (whatever a check raises means: not ready)
        logger.warning("readiness check %s failed: %r", name, error)
        return False
    return True


def _answer(body: Mapping[str, object], *, status: int) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
