"""The one outbound connection through a bank's network: own authority, WebSocket, an HTTP proxy; real Mosquitto."""

import base64
import contextlib
import select
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.config import BrokerConfig, parse
from agent.errors import ConfigurationError
from telemetry.bus import Message
from tests.agent.test_mqtt_bus import Bench
from tests.servers import HOST, Mosquitto, free_port, require_program, wait_until

HEAD = 'region = "east"\nsite = "east-001"\nagent = "hall-agent"\n[broker]\n'


class BankMosquitto(Mosquitto):
    """Mosquitto with TLS over TCP on `port`, over WebSocket on `web_port`; its authority is the bank's own."""

    def command(self) -> list[str]:
        make_certificates(self.directory)
        self.web_port = free_port()
        text = "user root\nallow_anonymous true\nset_tcp_nodelay true\n"
        for port, protocol in ((self.port, "mqtt"), (self.web_port, "websockets")):
            text += f"listener {port} {HOST}\nprotocol {protocol}\n"
            text += "".join(f"{name} {self.directory}/{file}\n" for name, file in (("cafile", "ca.pem"), *PAIR))
        (self.directory / "mosquitto.conf").write_text(text, encoding="utf-8")
        return [str(self.path), "-c", str(self.directory / "mosquitto.conf")]

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.web_port), 1):
            return True


PAIR = (("certfile", "broker.pem"), ("keyfile", "broker.key"))


def make_certificates(folder: Path) -> None:
    """An authority, and a broker's certificate that it signed."""
    openssl = require_program("openssl", "Debian's openssl")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    for name in ("ca", "stranger"):
        words = ["req", "-x509", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)
    words = ["req", "-x509", *curve, "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.pem"]
    words += ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)


class Proxy:
    """A small HTTP proxy that knows CONNECT only.

    Attributes:
        asked: The first line of each request.
        secret: What Proxy-Authorization must be; empty: nothing.
        status: What is answered in place of a tunnel; empty: a tunnel.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.secret = ""
        self.status = ""
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy.serve(self.request)

        self._server = socketserver.ThreadingTCPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def serve(self, link: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            got = link.recv(1)
            if not got:
                return
            head += got
        lines = head.decode("latin-1").split("\r\n")
        self.asked.append(lines[0])
        shown = next((line.partition(": ")[2] for line in lines if line.lower().startswith("proxy-auth")), "")
        if self.status or shown != self.secret:
            link.sendall(f"HTTP/1.1 {self.status or '407 Proxy Authentication Required'}\r\n\r\n".encode())
            return
        host, _, port = lines[0].split(" ")[1].rpartition(":")
        with socket.create_connection((host, int(port)), 10) as far:
            # In three packets, as some proxies do.
            for part in (b"HTTP/1.1 200 Connection established\r\n", b"Via: 1.1 bank\r\n", b"\r\n"):
                link.sendall(part)
                select.select([], [], [], 0.02)
            pump(link, far)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one end closes."""
    ways = {one: other, other: one}
    with contextlib.suppress(OSError):
        while True:
            for link in select.select(list(ways), [], [], 30)[0]:
                got = link.recv(65_536)
                if not got:
                    return
                ways[link].sendall(got)


@dataclass
class Bank:
    """What stands in a bank's network."""

    broker: BankMosquitto
    proxy: Proxy

    def bench(self, name: str, *, web: bool, through: bool, **words: object) -> Bench:
        port = self.broker.web_port if web else self.broker.port
        settings: dict[str, object] = {"ca_file": str(self.broker.directory / "ca.pem")}
        if web:
            settings["transport"] = "websockets"
        if through:
            settings["proxy"] = f"http://{HOST}:{self.proxy.port}"
        return Bench(port, name, [f"t/{name}"], **(settings | words))


@pytest.fixture(scope="module")
def running_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankMosquitto]:
    with BankMosquitto(tmp_path_factory.mktemp("bank")) as broker:
        yield broker


@pytest.fixture
def bank(running_broker: BankMosquitto) -> Iterator[Bank]:
    proxy = Proxy()
    yield Bank(running_broker, proxy)
    proxy.close()


@pytest.mark.parametrize("web", [False, True])
@pytest.mark.parametrize("through", [False, True])
def test_each_way_carries_messages(bank: Bank, web: bool, through: bool) -> None:
    """TLS on 8883 or WebSocket on 443, direct or through the proxy; large bodies too."""
    name = f"way-{web}-{through}".lower()
    bench = bank.bench(name, web=web, through=through)
    bench.connect()
    body = b"x" * 500_000
    assert bench.bus.publish(Message(topic=f"t/{name}", body=body))
    wait_until(lambda: any(getattr(event, "body", b"") == body for event in bench.events), within_s=30, what="the echo")
    port = bank.broker.web_port if web else bank.broker.port
    assert [line.rpartition(" ")[0] for line in bank.proxy.asked] == ([f"CONNECT {HOST}:{port}"] if through else [])
    bench.bus.close([], 5)


def test_a_proxy_that_asks_is_shown_name_and_password(bank: Bank, tmp_path: Path) -> None:
    """From its own file; a wrong one is said, and nothing goes round the proxy."""
    secret = tmp_path / "proxy.password"
    secret.write_text("p:w\n")
    bank.proxy.secret = "Basic " + base64.b64encode(b"branch:p:w").decode()
    words = {"proxy_username": "branch", "proxy_password_file": str(secret)}
    bench = bank.bench("asked", web=True, through=True, **words)
    bench.connect()
    bench.bus.close([], 5)
    secret.write_text("wrong\n")
    assert "407" in bank.bench("refused", web=True, through=True, **words).fail()


def test_a_proxy_that_refuses_is_named(bank: Bank) -> None:
    """The operator must see that it is the proxy, not the broker."""
    bank.proxy.status = "403 Forbidden"
    assert "403" in bank.bench("forbidden", web=False, through=True).fail()
    port = bank.proxy.port
    bank.proxy.close()
    bank.proxy = Proxy()
    gone = bank.bench("gone", web=False, through=False, proxy=f"http://{HOST}:{port}").fail()
    assert str(port) in gone


@pytest.mark.parametrize("web", [False, True])
def test_behind_a_proxy_too_only_the_own_authority_counts(bank: Bank, web: bool) -> None:
    """A proxy that opens TLS and shows a certificate of its own gets nothing."""
    stranger = str(bank.broker.directory / "stranger.pem")
    assert "certificate" in bank.bench(f"strange-{web}".lower(), web=web, through=True, ca_file=stranger).fail()


@pytest.mark.parametrize(
    ("words", "port"),
    [
        ({}, 1883),
        ({"ca_file": "ca.pem"}, 8883),
        ({"transport": "websockets"}, 80),
        ({"transport": "websockets", "ca_file": "ca.pem"}, 443),
        ({"transport": "websockets", "port": 9001}, 9001),
    ],
)
def test_the_registered_ports_are_the_defaults(words: dict[str, object], port: int) -> None:
    assert BrokerConfig(**words).effective_port == port  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('proxy = "proxy:3128"', "$.broker.proxy"),
        ('proxy = "https://proxy:3128"', "$.broker.proxy"),
        ('proxy = "http://name:secret@proxy:3128"', "$.broker.proxy"),
        ('proxy = "http://proxy"', "$.broker.proxy"),
        ('proxy_username = "x"', "$.broker.proxy_username"),
        ('proxy = "http://proxy:3128"\nproxy_password_file = "/etc/hostname"', "$.broker.proxy_password_file"),
        ('proxy = "http://proxy:99999"', "$.broker.proxy"),
        ('path = "mqtt"', "$.broker.path"),
        ('transport = "quic"', "$.broker.transport"),
    ],
)
def test_what_cannot_be_is_named(text: str, place: str) -> None:
    """A password in an address would stand in every log."""
    with pytest.raises(ConfigurationError, match=place.replace("$", r"\$").replace(".", r"\.") + ":"):
        parse(HEAD + text)
