"""What must hold for every sensor that has a driver: each test fails when its handling is removed."""

import math

import pytest

from sensors import SensorError, SensorSpec, open_sensor
from sensors.errors import (
    ChecksumMismatch,
    NotFinite,
    SensorMisconfigured,
    SensorNotStarted,
    SensorSilent,
    SensorUnavailable,
)
from sensors.opening import DRIVERS, driver_of
from sensors.simulated import Air
from telemetry.parts import PARTS
from tests.sensors.lab import Bench, BenchClock, MakeBench, default_bus

ALL = sorted(DRIVERS)
I2C = [part for part in ALL if PARTS[part].bus == "i2c"]
CHECKED = [part for part in ALL if part not in ("bme280", "bmp280", "bh1750", "pms5003", "pmsa003")]
"""Parts whose answers carry a checksum. Plantower's frames have one too: a garbled one is passed over."""
ON_DEMAND = ("sht40", "sht41", "sht45", "bme280", "bmp280", "bh1750", "ds18b20")
"""Parts that measure when asked: every answer is a new measurement, and a loss of power between two heals by itself."""
UNTOLD = ("sht40", "sht41", "sht45", "bh1750", "ds18b20")
"""Parts that cannot be stuck behind our backs: they measure anew or do not answer, or have nothing to tell it by."""
PACED = ("sgp40", "sgp41")
"""Parts that a heartbeat of ours measures."""

AIR = Air(
    co2_ppm=900,
    temperature_c=24,
    humidity_pct=48,
    pressure_hpa=1013.25,
    hcho_ppb=60,
    pm1_ug_m3=28,
    pm2_5_ug_m3=40,
    pm4_ug_m3=44.5,
    pm10_ug_m3=50,
)
TRUTH = {
    "co2_ppm": 900,
    "temperature_c": 24,
    "humidity_pct": 48,
    "pressure_hpa": 1013.25,
    "hcho_ug_m3": 60 * 30.026 / 24.465,
    "pm1_ug_m3": 28,
    "pm2_5_ug_m3": 40,
    "pm4_ug_m3": 44.5,
    "pm10_ug_m3": 50,
}


def warmed(bench: Bench) -> dict[str, float]:
    """The reading once everything it can measure is there."""
    return bench.read_until(
        lambda values: values.keys() == {channel.quantity for channel in bench.sensor.part.channels}
    )


@pytest.mark.parametrize("part", ALL)
class TestEveryDriver:
    """Life and faults."""

    def test_first_reading_comes_soon(self, make_bench: MakeBench, part: str) -> None:
        """Start and polling cost less than 3 s beyond the chip's own period; cells that warm up may be missing yet."""
        bench = make_bench(part, air=AIR)
        began = bench.clock.time
        bench.sensor.start()
        own_s = {"sgp40": 46, "sgp41": 56}.get(part, bench.sensor.interval_s)
        bench.read_soon(within_s=own_s + 3)
        assert bench.clock.time - began < own_s + 3

    def test_every_quantity_within_its_stated_accuracy(self, make_bench: MakeBench, part: str) -> None:
        """In the quantity's unit; whatever unit hangs in whatever room."""
        for room in ("hall", "vault"):
            bench = make_bench(part, room=room, air=AIR)
            bench.sensor.start()
            for quantity, value in warmed(bench).items():
                channel = PARTS[part].channel(quantity)
                assert channel is not None
                assert isinstance(value, float)
                if quantity not in TRUTH:
                    continue
                stated = channel.error_at(TRUTH[quantity]) or 0.2 * TRUTH[quantity]
                assert abs(value - TRUTH[quantity]) <= stated * 1.06, quantity

    def test_it_follows_the_air(self, make_bench: MakeBench, part: str) -> None:
        """Ten minutes after a step it reads the new air: all are connected to the same room."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        before = warmed(bench)
        bench.breathe(
            Air(
                co2_ppm=1_800,
                temperature_c=30,
                humidity_pct=20,
                pressure_hpa=1013.25,
                hcho_ppb=150,
                tvoc_ug_m3=8_000,
                no2_ppb=300,
                pm1_ug_m3=84,
                pm2_5_ug_m3=120,
                pm4_ug_m3=133.5,
                pm10_ug_m3=150,
            )
        )
        for _ in range(600):
            bench.clock.sleep(1)
            bench.sensor.read()
        bench.clock.sleep(5)
        after = bench.read_soon()
        for quantity in after.keys() - {"pressure_hpa", "illuminance_lx", "nox_index"}:
            grew = quantity != "humidity_pct"
            assert (after[quantity] > before[quantity]) == grew, quantity

    def test_unplugged_then_plugged_in_and_started_again(self, make_bench: MakeBench, part: str) -> None:
        """Told at the next reads, however often; a start fails while it is away and brings it back afterwards."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.read_soon(within_s=90)
        bench.chip.unplug()
        for _ in range(3):
            with pytest.raises(SensorError) as lost:
                bench.exhaust(for_s=60)
            assert isinstance(lost.value, SensorUnavailable | SensorSilent)
        with pytest.raises(SensorUnavailable) as gone:
            bench.sensor.start()
            bench.exhaust(for_s=60)
        assert gone.value.sensor == part
        bench.chip.plug_in()
        bench.clock.sleep(1.5)
        bench.sensor.start()
        assert bench.read_soon(within_s=90)

    def test_power_lost_between_two_reads(self, make_bench: MakeBench, part: str) -> None:
        """Told within a minute, or healed by itself with right values: never a stale or made-up one."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        warmed(bench)
        bench.chip.unplug()
        bench.chip.plug_in()
        bench.clock.sleep(2)
        if part not in (*ON_DEMAND, *PACED) and PARTS[part].bus != "serial":
            with pytest.raises(SensorError):
                bench.exhaust(for_s=90)
            bench.sensor.start()
        values = bench.read_soon(within_s=90)
        for quantity in values.keys() & TRUTH.keys():
            assert values[quantity] == pytest.approx(TRUTH[quantity], rel=0.35), quantity

    def test_reading_before_start_and_after_stop(self, make_bench: MakeBench, part: str) -> None:
        """Says what to do; stopping twice does no harm."""
        bench = make_bench(part, air=AIR)
        with pytest.raises(SensorNotStarted, match="start"):
            bench.sensor.read()
        bench.sensor.start()
        bench.sensor.stop()
        bench.sensor.stop()
        with pytest.raises(SensorNotStarted):
            bench.sensor.read()

    def test_nothing_stays_open(self, make_bench: MakeBench, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither after a stop nor after starts that failed: a year of retries must not eat the file descriptors."""
        bench = make_bench(part, air=AIR)
        opened: list[str] = []
        closed: list[str] = []
        real = bench.sensor._open_port

        def counting() -> object:
            port = real()
            opened.append(part)
            shut = port.deinit
            monkeypatch.setattr(port, "deinit", lambda: (closed.append(part), shut()))
            return port

        bench.sensor._open_port = counting
        bench.sensor.start()
        bench.chip.unplug()
        for _ in range(3):
            try:
                bench.sensor.start()
            except SensorUnavailable:
                continue
        bench.sensor.stop()
        assert len(opened) == len(closed) >= 1

    def test_value_that_is_no_number_is_refused(self, make_bench: MakeBench, part: str) -> None:
        """By its name."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        quantity = PARTS[part].channels[0].quantity
        bench.sensor._measure = lambda: {quantity: math.inf}
        with pytest.raises(NotFinite) as refused:
            bench.sensor.read()
        assert (refused.value.quantity, refused.value.got) == (quantity, math.inf)

    def test_settings_it_does_not_have_are_refused(self, make_bench: MakeBench, part: str) -> None:
        """Instead of being believed to work."""
        settings = {"temperature_offset_c": 1.0, "self_calibration": True}
        for setting in settings.keys() - driver_of(part).takes:
            with pytest.raises(SensorMisconfigured, match="remove the line") as refused:
                make_bench(part, **{setting: settings[setting]})
            assert refused.value.setting == setting

    def test_serial_number_stays(self, make_bench: MakeBench, part: str) -> None:
        """The same at every start; another unit has another."""
        bench = make_bench(part, air=AIR)
        assert bench.sensor.serial == ""
        bench.sensor.start()
        serial = bench.sensor.serial
        bench.sensor.start()
        assert bench.sensor.serial == serial
        other = make_bench(part, room="vault", air=AIR)
        other.sensor.start()
        if serial:
            assert other.sensor.serial != serial

    def test_unknown_error_is_not_swallowed(self, make_bench: MakeBench, part: str) -> None:
        """A fault in code is no fault of the sensor."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()

        def broken() -> None:
            raise RuntimeError("what is this")

        bench.sensor._measure = broken
        with pytest.raises(RuntimeError, match="what is this"):
            bench.sensor.read()


@pytest.mark.parametrize("part", [part for part in ALL if part not in ON_DEMAND])
def test_old_value_is_never_given_twice(make_bench: MakeBench, part: str) -> None:
    """Without new data there is no reading."""
    bench = make_bench(part, air=AIR)
    bench.sensor.start()
    bench.read_soon(within_s=90)
    assert [bench.sensor.read() for _ in range(5)] == [None] * 5


@pytest.mark.parametrize("part", [part for part in ALL if part not in UNTOLD])
def test_stuck_sensor_is_told_as_silence_and_comes_back(make_bench: MakeBench, part: str) -> None:
    """It answers and measures nothing new."""
    bench = make_bench(part, air=AIR)
    bench.sensor.start()
    bench.read_soon(within_s=90)
    bench.chip.faults.is_stuck = True
    with pytest.raises(SensorSilent, match="start it again") as silent:
        bench.exhaust(for_s=120)
    assert silent.value.silent_s > 0
    bench.chip.faults.is_stuck = False
    bench.sensor.start()
    assert bench.read_soon(within_s=90)


@pytest.mark.parametrize("part", CHECKED)
def test_garbled_answer_is_refused_and_the_next_is_good(make_bench: MakeBench, part: str) -> None:
    """One bit in a checksum: no part of the answer is used."""
    bench = make_bench(part, air=AIR)
    bench.sensor.start()
    bench.read_soon(within_s=90)
    bench.chip.faults.bad_crc = 1
    with pytest.raises(ChecksumMismatch, match="read again"):
        bench.exhaust(for_s=30)
    assert bench.read_soon(within_s=90)


@pytest.mark.parametrize("part", I2C)
class TestEveryI2CDriver:
    """What can go wrong on two wires."""

    def test_lost_acknowledge_is_unavailable_once(self, make_bench: MakeBench, part: str) -> None:
        """Then all is well."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.read_soon(within_s=90)
        bench.clock.sleep(0.9)
        bench.chip.faults.nacks = 1
        with pytest.raises(SensorUnavailable, match="no acknowledge"):
            bench.exhaust(for_s=30)
        assert bench.read_soon(within_s=90)

    def test_held_clock_line_ends_as_unavailable(self, make_bench: MakeBench, part: str) -> None:
        """The adapter gives up; the caller learns it, and it heals."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.read_soon(within_s=90)
        bench.chip.held_s = 1.0
        with pytest.raises(SensorUnavailable):
            bench.exhaust(for_s=30)
        bench.chip.held_s = 0.0
        bench.sensor.start()
        assert bench.read_soon(within_s=90)

    def test_held_data_line_is_clocked_free_at_the_next_start(self, make_bench: MakeBench, part: str) -> None:
        """A device that lost count in the middle of a byte."""
        bench = make_bench(part, air=AIR)
        bench.sensor.start()
        bench.read_soon(within_s=90)
        bench.chip.sda_clocks = 7
        with pytest.raises(SensorUnavailable):
            bench.exhaust(for_s=30)
        bench.sensor.start()
        assert bench.read_soon(within_s=90)

    def test_address_is_named_in_errors(self, make_bench: MakeBench, part: str) -> None:
        """So that a technician finds it."""
        bench = make_bench(part, air=AIR)
        bench.chip.unplug()
        with pytest.raises(SensorUnavailable, match=f"0x{PARTS[part].address:02x}") as lost:
            bench.sensor.start()
        assert lost.value.address == PARTS[part].address


@pytest.mark.parametrize("part", [part for part in I2C if getattr(driver_of(part), "addresses", None)])
def test_address_that_the_part_cannot_have_is_refused(part: str) -> None:
    """With those it can."""
    with pytest.raises(SensorMisconfigured, match=f"0x{PARTS[part].address:02x}") as refused:
        open_sensor(SensorSpec(part=part, address=0x11))
    assert refused.value.setting == "address"


@pytest.mark.parametrize(("error", "hint"), [(FileNotFoundError, "there is no"), (PermissionError, "group")])
@pytest.mark.parametrize("part", ALL)
def test_bus_that_cannot_be_opened(part: str, error: type[OSError], hint: str) -> None:
    """What to do about it is said."""
    sensor = open_sensor(SensorSpec(part=part, bus=default_bus(part)), clock=BenchClock())

    def closed() -> object:
        raise error(2, "no", "/dev/none")

    sensor._open_port = closed  # type: ignore[attr-defined]
    with pytest.raises(SensorUnavailable, match=hint):
        sensor.start()
