"""The bus of the gateway against real brokers, which are killed, frozen and misused."""

import itertools
import random
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from gateway.bus_metrics import BusMetrics
from gateway.config import BrokerConfig
from gateway.errors import ConfigurationError
from gateway.gmqtt_link import GmqttLink, _transport
from gateway.mqtt_bus import MqttBus
from gateway.mqtt_link import Arrival
from gateway.paho_link import PahoLink
from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import SystemClock
from telemetry.messages import GatewayStatus
from tests.servers import Mosquitto, NatsServer, Server, free_port, require_program, wait_until

SEEDS = itertools.count()
CLIENT: ContextVar[Literal["paho", "gmqtt"]] = ContextVar("CLIENT", default="paho")
WAITS = {"ping_s": 0.2, "reconnect_min_s": 0.05, "reconnect_max_s": 0.2}


def gw(name: str) -> str:
    """A gateway id that no other run of a test on the same broker has."""
    return f"gw-{name}-{CLIENT.get()}"


def status_topic(name: str) -> str:
    return f"openhall/v1/gateway/{gw(name)}"


class Listener:
    """A second client that remembers every message, as an agent would see it."""

    def __init__(self, port: int, *filters: str) -> None:
        self.seen: SimpleQueue[tuple[str, bytes, bool]] = SimpleQueue()
        self.got: list[tuple[str, bytes, bool]] = []
        self._subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe([(name, 1) for name in filters])
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(10)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.got.append((message.topic, message.payload, message.retain))

    def statuses(self, gateway: str) -> list[GatewayStatus]:
        """Every status of that gateway, oldest first."""
        topic = f"openhall/v1/gateway/{gateway}"
        return [messages.decode(body, GatewayStatus) for name, body, _ in list(self.got) if name == topic and body]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_message = None  # it refers to us: without, the garbage collector finds open sockets


@contextmanager
def listening(port: int, *filters: str) -> Iterator[Listener]:
    listener = Listener(port, *filters)
    try:
        yield listener
    finally:
        listener.close()


class Box:
    """What the bus handed over."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, bool]] = []

    def __call__(self, arrivals: list[Arrival]) -> None:
        for topic, body, retained in arrivals:
            if not topic.startswith("openhall/v1/gateway/"):  # other tests' gateways on the shared broker
                self.got.append((topic, body, retained))


def make_bus(port: int, gateway: str, box: Box, **changes: object) -> tuple[MqttBus, CollectorRegistry]:
    registry = CollectorRegistry()
    bus = MqttBus(
        BrokerConfig(port=port, **{"client": CLIENT.get(), **WAITS, **changes}),  # type: ignore[arg-type]
        gateway=gateway,
        regions=["north", "south"],
        receive=box,
        clock=SystemClock(),
        rng=random.Random(next(SEEDS)),
        metrics=BusMetrics(registry),
    )
    return bus, registry


def cut(bus: MqttBus) -> None:
    """End its connection as a cable does, without DISCONNECT."""
    link = bus._link
    if isinstance(link, PahoLink):
        sock = link._client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
    else:
        assert isinstance(link, GmqttLink)
        assert link._loop is not None
        link._loop.call_soon_threadsafe(_transport(link._client).abort)


@contextmanager
def running(port: int, gateway: str, box: Box, **changes: object) -> Iterator[tuple[MqttBus, CollectorRegistry]]:
    bus, registry = make_bus(port, gateway, box, **changes)
    bus.start()
    try:
        yield bus, registry
    finally:
        bus.stop()


def dropped(registry: CollectorRegistry, reason: str) -> float:
    return registry.get_sample_value("openhall_bus_messages_dropped_total", {"reason": reason}) or 0.0


@pytest.fixture(params=["paho", "gmqtt"], autouse=True)
def _client(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test holds for each client library."""
    token = CLIENT.set(request.param)
    yield
    CLIENT.reset(token)


@pytest.fixture(params=["nats", "mosquitto"])
def any_broker(request: pytest.FixtureRequest) -> Server:
    """Each broker that the gateway must work with."""
    name = {"nats": "broker", "mosquitto": "mosquitto"}[request.param]
    server: Server = request.getfixturevalue(name)
    return server


def test_what_agents_of_its_regions_publish_reaches_it_and_what_it_publishes_reaches_them(any_broker: Server) -> None:
    box = Box()
    with running(any_broker.port, gw("a"), box) as (bus, _):
        wait_until(lambda: bus.fault is None)
        with listening(any_broker.port, "openhall/v1/south/hall/pi/receipt") as agent:
            for topic in (
                "openhall/v1/south/hall/pi/readings",
                "openhall/v1/south/hall/pi/facility/door",
                "openhall/v1/north/hall2/pi/presence",
                "openhall/v1/north/hall2/pi/health",
                "openhall/v1/north/hall2/pi/reply/c1",
                "openhall/v1/north/hall2/pi/redings",
                "openhall/v1/west/hall3/pi/readings",
            ):
                agent.client.publish(topic, b"body of " + topic.encode(), qos=1).wait_for_publish(5)
            wait_until(lambda: len(box.got) >= 6)
            bus.publish(Message(topic="openhall/v1/south/hall/pi/receipt", body=b"{}"))
            wait_until(lambda: any(topic.endswith("/receipt") for topic, _, _ in agent.got))
    # Its own receipts come back; the ingest leaves them out.
    got = [(topic, body) for topic, body, _ in box.got if not topic.endswith("/receipt")]
    assert sorted(topic for topic, _ in got) == [
        "openhall/v1/north/hall2/pi/health",
        "openhall/v1/north/hall2/pi/presence",
        "openhall/v1/north/hall2/pi/redings",
        "openhall/v1/north/hall2/pi/reply/c1",
        "openhall/v1/south/hall/pi/facility/door",
        "openhall/v1/south/hall/pi/readings",
    ]
    assert all(body == b"body of " + topic.encode() for topic, body in got)


def test_its_status_is_retained_says_whether_it_stores_and_ends_offline_with_the_same_boot(any_broker: Server) -> None:
    with listening(any_broker.port, status_topic("b")) as agent:
        with running(any_broker.port, gw("b"), Box()) as (bus, _):
            wait_until(lambda: len(agent.statuses(gw("b"))) == 1)
            bus.set_storing(True)
            bus.set_storing(True)
            wait_until(lambda: len(agent.statuses(gw("b"))) == 2)
            with listening(any_broker.port, status_topic("b")) as late:
                wait_until(lambda: len(late.got) == 1)
                assert late.got[0][2] is True
        wait_until(lambda: len(agent.statuses(gw("b"))) == 3)
        first, second, last = agent.statuses(gw("b"))
    assert (first.online, first.regions, first.storing) == (True, ["north", "south"], False)
    assert (second.online, second.storing, second.boot) == (True, True, first.boot)
    assert last == GatewayStatus(online=False, boot=first.boot)


def test_every_connect_draws_a_new_boot_and_subscribes_again(tmp_path: Path) -> None:
    box = Box()
    with Mosquitto(tmp_path) as broker, running(broker.port, gw("c"), box) as (bus, registry):
        wait_until(lambda: bus.fault is None)
        bus.set_storing(True)
        with listening(broker.port, status_topic("c")) as agent:
            wait_until(lambda: len(agent.statuses(gw("c"))) >= 1)
            before = agent.statuses(gw("c"))[-1]
        broker.kill()
        wait_until(lambda: bus.fault is not None)
        broker.start()
        wait_until(lambda: bus.fault is None)
        with listening(broker.port, status_topic("c")) as agent:
            wait_until(lambda: len(agent.statuses(gw("c"))) >= 1)
            after = agent.statuses(gw("c"))[-1]
            agent.client.publish("openhall/v1/north/hall/pi/readings", b"x", qos=1).wait_for_publish(5)
            wait_until(lambda: box.got != [])
    assert after.online
    assert after.storing
    assert after.boot != before.boot
    assert registry.get_sample_value("openhall_bus_connects_total") == 2


def test_a_killed_gateway_is_shown_offline_by_its_will(any_broker: Server) -> None:
    with listening(any_broker.port, status_topic("d")) as agent:
        bus, _ = make_bus(any_broker.port, gw("d"), Box())
        bus.start()
        try:
            wait_until(lambda: bus.fault is None)
            wait_until(lambda: len(agent.statuses(gw("d"))) == 1)
            cut(bus)
            wait_until(lambda: any(not status.online for status in agent.statuses(gw("d"))))
            online, offline = agent.statuses(gw("d"))[:2]
            assert offline == GatewayStatus(online=False, boot=online.boot)
        finally:
            bus.stop()


def test_an_unreachable_broker_is_tried_until_it_is_there(tmp_path: Path) -> None:
    port = free_port()
    with running(port, gw("e"), Box()) as (bus, registry):
        wait_until(lambda: "127.0.0.1" in (bus.fault or ""))
        bus.publish(Message(topic="openhall/v1/north/hall/pi/receipt", body=b"{}"))
        assert dropped(registry, "offline") == 1
        with NatsServer(tmp_path, port=port):
            wait_until(lambda: bus.fault is None)


def test_a_broker_that_carries_nothing_is_noticed_without_tcp_telling(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, running(broker.port, gw("f"), Box()) as (bus, _):
        wait_until(lambda: bus.fault is None)
        broker.freeze()
        wait_until(lambda: "came back" in (bus.fault or ""))
        broker.thaw()
        wait_until(lambda: bus.fault is None, within_s=30)


def test_a_status_of_ours_that_somebody_overwrote_is_said_again(broker: NatsServer) -> None:
    with (
        listening(broker.port, status_topic("g")) as agent,
        running(broker.port, gw("g"), Box()) as (bus, _),
    ):
        wait_until(lambda: len(agent.statuses(gw("g"))) == 1)
        late_will = messages.encode(GatewayStatus(online=False, boot="of-an-earlier-life"))
        agent.client.publish(status_topic("g"), late_will, qos=1, retain=True).wait_for_publish(5)
        wait_until(lambda: len(agent.statuses(gw("g"))) == 3)
        assert agent.statuses(gw("g"))[2] == agent.statuses(gw("g"))[0]
        assert not bus.rival


def test_a_second_gateway_with_its_id_is_noticed(broker: NatsServer) -> None:
    with listening(broker.port, status_topic("h")) as agent, running(broker.port, gw("h"), Box()) as (bus, _):
        wait_until(lambda: len(agent.statuses(gw("h"))) == 1)
        assert not bus.rival
        with running(broker.port, gw("h"), Box()) as (second, _):
            wait_until(lambda: bus.rival and second.rival)


def test_what_cannot_be_sent_is_dropped_and_counted_and_harms_nobody(broker: NatsServer) -> None:
    with running(broker.port, gw("i"), Box()) as (bus, registry):
        wait_until(lambda: bus.fault is None)
        bus.publish(Message(topic="openhall/v1/north/hall/pi/receipt", body=bytes(900_001)))
        bus.publish(Message(topic="openhall/v1/north/+/pi/receipt", body=b"{}"))
        bus.publish(Message(topic="openhall/v1/north/分行/pi/receipt", body=b"{}"))
        assert dropped(registry, "unsendable") == 3
        with listening(broker.port, "openhall/v1/north/hall9/pi/receipt") as agent:
            bus.publish(Message(topic="openhall/v1/north/hall9/pi/receipt", body=b"fine"))
            wait_until(lambda: len(agent.got) == 1)


def test_messages_that_wait_for_the_broker_are_bounded(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path) as broker,
        running(broker.port, gw("j"), Box(), max_queued=100, ping_s=60.0) as (bus, registry),
    ):
        wait_until(lambda: bus.fault is None)
        broker.freeze()
        for _ in range(250):
            bus.publish(Message(topic="openhall/v1/north/hall/pi/receipt", body=bytes(1_000)))
        broker.thaw()
        assert dropped(registry, "full") >= 140


def test_a_receiver_that_raises_loses_one_message_and_no_other(broker: NatsServer) -> None:
    box = Box()

    def receive(arrivals: list[Arrival]) -> None:
        if any(body == b"bad" for _, body, _ in arrivals):
            raise RuntimeError("by the test")
        box(arrivals)

    registry = CollectorRegistry()
    bus = MqttBus(
        BrokerConfig(client=CLIENT.get(), port=broker.port, ping_s=0.2),
        gateway=gw("k"),
        regions=["north-k"],
        receive=receive,
        clock=SystemClock(),
        rng=random.Random(1),
        metrics=BusMetrics(registry),
    )
    bus.start()
    try:
        wait_until(lambda: bus.fault is None)
        with capture_logs() as logs, listening(broker.port, "openhall/v1/north-k/hall/pi/receipt") as agent:
            for body in (b"bad", b"good"):
                agent.client.publish("openhall/v1/north-k/hall/pi/readings", body, qos=1).wait_for_publish(5)
            wait_until(lambda: b"good" in [got for _, got, _ in box.got])
    finally:
        bus.stop()
    assert dropped(registry, "fault") == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["message not taken in"]


def test_a_broker_that_refuses_the_name_is_named_in_the_fault(tmp_path: Path) -> None:
    class Guarded(Mosquitto):
        def command(self) -> list[str]:
            command = super().command()
            passwords = self.directory / "passwords"
            passwords.write_text("", encoding="ascii")
            passwords.chmod(0o600)
            file = Path(command[-1])
            text = file.read_text(encoding="utf-8").replace("allow_anonymous true", f"password_file {passwords}")
            file.write_text(text, encoding="utf-8")
            return command

        def answers(self) -> bool:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True

    secret = tmp_path / "secret"
    secret.write_text("wrong\n", encoding="ascii")
    with (
        Guarded(tmp_path) as broker,
        running(broker.port, gw("l"), Box(), username="gateway", password_file=str(secret)) as (bus, _),
    ):
        wait_until(lambda: "refuses us" in (bus.fault or ""))
        assert "password_file" in (bus.fault or "")


def test_a_password_file_that_is_not_there_stops_the_start_and_is_named(tmp_path: Path) -> None:
    bus, _ = make_bus(1, gw("m"), Box(), username="gateway", password_file=str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"\$\.broker\.password_file"):
        bus.start()


def test_certificates_that_are_none_stop_the_start_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="ascii")
    bus, _ = make_bus(1, gw("n"), Box(), ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigurationError, match="ca_file"):
        bus.start()


def test_stop_returns_though_the_broker_is_frozen(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        bus, _ = make_bus(broker.port, gw("o"), Box())
        bus.start()
        wait_until(lambda: bus.fault is None)
        broker.freeze()
        done = threading.Thread(target=bus.stop, args=(0.2,))
        done.start()
        done.join(10)
        assert not done.is_alive()
        broker.thaw()


def test_the_status_of_other_gateways_is_handed_over_and_its_own_is_not(broker: NatsServer) -> None:
    got: list[str] = []
    bus = MqttBus(
        BrokerConfig(client=CLIENT.get(), port=broker.port, ping_s=0.2),
        gateway=gw("p"),
        regions=["north-p"],
        receive=lambda arrivals: got.extend(topic for topic, _, _ in arrivals),
        clock=SystemClock(),
        rng=random.Random(3),
        metrics=BusMetrics(CollectorRegistry()),
    )
    bus.start()
    try:
        wait_until(lambda: bus.fault is None)
        with running(broker.port, gw("q"), Box()) as (other, _):
            wait_until(lambda: other.fault is None)
            wait_until(lambda: status_topic("q") in got)
        assert status_topic("p") not in got
        assert not any(topic.endswith("/ping") for topic in got)
    finally:
        bus.stop()


@pytest.mark.parametrize("delay_ms", [0, 2, 5, 10, 20, 40, 80])
def test_a_stop_at_any_moment_leaves_no_online_status_behind(broker: NatsServer, delay_ms: int) -> None:
    """While it connects, subscribes, introduces itself: a proper DISCONNECT silences the will."""
    gateway = gw(f"r{delay_ms}")
    bus, _ = make_bus(broker.port, gateway, Box())
    bus.start()
    threading.Event().wait(delay_ms / 1_000)
    bus.stop()
    with listening(broker.port, f"openhall/v1/gateway/{gateway}", "openhall/v1/marker/#") as late:
        # The broker hands retained messages over before what is published after the subscription; nats-server now and
        # then loses what is published in the very instant after SUBACK, so the marker is sent until it is there.

        def marked() -> bool:
            late.client.publish("openhall/v1/marker/x", b"x", qos=1).wait_for_publish(5)
            return any(topic.startswith("openhall/v1/marker") for topic, _, _ in late.got)

        wait_until(marked)
        assert not any(status.online for status in late.statuses(gateway))


class Locked(Mosquitto):
    """Mosquitto that takes only clients with a certificate of its authority, and only with name and password."""

    def command(self) -> list[str]:
        command = super().command()
        keys = self.directory / "keys"
        passwords = self.directory / "passwords"
        if not keys.exists():
            make_keys(keys)
        passwords.write_text("gateway:secret\n", encoding="ascii")
        passwords.chmod(0o600)
        tool = require_program("mosquitto_passwd", "Debian's mosquitto")
        subprocess.run([str(tool), "-U", str(passwords)], check=True, capture_output=True)
        file = Path(command[-1])
        text = file.read_text(encoding="utf-8").replace("allow_anonymous true", "allow_anonymous false")
        text += f"password_file {passwords}\ncafile {keys}/ca.pem\ncertfile {keys}/server.pem\n"
        text += f"keyfile {keys}/server.key\nrequire_certificate true\n"
        file.write_text(text, encoding="utf-8")
        return command

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True


def make_keys(folder: Path) -> None:
    """An authority, a certificate for 127.0.0.1, one for a client, and another authority that nobody trusts."""
    openssl = str(require_program("openssl", "Debian's openssl"))
    folder.mkdir()

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "foreign"):
        run(
            "req",
            "-x509",
            *curve,
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
        )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
    for name, authority in (("server", "ca"), ("client", "ca"), ("stranger", "foreign")):
        run("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial"]
        run("x509", "-req", "-in", f"{name}.csr", *signed, "-days", "2", "-extfile", "names", "-out", f"{name}.pem")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket of a failed
# handshake to the garbage collector
def test_certificates_and_password_open_a_locked_broker_and_wrong_ones_do_not(tmp_path: Path) -> None:
    """Mutual TLS: either end refuses the other's stranger."""
    secret = tmp_path / "secret"
    secret.write_text("secret\n", encoding="ascii")
    with Locked(tmp_path) as broker:
        keys = tmp_path / "keys"

        def words(name: str, authority: str) -> dict[str, object]:
            files = {"ca_file": f"{authority}.pem", "cert_file": f"{name}.pem", "key_file": f"{name}.key"}
            return {
                "username": "gateway",
                "password_file": str(secret),
                **{setting: str(keys / file) for setting, file in files.items()},
            }

        with running(broker.port, gw("tls"), Box(), **words("client", "ca")) as (bus, _):
            wait_until(lambda: bus.fault is None)
            assert bus.shown == ssl.PEM_cert_to_DER_cert((keys / "server.pem").read_text("ascii"))
        for name, authority in (("stranger", "ca"), ("client", "foreign")):
            with running(broker.port, gw("tls"), Box(), **words(name, authority)) as (bus, _):
                wait_until(lambda: "not connected yet" not in (bus.fault or ""))
                assert bus.fault is not None
        secret.write_text("wrong\n", encoding="ascii")
        with running(broker.port, gw("tls"), Box(), **words("client", "ca")) as (bus, _):
            wait_until(lambda: "refuses us" in (bus.fault or ""))
            secret.write_text("secret\n", encoding="ascii")
            wait_until(lambda: bus.fault is None)
            assert not bus.rival


def test_small_messages_do_not_wait_for_one_another(mosquitto: Mosquitto) -> None:
    """Nagle's algorithm is off: a receipt leaves at once, though the last one is not acknowledged yet."""
    with running(mosquitto.port, "swift", Box()) as (bus, _registry):
        wait_until(lambda: bus.fault is None, what="a connection")
        link = bus._link
        if isinstance(link, PahoLink):
            sock = link._client.socket()
        else:
            assert isinstance(link, GmqttLink)
            sock = _transport(link._client).get_extra_info("socket")
        assert sock is not None
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
