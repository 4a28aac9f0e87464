"""`diboas api | worker | relay`: one role alone, against DATABASE_URL and REDIS_URL."""

import asyncio
import logging

from infrastructure.cli import entry_points
from infrastructure.cli.checks import check_database, check_redis, claim_port
from infrastructure.cli.signals import interrupt_on_terminate, run_until_stopped
from infrastructure.settings import CONTEXTS, NEEDED, Settings, load_settings


def run_api(*, host: str | None, port: int | None) -> int:
    given = {"host": host, "port": port}
    overrides = {name: value for name, value in given.items() if value is not None}
    return _run(load_settings(overrides=overrides, needed=NEEDED["api"]), role="api")


def run_worker(*, contexts: str | None) -> int:
    overrides = None if contexts is None else {"contexts": contexts}
    return _run(load_settings(overrides=overrides, needed=NEEDED["worker"]), role="worker")


def run_relay() -> int:
    return _run(load_settings(needed=NEEDED["relay"]), role="relay")


def _run(settings: Settings, *, role: str) -> int:
    interrupt_on_terminate()
    logging.basicConfig(level=settings.log_level.upper())
    # One tells of each of its plug-ins when it is loaded, before anything that an operator asked,
    # the other of every call with its whole address, in which some providers want their key.
    for name in ("alembic", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    check_database(settings.database_url)
    check_redis(settings.redis_url)
    if role == "api":
        port = claim_port(settings.host, settings.port)
        settings = settings.replace(port=port)
    stop = asyncio.Event()

    async def serve() -> int:
        await entry_points.run_roles()(
            settings,
            roles=frozenset({role}),
            contexts=frozenset(settings.contexts) or CONTEXTS,
            ready=lambda: print(_ready_line(settings, role), flush=True),
            stop=stop,
        )
        return 0

    return run_until_stopped(serve(), stop)


def _ready_line(settings: Settings, role: str) -> str:
    place = f" on http://{settings.host}:{settings.port}/graphql" if role == "api" else ""
    return f"diboas {role}: ready{place}"
