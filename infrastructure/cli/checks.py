"""What must hold before a process starts: each failure is one line that says what to mend."""

import asyncio
import errno
import os
import socket
from typing import Final
from urllib.parse import urlsplit

from infrastructure.embedded.ports import free_port
from infrastructure.settings import JWT_SECRET_BYTES_MIN, VARIABLES, StartupError, load_settings

_ANSWER_SECONDS_MAX: Final = 5.0
_REDIS_PORT: Final = 6379
_THE_PORTS_FAULT: Final = frozenset({errno.EADDRINUSE, errno.EACCES})


def claim_port(host: str, port: int) -> int:
    """The port to serve on: a free one for 0, else `port` after a check that nobody has it."""
    try:
        if not port:
            return free_port(host)
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        other = "--port" if error.errno in _THE_PORTS_FAULT else "--host"
        raise StartupError(
            f"cannot serve on {host}:{port}: {(error.strerror or str(error)).lower()}; "
            f"choose another with {other}"
        ) from None
    return port


def check_environment() -> None:
    """Every setting of the environment is well formed; what is not set yet is not missed."""
    stand_ins = {
        "database_url": "postgresql:///",
        "redis_url": "redis://",
        "jwt_secret": "-" * JWT_SECRET_BYTES_MIN,
    }
    unset = {name: v for name, v in stand_ins.items() if not os.environ.get(VARIABLES[name])}
    load_settings(overrides=unset)


def check_database(url: str) -> None:
    """The database answers within seconds. The URL stays out of messages but for its place."""
    import asyncpg

    async def connect() -> None:
        link = await asyncpg.connect(url, timeout=_ANSWER_SECONDS_MAX)
        await link.close()

    try:
        asyncio.run(connect())
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
        raise StartupError(f"the database at {_place(url)} does not answer: {_reason(e)}") from None


def check_redis(url: str) -> None:
    """Something listens where Redis should be."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return
    try:
        address = (parts.hostname or "127.0.0.1", parts.port or _REDIS_PORT)
        socket.create_connection(address, _ANSWER_SECONDS_MAX).close()
    except (OSError, ValueError) as error:
        raise StartupError(f"Redis at {_place(url)} does not answer: {_reason(error)}") from None


def _place(url: str) -> str:
    """Host, port and path of a URL: what may be shown of it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the configured address"
    return f"{parts.hostname or 'a local socket,'}{port}{parts.path}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    text = str(error) or type(error).__name__
    return " ".join(text.split())
