"""`openhall-agent calibrate` on a simulated chip, with a clock that stands still until somebody sleeps."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import config as configuration
from agent.calibrate import Wish, calibrate
from agent.calibrating import AT_LEAST_S, Verdict, Watch, judged
from agent.cli import main
from agent.config import AgentConfig
from agent.errors import CalibrationError, ConfigurationError
from agent.journal import Journal, JournalSettings
from agent.uplink_messages import message_of
from sensors import SensorSpec
from sensors.simulated import Air
from telemetry.calibrations import CalibrationRecord, calibration_of
from telemetry.clock import SystemClock
from telemetry.senml import decode
from telemetry.topics import Root
from tests.fakes import FakeClock
from tests.sensors.lab import Bench

TOML = """
region = "north"
site = "site-a"
agent = "pi"
[clock]
trust = "always"
[[sensors]]
part = "scd41"
point = "hall-air"
room = "hall"
[[sensors]]
part = "sht45"
point = "hall-climate"
room = "hall"
"""
REFERENCE = Wish(point="hall-air", reference_ppm=420, by="Li Na")


class Place:
    """A branch's files and one simulated chip in still air."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "agent.toml"
        self.file.write_text(TOML + f'[journal]\npath = "{folder / "agent.journal"}"\n', encoding="utf-8")
        self.bench = Bench(SensorSpec(part="scd41"), air=Air(co2_ppm=480.0, temperature_c=22, humidity_pct=45))
        self.bench.clock.sleep(2.0)
        self.said: list[str] = []

    @property
    def config(self) -> AgentConfig:
        """As the agent reads it."""
        return configuration.load(self.file)

    def calibrate(self, wish: Wish = REFERENCE, sleep: Callable[[float], None] | None = None) -> CalibrationRecord:
        """Run it on the bench's clock."""
        return calibrate(
            self.config,
            wish,
            simulate=True,
            say=self.said.append,
            clock=self.bench.clock,
            sleep=sleep or self.bench.clock.sleep,
            open_sensor=lambda: self.bench.sensor,
        )

    def packs(self) -> list[Any]:
        """The packs that wait in the journal, decoded, each with its topic's last level and whether it is retained."""
        clock = FakeClock()
        journal = Journal.open(
            Path(self.config.journal.path),
            root=Root("north", "site-a", "pi"),
            clock=clock,
            rng=random.Random(1),
            settings=JournalSettings(),
            trusted=True,
        )
        try:
            assert journal.last_state("hall-air") is None
            found = []
            for number in journal.owed.facility(0, 100):
                row = journal.row(number)
                assert row is not None
                message = message_of(row, is_newest=journal.is_newest(row), boot=clock.boot_id, mono_ms=0)
                found.append((decode(message.body, "site-a").pack, message.topic.rpartition("/")[2], message.retain))
            return found
        finally:
            journal.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A branch, whose driver sleeps on the bench's clock."""
    made = Place(tmp_path)
    monkeypatch.setattr("adafruit_scd4x.time", SimpleNamespace(sleep=made.bench.clock.sleep))
    return made


def test_in_steady_air_the_chip_is_told_and_it_is_written_down(place: Place) -> None:
    """After three minutes, not before; who, before and after travel once, unretained, and are no state of the point."""
    started = place.bench.clock.time
    record = place.calibrate()
    assert place.bench.clock.time - started >= AT_LEAST_S
    assert record.ok, record.reason
    assert record.by == "Li Na"
    assert abs(record.before - 480) < 60
    assert record.after is not None
    assert abs(record.after - 420) < 25
    assert record.correction == pytest.approx(420 - record.before, abs=25)
    ((pack, level, retained),) = place.packs()
    assert (pack.point, pack.kind, level, retained) == ("hall-air", "calibration", "readings", False)
    assert calibration_of(pack) == record


def test_an_older_correction_in_the_configuration_is_pointed_out(place: Place) -> None:
    """It was found against what the chip said before."""
    text = place.file.read_text(encoding="utf-8")
    older = 'room = "hall"\n[sensors.calibration]\noffset = { co2_ppm = -15.0 }\n'
    place.file.write_text(text.replace('room = "hall"\n', older, 1), encoding="utf-8")
    assert place.calibrate().ok
    assert place.said[-1].startswith("take co2_ppm out of $.sensors[0].calibration")


def test_the_chip_refuses(place: Place) -> None:
    """0xFFFF is a failure; it is written down as one, with what to do."""
    original = place.bench.chip._recalibrate
    place.bench.chip._recalibrate = lambda _ppm: setattr(place.bench.chip, "_measured_for_s", 0.0) or original(420)
    record = place.calibrate()
    assert not record.ok
    assert record.correction is None
    assert record.after is None
    assert "the chip refused" in record.reason
    ((pack, _level, _retained),) = place.packs()
    assert pack.value_of("working") is False
    assert calibration_of(pack) == record


def test_restless_air_leaves_the_sensor_alone(place: Place) -> None:
    """The air rises all the time: nothing is done to the chip, nothing is written down."""

    def sleep(seconds: float) -> None:
        place.bench.clock.sleep(seconds)
        place.bench.breathe(Air(co2_ppm=480 + place.bench.clock.time, temperature_c=22, humidity_pct=45))

    with pytest.raises(CalibrationError, match="not steady: it moved by"):
        place.calibrate(sleep=sleep)
    assert place.bench.chip._memory.correction_ppm == 0
    assert place.packs() == []


def test_a_sensor_that_goes_away_meanwhile(place: Place) -> None:
    """Too few readings: nothing is done."""

    def sleep(seconds: float) -> None:
        place.bench.clock.sleep(seconds)
        if place.bench.clock.time > 1_060:
            place.bench.chip.unplug()

    with pytest.raises(CalibrationError, match="too few readings"):
        place.calibrate(sleep=sleep)
    assert place.packs() == []


def test_what_cannot_be_calibrated_is_said(place: Place) -> None:
    """No such point, a part without calibration, a journal in use by the agent."""
    with pytest.raises(ConfigurationError, match=r"no sensor has the point 'vault-air'; .* hall-air"):
        place.calibrate(Wish(point="vault-air", reference_ppm=420, by="x"))
    with pytest.raises(ConfigurationError, match="sht45 takes no forced calibration"):
        calibrate(
            place.config, Wish(point="hall-climate", reference_ppm=420, by="x"), simulate=True, say=place.said.append
        )
    running = Journal.open(
        Path(place.config.journal.path),
        root=Root("north", "site-a", "pi"),
        clock=SystemClock(),
        rng=random.Random(1),
        settings=JournalSettings(),
        trusted=True,
    )
    try:
        with pytest.raises(ConfigurationError, match="stop that one"):
            place.calibrate()
    finally:
        running.close()


def test_the_words(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference beyond the chip's range is wrong use; the record is the answer, 0 if it is well calibrated."""
    words = ["calibrate", "hall-air", "--config", str(place.file), "--simulate", "--json"]
    assert main([*words, "--reference-ppm", "300"]) == 2
    assert "400 to 2000" in capsys.readouterr().err
    monkeypatch.setattr("agent.calibrate.calibrate", lambda *_a, **_k: place.calibrate())
    assert main([*words, "--reference-ppm", "420", "--by", "Li Na"]) == 0
    assert json.loads(capsys.readouterr().out)["by"] == "Li Na"


def watched(*ppm: float, every_s: float = 5.0) -> Watch:
    """A watch that has seen these, the last of them now."""
    watch = Watch(0.0)
    for place, number in enumerate(ppm):
        watch.add(place * every_s, number)
    return watch


def test_when_it_is_steady() -> None:
    """Three minutes of operation; no drift of more than 20 ppm, no single reading far off."""
    steady = [500.0, 505.0] * 19
    assert watched(*steady[:30]).verdict(145.0) is Verdict.WAIT
    assert watched(*steady).verdict(185.0) is Verdict.CALIBRATE
    drifting = [500.0 + place for place in range(38)]
    assert watched(*drifting).verdict(185.0) is Verdict.WAIT
    assert watched(*drifting).verdict(900.0) is Verdict.SILENT
    breathed_on = [*steady[:20], 600.0, *steady[21:]]
    assert "apart" in str(watched(*breathed_on).unrest)


def test_afterwards_it_must_show_the_reference() -> None:
    """What is far off, or silent, is not well calibrated."""
    assert judged(420, 430) == ""
    assert "70 from the reference" in judged(420, 490)
    assert "no reading" in judged(420, None)
