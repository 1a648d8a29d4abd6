"""What is peculiar to the SFA30; what every driver does is in `test_every_driver.py`."""

import pytest

from sensors.sfa3x import signed
from sensors.simulated import Air
from tests.sensors.lab import MakeBench


def test_mass_is_of_25_degrees_whatever_the_room(make_bench: MakeBench) -> None:
    """65.2 ppb are 80 µg/m³, the limit, also in a cold room: only display and acceptance rescale."""
    for celsius in (10, 25, 35):
        bench = make_bench("sfa30", air=Air(co2_ppm=500, temperature_c=celsius, humidity_pct=40, hcho_ppb=65.2))
        bench.chip.cells._draw = None
        bench.sensor.start()
        assert bench.read_soon()["hcho_ug_m3"] == pytest.approx(80.0, abs=0.2)


def test_repeated_answer_is_no_reading(make_bench: MakeBench) -> None:
    """Asked faster than it measures, it says the same again."""
    bench = make_bench("sfa30")
    bench.sensor.start()
    bench.read_soon()
    answers = [bench.sensor.read() for _ in range(50)]
    assert sum(values is not None for values in answers) <= 1


def test_left_measuring_by_a_killed_agent(make_bench: MakeBench) -> None:
    """A start stops it first, else its marking cannot be read."""
    bench = make_bench("sfa30")
    bench.chip.write(b"\x00\x06")
    bench.clock.sleep(5)
    bench.sensor.start()
    assert bench.read_soon()
    assert bench.sensor.serial


def test_negative_words() -> None:
    """Two's complement."""
    assert (signed(0xFFFF), signed(0x8000), signed(0x7FFF), signed(0)) == (-1, -32_768, 32_767, 0)
