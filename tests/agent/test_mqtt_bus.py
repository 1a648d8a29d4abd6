"""The bus against real brokers: connections that come, break, are refused, and come again."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent.config import BrokerConfig
from agent.errors import ConfigurationError
from agent.mqtt_bus import MAX_QUEUED, BusEvent, Connected, Disconnected, MqttBus, Received, tls_context
from telemetry.bus import Message
from telemetry.messages import MAX_BODY_BYTES
from tests.servers import HOST, Mosquitto, NatsServer, free_port, wait_until


class Listener:
    """A client beside the agent that remembers what it hears."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.connect(HOST, port)
        self._client.subscribe(topic, 1)
        self._client.loop_start()
        assert self.ready.wait(10)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def publish(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, body, 1, retain).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Bench:
    """A bus whose events are kept."""

    def __init__(self, port: int, client_id: str, topics: list[str], **words: object) -> None:
        self.events: list[BusEvent] = []
        config = BrokerConfig(host=HOST, port=port, **words)  # type: ignore[arg-type]
        self.bus = MqttBus(config, client_id=client_id, subscriptions=topics, report=self.events.append)

    def current(self, kind: type[BusEvent]) -> list[BusEvent]:
        return [event for event in self.events if isinstance(event, kind) and event.number == self.bus.number]

    def connect(self, will: Message | None = None) -> None:
        wait_until(lambda: self.bus.open(will), what="an earlier attempt to end")
        wait_until(lambda: bool(self.current(Connected)), what="the connection")

    def fail(self, will: Message | None = None) -> str:
        assert self.bus.open(will)
        wait_until(lambda: bool(self.current(Disconnected)), what="the refusal")
        assert not self.current(Connected)
        event = self.current(Disconnected)[0]
        assert isinstance(event, Disconnected)
        return event.reason


@pytest.fixture(params=["nats", "mosquitto"])
def port(request: pytest.FixtureRequest, broker: NatsServer) -> int:
    """Both brokers, one after the other."""
    return broker.port if request.param == "nats" else request.getfixturevalue("mosquitto").port


def listening(port: int, topic: str) -> Iterator[Listener]:
    listener = Listener(port, topic)
    yield listener
    listener.close()


@pytest.fixture
def listener(port: int, request: pytest.FixtureRequest) -> Iterator[Listener]:
    """Hears all that the test's own topic carries."""
    yield from listening(port, f"t/{request.node.name.replace('[', '-').rstrip(']')}/#")


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A topic of the test's own."""
    return f"t/{request.node.name.replace('[', '-').rstrip(']')}"


def test_messages_go_both_ways(port: int, listener: Listener, topic: str) -> None:
    """What is published arrives; what is subscribed is reported, also a retained one."""
    listener.publish(f"{topic}/down", b"old", retain=True)
    bench = Bench(port, "both-ways", [f"{topic}/down"])
    bench.connect()
    assert bench.bus.publish(Message(topic=f"{topic}/up", body=b"hello"))
    listener.publish(f"{topic}/down", b"new")
    wait_until(lambda: len(bench.current(Received)) == 2)
    wait_until(lambda: (f"{topic}/up", b"hello", False) in listener.heard)
    bodies = [(event.body, event.retained) for event in bench.current(Received) if isinstance(event, Received)]
    assert bodies == [(b"old", True), (b"new", False)]
    listener.publish(f"{topic}/down", b"", retain=True)
    bench.bus.close([], 5)


def test_small_messages_are_not_held_back(port: int, topic: str) -> None:
    """Nagle's algorithm is off: with it, receipts in small windows take 40 ms each."""
    bench = Bench(port, "quick", [f"{topic}/x"])
    bench.connect()
    client = bench.bus._client
    assert client is not None
    link = client.socket()
    assert link is not None
    assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    bench.bus.close([], 5)


def test_a_broken_connection_speaks_the_will_and_a_farewell_does_not(port: int, listener: Listener, topic: str) -> None:
    """The will of the newest CONNECT is the broker's to say, unless we said good-bye."""
    bench = Bench(port, "will", [])
    bench.bus = MqttBus(
        BrokerConfig(host=HOST, port=port), client_id="will", subscriptions=[f"{topic}/x"], report=bench.events.append
    )
    for number in (1, 2):
        bench.connect(Message(topic=f"{topic}/presence", body=b"gone %d" % number))
        client = bench.bus._client
        assert client is not None
        link = client.socket()
        assert link is not None
        link.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: bool(bench.current(Disconnected)), what="the break")
        wait_until(lambda body=b"gone %d" % number: any(body == heard for _, heard, _ in listener.heard))  # type: ignore[misc]
    bench.connect(Message(topic=f"{topic}/presence", body=b"gone 3"))
    bench.bus.close([Message(topic=f"{topic}/presence", body=b"farewell")], 5)
    wait_until(lambda: listener.heard[-1][1] == b"farewell")
    assert [body for _, body, _ in listener.heard] == [b"gone 1", b"gone 2", b"farewell"]


def test_a_new_connection_sends_nothing_of_the_old_one(port: int, listener: Listener, topic: str) -> None:
    """What is owed is the uplink's to say; paho's own queue ends with its connection."""
    bench = Bench(port, "fresh", [f"{topic}/x"])
    bench.connect()
    bench.bus.abandon()
    assert not bench.bus.publish(Message(topic=f"{topic}/up", body=b"into the void"))
    bench.connect()
    assert bench.bus.publish(Message(topic=f"{topic}/up", body=b"new"))
    wait_until(lambda: bool(listener.heard))
    assert [body for _, body, _ in listener.heard] == [b"new"]
    bench.bus.close([], 5)


def test_what_cannot_be_sent_is_refused(port: int, topic: str) -> None:
    """A body over 900 kB never reaches the broker, and before a connection nothing does."""
    bench = Bench(port, "refused", [f"{topic}/x"])
    assert not bench.bus.publish(Message(topic=topic, body=b"early"))
    bench.connect()
    assert not bench.bus.publish(Message(topic=topic, body=b"x" * (MAX_BODY_BYTES + 1)))
    assert bench.bus.publish(Message(topic=topic, body=b"x" * MAX_BODY_BYTES))
    bench.bus.close([], 5)


def test_the_queue_to_a_broker_that_stands_still_is_bounded(tmp_path: Path, topic: str) -> None:
    """So many publications wait for their PUBACK and no more; the next is refused."""
    with NatsServer(tmp_path) as server:
        bench = Bench(server.port, "bounded", [f"{topic}/x"])
        bench.connect()
        server.freeze()
        taken = [bench.bus.publish(Message(topic=topic, body=b"x" * 1000)) for _ in range(MAX_QUEUED + 50)]
        assert taken.count(True) == MAX_QUEUED
        assert not any(taken[MAX_QUEUED:])
        server.thaw()
        bench.bus.close([], 5)


def test_no_broker_is_a_reason_not_an_error() -> None:
    """Nobody listens there."""
    assert "refused" in Bench(free_port(), "nobody", ["t/x"]).fail().lower()


def test_a_host_that_does_not_exist_is_a_reason() -> None:
    """The system's words are told."""
    bench = Bench(1883, "nowhere", ["t/x"])
    bench.bus = MqttBus(
        BrokerConfig(host="no-such-host.invalid"), client_id="x", subscriptions=["t/x"], report=bench.events.append
    )
    assert bench.fail()


class StrictMosquitto(Mosquitto):
    """With more lines of configuration."""

    lines: tuple[str, ...] = ()
    plain = False

    def command(self) -> list[str]:
        command = super().command()
        file = Path(command[-1])
        text = file.read_text(encoding="utf-8")
        if not self.plain:
            text = text.replace("allow_anonymous true", "allow_anonymous false")
        file.write_text(text + "\n".join(self.lines) + "\n", encoding="utf-8")
        return command

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.port), timeout=1):
            return True


@pytest.fixture
def strict(tmp_path: Path) -> StrictMosquitto:
    """Asks for name and password: `hall` and `secret`."""
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("no program 'mosquitto_passwd'")
    passwords = tmp_path / "passwords"
    subprocess.run([program, "-b", "-c", str(passwords), "hall", "secret"], check=True, capture_output=True)
    server = StrictMosquitto(tmp_path / "server")
    server.directory.mkdir()
    server.lines = (f"password_file {passwords}",)
    return server


def test_name_and_password_are_shown(strict: StrictMosquitto, tmp_path: Path) -> None:
    """The password comes from its file, without the line's end; a wrong one is told with advice."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("secret\n", encoding="ascii")
    bad.write_text("wrong", encoding="ascii")
    with strict as server:
        bench = Bench(server.port, "known", ["t/x"], username="hall", password_file=str(good))
        bench.connect()
        bench.bus.close([], 5)
        refusal = Bench(server.port, "unknown", ["t/x"], username="hall", password_file=str(bad)).fail()
        assert "the broker refuses us" in refusal
        assert "password_file" in refusal
        assert "cannot" not in Bench(server.port, "anonymous", ["t/x"]).fail()


@pytest.fixture
def authority(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    """Makes certificates and keys under one authority; `ca` is its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no program 'openssl' to make certificates with")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], check=True, capture_output=True, cwd=tmp_path)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=test authority")

    def make(name: str) -> tuple[str, str]:
        extensions = tmp_path / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
        run("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", f"{name}.ext", "-out", f"{name}.pem")  # fmt: skip
        return str(tmp_path / f"{name}.pem"), str(tmp_path / f"{name}.key")

    return make


def test_tls_with_certificates_on_both_sides(authority: Callable[[str], tuple[str, str]], tmp_path: Path) -> None:
    """We check the broker, it checks us; without our certificate or with a foreign authority nothing goes."""
    certificate, key = authority("broker")
    own, own_key = authority("hall-agent")
    ca_file = str(tmp_path / "ca.pem")
    server = StrictMosquitto(tmp_path / "server")
    server.directory.mkdir()
    server.plain = True
    tls_port = free_port()
    server.lines = (
        f"listener {tls_port} {HOST}",
        f"cafile {ca_file}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
    )
    with server:
        wait_until(lambda: socket.create_connection((HOST, tls_port), timeout=1).close() is None)
        bench = Bench(tls_port, "tls", ["t/x"], ca_file=ca_file, cert_file=own, key_file=own_key)
        bench.connect()
        bench.bus.close([], 5)
        assert Bench(tls_port, "bare", ["t/x"], ca_file=ca_file).fail()
        foreign = Bench(tls_port, "foreign", ["t/x"], ca_file=own, cert_file=own, key_file=own_key).fail()
        assert "verify failed" in foreign


def test_files_that_are_no_certificates_are_named(authority: Callable[[str], tuple[str, str]], tmp_path: Path) -> None:
    """Before any connection, with the place in the configuration."""
    own, own_key = authority("hall-agent")
    _, other_key = authority("other")
    with pytest.raises(ConfigurationError, match=r"\$\.broker\.ca_file"):
        tls_context(BrokerConfig(ca_file=own_key))
    with pytest.raises(ConfigurationError, match=r"\$\.broker\.cert_file"):
        tls_context(BrokerConfig(ca_file=own, cert_file=own, key_file=other_key))
    assert tls_context(BrokerConfig()) is None
    assert tls_context(BrokerConfig(ca_file=str(tmp_path / "ca.pem"), cert_file=own, key_file=own_key))
