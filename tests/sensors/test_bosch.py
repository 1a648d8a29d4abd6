"""What is peculiar to the BME280 and BMP280: Bosch's arithmetic, and chips that are not what they should be."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.bosch_math import Trimming, fine_temperature, humidity_pct, pressure_pa, trimming_of
from sensors.errors import SelfTestFailed, SensorSilent, WrongPart
from sensors.simulated import Air
from sensors.simulated.bosch.bosch_integers import (
    TRIMMING,
    centidegrees,
    pascal_256,
    percent_1024,
    raw_of,
    t_fine_of,
)
from tests.sensors.lab import MakeBench


class TestArithmetic:
    """Bosch's two ways to compute."""

    def test_example_of_the_data_sheet(self) -> None:
        """BST-BMP280-DS001, section 3.12: 25.08 °C and 100653 Pa, in both ways."""
        t_fine = fine_temperature(519_888, TRIMMING)
        assert t_fine == pytest.approx(128_422, abs=1)
        assert t_fine / 5_120 == pytest.approx(25.08, abs=0.005)
        assert pressure_pa(415_148, t_fine, TRIMMING) == pytest.approx(100_653.27, abs=0.3)
        assert t_fine_of(519_888) == pytest.approx(128_422, abs=1)
        assert centidegrees(519_888) == 2_508
        assert pascal_256(415_148, 128_422) / 256 == pytest.approx(100_653.27, abs=0.3)

    @given(celsius=st.floats(-20, 60), hpa=st.floats(500, 1_100), percent=st.floats(5, 95))
    def test_floats_and_whole_numbers_agree_and_turn_round(self, celsius: float, hpa: float, percent: float) -> None:
        """Air to raw values by the one, back by the other."""
        pressure, temperature, humidity = raw_of(celsius, hpa, percent)
        t_fine = fine_temperature(temperature, TRIMMING)
        assert t_fine / 5_120 == pytest.approx(celsius, abs=0.02)
        pascal = pressure_pa(pressure, t_fine, TRIMMING)
        assert pascal is not None
        assert pascal / 100 == pytest.approx(hpa, abs=0.05)
        assert humidity_pct(humidity, t_fine, TRIMMING) == pytest.approx(percent, abs=0.1)

    def test_humidity_stays_within_0_and_100(self) -> None:
        """Whatever the converter reads."""
        for adc in (0, 0xFFFF):
            assert humidity_pct(adc, 128_000.0, TRIMMING) in (0.0, 100.0)
            assert percent_1024(adc, 128_000) in (0, 102_400)

    def test_trimming_in_its_registers(self) -> None:
        """H4 and H5 share a byte and have signs."""
        low = bytes(25) + b"\x4b"
        high = bytes.fromhex("7201 00 13 29 03 1e")
        assert trimming_of(low, high).h == (75, 370, 0, 0x139, 0x32, 30)
        assert trimming_of(low, bytes.fromhex("7201 00 ff 2f ff 1e")).h[3:5] == (-1, -14)
        assert trimming_of(bytes(26), b"").is_blank

    def test_pressure_without_trimming_is_missing(self) -> None:
        """Instead of a division by zero."""
        assert pressure_pa(1, 1.0, Trimming((1, 1, 1), (0,) * 9)) is None


class TestChips:
    """Which chip is on the board."""

    @pytest.mark.parametrize(
        ("configured", "chip_id", "got"),
        [("bme280", 0x58, "bmp280"), ("bmp280", 0x60, "bme280"), ("bme280", 0x61, "0x61")],
    )
    def test_other_chip_is_refused(self, make_bench: MakeBench, configured: str, chip_id: int, got: str) -> None:
        """Boards sold as BME280 often carry a BMP280."""
        bench = make_bench(configured)
        bench.chip.chip_id = chip_id
        bench.chip.plug_in()
        bench.clock.sleep(1)
        with pytest.raises(WrongPart) as refused:
            bench.sensor.start()
        assert got in refused.value.got  # type: ignore[operator]

    def test_blank_trimming_is_refused(self, make_bench: MakeBench) -> None:
        """It would make nonsense of good raw values."""
        bench = make_bench("bme280")
        bench.chip.is_blank = True
        with pytest.raises(SelfTestFailed, match="blank"):
            bench.sensor.start()

    @pytest.mark.parametrize("skipped", [0, 1, 2])
    def test_measurement_that_is_skipped_is_no_reading(
        self, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, skipped: int
    ) -> None:
        """0x80000 would read as 23 °C, or as a pressure."""
        bench = make_bench("bme280")
        bench.sensor.start()
        raw = list(raw_of(22, 1_000, 40))
        raw[skipped] = (0x80000, 0x80000, 0x8000)[skipped]
        monkeypatch.setattr("sensors.simulated.bosch.bmx280.raw_of", lambda *_: tuple(raw))
        with pytest.raises(SensorSilent):
            bench.exhaust(for_s=60)

    def test_power_lost_within_a_measurement_is_no_reading(
        self, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The registers it left are those of a fresh chip."""
        bench = make_bench("bmp280")
        bench.sensor.start()

        def blink(_: float) -> None:
            bench.chip.unplug()
            bench.chip.plug_in()
            bench.clock.sleep(0.02)

        monkeypatch.setattr(bench.sensor, "_sleep", blink)
        assert bench.sensor.read() is None
        monkeypatch.undo()
        assert bench.read_soon()

    def test_pressure_follows_the_room(self, make_bench: MakeBench) -> None:
        """To a tenth of a hectopascal for a unit without error."""
        air = Air(co2_ppm=500, temperature_c=21, humidity_pct=33)
        bench = make_bench("bme280", air=air)
        bench.room.plan = replace(bench.room.plan, pressure_hpa=893.4)
        bench.chip.cells._draw = None
        bench.sensor.start()
        values = bench.read_soon()
        assert values["pressure_hpa"] == pytest.approx(893.4, abs=0.1)
        assert values["temperature_c"] == pytest.approx(21, abs=0.02)
        assert values["humidity_pct"] == pytest.approx(33, abs=0.1)
