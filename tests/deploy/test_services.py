"""What is meant for a bank's machines: the broker's settings with a real Mosquitto, the units with systemd itself."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers import Mosquitto, free_port, require_program

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
WITHIN_S = 20.0


def settings_of(path: Path) -> dict[str, str]:
    """The settings of a Mosquitto file, comments left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def certificate(folder: Path, name: str, *, authority: str | None = None) -> None:
    """Make `name.key` and `name.pem` with OpenSSL: an authority, or what one has signed."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"]
    if authority is not None:
        command += ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-addext", "subjectAltName=IP:127.0.0.1"]
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


class ProductionMosquitto(Mosquitto):
    """Mosquitto with `deploy/mosquitto/`, its files and its port put where a test may have them."""

    def command(self) -> list[str]:
        """The shipped settings, each kept but the places."""
        for name in ("ca", "stranger"):
            certificate(self.directory, name)
        for name in ("broker", "gateway-north", "north.xidan.pi-1"):
            certificate(self.directory, name, authority="ca")
        shutil.copy(DEPLOY / "mosquitto" / "openhall.acl", self.directory / "mosquitto.acl")
        self.data.mkdir(exist_ok=True)
        text = (DEPLOY / "mosquitto" / "openhall.conf").read_text(encoding="utf-8")
        text = text.replace("/etc/openhall", str(self.directory)).replace("8883", f"{self.port} 127.0.0.1")
        # Started by root it would become another user, who may not read the test's directory.
        text += f"persistence_location {self.data}/\nuser root\n"
        config = self.directory / "mosquitto.conf"
        config.write_text(text, encoding="utf-8")
        return [str(self.path), "-c", str(config)]

    def answers(self) -> bool:
        """A TLS connection of the gateway's is taken."""
        client = Client(self, "gateway-north")
        client.close()
        return True


class Client:
    """A client with a certificate of its own, connected when it is made."""

    def __init__(self, broker: Mosquitto, name: str, *, key_of: str | None = None) -> None:
        self.got: list[mqtt.MQTTMessage] = []
        self.arrived = threading.Condition()
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.ended = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        self.client.max_inflight_messages_set(1_000)
        folder = broker.directory
        files = {} if key_of == "" else {"certfile": f"{folder}/{name}.pem", "keyfile": f"{folder}/{name}.key"}
        self.client.tls_set(ca_certs=f"{folder}/ca.pem", **files)
        self.client.on_connect = lambda *_: (self.connected.set(), self.ended.set())[0]
        self.client.on_disconnect = lambda *_: self.ended.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        self.ended.wait(WITHIN_S)
        if not self.connected.is_set():
            self.close()
            raise ConnectionRefusedError(name)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self.arrived:
            self.got.append(message)
            self.arrived.notify_all()

    def hear(self, topic: str) -> None:
        """Subscribe, and wait until that counts."""
        self.client.subscribe(topic, qos=1)
        assert self.subscribed.wait(WITHIN_S)

    def wait_for(self, count: int) -> list[str]:
        """The topics of the first `count` messages."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, WITHIN_S), len(self.got)
            return [message.topic for message in self.got]

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionMosquitto]:
    """A broker as a bank would run it."""
    require_program("openssl", "openssl")
    with ProductionMosquitto(tmp_path_factory.mktemp("production"), port=free_port()) as server:
        yield server


def test_a_certificate_is_asked_for(broker: ProductionMosquitto) -> None:
    """None, or one of another authority, gets no connection."""
    for name, key_of in (("stranger", None), ("nobody", "")):
        with pytest.raises(OSError):
            Client(broker, name, key_of=key_of)


def test_each_says_and_hears_only_what_is_its_own(broker: ProductionMosquitto) -> None:
    """An agent cannot speak for another branch, nor answer in the gateway's place."""
    gateway, agent = Client(broker, "gateway-north"), Client(broker, "north.xidan.pi-1")
    root = "openhall/v1/north/xidan/pi-1"
    try:
        gateway.hear("openhall/v1/#")
        agent.hear("openhall/v1/#")
        for topic in ("openhall/v1/north/tianhe/pi-1/readings", f"{root}/receipt", f"{root}/readings"):
            agent.client.publish(topic, b"[]", qos=1)
        assert gateway.wait_for(1) == [f"{root}/readings"]
        gateway.client.publish("openhall/v1/north/tianhe/pi-1/receipt", b"{}", qos=1)
        gateway.client.publish(f"{root}/receipt", b"{}", qos=1)
        assert agent.wait_for(1) == [f"{root}/receipt"]
    finally:
        gateway.close()
        agent.close()


def test_a_slow_gateway_loses_nothing(broker: ProductionMosquitto) -> None:
    """Five thousand packs while it handles its first: Debian's defaults would drop most of them."""
    gateway, agent = Client(broker, "gateway-north"), Client(broker, "north.xidan.pi-1")
    busy = threading.Event()
    gateway.client.on_message = lambda *arguments: (busy.wait(WITHIN_S), gateway._on_message(*arguments))[1]
    try:
        gateway.hear("openhall/v1/north/+/+/readings")
        sent = [agent.client.publish("openhall/v1/north/xidan/pi-1/readings", b"[]" * 250, qos=1) for _ in range(5_000)]
        sent[-1].wait_for_publish(WITHIN_S)
        busy.set()
        assert len(gateway.wait_for(5_000)) == 5_000
    finally:
        busy.set()
        gateway.close()
        agent.close()


def test_the_broker_takes_what_the_wire_allows() -> None:
    """A body of 900 kB with its topic fits; the limits that lose messages are set, none by accident."""
    settings = settings_of(DEPLOY / "mosquitto" / "openhall.conf")
    assert 900_000 + 200 < int(settings["max_packet_size"]) <= 1_000_000
    assert int(settings["max_queued_messages"]) >= 100_000
    assert settings["max_inflight_messages"] == "0"
    assert (settings["allow_anonymous"], settings["require_certificate"]) == ("false", "true")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_one_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    """By systemd-analyze where there is one; everywhere: its sections, our console script, no restart after 2."""
    text = unit.read_text(encoding="utf-8")
    assert re.findall(r"^\[(\w+)\]$", text, flags=re.MULTILINE) == ["Unit", "Service", "Install"]
    program = unit.stem
    assert (
        f"ExecStart=/opt/openhall/bin/{program} run --config /etc/openhall/{program.removeprefix('openhall-')}.toml"
        in text
    )
    assert "RestartPreventExitStatus=2" in text
    assert all(re.fullmatch(r"(#.*|\[\w+\]|[A-Z]\w+=.*|)", line) for line in text.splitlines())
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        copy = tmp_path / unit.name
        copy.write_text(text.replace(f"/opt/openhall/bin/{program}", "/bin/true"), encoding="utf-8")
        done = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_agent_may_ask_whether_its_clock_is_set() -> None:
    """ProtectClock, and @system-service alone, forbid the call with which the kernel is asked (rule 6)."""
    text = (DEPLOY / "systemd" / "openhall-agent.service").read_text(encoding="utf-8")
    assert "\nProtectClock=" not in text
    assert re.search(r"^SystemCallFilter=@system-service .*\badjtimex\b", text, flags=re.MULTILINE)
