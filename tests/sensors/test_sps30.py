"""What is peculiar to the SPS30: floats, its status register, its sleep."""

import pytest

from sensors.errors import NotFinite, PartlyBroken, SelfTestFailed, WrongPart
from sensors.sps30 import FAN_ERROR, LASER_ERROR, SPEED_WARNING
from tests.sensors.lab import MakeBench


@pytest.mark.parametrize(("bit", "word"), [(FAN_ERROR, "fan stands still"), (LASER_ERROR, "laser")])
def test_broken_fan_or_laser_is_an_error_until_it_is_mended(make_bench: MakeBench, bit: int, word: str) -> None:
    """Its values would look like clean air."""
    bench = make_bench("sps30")
    bench.sensor.start()
    bench.read_soon()
    bench.chip.faults.status = bit
    for _ in range(5):
        with pytest.raises(SelfTestFailed, match=word):
            bench.exhaust(for_s=30)
    bench.chip.faults.status = 0
    bench.sensor.start()
    assert bench.read_soon()


def test_fan_speed_is_told_once_and_the_values_go_on(make_bench: MakeBench) -> None:
    """And again when it was well in between."""
    bench = make_bench("sps30")
    bench.sensor.start()
    bench.chip.faults.status = SPEED_WARNING
    with pytest.raises(PartlyBroken, match="too fast or too slow"):
        bench.exhaust(for_s=30)
    for _ in range(10):
        assert bench.read_soon()


def test_value_that_is_no_number_is_refused(make_bench: MakeBench) -> None:
    """It speaks in floats, which can say so."""
    bench = make_bench("sps30")
    bench.sensor.start()
    bench.chip.faults.not_a_number = True
    with pytest.raises(NotFinite) as refused:
        bench.exhaust(for_s=5)
    assert refused.value.quantity == "pm1_ug_m3"


def test_sleeping_sensor_is_woken(make_bench: MakeBench) -> None:
    """Another program may have sent it to sleep: it acknowledges nothing, the first wake-up neither."""
    bench = make_bench("sps30")
    assert bench.chip.write(b"\x10\x01")
    bench.clock.sleep(0.01)
    assert not bench.chip.write(b"")
    bench.sensor.start()
    assert bench.read_soon()


def test_other_product_is_refused(make_bench: MakeBench) -> None:
    """Its address is no proof."""
    bench = make_bench("sps30")
    bench.chip.faults.product = "00080001"
    with pytest.raises(WrongPart) as refused:
        bench.sensor.start()
    assert (refused.value.expected, refused.value.got) == ("sps30", "00080001")
