"""What goes wrong with an SCD40 or SCD41, and its calibration; over Adafruit's driver and the simulated chip."""

import math

import pytest
from adafruit_scd4x import SCD4X

from sensors import open_sensor
from sensors.errors import (
    CalibrationFailed,
    ChecksumMismatch,
    NotFinite,
    SelfTestFailed,
    SensorNotStarted,
    SensorSilent,
    SensorUnavailable,
)
from sensors.simulated import Air
from sensors.simulated.sensirion.scd4x import Mode
from tests.sensors.lab import Bench, MakeBench


class TestFaults:
    """What goes wrong, and that it heals."""

    def test_nobody_at_the_address(self, bench: Bench) -> None:
        """Start says so, with the facts."""
        bench.chip.unplug()
        with pytest.raises(SensorUnavailable) as lost:
            bench.sensor.start()
        assert (lost.value.sensor, lost.value.bus, lost.value.address) == ("scd41", "/dev/i2c-1", 0x62)
        assert "0x62" in str(lost.value)
        assert "check plug" in str(lost.value)

    def test_unplugged_while_measuring_then_plugged_in_and_started_again(self, bench: Bench) -> None:
        """Each read says so until it is back; a start brings it back, its settings too."""
        bench.sensor.start()
        bench.read_soon()
        bench.chip.unplug()
        for _ in range(3):
            with pytest.raises(SensorUnavailable):
                bench.sensor.read()
        with pytest.raises(SensorUnavailable):
            bench.sensor.start()
        bench.chip.plug_in()
        assert bench.chip.settings.self_calibration == 1
        bench.clock.sleep(1)
        bench.sensor.start()
        assert bench.read_soon()
        assert bench.chip.settings.self_calibration == 0

    def test_power_lost_for_a_moment_is_told_as_silence(self, bench: Bench) -> None:
        """The chip answers, idle, that there is nothing new: for ever, if nobody minded."""
        bench.sensor.start()
        bench.read_soon()
        bench.chip.unplug()
        bench.chip.plug_in()
        bench.clock.sleep(1)
        with pytest.raises(SensorSilent) as silent:
            bench.read_soon(within_s=60)
        assert 20 < silent.value.silent_s < 25
        bench.sensor.start()
        assert bench.read_soon()

    def test_stuck_chip_is_told_as_silence(self, bench: Bench) -> None:
        """And reads again once it has something new."""
        bench.sensor.start()
        bench.chip.faults.is_stuck = True
        with pytest.raises(SensorSilent, match="start it again"):
            bench.read_soon(within_s=60)
        bench.chip.faults.is_stuck = False
        assert bench.read_soon()

    def test_garbled_answer_is_refused_and_the_next_is_good(self, bench: Bench) -> None:
        """One bit in the checksum."""
        bench.sensor.start()
        bench.clock.sleep(5)
        bench.chip.faults.bad_crc = 1
        with pytest.raises(ChecksumMismatch, match="read again"):
            bench.sensor.read()
        assert bench.sensor.read()

    def test_garbled_measurement_gives_no_part_of_itself(self, bench: Bench) -> None:
        """The answer to `read_measurement` itself, whose data the chip has let go of."""
        bench.sensor.start()
        bench.clock.sleep(5)
        bench.chip.faults.bad_crc_after = 2  # data_ready is asked twice before the measurement
        with pytest.raises(ChecksumMismatch):
            bench.sensor.read()
        assert bench.sensor.read() is None
        assert bench.read_soon()

    def test_lost_acknowledge_is_unavailable_once(self, bench: Bench) -> None:
        """One NACK, then all is well."""
        bench.sensor.start()
        bench.clock.sleep(5)
        bench.chip.faults.nacks = 1
        with pytest.raises(SensorUnavailable, match="no acknowledge"):
            bench.sensor.read()
        assert bench.sensor.read()

    def test_hanging_chip_ends_as_unavailable(self, bench: Bench) -> None:
        """The adapter gives up; the caller learns it, and it heals."""
        bench.sensor.start()
        bench.chip.held_s = 1.0
        began = bench.clock.time
        with pytest.raises(SensorUnavailable, match="held the bus"):
            bench.sensor.read()
        assert bench.clock.time - began == pytest.approx(1.0)
        bench.chip.held_s = 0.0
        assert bench.read_soon()

    def test_value_that_is_no_number_is_refused(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not what the chip can say, but what a driver may come to say."""
        bench.sensor.start()
        bench.clock.sleep(5)
        monkeypatch.setattr(SCD4X, "temperature", property(lambda _: math.nan))
        with pytest.raises(NotFinite) as refused:
            bench.sensor.read()
        assert refused.value.quantity == "temperature_c"
        assert math.isnan(refused.value.got)

    def test_unknown_error_of_the_driver_is_not_swallowed(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A fault in code is no fault of the sensor."""
        bench.sensor.start()

        def broken(_: object) -> bool:
            raise RuntimeError("what is this")

        monkeypatch.setattr(SCD4X, "data_ready", property(broken))
        with pytest.raises(RuntimeError, match="what is this"):
            bench.sensor.read()

    def test_reading_before_start_and_after_stop(self, bench: Bench) -> None:
        """Says what to do."""
        with pytest.raises(SensorNotStarted, match="start"):
            bench.sensor.read()
        bench.sensor.start()
        bench.sensor.stop()
        with pytest.raises(SensorNotStarted):
            bench.sensor.read()
        for call in (bench.sensor.self_test, lambda: bench.sensor.calibrate(420)):
            with pytest.raises(SensorNotStarted):
                call()

    def test_stop_lets_the_chip_rest(self, bench: Bench) -> None:
        """It measures no more; stopping twice, or unplugged, does no harm."""
        bench.sensor.start()
        assert bench.chip.mode is Mode.PERIODIC
        bench.sensor.stop()
        assert bench.chip.mode is Mode.IDLE
        bench.sensor.stop()
        bench.sensor.start()
        bench.chip.unplug()
        bench.sensor.stop()

    def test_failed_start_leaves_no_bus_open(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A sensor retried for a year must not eat the file descriptors."""
        closed: list[bool] = []
        monkeypatch.setattr("sensors.simulated.bus.SimulatedI2C.deinit", lambda _: closed.append(True))
        bench.chip.unplug()
        for _ in range(5):
            with pytest.raises(SensorUnavailable):
                bench.sensor.start()
        assert len(closed) == 5

    def test_left_measuring_by_a_killed_agent(self, bench: Bench) -> None:
        """The chip goes on measuring while nobody asks; the next start takes it over."""
        bench.sensor.start()
        again = Bench.__new__(Bench)
        again.__dict__ = dict(bench.__dict__)
        again.sensor = open_sensor(  # type: ignore[assignment]
            bench.spec, clock=bench.clock, rooms=bench.rooms, sleep=bench.clock.sleep
        )
        again.sensor.start()
        assert again.read_soon()


class TestCalibration:
    """The forced calibration and the self-test."""

    def test_calibration_pulls_the_reading_to_the_reference(self, make_bench: MakeBench) -> None:
        """After three minutes in steady air; the sensor measures again afterwards."""
        bench = make_bench(air=Air(co2_ppm=500, temperature_c=22, humidity_pct=45))
        bench.chip.cells.drift_ppm = 180
        bench.sensor.start()
        for _ in range(40):
            before = bench.read_soon()["co2_ppm"]
        assert before > 620
        correction = bench.sensor.calibrate(500)
        assert correction == pytest.approx(500 - before, abs=15)
        assert bench.read_soon()["co2_ppm"] == pytest.approx(500, abs=15)

    def test_calibration_too_early_is_told(self, bench: Bench) -> None:
        """The chip answers 0xFFFF; releases of the driver before 1.4.13 took that for a correction."""
        bench.sensor.start()
        bench.read_soon()
        with pytest.raises(CalibrationFailed, match="3 minutes") as failed:
            bench.sensor.calibrate(420)
        assert failed.value.reference_ppm == 420
        assert bench.read_soon()

    @pytest.mark.parametrize("reference_ppm", [0, 399, 2_001])
    def test_impossible_reference_is_refused(self, bench: Bench, reference_ppm: int) -> None:
        """Before the chip is asked."""
        bench.sensor.start()
        asked = len(bench.chip.commands)
        with pytest.raises(CalibrationFailed, match="400 to 2000"):
            bench.sensor.calibrate(reference_ppm)
        assert len(bench.chip.commands) == asked

    def test_self_test_passes_and_fails(self, bench: Bench) -> None:
        """It takes ten seconds, and a good sensor measures on."""
        bench.sensor.start()
        bench.sensor.self_test()
        assert bench.read_soon()
        bench.chip.faults.self_test = 0x0200
        with pytest.raises(SelfTestFailed, match="replace"):
            bench.sensor.self_test()

    def test_lost_while_calibrating(self, bench: Bench) -> None:
        """A lost bus is a lost bus there too."""
        bench.sensor.start()
        bench.chip.unplug()
        with pytest.raises(SensorUnavailable):
            bench.sensor.calibrate(420)
        with pytest.raises(SensorUnavailable):
            bench.sensor.self_test()
