import asyncio

import httpx
from starlette.applications import Starlette

from infrastructure.web.health import Check, health_routes


async def passes() -> None:
    pass


async def fails() -> None:
    raise ConnectionError("postgresql://user:secret@host")


async def hangs() -> None:
    await asyncio.sleep(60)


async def get(path: str, checks: dict[str, Check]) -> httpx.Response:
    app = Starlette(routes=list(health_routes(checks, timeout_seconds=0.01)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_live_asks_nobody() -> None:
    response = await get("/health/live", {"database": fails})

    assert (response.status_code, response.json()) == (200, {"status": "live"})


async def test_ready_names_its_checks() -> None:
    response = await get("/health/ready", {"database": passes, "redis": passes})

    assert response.status_code == 200
    assert response.json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}
    assert response.headers["cache-control"] == "no-store"


async def test_one_failing_or_hanging_check_means_unready() -> None:
    response = await get("/health/ready", {"database": passes, "redis": fails, "chain": hangs})

    assert response.status_code == 503
    assert response.json() == {
        "status": "unready",
        "checks": {"database": "ok", "redis": "failed", "chain": "failed"},
    }
    assert "secret" not in response.text
