"""The whole program as a child process on a real broker, with simulated sensors or none at all."""

import json
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from telemetry import signing
from telemetry.readings import Flag
from tests.agent.gateway_double import GatewayDouble
from tests.servers import HOST, Mosquitto, NatsServer, free_port, wait_until

PROGRAM = Path(sys.executable).with_name("openhall-agent")


@pytest.fixture
def region() -> str:
    """A region of the test's own."""
    return f"r-{uuid.uuid4().hex[:12]}"


def write_config(folder: Path, port: int, region: str, *, sensors: str | None = None) -> Path:
    file = folder / "agent.toml"
    file.write_text(
        f'region = "{region}"\nsite = "east-001"\nagent = "hall-agent"\n'
        f'[broker]\nhost = "{HOST}"\nport = {port}\nreconnect_min_s = 0.05\nreconnect_max_s = 0.2\n'
        f'[journal]\npath = "{folder}/agent.journal"\n'
        "[uplink]\nresend_min_s = 0.5\nresend_max_s = 2.0\n"
        "[health]\nperiod_s = 0.5\n"
        + (sensors or '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nperiod_s = 5.0\n'),
        encoding="utf-8",
    )
    return file


@contextmanager
def running(config: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(PROGRAM), "run", "--config", str(config), *words], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def events(process: subprocess.Popen[str]) -> list[str]:
    """End it with SIGTERM; the events it logged."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    return [json.loads(line)["event"] for line in err.splitlines()]


def assert_signed(gateway: GatewayDouble, key: str) -> None:
    """Every body that came is signed with the key that presence shows."""
    public = signing.key_of(key)
    assert public is not None
    for root, body in list(gateway.bodies):
        signed = signing.detach(root, body)
        assert signed is not None, body
        VerifyKey(public).verify(signed.message, signed.signature)


@pytest.mark.parametrize("kind", ["nats", "mosquitto"])
def test_from_sensor_to_broker(
    kind: str, broker: NatsServer, request: pytest.FixtureRequest, region: str, tmp_path: Path
) -> None:
    """Presence, readings flagged as simulated, the sensor's good state, health; and a clean end."""
    server: NatsServer | Mosquitto = broker if kind == "nats" else request.getfixturevalue("mosquitto")
    root = f"openhall/v1/{region}/east-001/hall-agent"
    with (
        GatewayDouble(server.port, region) as gateway,
        running(write_config(tmp_path, server.port, region), "--simulate") as process,
    ):
        wait_until(lambda: bool(gateway.values("hall-air")), within_s=30, what="the first reading")
        wait_until(lambda: gateway.states("hall-air") == ["ok"])
        wait_until(lambda: bool(gateway.healths) and gateway.healths[-1]["journal_packs"] == 0)
        pack = next(pack for _, pack in gateway.packs if pack.kind is None)
        assert {record.name for record in pack.records} == {"co2_ppm", "temperature_c", "humidity_pct"}
        assert all(record.flags == (Flag.SIMULATED,) for record in pack.records)
        online = gateway.presences[-1]
        assert online["online"]
        assert online["clock"] in ("ok", "held")
        (point,) = online["points"]
        assert (point["part"], point["simulated"], point["period_s"]) == ("scd41", True, 5.0)
        assert point["serial"]
        assert gateway.healths[-1]["memory_mb"] > 5
        assert_signed(gateway, online["key"])
        said = events(process)
        wait_until(lambda: not gateway.presences[-1]["online"], what="the farewell")
        assert gateway.presences[-1]["boot"] == online["boot"]
        assert json.loads(gateway.retained[f"{root}/presence"])["online"] is False
    assert said[0] == "agent starts"
    assert said[-1] == "agent ends"


def test_a_killed_agent_is_reported_and_goes_on(broker: NatsServer, region: str, tmp_path: Path) -> None:
    """The broker speaks the will under the connection's boot; the next start has another and the same journal."""
    config = write_config(tmp_path, broker.port, region)
    with GatewayDouble(broker.port, region, receipting=lambda _: False) as gateway:
        with running(config, "--simulate") as process:
            wait_until(lambda: bool(gateway.values("hall-air")), within_s=30, what="the first reading")
            first = gateway.presences[-1]
            process.kill()
            wait_until(lambda: gateway.presences[-1] == {"online": False, "boot": first["boot"]}, what="the will")
        before = {(pack.journal, pack.sequence) for _, pack in gateway.packs}
        gateway.packs.clear()
        gateway.receipting = lambda _: True
        with running(config, "--simulate") as process:
            wait_until(
                lambda: before <= {(pack.journal, pack.sequence) for _, pack in gateway.packs},
                within_s=30,
                what="the packs of the killed one",
            )
            assert gateway.presences[-1]["online"]
            assert gateway.presences[-1]["boot"] != first["boot"]
            events(process)
        gateway.values("hall-air")


def test_a_broker_that_comes_back_empty_hears_it_all(region: str, tmp_path: Path) -> None:
    """Presence and states are retained again, under a new boot; what was measured meanwhile arrives."""
    with NatsServer(tmp_path / "nats") as server, GatewayDouble(server.port, region) as gateway:
        sensors = '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nperiod_s = 5.0\n'
        with running(write_config(tmp_path, server.port, region, sensors=sensors), "--simulate") as process:
            wait_until(lambda: bool(gateway.values("hall-air")), within_s=30, what="the first reading")
            boot = gateway.presences[-1]["boot"]
            server.kill()
            server.wipe()
            gateway.retained.clear()
            server.start()
            wait_until(lambda: gateway.presences[-1]["boot"] != boot, within_s=20, what="the new connection")
            assert gateway.presences[-1]["online"]
            count = len(gateway.values("hall-air"))
            wait_until(lambda: len(gateway.values("hall-air")) > count, within_s=30, what="the next reading")
            wait_until(lambda: bool(gateway.healths) and gateway.healths[-1]["reconnects"] >= 1)
            said = events(process)
    assert said.count("connected") >= 2
    assert "not connected" in said


def test_a_sensor_that_is_not_there_is_a_fault_and_stops_nothing(
    broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """Its state says so on the point's own topic, retained; the agent lives and says that it does."""
    sensors = '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nbus = "i2c-99"\n'
    with (
        GatewayDouble(broker.port, region) as gateway,
        running(write_config(tmp_path, broker.port, region, sensors=sensors)) as process,
    ):
        wait_until(lambda: gateway.states("hall-air") == ["fault"], within_s=20)
        topic, pack = next((topic, pack) for topic, pack in gateway.packs if pack.kind is not None)
        assert topic.endswith("/facility/hall-air")
        assert (pack.kind, pack.room, pack.value_of("working")) == ("sensor", "hall", False)
        assert "i2c-99" in str(pack.value_of("reason"))
        wait_until(lambda: bool(gateway.healths))
        assert "sensor failed" in events(process)
        assert gateway.values("hall-air") == {}


def test_a_sensor_taken_out_of_the_configuration_leaves_nothing_retained(
    broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """The state of a point that is gone would stand at the broker for ever."""
    topic = f"openhall/v1/{region}/east-001/hall-agent/facility/hall-air"
    sensors = '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nbus = "i2c-99"\n'
    with GatewayDouble(broker.port, region) as gateway:
        with running(write_config(tmp_path, broker.port, region, sensors=sensors)) as process:
            wait_until(lambda: bool(gateway.retained.get(topic)), within_s=20)
            events(process)
        with running(write_config(tmp_path, broker.port, region, sensors="\n")) as process:
            wait_until(lambda: gateway.retained[topic] == b"", within_s=20)
            events(process)


def test_two_agents_cannot_have_one_journal(broker: NatsServer, region: str, tmp_path: Path) -> None:
    """The second says so and ends with the code for wrong configuration."""
    config = write_config(tmp_path, broker.port, region)
    with (
        GatewayDouble(broker.port, region) as gateway,
        running(config, "--simulate") as first,
        running(config, "--simulate") as second,
    ):
        ended = [first.poll, second.poll]
        wait_until(lambda: any(poll() is not None for poll in ended), within_s=20, what="the end of one")
        loser = first if first.poll() is not None else second
        _, err = loser.communicate(timeout=10)
        assert loser.returncode == 2
        assert "agent.journal" in err
        wait_until(lambda: bool(gateway.presences), within_s=20)


def test_sigint_is_a_clean_end_without_a_broker(region: str, tmp_path: Path) -> None:
    """Also while nobody answers, and twice."""
    with running(write_config(tmp_path, 1, region), "--simulate") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "agent starts" in line
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 0


def test_a_pushed_configuration_and_a_restart_in_the_running_program(
    broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """The program starts itself anew in its own process, answers, and has what was pushed."""
    config = write_config(tmp_path, broker.port, region)
    root = f"openhall/v1/{region}/east-001/hall-agent"

    def order(name: str, **words: object) -> dict[str, object]:
        command_id = f"{name}-1"
        gateway.publish(f"{root}/command/{name}", {"id": command_id, "expires": 4e9, **words})
        wait_until(lambda: any(one["id"] == command_id for one in gateway.replies), within_s=30, what=name)
        return next(one for one in gateway.replies if one["id"] == command_id)

    with GatewayDouble(broker.port, region) as gateway, running(config, "--simulate") as process:
        wait_until(lambda: bool(gateway.healths), within_s=30, what="a connection")
        text = config.read_text(encoding="utf-8").replace('"hall-air"', '"vault-air"')
        assert order("config", toml=text)["ok"]
        wait_until(lambda: gateway.presences[-1].get("points", [{}])[0].get("point") == "vault-air", within_s=30)
        boots = {one["boot"] for one in gateway.presences}
        assert order("restart")["ok"]
        wait_until(lambda: not {one["boot"] for one in gateway.presences[-1:]} <= boots, within_s=30)
        wait_until(lambda: gateway.presences[-1]["online"], within_s=30)
        assert order("logs", lines=5)["ok"]
        said = events(process)
    assert said.count("agent starts") == 3
    assert said.count("agent ends") == 3
    assert "pushed configuration is in force" in said


def test_systemd_is_told(tmp_path: Path, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready, alive and stopping, also without a broker; a service manager's own environment is all it needs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        with running(write_config(tmp_path, free_port(), region), "--simulate") as process:
            heard = [systemd.recv(4_096).decode() for _ in range(4)]
            process.send_signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(systemd.recv(4_096).decode())
            process.communicate(timeout=20)
    assert heard[0].startswith("READY=1")
    assert set(heard[1:-1]) == {"WATCHDOG=1"}
    assert process.returncode == 0
