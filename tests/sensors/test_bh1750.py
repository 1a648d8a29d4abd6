"""What is peculiar to the BH1750: light, and no darkness after a loss of power."""

from dataclasses import replace

import pytest

from sensors.simulated.pollution import SEALED
from telemetry.parts import PARTS
from tests.sensors.lab import STILL, Bench, MakeBench


def bright(make_bench: MakeBench, lamps_lx: float) -> Bench:
    """A bench under lamps, at noon."""
    bench = make_bench("bh1750", plan=replace(STILL, sources=replace(SEALED, lamps_lx=lamps_lx, daylight_lx=0)))
    bench.chip.cells._draw = None
    return bench


@pytest.mark.parametrize("lux", [0, 3, 320, 2_000, 40_000])
def test_light(make_bench: MakeBench, lux: float) -> None:
    """In steps of one lux or a little less."""
    bench = bright(make_bench, lux)
    bench.sensor.start()
    assert bench.read_soon()["illuminance_lx"] == pytest.approx(lux, abs=0.5)


def test_units_keep_their_stated_accuracy(make_bench: MakeBench) -> None:
    """Whatever unit."""
    for room in ("hall", "office", "vault"):
        bench = make_bench("bh1750", room=room, plan=STILL)
        bench.sensor.start()
        lux = bench.room.air().illuminance_lx
        assert abs(bench.read_soon()["illuminance_lx"] - lux) <= 0.2 * lux


def test_no_darkness_after_a_moment_without_power(make_bench: MakeBench) -> None:
    """It would say 0 lx for ever if it were only read."""
    bench = bright(make_bench, 500)
    bench.sensor.start()
    bench.chip.unplug()
    bench.chip.plug_in()
    bench.clock.sleep(1)
    assert bench.read_soon()["illuminance_lx"] == pytest.approx(500, abs=0.5)


def test_blinded_cell_is_beyond_its_range(make_bench: MakeBench) -> None:
    """So that the agent flags it."""
    bench = bright(make_bench, 120_000)
    bench.sensor.start()
    channel = PARTS["bh1750"].channel("illuminance_lx")
    assert channel is not None
    assert bench.read_soon()["illuminance_lx"] > channel.high
