"""What is peculiar to the SFA40: its warm-up, and what its cell says of itself."""

import pytest

from sensors.errors import PartlyBroken, SensorUnavailable
from sensors.simulated import Air
from tests.sensors.lab import MakeBench

AIR = Air(co2_ppm=500, temperature_c=23, humidity_pct=45, hcho_ppb=65.2)


def test_no_formaldehyde_while_the_cell_warms_up(make_bench: MakeBench) -> None:
    """Its word is far too high then; the climate beside it is good. After ten minutes all three are there."""
    bench = make_bench("sfa40", air=AIR)
    began = bench.clock.time
    bench.sensor.start()
    while bench.clock.time < began + 600:
        values = bench.read_soon()
        assert values.keys() == {"temperature_c", "humidity_pct"}
        bench.clock.sleep(7)
    values = bench.read_soon()
    assert values["hcho_ug_m3"] == pytest.approx(80, abs=20 * 1.2273)


def test_agent_started_again_finds_a_warm_cell(make_bench: MakeBench) -> None:
    """Which had power all the time, and says that it is ready."""
    bench = make_bench("sfa40", air=AIR)
    bench.clock.sleep(700)
    bench.sensor.start()
    assert "hcho_ug_m3" in bench.read_soon()


def test_moment_without_power_begins_the_warm_up_anew(make_bench: MakeBench) -> None:
    """The cell says so, whatever the agent believes."""
    bench = make_bench("sfa40", air=AIR)
    bench.clock.sleep(700)
    bench.chip.unplug()
    bench.chip.plug_in()
    bench.clock.sleep(1)
    bench.sensor.start()
    assert "hcho_ug_m3" not in bench.read_soon()


def test_cell_out_of_specification_is_told_once_and_the_rest_goes_on(make_bench: MakeBench) -> None:
    """And told again when it has been well in between."""
    bench = make_bench("sfa40", air=AIR)
    bench.clock.sleep(700)
    bench.chip.faults.is_out_of_specification = True
    bench.sensor.start()
    bench.exhaust(for_s=590)
    with pytest.raises(PartlyBroken, match="out of specification") as told:
        bench.exhaust(for_s=60)
    assert told.value.quantities == ("hcho_ug_m3",)
    for _ in range(20):
        assert bench.read_soon().keys() == {"temperature_c", "humidity_pct"}
    bench.chip.faults.is_out_of_specification = False
    bench.clock.sleep(1)
    assert "hcho_ug_m3" in bench.read_soon()
    bench.chip.faults.is_out_of_specification = True
    with pytest.raises(PartlyBroken):
        bench.exhaust(for_s=60)


def test_engineering_sample_does_not_start(make_bench: MakeBench) -> None:
    """Its commands and its scale are others."""
    bench = make_bench("sfa40", air=AIR)
    bench.chip.faults.is_prototype = True
    with pytest.raises(SensorUnavailable):
        bench.sensor.start()


def test_serial_number_is_hex_text(make_bench: MakeBench) -> None:
    """48 bits."""
    bench = make_bench("sfa40", air=AIR)
    bench.sensor.start()
    assert int(bench.sensor.serial, 16) == bench.chip._serial
    assert len(bench.sensor.serial) == 12
