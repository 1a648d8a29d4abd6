"""Which ports are free, and what is said of those that are not."""

import socket

import pytest

from deploy import ports
from deploy.ports import PortTakenError, claim_port, free_port

HOST = "127.0.0.1"


def test_a_free_port_can_be_listened_on() -> None:
    """And lies below the range from which outgoing connections are given theirs."""
    port = free_port(HOST)
    assert ports.LOWEST <= port < ports.HIGHEST
    with socket.socket() as server:
        server.bind((HOST, port))


@pytest.mark.parametrize("taken_on", [HOST, "0.0.0.0"])
def test_a_taken_port_is_told(taken_on: str) -> None:
    """Also when the other program listens on every address."""
    with socket.socket() as server:
        server.bind((taken_on, 0))
        server.listen(1)
        with pytest.raises(PortTakenError, match="in use by another program"):
            claim_port(HOST, server.getsockname()[1])


def test_a_forbidden_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports below 1024 belong to root; the tests may run as root, so the refusal is the system's as it would be."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("deploy.ports.socket.socket.bind", refuse)
    with pytest.raises(PortTakenError, match="only root may"):
        claim_port(HOST, 80)


def test_an_address_that_is_not_ours_is_told() -> None:
    """The system's own words, not a traceback."""
    with pytest.raises(PortTakenError, match="cannot be used"):
        claim_port("192.0.2.1", 8080)


def test_when_nothing_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look for ever."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen(1)
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", port)
        monkeypatch.setattr(ports, "HIGHEST", port + 1)
        with pytest.raises(PortTakenError, match=f"between {port} and"):
            free_port(HOST)
