"""The SCD40 and SCD41 as the agent sees them, over the unmodified Adafruit driver and the simulated chip."""

import math

import pytest
from adafruit_scd4x import SCD4X

from sensors import SensorSpec, open_sensor
from sensors.errors import (
    SensorMisconfigured,
    WrongPart,
)
from sensors.scd4x import Scd40, Scd41
from sensors.simulated import Air, RoomPlan
from telemetry.parts import PARTS
from tests.sensors.lab import STILL, Bench, MakeBench


def within_stated(part: str, quantity: str, got: float, true: float) -> bool:
    """Whether a reading is as near to the truth as the part's data sheet promises."""
    channel = PARTS[part].channel(quantity)
    assert channel is not None
    stated = channel.error_at(true)
    assert stated is not None
    # The error of what is read, taken at the reading, may be a little more than that taken at the truth.
    return abs(got - true) <= stated * 1.06


class TestReading:
    """What a healthy sensor gives."""

    def test_first_reading_comes_within_three_seconds_of_the_chips_own_five(self, bench: Bench) -> None:
        """Start and polling cost less than 3 s beyond the measuring period."""
        began = bench.clock.time
        bench.sensor.start()
        bench.read_soon()
        assert bench.clock.time - began < bench.sensor.interval_s + 3

    def test_reading_has_the_parts_quantities_in_their_units(self, bench: Bench) -> None:
        """CO2 in ppm, temperature in °C, humidity in %, each within the stated accuracy."""
        bench.sensor.start()
        values = bench.read_soon()
        assert values.keys() == {channel.quantity for channel in bench.sensor.part.channels}
        assert all(isinstance(value, float) for value in values.values())
        assert within_stated("scd41", "co2_ppm", values["co2_ppm"], 800)
        assert within_stated("scd41", "temperature_c", values["temperature_c"], 22)
        assert within_stated("scd41", "humidity_pct", values["humidity_pct"], 45)

    def test_old_value_is_never_given_twice(self, bench: Bench) -> None:
        """Between two measurements there is nothing, though the driver's cache holds the last one."""
        bench.sensor.start()
        bench.read_soon()
        assert [bench.sensor.read() for _ in range(10)] == [None] * 10

    def test_a_reading_comes_every_five_seconds(self, bench: Bench) -> None:
        """Asked once a second for a minute, it answers twelve times."""
        bench.sensor.start()
        answers = 0
        until = bench.clock.time + 60
        while bench.clock.time < until:
            answers += bench.sensor.read() is not None
            bench.clock.sleep(0.97)
        assert answers in (11, 12)

    @pytest.mark.parametrize("co2_ppm", [420, 999, 1_001, 1_999, 2_400, 4_900])
    @pytest.mark.parametrize("room", ["hall", "office", "vault"])
    def test_units_keep_their_stated_accuracy(self, make_bench: MakeBench, co2_ppm: float, room: str) -> None:
        """Whatever unit, over a hundred readings of one air."""
        bench = make_bench(room=room, air=Air(co2_ppm=co2_ppm, temperature_c=24, humidity_pct=55))
        bench.sensor.start()
        for _ in range(100):
            values = bench.read_soon()
            assert within_stated("scd41", "co2_ppm", values["co2_ppm"], co2_ppm)
            assert within_stated("scd41", "temperature_c", values["temperature_c"], 24)
            assert within_stated("scd41", "humidity_pct", values["humidity_pct"], 55)

    def test_reading_follows_a_step_within_minutes(self, bench: Bench) -> None:
        """63 % of a step after 60 s: half of it is seen then, all of it after ten minutes."""
        bench.sensor.start()
        before = bench.read_soon()["co2_ppm"]
        bench.breathe(Air(co2_ppm=1_600, temperature_c=22, humidity_pct=45))
        for _ in range(12):
            after_a_minute = bench.read_soon()["co2_ppm"]
        assert before + 350 < after_a_minute < before + 700
        for _ in range(120):
            at_last = bench.read_soon()["co2_ppm"]
        assert within_stated("scd41", "co2_ppm", at_last, 1_600)

    def test_serial_number_is_hex_text(self, bench: Bench) -> None:
        """Twelve digits, the same at every start."""
        assert bench.sensor.serial == ""
        bench.sensor.start()
        serial = bench.sensor.serial
        assert len(serial) == 12
        assert int(serial, 16) >= 0
        bench.sensor.start()
        assert bench.sensor.serial == serial

    def test_sample_of_zero_ppm_is_missing_not_zero(self, bench: Bench) -> None:
        """0 ppm is the chip's word for no valid sample; the climate beside it is good."""
        bench.sensor.start()
        bench.chip.faults.is_zero = True
        assert bench.read_soon().keys() == {"temperature_c", "humidity_pct"}

    def test_two_sensors_in_one_room_breathe_one_air(self, make_bench: MakeBench) -> None:
        """They differ by no more than their accuracies, and their serial numbers differ."""
        bench = make_bench(air=Air(co2_ppm=1_200, temperature_c=22, humidity_pct=45))
        other = open_sensor(SensorSpec(part="scd40", simulate=True, bus="i2c-3"), clock=bench.clock, rooms=bench.rooms)
        bench.sensor.start()
        other.start()
        bench.clock.sleep(5)
        first, second = bench.sensor.read(), other.read()
        assert first is not None
        assert second is not None
        assert first != second
        assert abs(first["co2_ppm"] - second["co2_ppm"]) < 86 + 110
        assert bench.sensor.serial != other.serial


class TestSettings:
    """How the sensor is set at every start."""

    def test_self_calibration_is_off_unless_asked_for(self, make_bench: MakeBench) -> None:
        """The chip is delivered with it on."""
        bench = make_bench()
        assert bench.chip.settings.self_calibration == 1
        bench.sensor.start()
        assert bench.chip.settings.self_calibration == 0
        asked = make_bench(self_calibration=True)
        asked.sensor.start()
        assert asked.chip.settings.self_calibration == 1

    def test_self_calibration_ruins_the_reading_where_air_never_falls_to_400_ppm(self, make_bench: MakeBench) -> None:
        """Why it is off: two days in a room of 700 ppm, and the chip calls that 400."""
        air = Air(co2_ppm=700, temperature_c=22, humidity_pct=45)
        for asked, expected in ((True, 400), (False, 700)):
            bench = make_bench(self_calibration=asked, air=air)
            bench.sensor.start()
            for _ in range(50):
                bench.clock.sleep(3_600)
                values = bench.sensor.read()
            assert values is not None
            assert abs(values["co2_ppm"] - expected) < 70, asked

    def test_nothing_is_written_to_the_eeprom(self, bench: Bench) -> None:
        """It is good for 2,000 writes; an agent starts more often."""
        for _ in range(3):
            bench.sensor.start()
            bench.sensor.stop()
        assert bench.chip.eeprom_writes == 0

    def test_altitude_keeps_the_reading_right_on_a_mountain(self, make_bench: MakeBench) -> None:
        """At 2,240 m the pressure is 772 hPa: told so, the chip is right; not told, it reads a quarter too low."""
        plan = RoomPlan(
            ach_open=0, ach_closed=0, loss_w_k=0, thermostat_w_k=0, visitors_h=0, staff=0, pressure_hpa=772.0
        )
        air = Air(co2_ppm=1_000, temperature_c=22, humidity_pct=45)
        readings = []
        for settings in ({"altitude_m": 2_240}, {"ambient_pressure_hpa": 772}, {}):
            bench = make_bench(plan=plan, air=air, **settings)
            bench.sensor.start()
            readings.append(bench.read_soon()["co2_ppm"])
        told_m, told_hpa, untold = readings
        assert within_stated("scd41", "co2_ppm", told_m, 1_000)
        assert within_stated("scd41", "co2_ppm", told_hpa, 1_000)
        assert untold < 850

    def test_pressure_of_an_earlier_run_does_not_outlive_a_start(self, make_bench: MakeBench) -> None:
        """The chip's RAM still holds it, and it would override the altitude."""
        bench = make_bench(altitude_m=100)
        driver_before = SCD4X(_bus_of(bench))
        driver_before.ambient_pressure = 700
        assert bench.chip.settings.pressure_hpa == 700
        bench.sensor.start()
        assert bench.chip.settings.pressure_hpa == 0
        assert bench.chip.settings.altitude_m == 100

    def test_temperature_offset_takes_the_self_heating_off(self, make_bench: MakeBench) -> None:
        """2 °C more of offset: 2 °C less, and the relative humidity that belongs to it."""
        air = Air(co2_ppm=800, temperature_c=24, humidity_pct=40)
        readings = []
        for offset in (4.0, 6.0):
            bench = make_bench(temperature_offset_c=offset, air=air)
            bench.sensor.start()
            readings.append(bench.read_soon())
        usual, cooler = readings
        assert usual["temperature_c"] - cooler["temperature_c"] == pytest.approx(2.0, abs=0.25)
        assert 2 < cooler["humidity_pct"] - usual["humidity_pct"] < 8

    @pytest.mark.parametrize(
        ("settings", "setting"),
        [
            ({"altitude_m": -1}, "altitude_m"),
            ({"altitude_m": 3_650}, "altitude_m"),
            ({"ambient_pressure_hpa": 101_325}, "ambient_pressure_hpa"),
            ({"ambient_pressure_hpa": 650}, "ambient_pressure_hpa"),
            ({"temperature_offset_c": -1.0}, "temperature_offset_c"),
            ({"temperature_offset_c": math.nan}, "temperature_offset_c"),
            ({"temperature_offset_c": 25.0}, "temperature_offset_c"),
            ({"address": 0x03}, "address"),
            ({"address": 0x162}, "address"),
        ],
    )
    def test_impossible_settings_are_refused_by_name(self, settings: dict[str, float], setting: str) -> None:
        """Before anything is opened."""
        with pytest.raises(SensorMisconfigured) as refused:
            open_sensor(SensorSpec(part="scd41", **settings))  # type: ignore[arg-type]
        assert refused.value.setting == setting
        assert setting in str(refused.value) or setting == "address"

    def test_chip_that_loses_a_setting_is_refused(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """What it was told is read back."""
        monkeypatch.setattr(SCD4X, "altitude", property(lambda _: 17, lambda *_: None))
        with pytest.raises(SensorMisconfigured, match="altitude_m") as refused:
            bench.sensor.start()
        assert (refused.value.setting, refused.value.got) == ("altitude_m", 17)

    @pytest.mark.parametrize(("configured", "soldered"), [("scd41", "scd40"), ("scd40", "scd41")])
    def test_other_part_than_configured_is_refused(self, make_bench: MakeBench, configured: str, soldered: str) -> None:
        """Its accuracy would be claimed wrongly."""
        bench = make_bench(configured)
        bench.chip.faults.says_variant = soldered
        with pytest.raises(WrongPart) as refused:
            bench.sensor.start()
        assert (refused.value.expected, refused.value.got) == (configured, soldered)

    def test_chip_that_does_not_tell_its_variant_is_taken_at_its_word(self, bench: Bench) -> None:
        """Older chips need not know the command."""
        bench.chip.faults.says_variant = ""
        bench.sensor.start()
        assert bench.read_soon()

    def test_each_part_has_its_class(self) -> None:
        """The configuration's word opens the class named as the thing is named in a shop."""
        assert isinstance(open_sensor(SensorSpec(part="scd40")), Scd40)
        assert isinstance(open_sensor(SensorSpec(part="scd41")), Scd41)


def _bus_of(bench: Bench) -> object:
    from sensors.simulated.hanging import simulated_port

    assert bench.room.plan == STILL
    return simulated_port(bench.spec, bench.rooms, bench.clock.sleep)
