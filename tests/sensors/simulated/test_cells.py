"""What a chip's cells make of the air."""

import pytest

from sensors.simulated.cells import Cells, Feel, clamped, word
from telemetry.parts import PARTS
from tests.sensors.wires import AIR

SIZES = {f"pm{size}_ug_m3": Feel(8.0, 2.0) for size in ("1", "2_5", "4", "10")}


@pytest.mark.parametrize("seed", range(20))
def test_particle_sizes_are_nested_whatever_the_unit(seed: int) -> None:
    """PM1 within PM2.5 within PM4 within PM10, noise and errors included; none below zero."""
    cells = Cells(PARTS["sen66"], seed, SIZES)
    for _ in range(50):
        cells.feel(AIR, 0.0)
        told = list(cells.nested().values())
        assert told == sorted(told)
        assert told[0] >= 0


def test_step_is_followed_by_63_percent_in_the_response_time() -> None:
    """Each cell with its own."""
    cells = Cells(PARTS["sen66"], None, {"co2_ppm": Feel(60.0, 0.0)})
    cells.feel(AIR, 0.0)
    cells.feel(type(AIR)(co2_ppm=1_500, temperature_c=20, humidity_pct=50), 60.0)
    assert cells.told("co2_ppm") == pytest.approx(500 + 632, abs=1)


def test_drift_is_added() -> None:
    """Beyond any stated accuracy."""
    cells = Cells(PARTS["sen66"], None, {"co2_ppm": Feel(60.0, 0.0)})
    cells.feel(AIR, 0.0)
    cells.drift["co2_ppm"] = 300.0
    assert cells.told("co2_ppm") == 800


def test_words_end_where_sixteen_bits_end() -> None:
    """With and without a sign."""
    assert (word(-1), word(-1e6), word(1e6)) == (0xFFFF, 0x8000, 0x7FFF)
    assert (clamped(-3.2, 0, 10), clamped(3.6, 0, 10), clamped(99, 0, 10)) == (0, 4, 10)
