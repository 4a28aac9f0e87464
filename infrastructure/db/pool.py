"""Connections to PostgreSQL as the application's role, and how values cross them."""

from decimal import Decimal
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
AnyConnection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Record: TypeAlias = asyncpg.Record

APP_ROLE: Final = "diboas_app"

# A write transaction that hangs holds every reader of the event log back, so it is ended.
_TRANSACTION_SECONDS_MAX: Final = 5
_CONNECT_SECONDS_MAX: Final = 10.0
_COMMAND_SECONDS_MAX: Final = 10.0

# The plans of the few statements do not depend on their values; planning each time cost 41 %.
_SETTINGS: Final = {
    "role": APP_ROLE,
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "timezone": "UTC",
    "transaction_timeout": f"{_TRANSACTION_SECONDS_MAX}s",
    "idle_in_transaction_session_timeout": f"{_TRANSACTION_SECONDS_MAX}s",
    "application_name": "diboas",
}

_JSONB_VERSION: Final = b"\x01"
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder()


async def connect(url: str) -> Connection:
    """One connection for a task of its own. It acts as the application, whoever logs in."""
    connection: Connection = await asyncpg.connect(
        clean_url(url),
        server_settings=_SETTINGS,
        timeout=_CONNECT_SECONDS_MAX,
        command_timeout=_COMMAND_SECONDS_MAX,
    )
    await _prepare(connection)
    return connection


async def create_pool(url: str, *, size_max: int = 8) -> Pool:
    """A pool for reads; sessions keep no state, so none is reset when it is given back."""
    pool: Pool = await asyncpg.create_pool(
        clean_url(url),
        min_size=1,
        max_size=size_max,
        server_settings=_SETTINGS,
        timeout=_CONNECT_SECONDS_MAX,
        command_timeout=_COMMAND_SECONDS_MAX,
        init=_prepare,
        reset=_keep,
    )
    return pool


def clean_url(url: str) -> str:
    """The URL as libpq writes it: without the driver that SQLAlchemy wants named."""
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    return urlunsplit((scheme, parts.netloc, parts.path, parts.query, parts.fragment))


async def install_codecs(connection: Connection) -> None:
    """jsonb as Python objects, its integers of any size; numeric as int: all columns are whole."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=_encode_jsonb,
        decoder=_decode_jsonb,
    )
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", format="text", encoder=str, decoder=_decode_numeric
    )


async def _prepare(connection: Connection) -> None:
    await install_codecs(connection)


async def _keep(connection: Connection) -> None:
    """Resetting costs a round trip on each release, and there is nothing to reset."""


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _encoder.encode(value)


def _decode_jsonb(value: bytes) -> Any:  # noqa: ANN401  JSON is what it is
    return _decoder.decode(memoryview(value)[1:])


def _decode_numeric(value: str) -> int | Decimal:
    return Decimal(value) if "." in value else int(value)
