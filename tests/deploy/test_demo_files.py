"""The demo's configuration files are what broker, gateway and agent take."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.config import AgentConfig
from agent.config import load as load_agent
from deploy.demo_files import BRANCHES, PERIOD_S, Place, write_all, write_atomically
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
    """Each has its own site, region and set of rooms; every point has a sensor of its own bus."""
    assert len({config.site for config in agents(place)}) == 3
    assert len({frozenset(sensor.room for sensor in config.sensors) for config in agents(place)}) == 3
    for config in agents(place):
        assert len({sensor.bus for sensor in config.sensors}) == len({s.point for s in config.sensors})
        assert all(sensor.part in PARTS and sensor.period_s == PERIOD_S for sensor in config.sensors)
        assert Path(config.journal.path).parent == place.folder
        assert (config.broker.host, config.broker.effective_port) == ("127.0.0.1", place.mqtt_port)


def test_one_branch_has_facility_points(place: Place) -> None:
    """A toilet call with what lights and sounds for it, a door, and a probe of the gateway itself."""
    first, *others = agents(place)
    assert [(one.point, one.kind) for one in first.inputs] == [("toilet-call", "call-toilet"), ("front-door", "door")]
    assert {call for one in first.outputs for call in one.calls} == {"toilet-call"}
    assert [one.target for one in first.probes] == [f"{place.board}/healthz"]
    assert not any(config.inputs or config.probes for config in others)


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
