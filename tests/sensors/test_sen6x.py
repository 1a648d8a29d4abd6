"""What is peculiar to the SEN6x: five layouts, cells that say what is wrong with them, settings, calibration."""

import pytest

from sensors.errors import CalibrationFailed, PartlyBroken, SelfTestFailed, SensorMisconfigured, WrongPart
from sensors.sen6x_layout import CELLS, FAN_ERROR, FAN_WARNING, LAYOUTS, Field
from sensors.simulated import Air, RoomPlan
from sensors.simulated.pollution import SEALED
from telemetry.parts import PARTS
from tests.sensors.lab import MakeBench

FAMILY = sorted(LAYOUTS)
WITH_CO2 = ["sen63c", "sen66", "sen69c"]
AIR = Air(co2_ppm=900, temperature_c=24, humidity_pct=48, hcho_ppb=60)


@pytest.mark.parametrize("part", FAMILY)
class TestFamily:
    """Each of the five."""

    def test_layout_is_what_the_part_measures(self, make_bench: MakeBench, part: str) -> None:
        """The table of parts and the words agree."""
        assert {field.quantity for field in LAYOUTS[part].fields} == {c.quantity for c in PARTS[part].channels}

    def test_cells_that_say_nothing_yet_are_missing(self, make_bench: MakeBench, part: str) -> None:
        """Their word for "unknown" is no value: not 6553.5, not 163.835, not -1."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        first = bench.read_soon()
        assert not first.keys() & {"nox_index", "co2_ppm", "hcho_ug_m3"}
        assert first.keys() >= {"pm2_5_ug_m3", "temperature_c"}
        bench.clock.sleep(60)
        assert bench.read_soon().keys() == {channel.quantity for channel in PARTS[part].channels}

    def test_other_member_of_the_family_is_refused(self, make_bench: MakeBench, part: str) -> None:
        """All have one address; their accuracies differ."""
        bench = make_bench(part, air=AIR)
        bench.chip.faults.name = "SEN60"
        with pytest.raises(WrongPart) as refused:
            bench.sensor.start()
        assert (refused.value.expected, refused.value.got) == (part, "SEN60")

    def test_broken_cell_is_told_once_and_left_out_while_the_rest_goes_on(
        self, make_bench: MakeBench, part: str
    ) -> None:
        """And comes back when it is well."""
        mine = {channel.quantity for channel in PARTS[part].channels}
        for bit, (name, quantities) in CELLS.items():
            if not mine & set(quantities):
                continue
            bench = make_bench(part, air=AIR)
            bench.sensor.start()
            bench.clock.sleep(70)
            bench.chip.faults.status = bit
            with pytest.raises(PartlyBroken, match=f"{name} cell") as told:
                bench.exhaust(for_s=10)
            assert set(told.value.quantities) == mine & set(quantities)
            for _ in range(5):
                assert bench.read_soon().keys() == mine - set(quantities)
            bench.chip.faults.status = 0
            bench.clock.sleep(1)
            bench.read_soon()
            assert bench.read_soon().keys() == mine

    def test_fan_that_stands_still_spoils_everything(self, make_bench: MakeBench, part: str) -> None:
        """Every cell sits in air of its own then."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.chip.faults.status = FAN_ERROR
        for _ in range(3):
            with pytest.raises(SelfTestFailed, match="fan stands still"):
                bench.exhaust(for_s=10)

    def test_fan_speed_is_told_once(self, make_bench: MakeBench, part: str) -> None:
        """Its values go on."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.chip.faults.status = FAN_WARNING
        with pytest.raises(PartlyBroken, match="fan speed") as told:
            bench.exhaust(for_s=10)
        assert told.value.quantities == ()
        assert bench.read_soon()

    def test_temperature_offset_takes_the_housing_s_heat_off(self, make_bench: MakeBench, part: str) -> None:
        """2 °C of it; and none at the next start without one, though the chip had no reset."""
        usual = make_bench(part, air=AIR)
        usual.sensor.start()
        cooled = make_bench(part, air=AIR, temperature_offset_c=2.0)
        cooled.sensor.start()
        before = usual.read_soon()["temperature_c"]
        assert cooled.read_soon()["temperature_c"] == pytest.approx(before - 2.0, abs=0.1)
        cooled.sensor._spec = usual.spec
        cooled.sensor.start()
        assert cooled.read_soon()["temperature_c"] == pytest.approx(before, abs=0.1)

    def test_what_the_gas_algorithm_learned_survives_a_start(self, make_bench: MakeBench, part: str) -> None:
        """A reset would throw away days."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.sensor.start()
        assert 0xD304 not in bench.chip.commands


@pytest.mark.parametrize("part", WITH_CO2)
class TestCarbonDioxide:
    """Those with a CO2 cell."""

    def test_self_calibration_is_off_unless_asked_for(self, make_bench: MakeBench, part: str) -> None:
        """It is on when the node is delivered."""
        for asked in (False, True):
            bench = make_bench(part, air=AIR, self_calibration=asked)
            assert bench.chip._self_calibration == 1
            bench.sensor.start()
            assert bench.chip._self_calibration == asked

    def test_height_keeps_the_reading_right_on_a_mountain(self, make_bench: MakeBench, part: str) -> None:
        """At 2,240 m: told so the node is right, else a quarter too low."""
        plan = RoomPlan(
            ach_open=0,
            ach_closed=0,
            loss_w_k=0,
            thermostat_w_k=0,
            visitors_h=0,
            staff=0,
            pressure_hpa=772.0,
            sources=SEALED,
        )
        readings = []
        for settings in ({"altitude_m": 2_240}, {"ambient_pressure_hpa": 772}, {}):
            bench = make_bench(part, plan=plan, air=AIR, **settings)
            bench.chip.cells._draw = None
            bench.sensor.start()
            bench.clock.sleep(10)
            readings.append(bench.read_soon()["co2_ppm"])
        assert readings[0] == pytest.approx(900, rel=0.01)
        assert readings[1] == pytest.approx(900, rel=0.01)
        assert readings[2] < 720

    def test_node_that_loses_a_setting_is_refused(self, make_bench: MakeBench, part: str) -> None:
        """What it was told is read back."""
        bench = make_bench(part, air=AIR)
        bench.chip.faults.loses_settings = True
        with pytest.raises(SensorMisconfigured, match="did not keep self_calibration"):
            bench.sensor.start()
        other = make_bench(part, air=AIR, self_calibration=True, ambient_pressure_hpa=800)
        other.chip.faults.loses_settings = True
        with pytest.raises(SensorMisconfigured, match="did not keep ambient_pressure_hpa"):
            other.sensor.start()

    @pytest.mark.parametrize(
        ("settings", "setting"), [({"altitude_m": 4_000}, "altitude_m"), ({"ambient_pressure_hpa": 500}, "ambient")]
    )
    def test_impossible_settings_are_refused(
        self, make_bench: MakeBench, part: str, settings: dict[str, int], setting: str
    ) -> None:
        """Before anything is opened."""
        with pytest.raises(SensorMisconfigured, match=setting):
            make_bench(part, **settings)

    def test_calibration_pulls_the_reading_to_the_reference(self, make_bench: MakeBench, part: str) -> None:
        """After three minutes; it measures on afterwards."""
        bench = make_bench(part, air=AIR)
        bench.chip.cells.drift["co2_ppm"] = 150.0
        bench.sensor.start()
        bench.clock.sleep(200)
        before = bench.read_soon()["co2_ppm"]
        assert bench.sensor.calibrate(900) == pytest.approx(900 - before, abs=15)
        bench.clock.sleep(10)
        assert bench.read_soon()["co2_ppm"] == pytest.approx(900, abs=15)

    def test_refused_calibration_is_told_and_it_measures_on(self, make_bench: MakeBench, part: str) -> None:
        """Too early."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.clock.sleep(30)
        with pytest.raises(CalibrationFailed, match="3 minutes"):
            bench.sensor.calibrate(900)
        assert bench.read_soon()
        with pytest.raises(CalibrationFailed, match="400 to 2000"):
            bench.sensor.calibrate(399)


def test_calibration_needs_a_cell(make_bench: MakeBench) -> None:
    """The SEN68 has none."""
    bench = make_bench("sen68", air=AIR)
    bench.sensor.start()
    with pytest.raises(CalibrationFailed, match="no CO2 cell"):
        bench.sensor.calibrate(420)


def test_words() -> None:
    """Signs, scales, and the words for "unknown"."""
    assert Field("temperature_c", 200).value(0xFF38) == -1.0
    assert Field("temperature_c", 200).value(0x7FFF) is None
    assert Field("pm1_ug_m3", 10, signed=False).value(0x7FFF) == 3276.7
    assert Field("pm1_ug_m3", 10, signed=False).value(0xFFFF) is None
