"""What is peculiar to the DS18B20: a name for each, 85 °C after power-up, shorted lines; and Linux's files."""

from pathlib import Path

import pytest

from sensors import SensorSpec, open_sensor
from sensors.errors import ChecksumMismatch, SensorMisconfigured, SensorSilent, SensorUnavailable
from sensors.simulated import Air
from sensors.w1 import LinuxW1, crc8
from tests.sensors.lab import Bench, BenchClock, MakeBench

# Maxim DS18B20 data sheet 19-7487, table 1: temperature and register.
EXAMPLES = [(125.0, 0x07D0), (25.0625, 0x0191), (10.125, 0x00A2), (0.5, 0x0008), (-0.5, 0xFFF8), (-25.0625, 0xFE6F)]


def slave(word: int, configuration: int = 0x7F) -> str:
    """What the kernel's file says for a register."""
    raw = word.to_bytes(2, "little") + bytes([0x4B, 0x46, configuration, 0xFF, 0x0F, 0x10])
    raw += bytes([crc8(raw)])
    return f"{raw.hex(' ')} : crc={raw[8]:02x} YES\n{raw.hex(' ')} t=0\n"


class TestSimulated:
    """Over the simulated bus."""

    def test_serial_number_is_its_name(self, make_bench: MakeBench) -> None:
        """As the kernel calls it."""
        bench = make_bench("ds18b20")
        bench.sensor.start()
        assert bench.sensor.serial == bench.chip.name
        assert len(bench.chip.name) == 15

    def test_a_thermometer_is_chosen_by_its_name(self, make_bench: MakeBench) -> None:
        """One that is not there is told, with those that are."""
        bench = make_bench("ds18b20", bus="w1:28-00000000beef")
        with pytest.raises(SensorUnavailable, match=f"no 28-00000000beef on the bus, there are {bench.chip.name}"):
            bench.sensor.start()
        named = make_bench("ds18b20", bus=f"w1:{bench.chip.name}")
        named.chip.name = bench.chip.name
        named.sensor.start()
        assert named.read_soon()

    def test_two_on_a_bus_need_a_name(self, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error says which there are."""
        bench = make_bench("ds18b20")
        monkeypatch.setattr("sensors.simulated.w1_bus.SimulatedW1.names", lambda _: ["28-aa", "28-bb"])
        with pytest.raises(SensorMisconfigured, match=r"w1:28-aa.*28-bb") as refused:
            bench.sensor.start()
        assert refused.value.setting == "bus"

    def test_85_degrees_after_power_up_are_no_reading(self, make_bench: MakeBench) -> None:
        """A hall is never so hot; a thermometer that browns out is."""
        bench = make_bench("ds18b20")
        bench.sensor.start()
        bench.chip.faults.skips_conversion = True
        assert bench.sensor.read() is None
        with pytest.raises(SensorSilent):
            bench.exhaust(for_s=60)
        bench.chip.faults.skips_conversion = False
        assert bench.read_soon()["temperature_c"] < 40

    def test_shorted_line_is_no_zero(self, make_bench: MakeBench) -> None:
        """Nine zeros have the checksum zero: the kernel says YES to them."""
        bench = make_bench("ds18b20")
        bench.sensor.start()
        bench.chip.faults.is_shorted = True
        with pytest.raises(SensorUnavailable, match="shorted"):
            bench.sensor.read()

    def test_empty_bus(self, make_bench: MakeBench) -> None:
        """With what to check."""
        bench = make_bench("ds18b20")
        bench.chip.unplug()
        with pytest.raises(SensorUnavailable, match="the bus is empty; check wiring"):
            bench.sensor.start()

    @pytest.mark.parametrize("celsius", [-20.0, -0.5, 0.0, 23.4, 70.0])
    def test_cold_and_hot(self, make_bench: MakeBench, celsius: float) -> None:
        """In sixteenths of a degree."""
        bench: Bench = make_bench("ds18b20", air=Air(co2_ppm=500, temperature_c=celsius, humidity_pct=10))
        bench.chip.cells._draw = None
        bench.sensor.start()
        assert bench.read_soon()["temperature_c"] == pytest.approx(celsius, abs=1 / 31)


class TestLinux:
    """Over files as the kernel has them."""

    def sensor(self, folder: Path, text: str) -> Bench:
        """A driver on a folder with one thermometer."""
        (folder / "28-0316a2795aff").mkdir(exist_ok=True)
        (folder / "w1_bus_master1").mkdir(exist_ok=True)
        (folder / "28-0316a2795aff" / "w1_slave").write_text(text)
        sensor = open_sensor(SensorSpec(part="ds18b20", bus="w1"), clock=BenchClock())
        sensor._open_port = lambda: LinuxW1(folder)  # type: ignore[attr-defined]
        return sensor  # type: ignore[return-value]

    @pytest.mark.parametrize(("celsius", "word"), EXAMPLES)
    def test_examples_of_the_data_sheet(self, tmp_path: Path, celsius: float, word: int) -> None:
        """Table 1."""
        sensor: object = self.sensor(tmp_path, slave(word))
        sensor.start()  # type: ignore[attr-defined]
        assert sensor.read() == {"temperature_c": celsius}  # type: ignore[attr-defined]
        assert sensor.serial == "28-0316a2795aff"  # type: ignore[attr-defined]

    def test_lower_resolution_has_bits_that_mean_nothing(self, tmp_path: Path) -> None:
        """Table 2: with 9 bits the lowest three."""
        sensor: object = self.sensor(tmp_path, slave(0x0197, configuration=0x1F))
        sensor.start()  # type: ignore[attr-defined]
        assert sensor.read() == {"temperature_c": 25.0}  # type: ignore[attr-defined]

    def test_garbled_and_empty_files(self, tmp_path: Path) -> None:
        """The kernel says NO to the first, and nothing at all when the thermometer just left."""
        sensor: object = self.sensor(tmp_path, slave(0x0191).replace("91 01", "92 01").replace("YES", "NO"))
        sensor.start()  # type: ignore[attr-defined]
        with pytest.raises(ChecksumMismatch):
            sensor.read()  # type: ignore[attr-defined]
        self.sensor(tmp_path, "")
        with pytest.raises(SensorUnavailable, match="no scratchpad"):
            sensor.read()  # type: ignore[attr-defined]

    def test_thermometer_that_left(self, tmp_path: Path) -> None:
        """Its folder is gone, and the bus is there."""
        sensor: object = self.sensor(tmp_path, slave(0x0191))
        sensor.start()  # type: ignore[attr-defined]
        (tmp_path / "28-0316a2795aff" / "w1_slave").unlink()
        (tmp_path / "28-0316a2795aff").rmdir()
        with pytest.raises(SensorUnavailable, match="not on the bus"):
            sensor.read()  # type: ignore[attr-defined]

    def test_machine_without_the_bus(self, tmp_path: Path) -> None:
        """What to put where."""
        sensor: object = self.sensor(tmp_path, slave(0x0191))
        sensor._open_port = lambda: LinuxW1(tmp_path / "none")  # type: ignore[attr-defined]
        with pytest.raises(SensorUnavailable, match="dtoverlay=w1-gpio"):
            sensor.start()  # type: ignore[attr-defined]


def test_checksum_of_the_application_note() -> None:
    """Maxim application note 27: the ROM code 02 1C B8 01 00 00 00 has A2; with it, the sum is 0."""
    assert crc8(bytes.fromhex("021cb801000000")) == 0xA2
    assert crc8(bytes.fromhex("021cb801000000a2")) == 0


@pytest.mark.parametrize("bus", ["/dev/i2c-1", 4, "w1:28", "w1:10-0316a2795aff", "w1/../../etc", ""])
def test_what_is_no_1_wire_bus_is_refused(bus: str | int) -> None:
    """With what one looks like."""
    with pytest.raises(SensorMisconfigured, match="w1:28-0316a2795aff") as refused:
        open_sensor(SensorSpec(part="ds18b20", bus=bus))
    assert refused.value.setting == "bus"


@pytest.mark.parametrize(
    "bus", ["w1", "/sys/bus/w1/devices", "/sys/bus/w1/devices/28-0316a2795aff", "w1:28-0316a2795aff"]
)
def test_names_of_the_bus(bus: str) -> None:
    """All are taken."""
    assert open_sensor(SensorSpec(part="ds18b20", bus=bus)).part.name == "ds18b20"
