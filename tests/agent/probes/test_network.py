"""Ping, TCP, HTTP and SIP against real sockets on loopback, answers that are wrong, late or missing among them."""

import socket
import ssl
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.http import HttpGet, tls_context
from agent.probes.ping import PAYLOAD, Ping, is_reply
from agent.probes.sip import SipOptions, answer_of, request_of
from agent.probes.targets import Target, target_of
from agent.probes.tcp import TcpConnect
from tests.servers import HOST, free_port

UP = PointState(working=True, state="up")


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that gives each connection to `answer`."""
    with socket.create_server((HOST, 0)) as server:

        def run() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    answer(client)

        threading.Thread(target=run, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


# -- TCP ---------------------------------------------------------------------------------------------------------------


def test_tcp_is_up_where_something_listens() -> None:
    """And down with a reason where nothing does."""
    with serving(lambda _: None) as port:
        assert TcpConnect(target_of("tcp", f"{HOST}:{port}"), 5.0).ask() == UP
    with pytest.raises(CheckError, match="refused"):
        TcpConnect(target_of("tcp", f"{HOST}:{free_port()}"), 5.0).ask()
    with pytest.raises(CheckError, match="its name is not known"):
        TcpConnect(target_of("tcp", "nowhere.invalid:80"), 5.0).ask()


# -- HTTP --------------------------------------------------------------------------------------------------------------


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/gone": 404, "/moved": 301}.get(self.path, 200)
        body = b"x" * 3_000 + b"ready"
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def http(port: int, path: str = "/", *, status: int = 200, text: str = "", timeout_s: float = 5.0) -> PointState:
    return HttpGet(
        target_of("http", f"http://{HOST}:{port}{path}"), timeout_s, status=status, text=text, tls=None
    ).ask()


def test_http_is_up_with_the_expected_answer(pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and text; a proxy of the environment is no way to the device."""
    monkeypatch.setenv("http_proxy", f"http://{HOST}:1")
    assert http(pages) == UP
    assert http(pages, text="ready") == UP
    assert http(pages, "/gone", status=404) == UP
    with pytest.raises(CheckError, match="status 404, not 200"):
        http(pages, "/gone")
    with pytest.raises(CheckError, match="status 301, not 200"):
        http(pages, "/moved")
    with pytest.raises(CheckError, match="does not hold the expected text"):
        http(pages, text="broken")


def test_http_garbage_is_a_failure() -> None:
    """Something listens that speaks otherwise."""
    with serving(lambda client: client.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")) as port, pytest.raises(CheckError):
        http(port)
    with serving(lambda client: None) as port, pytest.raises(CheckError, match=r"closed connection|reset|broken pipe"):
        http(port)


def test_http_that_drips_ends_in_time() -> None:
    """Each byte comes within the time-out, the whole never would."""

    def drip(client: socket.socket) -> None:
        client.recv(4_096)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(500):
            client.sendall(b"x")
            time.sleep(0.02)

    with serving(drip) as port:
        began_s = time.monotonic()
        with pytest.raises(CheckError, match="no answer in time"):
            http(port, text="never", timeout_s=0.3)
        assert time.monotonic() - began_s < 5


def test_http_that_says_nothing_ends_in_time() -> None:
    """A machine whose kernel lives and whose program hangs."""
    release = threading.Event()

    def hold(_: socket.socket) -> None:
        release.wait(20)

    with serving(hold) as port:
        with pytest.raises(CheckError, match="no answer in time"):
            http(port, timeout_s=0.2)
        release.set()


def test_https_checks_certificates_unless_told_not_to() -> None:
    """A device that made its own certificate needs tls_verify = false."""
    assert tls_context(None, verify=True).verify_mode is ssl.CERT_REQUIRED
    assert tls_context(None, verify=False).verify_mode is ssl.CERT_NONE
    target = target_of("http", f"https://{HOST}:{free_port()}/")
    with pytest.raises(CheckError, match="refused"):
        HttpGet(target, 2.0, status=200, text="", tls=tls_context(None, verify=True)).ask()
    with serving(lambda client: client.sendall(b"no TLS here at all, my friend\n")) as port:
        plain = target_of("http", f"https://{HOST}:{port}/")
        with pytest.raises(CheckError, match="TLS"):
            HttpGet(plain, 2.0, status=200, text="", tls=tls_context(None, verify=False)).ask()


# -- ping --------------------------------------------------------------------------------------------------------------


def test_only_the_answer_to_this_request_counts() -> None:
    """Type, code, number and payload; an earlier answer may come late."""
    good = struct.pack("!BBHHH", 0, 0, 0, 7, 3) + PAYLOAD
    assert is_reply(good, 0, 3)
    assert not is_reply(good, 0, 4)
    assert not is_reply(good, 129, 3)
    assert not is_reply(good[:7], 0, 3)
    assert not is_reply(struct.pack("!BBHHH", 3, 1, 0, 7, 3) + PAYLOAD, 0, 3)
    assert not is_reply(good + b"x", 0, 3)


def test_a_ping_by_socket() -> None:
    """Loopback answers, where this user may have the socket."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except PermissionError:
        pytest.skip("net.ipv4.ping_group_range gives this user no ICMP socket")
    one = Ping(HOST, 5.0)
    assert one.ask() == UP
    assert one.ask() == UP


class FakeIcmp:
    """An ICMP socket as Linux gives it: identifier written by the kernel, late answers of earlier requests first."""

    def __init__(self, *, stale: int, answers: bool = True) -> None:
        self.stale = stale
        self.answers = answers
        self.heard: list[bytes] = []

    def __call__(self, *_: object) -> "FakeIcmp":
        return self

    def __enter__(self) -> "FakeIcmp":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, _: object) -> None:
        pass

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def send(self, request: bytes) -> None:
        self.heard.append(request)

    def recv(self, _: int) -> bytes:
        if self.stale:
            self.stale -= 1
            return struct.pack("!BBHHH", 0, 0, 0, 9, 0xFFFF) + PAYLOAD
        if not self.answers:
            raise TimeoutError
        return bytes([0]) + self.heard[-1][1:]


def test_late_answers_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the last request is no answer to this one."""
    icmp = FakeIcmp(stale=3)
    monkeypatch.setattr("agent.probes.ping.socket.socket", icmp)
    one = Ping(HOST, 5.0)
    assert one.ask() == UP
    assert icmp.heard[0][:2] == bytes([8, 0])
    monkeypatch.setattr("agent.probes.ping.socket.socket", FakeIcmp(stale=3, answers=False))
    with pytest.raises(CheckError, match="no answer in time"):
        one.ask()


@pytest.mark.parametrize(("script", "words"), [("exit 0", ""), ("exit 1", "no answer in time"), ("sleep 9", "in time")])
def test_a_ping_by_program(script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the socket is forbidden; a program that hangs ends in time."""
    program = tmp_path / "ping"
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n", encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Ping, "_by_socket", forbidden)
    one = Ping(HOST, 2.0 if not words or "exit" in script else 0.3)
    if not words:
        assert one.ask() == UP
    else:
        with pytest.raises(CheckError, match=words):
            one.ask()


def test_without_socket_and_program_the_advice_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The technician reads it on the board."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CheckError, match="ping_group_range"):
        Ping(HOST, 1.0, use_socket=False).ask()


# -- SIP ---------------------------------------------------------------------------------------------------------------


@contextmanager
def pbx(answer: Callable[[str], list[bytes]]) -> Iterator[int]:
    """A SIP server over UDP; `answer` gives the datagrams for each request."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((HOST, 0))

    def run() -> None:
        while True:
            try:
                request, address = server.recvfrom(65_535)
            except OSError:
                return
            if not request:
                return
            for datagram in answer(request.decode()):
                server.sendto(datagram, address)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"", server.getsockname())
    thread.join(5)
    server.close()


def response(request: str, status: str) -> bytes:
    """As RFC 3261, section 8.2.6 wants it: Via, From, To, Call-ID and CSeq from the request."""
    kept = [line for line in request.split("\r\n") if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode()


def sip(port: int, *, status: int | None = None, timeout_s: float = 5.0) -> PointState:
    return SipOptions(target_of("sip", f"sip:100@{HOST}:{port}"), timeout_s, status=status).ask()


@pytest.mark.parametrize(
    ("status", "is_up"),
    [("200 OK", True), ("486 Busy Here", True), ("401 Unauthorized", True), ("503 Service Unavailable", False)],
)
def test_sip_is_up_when_the_line_lives(status: str, is_up: bool) -> None:
    """A busy line is a living line."""
    with pbx(lambda request: [response(request, "100 Trying"), response(request, status)]) as port:
        if is_up:
            assert sip(port) == UP
        else:
            with pytest.raises(CheckError, match=f"SIP {status}"):
                sip(port)


def test_sip_wants_the_status_it_was_told() -> None:
    """A trunk that must answer 200, not 401."""
    with pbx(lambda request: [response(request, "401 Unauthorized")]) as port:
        assert sip(port, status=401) == UP
        with pytest.raises(CheckError, match="SIP 401"):
            sip(port, status=200)


def test_sip_sends_again_when_a_datagram_is_lost() -> None:
    """RFC 3261: after half a second."""
    heard: list[str] = []

    def answer(request: str) -> list[bytes]:
        heard.append(request)
        return [response(request, "200 OK")] if len(heard) == 2 else []

    with pbx(answer) as port:
        assert sip(port) == UP
    assert len(heard) == 2
    assert heard[0] == heard[1]


def test_sip_ends_in_time_and_believes_no_other_answer() -> None:
    """A stranger's answer, and noise, are no answers."""
    other = [b"\xff\xfe", b"SIP/2.0 200 OK\r\nCall-ID: other\r\n\r\n"]
    with pbx(lambda _: other) as port, pytest.raises(CheckError, match="no answer in time"):
        sip(port, timeout_s=0.3)


def test_the_request_is_whole() -> None:
    """What section 8.1.1 demands of every request."""
    target = Target(scheme="sip", host="pbx", port=5060, path="100")
    text = request_of(target, "abc123def456", "192.0.2.1:4000").decode()
    for field in ("OPTIONS sip:100@pbx:5060 SIP/2.0", "Via:", "Max-Forwards: 70", "From:", "To:", "Call-ID:", "CSeq:"):
        assert field in text
    assert text.endswith("\r\n\r\n")
    assert answer_of(response(text, "200 OK"), "abc123def456") == (200, "OK")
    assert answer_of(b"", "abc") is None
