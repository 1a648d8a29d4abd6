"""Benches whose driver sleeps on the bench's clock."""

from types import SimpleNamespace

import pytest

from sensors import SensorSpec
from sensors.simulated import Air, RoomPlan
from tests.sensors.lab import STILL, Bench, MakeBench, default_bus


@pytest.fixture
def make_bench(monkeypatch: pytest.MonkeyPatch) -> MakeBench:
    """Makes a bench; the Adafruit drivers' `sleep` moves the clock of the one made last."""

    def make(part: str = "scd41", *, plan: RoomPlan = STILL, air: Air | None = None, **settings: object) -> Bench:
        settings.setdefault("bus", default_bus(part))
        bench = Bench(SensorSpec(part=part, **settings), plan, air)  # type: ignore[arg-type]
        # The class is changed for the test, and what it learned of an earlier one's chips forgotten.
        monkeypatch.setattr("sensors.sgp4x.Sgp4x.heart", bench.clock)
        monkeypatch.setattr("sensors.sgp4x.Sgp4x.learned", {})
        for library in ("adafruit_scd4x.time", "adafruit_sht4x.time"):
            monkeypatch.setattr(library, SimpleNamespace(sleep=bench.clock.sleep))
        monkeypatch.setattr("adafruit_bh1750.sleep", bench.clock.sleep)
        return bench

    return make


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """An SCD41 in a sealed room of 800 ppm."""
    return make_bench(air=Air(co2_ppm=800, temperature_c=22, humidity_pct=45))
