"""The demo's configuration files are what broker, gateway and agent take."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.config import AgentConfig
from agent.config import load as load_agent
from agent.sensing import check_sensors
from deploy.demo_files import BRANCHES, Place, write_all, write_atomically
from deploy.demo_wiring import PERIOD_S
from gateway.config_file import load as load_gateway
from telemetry.parts import PARTS


@pytest.fixture(params=["plain", 'space "quote" 支行'])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder with all files written, also one whose name needs quoting."""
    folder = tmp_path / request.param
    folder.mkdir()
    place = Place(folder=folder, board_port=18_080, mqtt_port=18_083, nats_port=18_042)
    write_all(place)
    return place


def agents(place: Place) -> list[AgentConfig]:
    """Every agent's configuration, as the agent reads it."""
    return [load_agent(place.agent_config(branch)) for branch in BRANCHES]


def test_three_branches_with_different_rooms(place: Place) -> None:
    """Each has its own site, region and set of rooms; the rooms of a branch are those whose CO2 is measured."""
    assert len({config.site for config in agents(place)}) == 3
    assert len({frozenset(sensor.room for sensor in config.sensors) for config in agents(place)}) == 3
    for config, branch in zip(agents(place), BRANCHES, strict=True):
        measured = {one.room for one in config.sensors if PARTS[one.part].channel("co2_ppm")}
        assert measured == set(branch.rooms)
        assert all(sensor.period_s == PERIOD_S for sensor in config.sensors)
        assert Path(config.journal.path).parent == place.folder
        assert (config.broker.host, config.broker.effective_port) == ("127.0.0.1", place.mqtt_port)


def test_sensors_of_many_kinds(place: Place) -> None:
    """At least eight parts at once, on every kind of bus, and the drivers take them as they are configured."""
    parts = {sensor.part for config in agents(place) for sensor in config.sensors}
    assert len(parts) >= 8
    assert {PARTS[part].bus for part in parts} == {"i2c", "serial", "1-wire"}
    for config in agents(place):
        check_sensors(config)


def test_branches_are_fitted_like_real_ones(place: Place) -> None:
    """Calls with what lights up for them, contacts of several kinds, devices on the network, and Modbus."""
    configs = agents(place)
    kinds = {one.kind for config in configs for one in config.inputs}
    assert kinds >= {"call-toilet", "call-hall", "door", "leak", "mains", "lift"}
    assert {one.kind for config in configs for one in config.probes} >= {"queue-machine", "display"}
    assert {one.kind for config in configs for one in config.modbus} == {"fresh-air", "air"}
    assert {call for one in configs[0].outputs for call in one.calls} == {"toilet-call"}
    for config in configs:
        called = {one.point for one in config.inputs if one.kind.startswith("call-")}
        assert {call for one in config.outputs for call in one.calls} == called


def test_one_gateway_hears_them_all(place: Place) -> None:
    """It serves each region on loopback, and calls each branch by a name in both languages."""
    config = load_gateway(place.gateway_config)
    assert set(config.regions) == {branch.region for branch in BRANCHES}
    assert (config.http.host, config.http.port) == ("127.0.0.1", place.board_port)
    assert config.broker.effective_port == place.mqtt_port
    for branch in BRANCHES:
        site = config.sites[branch.site]
        assert (site.title_en, site.title_zh) == (branch.title_en, branch.title_zh)


def test_the_broker_takes_its_file(place: Place) -> None:
    """nats-server itself checks it."""
    program = Path(sys.executable).parent / "nats-server"
    done = subprocess.run([program, "-t", "-c", place.broker_config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_records_of_an_earlier_run_stay(place: Place) -> None:
    """What people were told is not forgotten by the next start."""
    place.notifications.write_text('{"told":"somebody"}\n')
    write_all(place)
    assert place.notifications.read_text() == '{"told":"somebody"}\n'


def test_a_record_is_seen_whole(tmp_path: Path) -> None:
    """It replaces the one before, and nothing is left beside it."""
    path = tmp_path / "demo.json"
    for number in (1, 2):
        write_atomically(path, {"board": "http://127.0.0.1:8080", "number": number})
    assert json.loads(path.read_text())["number"] == 2
    assert list(tmp_path.iterdir()) == [path]
