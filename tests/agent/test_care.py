"""Sensors in the long run: hours over restarts, another serial number at the same point, what falls due."""

import json
from pathlib import Path

import pytest

from agent.care import LIFE_H, YEAR_H, Care
from agent.config import CalibrationConfig
from agent.sampler import Outcome, SensorPlan
from telemetry.parts import PARTS
from tests.agent.test_sampler import Bench
from tests.agent.test_sampler import plan as plan_of
from tests.fakes import FakeClock

DUST = SensorPlan(point="dust", room="hall", part=PARTS["sps30"], period_s=60.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the hours are kept."""
    return tmp_path / "agent.journal.care.json"


def work(care: Care, clock: FakeClock, hours: float, plan: SensorPlan = DUST) -> None:
    """Readings, one a minute."""
    for _ in range(round(hours * 60)):
        care.worked(plan)
        clock.advance(60)
    care.worked(plan)


def test_hours_outlive_a_restart_and_a_kill(file: Path) -> None:
    """Of a clean end all, of a kill all but the last hour; a gap does not count; the file is not written more often."""
    clock = FakeClock()
    care = Care(file, clock)
    care.opened(DUST, "A1")
    work(care, clock, 5.5)
    written = file.stat().st_mtime_ns
    work(care, clock, 0.3)
    assert file.stat().st_mtime_ns == written
    again = Care(file, clock)
    assert 4.9 <= again.hours("dust") <= 5.8
    care.save()
    again = Care(file, clock)
    assert again.hours("dust") == pytest.approx(5.8, abs=0.05)
    clock.advance(86_400)
    again.opened(DUST, "A1")
    work(again, clock, 1)
    assert again.hours("dust") == pytest.approx(6.8, abs=0.05)


def test_another_serial_number_is_another_sensor(file: Path) -> None:
    """Said once, with what came out; its hours begin anew; the same one again is no news."""
    clock = FakeClock()
    care = Care(file, clock)
    assert care.opened(DUST, "A1") == ""
    work(care, clock, 2)
    assert care.opened(DUST, "A1") == ""
    assert care.opened(DUST, "B2") == "replaced: sps30 B2 in place of sps30 A1, which had worked 2 h"
    assert care.hours("dust") == 0
    assert Care(file, clock).opened(DUST, "B2") == ""


def test_without_a_serial_number_the_day_of_installation_counts(file: Path) -> None:
    """Another day is another sensor; a part that is another part, too."""
    clock = FakeClock()
    pms = plan_of(point="dust", part=PARTS["pms5003"], installed="2026-01-01")
    care = Care(file, clock)
    assert care.opened(pms, "") == ""
    assert care.opened(pms, "") == ""
    assert "in place of pms5003 2026-01-01" in care.opened(
        plan_of(point="dust", part=PARTS["pms5003"], installed="2026-09-01"), ""
    )
    assert "sps30 C3 in place of pms5003" in care.opened(DUST, "C3")


def test_worn_out_is_said_with_advice(file: Path) -> None:
    """Not before the hours of the data sheet are over, and not anew every hour."""
    clock = FakeClock()
    file.write_text(json.dumps({"dust": {"part": "sps30", "identity": "A1", "hours": LIFE_H["sps30"] - 1}}))
    care = Care(file, clock)
    care.opened(DUST, "A1")
    assert care.notice(DUST) == ""
    work(care, clock, 2)
    first = care.notice(DUST)
    assert first == "due for replacement: it has worked 10 years of 10; order a Sensirion SPS30"
    work(care, clock, 3)
    assert care.notice(DUST) == first
    assert set(LIFE_H) <= set(PARTS)
    assert YEAR_H == 365.25 * 24


def test_a_calibration_that_no_longer_holds_is_said(file: Path) -> None:
    """From the day after, with its number; never by a clock that was not set."""
    clock = FakeClock()
    plan = plan_of(calibration=CalibrationConfig(date="2026-09-01", certificate="C-7", valid_days=30))
    clock.wall_s = 1_790_640_000.0 - 86_400  # 2026-09-28
    assert Care(file, clock).notice(plan) == ""
    clock.wall_s += 5 * 86_400
    assert Care(file, clock).notice(plan) == (
        "due for calibration: certificate C-7 held until 2026-10-01; hold it against a reference"
    )
    clock.wall_s = 5_000.0
    assert Care(file, clock).notice(plan) == ""


def test_a_file_that_cannot_be_read_costs_the_hours_alone(file: Path, tmp_path: Path) -> None:
    """Garbage, and a disk that refuses: readings go on."""
    file.write_bytes(b"\x00" * 100)
    clock = FakeClock()
    care = Care(file, clock)
    work(care, clock, 2)
    assert care.hours("dust") == pytest.approx(2, abs=0.05)
    lost = Care(tmp_path / "gone" / "care.json", clock)
    work(lost, clock, 2)
    assert lost.hours("dust") == pytest.approx(2, abs=0.05)


def test_the_sampler_notes_a_replaced_sensor_at_its_point(file: Path) -> None:
    """The history goes on; the state says what came, once; and what is due."""
    bench = Bench()
    care = Care(file, bench.clock)
    bench.sampler._care = care
    serial = "A1"

    def answer(job: object) -> Outcome:
        kind = getattr(job, "kind", "")
        if kind == "open":
            return Outcome(serial=serial)
        if unplugged:
            return Outcome(error="no acknowledge")
        return Outcome(values={"co2_ppm": 600.0})

    unplugged = False
    bench.answer = answer  # type: ignore[method-assign]
    bench.run(300)
    unplugged = True
    bench.run(300)
    serial, unplugged = "B2", False
    bench.run(600)
    reasons = [(working, reason) for _point, _room, working, _state, reason in bench.sink.states]
    assert reasons[0] == (True, "")
    assert reasons[-1][0] is True
    assert reasons[-1][1].startswith("replaced: scd41 B2 in place of scd41 A1")
    assert sum("replaced" in reason for _working, reason in reasons) == 1
    assert bench.sink.serials == {"hall-air": "B2"}
