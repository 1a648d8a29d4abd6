"""`openhall-agent scan` on simulated buses: the real drivers say what sits there."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.cli import main
from agent.config import parse
from agent.errors import CheckError
from agent.facility_config import RegisterConfig
from agent.modbus.link import LinkPlan
from agent.scan import Findings, Found, candidates, scan
from agent.scan_report import agent_toml, lines
from agent.scan_simulated import LINK, PORT, PROBE, UNIT, SimulatedWorld
from sensors.opening import DRIVERS
from sensors.simulated import Rooms
from telemetry.parts import PARTS
from tests.sensors.lab import BenchClock, MakeBench

I2C = [name for name in DRIVERS if PARTS[name].bus == "i2c"]
SAME = {"sht40", "sht41", "sht45"}
"""They answer alike."""


def world_of(make_bench: MakeBench, chips: Sequence[str]) -> tuple[SimulatedWorld, BenchClock]:
    """Chips on one bus, and the clock that they and their drivers wait on."""
    clock = make_bench().clock
    world = SimulatedWorld(chips, rooms=Rooms(clock.monotonic), clock=clock, sleep=clock.sleep)
    clock.sleep(2.0)
    return world, clock


@pytest.mark.parametrize("part", I2C)
def test_each_part_is_found(make_bench: MakeBench, part: str) -> None:
    """By its own identification, or by refusing another part's commands; what nobody can tell is said to be open."""
    world, clock = world_of(make_bench, [part])
    ((one),) = [one for one in scan(world, sleep=clock.sleep).sensors if one.address is not None]
    assert one.address == PARTS[part].address
    assert set(one.parts) == (SAME if part in SAME else {part})


def test_all_at_once_and_the_rest_of_the_branch(make_bench: MakeBench) -> None:
    """I2C, serial, 1-Wire, Modbus, GPIO; a port on which nobody talks is told with what to try."""
    world, clock = world_of(make_bench, ["scd41", "sfa30", "sgp41", "bme280"])
    found = scan(world, modbus=[LinkPlan(link=LINK)], sleep=clock.sleep)
    assert [one.parts[0] for one in found.sensors] == ["sgp41", "sfa30", "scd41", "bme280", "pms5003", "ds18b20"]
    assert (found.sensors[4].bus, found.sensors[5].bus) == (PORT, f"w1:{PROBE}")
    assert found.units == [(LINK, UNIT)]
    assert found.closed == [5]
    silent = scan(world, sleep=clock.sleep)
    assert silent.units == []
    assert any(f"--modbus {LINK}" in note for note in silent.notes)


def test_what_no_driver_takes_is_told(make_bench: MakeBench) -> None:
    """An unknown chip, and one that is there and broken."""
    world, clock = world_of(make_bench, ["sps30"])
    world.bus.chips[0x50] = world.bus.chips[0x69]
    world.bus.chips[0x62] = world.bus.chips[0x69]
    found = {one.address: one for one in scan(world, sleep=clock.sleep).sensors}
    assert found[0x69].parts == ("sps30",)
    assert found[0x50].parts == ()
    assert "has a driver" in found[0x50].why
    assert found[0x62].parts == ()
    assert found[0x62].why


def test_a_bus_that_cannot_be_looked_at_stops_nothing(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """No I2C, no pins: a note with advice each, and the rest is found."""
    world, clock = world_of(make_bench, ["scd41"])

    def missing(*_: object) -> None:
        raise FileNotFoundError(2, "No such file", "/dev/i2c-1")

    monkeypatch.setattr(world, "i2c", missing)
    monkeypatch.setattr(world, "closed_pins", missing)
    found = scan(world, sleep=clock.sleep)
    assert [one.parts[0] for one in found.sensors] == ["pms5003", "ds18b20"]
    assert [note.split(":")[0] for note in found.notes] == ["I2C", LINK, "GPIO"]


def test_a_refusal_is_an_answer(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without holding register 0 is there all the same; one that is silent is not."""

    class Refusing:
        def read(self, unit: int, register: RegisterConfig, timeout_s: float) -> list[int]:
            raise CheckError("no such register (exception 2)" if unit == 7 else "no answer in time")

    world, clock = world_of(make_bench, [])
    monkeypatch.setattr(world, "link", lambda _plan: Refusing())
    assert scan(world, modbus=[LinkPlan(link="tcp://10.0.0.9")], sleep=clock.sleep).units == [("tcp://10.0.0.9", 7)]


def test_its_configuration_is_accepted(make_bench: MakeBench) -> None:
    """Every part at once, two of a kind, long names; comments tell what must be looked up."""
    world, clock = world_of(make_bench, ["scd41", "sht45", "sgp40", "bh1750"])
    found = scan(world, modbus=[LinkPlan(link=LINK)], sleep=clock.sleep)
    found.sensors.append(Found(bus="/dev/i2c-3", address=0x62, parts=("scd40", "scd41")))
    found.sensors.append(Found(bus="/dev/i2c-3", address=0x51, why="nobody knows"))
    text = agent_toml(found, region="north", site="xidan", agent="pi-1", room="a-room-with-the-longest-name-of")
    config = parse(text)
    assert [one.part for one in config.sensors] == ["bh1750", "sht40", "sgp40", "scd41", "pms5003", "ds18b20", "scd40"]
    assert len({one.point for one in config.sensors}) == 7
    assert "may be one of sht40, sht41, sht45" in text
    assert "nobody knows" in text
    for word in ("[[", "point", "room", "kind", "link", "unit", "registers", "pin"):
        text = text.replace(f"# {word}", word)
    assert parse(text).modbus[0].unit == UNIT


def test_nothing_found_says_so() -> None:
    """And is a negative answer."""
    assert lines(Findings()) == ["nothing found"]
    assert candidates(0x50) == []


def test_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is there is never written over; the answer as JSON; check-config takes what was written."""
    monkeypatch.setattr("agent.scan.SETTLE_S", 0.0)
    monkeypatch.setattr("agent.scan_simulated.CHIPS", ("bh1750",))
    file = tmp_path / "agent.toml"
    words = ["scan", "--simulate", "--out", str(file), "--site", "xidan", "--json"]
    monkeypatch.setattr("agent.scan_simulated.SimulatedWorld.serial", lambda _self: [])
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["parts"] for one in answer["sensors"]][-1] == ["ds18b20"]
    assert answer["modbus"] == [{"link": LINK, "unit": UNIT}]
    assert main(["check-config", "--config", str(file)]) == 0
    capsys.readouterr()
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["scan", "--site", "Not An Id"]) == 2
