"""`enrol` and `doctor`: what a technician is told about the key, and about what stands in the way of readings."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent import build, doctor
from agent.cli import main
from agent.config import AgentConfig, load
from agent.doctor import Finding, examine
from agent.health import HostNumbers
from agent.signer import SEED_BYTES, Signer, pem_of
from gateway.cli import main as gateway_main
from telemetry.clock import SystemClock
from tests.servers import HOST, Mosquitto, free_port

HEAD = 'region = "east"\nsite = "b001"\nagent = "pi-1"\n'
SENSOR = '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nbus = "/dev/i2c-1"\n'
STATUS = "openhall/v1/gateway/gw-1"
QUICK_S = 0.3
"""Where no status is to come."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One for all."""
    with Mosquitto(tmp_path_factory.mktemp("broker")) as one:
        yield one


def written(folder: Path, port: int, more: str = "") -> Path:
    """A configuration."""
    file = folder / "agent.toml"
    text = f'{HEAD}[broker]\nhost = "{HOST}"\nport = {port}\n[journal]\npath = "{folder}/agent.journal"\n{more}'
    file.write_text(text, encoding="utf-8")
    return file


def told(port: int, body: bytes) -> None:
    """A gateway's retained status."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    client.publish(STATUS, body, 1, retain=True).wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def status(region: str = "east", storing: str = "true") -> bytes:
    """What a living gateway says."""
    return f'{{"online":true,"boot":"b","since":1.0,"regions":["{region}"],"storing":{storing}}}'.encode()


def of(found: list[Finding], about: str) -> Finding:
    """The only finding about something."""
    [one] = [one for one in found if one.about == about]
    return one


def local(config: AgentConfig, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """All but the broker."""
    monkeypatch.setattr(doctor, "_broker", lambda *_: [])
    return examine(config, root=root)


def test_all_is_well(broker: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0, and a line for each thing; nothing is made by looking."""
    told(broker.port, status())
    config = written(tmp_path, broker.port, '[clock]\ntrust = "always"\n')
    assert main(["doctor", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", name] for name in ("clock", "signing", "journal", "disk", "broker", "gateway")
    ]
    assert "gw-1 is online and stores" in lines[-1]
    assert [one.name for one in tmp_path.iterdir()] == ["agent.toml"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "no gateway of region east is online"),
        (b'{"online":false,"boot":"b"}', "no gateway of region east is online"),
        (b"no json", "no gateway of region east is online"),
        (status("west"), "no gateway of region east is online"),
        (status(storing="false"), "gw-1 is online and cannot store"),
    ],
)
def test_a_gateway_that_is_not_there(broker: Mosquitto, tmp_path: Path, body: bytes, text: str) -> None:
    """The broker answers, and nobody behind it does."""
    told(broker.port, body)
    found = examine(load(written(tmp_path, broker.port)), status_s=QUICK_S)
    assert of(found, "broker").ok
    assert not of(found, "gateway").ok
    assert text in of(found, "gateway").text


def test_a_broker_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """4, and no word about gateways; a silent one ends at the configured wait."""
    config = written(tmp_path, free_port())
    assert main(["doctor", "--config", str(config), "--json"]) == 4
    found = json.loads(capsys.readouterr().out)["findings"]
    assert (found[-1]["about"], found[-1]["ok"]) == ("broker", False)
    assert "refused" in found[-1]["text"]


def test_buses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is missing is named with its point and what to turn on; simulated parts need none."""
    more = SENSOR + SENSOR.replace("hall-air", "vault-air").replace("i2c-1", "i2c-3")
    more += '[[sensors]]\npart = "pms5003"\npoint = "dust"\nroom = "hall"\nbus = "/dev/serial0"\n'
    more += '[[sensors]]\npart = "ds18b20"\npoint = "cold"\nroom = "hall"\nbus = "w1"\n'
    more += '[[inputs]]\npoint = "call"\nroom = "hall"\nkind = "call-hall"\nstyle = "cord"\npin = 5\n'
    config = load(written(tmp_path, 1, more))
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "i2c-1").touch()
    found = [one for one in local(config, tmp_path, monkeypatch) if one.about == "bus"]
    assert [one.ok for one in found] == [True, False, False, False, False]
    named = [("vault-air", "i2c_arm"), ("dust", "serial0"), ("cold", "w1-gpio"), ("call", "gpiochip0")]
    for one, words in zip(found[1:], named, strict=True):
        assert all(word in one.text for word in words)
    assert not [one for one in examine_simulated(config, monkeypatch) if one.about == "bus"]


def examine_simulated(config: AgentConfig, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Likewise, of simulated parts."""
    monkeypatch.setattr(doctor, "_broker", lambda *_: [])
    return examine(config, simulate=True)


def left(folder: Path) -> dict[str, int]:
    """What lies there, with its length."""
    return {file.name: file.stat().st_size for file in folder.iterdir()}


def test_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In use, closed, left by a killed agent, damaged; and it stays as it was, to the last file beside it."""
    config = load(written(tmp_path, 1))
    path = Path(config.journal.path)
    journal = build.open_journal(
        config, path, build.root_of(config), clock=SystemClock(), rng=build.own_random(), trusted=True
    )
    journal.add_air("hall-air", "hall", {"co2_ppm": 500.0})
    journal.commit()
    running = left(tmp_path)
    assert "an agent runs" in of(local(config, tmp_path, monkeypatch), "journal").text
    assert left(tmp_path) == running
    killed = {name: (tmp_path / name).read_bytes() for name in running}
    journal.close()
    closed = left(tmp_path)
    assert "owes 1 packs since 20" in of(local(config, tmp_path, monkeypatch), "journal").text
    assert left(tmp_path) == closed
    for name, content in killed.items():
        (tmp_path / name).write_bytes(content)
    assert "owes 1 packs since 20" in of(local(config, tmp_path, monkeypatch), "journal").text
    assert left(tmp_path) == running
    path.write_bytes(b"no journal at all" * 1_000)
    damaged = of(local(config, tmp_path, monkeypatch), "journal")
    assert not damaged.ok
    assert path.read_bytes() == b"no journal at all" * 1_000


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal would run into it long before its own limit."""
    config = load(written(tmp_path, 1))
    monkeypatch.setattr(doctor, "probe_host", lambda _: HostNumbers(disk_free_mb=10.0))
    disk = of(local(config, tmp_path, monkeypatch), "disk")
    assert not disk.ok
    assert "max_mb" in disk.text


def test_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open to others, no key at all, no library for it (32-bit Arm): each is told, and none is mended by looking."""
    config = load(written(tmp_path, 1))
    path, seed = build.signing_key_path(config), bytes(range(SEED_BYTES))
    path.write_text(pem_of(seed))
    path.chmod(0o600)
    assert Signer(seed).key in of(local(config, tmp_path, monkeypatch), "signing").text
    path.chmod(0o644)
    assert "open to others" in of(local(config, tmp_path, monkeypatch), "signing").text
    path.write_text("nothing")
    assert "no key" in of(local(config, tmp_path, monkeypatch), "signing").text
    assert path.read_text() == "nothing"
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    bare = of(local(config, tmp_path, monkeypatch), "signing")
    assert not bare.ok
    assert "32-bit" in bare.text


def test_a_clock_that_nobody_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pi that heard no time server."""
    monkeypatch.setattr(doctor, "why_trusted", lambda **_: None)
    clock = of(local(load(written(tmp_path, 1)), tmp_path, monkeypatch), "clock")
    assert not clock.ok
    assert "NTP" in clock.text


def test_what_enrol_says_is_what_the_gateway_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The order it shows, carried out at head office, also with a key that begins with a hyphen."""
    config = written(tmp_path, 1)
    seed = next(one for one in (bytes([n]) * SEED_BYTES for n in range(256)) if Signer(one).key.startswith("-"))
    (tmp_path / "agent.signing.key").write_text(pem_of(seed))
    (tmp_path / "agent.signing.key").chmod(0o600)
    assert main(["enrol", "--config", str(config), "--json"]) == 0
    words = json.loads(capsys.readouterr().out)
    assert main(["enrol", "--config", str(config)]) == 0
    assert words["order"] in capsys.readouterr().out
    gateway = tmp_path / "gateway.toml"
    gateway.write_text(
        f'gateway = "gw-1"\nregions = ["east"]\n[state]\nurl = "sqlite:///{tmp_path}/state.sqlite3"\n'
        f'[store]\nkind = "sqlite"\npath = "{tmp_path}/readings.sqlite3"\n'
    )
    order = words["order"].replace("gateway.toml", str(gateway)).split()[1:]
    assert gateway_main(order) == 0
    capsys.readouterr()
    assert gateway_main(["keys", "list", "--config", str(gateway), "--json"]) == 0
    assert words["key"] in capsys.readouterr().out


def test_enrol_without_a_signature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1, with the reason."""
    config = written(tmp_path, 1, "[signing]\nenabled = false\n")
    assert main(["enrol", "--config", str(config)]) == 1
    assert "$.signing.enabled is false" in capsys.readouterr().err
