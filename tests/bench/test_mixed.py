"""The agent with twelve kinds of sensors: its table of chips is the drivers' own, and each of its numbers is there."""

import sys
from pathlib import Path

import pytest

from agent.config import parse
from bench import mixed
from bench.mixed import CHIP_S, MIXED, TEN, measure_line, tables
from bench.report import Findings, markdown
from sensors.opening import driver_of
from tests.sensors.conftest import make_bench
from tests.sensors.lab import MakeBench
from tests.servers import require_program

__all__ = ["make_bench"]

PROGRAM = Path(sys.executable).parent / "openhall-agent"


@pytest.mark.parametrize("part", [part for part in CHIP_S if part != "pms5003"])
def test_a_chips_own_time_is_what_driver_and_chip_wait(make_bench: MakeBench, part: str) -> None:
    """From the driver's start to its first reading, on a clock that only they move."""
    bench = make_bench(part)
    bench.clock.sleep(5)
    began = bench.clock.time
    bench.sensor.start()
    while bench.sensor.read() is None:
        bench.clock.sleep(0.01)
    assert bench.clock.time - began == pytest.approx(CHIP_S[part], abs=0.02)
    bench.sensor.stop()


def test_every_part_as_often_as_it_has_something_new() -> None:
    """Twelve kinds, none asked more often than it measures; the agent takes the table."""
    head = 'region = "a"\nsite = "b"\nagent = "c"\n'
    config = parse(head + tables(MIXED))
    assert len({one.part for one in config.sensors}) == 12
    assert all(one.period_s >= driver_of(one.part).interval_s for one in config.sensors)
    ten = parse(head + tables(TEN))
    assert [one.period_s for one in ten.sensors] == [30.0, 30.0]


def test_a_day_is_told_from_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes pass the meter both ways, and all numbers stand in the report."""
    require_program("mosquitto", "mosquitto")
    monkeypatch.setattr(mixed, "SETTLE_S", 1.0)
    line = measure_line(PROGRAM, "a light sensor", [("bh1750", 0.5)], seconds=3.0)
    assert line.up_mb > 1
    assert line.down_mb > 0
    many = mixed.MixedMeasured(
        seconds=1, packs_s=2, cpu_pct=3.5, memory_mb=40, peak_mb=61, threads=4, beyond_s={"scd41": 1.5, "sht45": 2.5}
    )
    text = markdown(Findings(when="", command="", version="", facts={}, mixed=[many], lines=[line]))
    assert "a light sensor" in text
    assert "2.50 s (sht45)" in text
    assert text.count("**missed**") == 2
