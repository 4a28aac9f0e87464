"""TCP ports for servers that are started in a moment."""

import errno
import os
import random
import socket
from typing import Final

PORTS: Final = range(20_000, 32_768)
"""Below what systems give to outgoing connections (Linux: from 32,768 on): none of those can have the
port before the server does."""
_TRIES_MAX: Final = 100


def free_port(host: str = "127.0.0.1") -> int:
    """One that nobody has now. Raises OSError where the host has none, or is not of this machine."""
    for port in random.SystemRandom().sample(PORTS, _TRIES_MAX):
        if _is_free(host, port):
            return port
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _is_free(host: str, port: int) -> bool:
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True
