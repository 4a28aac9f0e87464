"""The embedded Valkey: loopback alone, so these tests may open sockets."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infrastructure.embedded.process import EmbeddedError, wait_until
from infrastructure.embedded.valkey import EmbeddedValkey

pytestmark = pytest.mark.enable_socket


def ask(url: str, *commands: str, password: str | None = None) -> list[str]:
    """The first line of each answer, in the plain protocol."""
    parts = urlsplit(url)
    secret = parts.password if password is None else password
    answers = []
    with socket.create_connection((parts.hostname, parts.port), timeout=2) as link:
        stream = link.makefile("rw", newline="\r\n")
        for command in (f"AUTH {secret}", *commands):
            stream.write(f"{command}\r\n")
            stream.flush()
            answers.append(stream.readline().strip())
    return answers


def test_it_answers_who_knows_the_password(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        assert ask(server.url, "PING") == ["+OK", "+PONG"]
        assert ask(server.url, password="wrong")[0].startswith("-WRONGPASS")


def test_the_password_is_in_no_command_line(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        secret = urlsplit(server.url).password
        assert secret
        assert secret not in Path(f"/proc/{server.pid}/cmdline").read_text()


def test_it_stores_nothing(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        assert ask(server.url, "SET a 1") == ["+OK", "+OK"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["valkey.log"]


def test_after_a_crash_it_comes_back_where_clients_look(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        url = server.url
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: server.exit_code is not None, deadline_seconds=5)

        server.restart()

        assert server.url == url
        assert ask(url, "PING") == ["+OK", "+PONG"]


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = EmbeddedValkey(tmp_path, port=taken.getsockname()[1])

        with pytest.raises(EmbeddedError, match="Valkey does not start") as caught:
            server.start()

    assert "\n" not in str(caught.value)
