"""Ports that servers are started on a moment later."""

import socket

import pytest

from infrastructure.embedded.ports import PORTS, free_port

pytestmark = pytest.mark.enable_socket


def test_it_can_be_bound_and_no_outgoing_connection_takes_it() -> None:
    port = free_port()

    assert port in PORTS
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


def test_a_taken_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_port(), free_port()
    monkeypatch.setattr("random.SystemRandom.sample", lambda *_: [taken, free])
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", taken))

        assert free_port() == free


def test_a_host_of_another_machine_is_told() -> None:
    with pytest.raises(OSError, match="assign"):
        free_port("192.0.2.1")
