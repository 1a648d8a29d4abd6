"""The simulated chip against the data sheet's own words.

Frames are the examples of the Sensirion SCD4x data sheet v1.3, sections 3.5 to 3.10; Adafruit's driver is not involved.
"""

from collections.abc import Callable

import pytest

from sensors.simulated import Air
from sensors.simulated.sensirion.scd4x import Mode, SimulatedScd4x
from sensors.words import crc8, frame
from telemetry.parts import PARTS
from tests.sensors.lab import BenchClock

EXAMPLE_AIR = Air(co2_ppm=500, temperature_c=25.003, humidity_pct=37.002)


class Wire:
    """A master that knows nothing of the chip but bytes."""

    def __init__(self, part: str = "scd41", air: Air = EXAMPLE_AIR, serial: int = 0xF8969F073BBE) -> None:
        self.clock = BenchClock()
        self.air = air
        self.chip = SimulatedScd4x(
            PARTS[part], air=lambda: self.air, now=self.clock.monotonic, serial=serial, seed=None
        )

    def send(self, text: str) -> bool:
        """Bytes as hex; True if all were acknowledged."""
        return self.chip.write(bytes.fromhex(text))

    def ask(self, text: str, wait_ms: float, length: int) -> str | None:
        """Send, wait, read: the answer as hex, None if there was none."""
        if not self.send(text):
            return None
        self.clock.sleep(wait_ms / 1000)
        answer = self.chip.read(length)
        return None if answer is None else answer.hex(" ", 1)

    def measure_for(self, seconds: float) -> None:
        """Start measuring and let time go by, read every 5 s."""
        assert self.send("21b1")
        for _ in range(int(seconds // 5)):
            self.clock.sleep(5)
            self.chip.write(b"")
        self.clock.sleep(0.001)


class TestDataSheetExamples:
    """Word for word."""

    @pytest.mark.parametrize(
        ("word", "checksum"), [("beef", 0x92), ("01f4", 0x33), ("6667", 0xA2), ("5eb9", 0x3C), ("f896", 0x31)]
    )
    def test_checksum(self, word: str, checksum: int) -> None:
        """Section 3.11: polynomial 0x31, start 0xFF; 0xBEEF gives 0x92."""
        assert crc8(bytes.fromhex(word)) == checksum

    def test_read_measurement(self) -> None:
        """500 ppm, 25 °C, 37 %RH."""
        wire = Wire()
        assert wire.send("21b1")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 9) == "01 f4 33 66 67 a2 5e b9 3c"

    def test_serial_number(self) -> None:
        """273'325'796'834'238."""
        assert Wire(serial=273_325_796_834_238).ask("3682", 1, 9) == "f8 96 31 9f 07 c2 3b be 89"

    def test_temperature_offset(self) -> None:
        """Set to 5.4 °C; read as 6.2 °C."""
        wire = Wire()
        assert wire.send("241d 07e6 48")
        wire.clock.sleep(0.001)
        assert wire.ask("2318", 1, 3) == "07 e6 48"
        wire.clock.sleep(0.001)
        assert wire.send("241d 0912 63")
        wire.clock.sleep(0.001)
        assert wire.ask("2318", 1, 3) == "09 12 63"

    def test_altitude(self) -> None:
        """Set to 1950 m; read as 1100 m."""
        wire = Wire()
        assert wire.send("2427 079e 09")
        wire.clock.sleep(0.001)
        assert wire.ask("2322", 1, 3) == "07 9e 09"
        wire.clock.sleep(0.001)
        assert wire.send("2427 044c 42")
        wire.clock.sleep(0.001)
        assert wire.ask("2322", 1, 3) == "04 4c 42"

    def test_ambient_pressure_also_while_measuring(self) -> None:
        """Set to 98'700 Pa."""
        wire = Wire()
        assert wire.send("21b1")
        assert wire.send("e000 03db 42")
        wire.clock.sleep(0.001)
        assert wire.ask("e000", 1, 3) == "03 db 42"

    def test_forced_recalibration(self) -> None:
        """To 480 ppm where it sees 530: the correction is -50 ppm."""
        wire = Wire(air=Air(co2_ppm=530, temperature_c=25, humidity_pct=37))
        wire.measure_for(200)
        assert wire.send("3f86")
        wire.clock.sleep(0.5)
        assert wire.ask("362f 01e0 b4", 400, 3) == "7f ce 7b"

    def test_forced_recalibration_fails_without_three_minutes(self) -> None:
        """0xffff, whose checksum is 0xac."""
        wire = Wire()
        wire.measure_for(120)
        assert wire.send("3f86")
        wire.clock.sleep(0.5)
        assert wire.ask("362f 01e0 b4", 400, 3) == "ff ff ac"

    def test_self_calibration_is_on_when_delivered(self) -> None:
        """Read as enabled; set to disabled, read as disabled."""
        wire = Wire()
        assert wire.ask("2313", 1, 3) == "00 01 b0"
        assert wire.send("2416 0000 81")
        wire.clock.sleep(0.001)
        assert wire.ask("2313", 1, 3) == "00 00 81"

    def test_data_ready(self) -> None:
        """The lowest eleven bits are 0 until there is something new, and again once it is read."""
        wire = Wire()
        assert wire.ask("e4b8", 1, 3) == "80 00 a2"
        wire.clock.sleep(0.001)
        assert wire.send("21b1")
        wire.clock.sleep(4.9)
        assert wire.ask("e4b8", 1, 3) == "80 00 a2"
        wire.clock.sleep(0.1)
        assert wire.ask("e4b8", 1, 3) == "80 06 04"
        wire.clock.sleep(0.001)
        assert wire.ask("ec05", 1, 9) is not None
        wire.clock.sleep(0.001)
        assert wire.ask("e4b8", 1, 3) == "80 00 a2"

    def test_self_test(self) -> None:
        """No malfunction is 0x0000."""
        wire = Wire()
        assert wire.ask("3639", 10_000, 3) == "00 00 81"

    def test_variant_of_data_sheet_1_7(self) -> None:
        """The upper four bits: 0 for SCD40, 1 for SCD41."""
        for part, nibble in (("scd40", "0"), ("scd41", "1")):
            answer = Wire(part).ask("202f", 1, 3)
            assert answer is not None
            assert answer.startswith(nibble)


class TestTiming:
    """Execution times and intervals are kept."""

    @pytest.mark.parametrize(
        ("command", "takes_ms"),
        [("3f86", 500), ("3615", 800), ("3646", 30), ("3632", 1_200), ("3639", 10_000), ("2318", 1), ("219d", 5_000)],
    )
    def test_busy_chip_acknowledges_nothing(self, command: str, takes_ms: float) -> None:
        """Until its execution time is over."""
        wire = Wire()
        assert wire.send(command)
        wire.clock.sleep(takes_ms / 1000 * 0.9)
        assert not wire.send("")
        assert wire.chip.read(3) is None
        wire.clock.sleep(takes_ms / 1000 * 0.1)
        assert wire.send("")

    @pytest.mark.parametrize(("command", "interval_s"), [("21b1", 5.0), ("21ac", 30.0)])
    def test_interval(self, command: str, interval_s: float) -> None:
        """5 s, and 30 s at low power."""
        wire = Wire()
        assert wire.send(command)
        for _ in range(3):
            wire.clock.sleep(interval_s - 0.1)
            assert wire.ask("e4b8", 1, 3) == "80 00 a2"
            wire.clock.sleep(0.099)
            assert wire.ask("e4b8", 0, 3) is None
            wire.clock.sleep(0.001)
            assert wire.ask("ec05", 1, 9) is not None
            wire.clock.sleep(-0.001)

    def test_measurement_can_be_read_once(self) -> None:
        """The buffer is emptied upon read-out; an empty one is not acknowledged."""
        wire = Wire()
        assert wire.send("21b1")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 9) is not None
        wire.clock.sleep(0.001)
        assert wire.ask("ec05", 1, 9) is None

    def test_reader_may_stop_early_or_read_too_far(self) -> None:
        """After three bytes is fine; nobody drives the line after nine."""
        wire = Wire()
        assert wire.ask("3682", 1, 3) == "f8 96 31"
        wire.clock.sleep(0.001)
        assert wire.ask("3682", 1, 11) == "f8 96 31 9f 07 c2 3b be 89 ff ff"
        assert wire.chip.read(3) is None


class TestModes:
    """What is taken when."""

    @pytest.mark.parametrize(
        "command",
        [
            "21b1",
            "21ac",
            "3682",
            "2318",
            "241d 07e6 48",
            "2322",
            "2313",
            "3615",
            "3639",
            "3632",
            "3646",
            "362f 01e0 b4",
        ],
    )
    def test_idle_commands_are_refused_while_measuring(self, command: str) -> None:
        """Section 3.4, the column "during measurement"."""
        wire = Wire()
        assert wire.send("21b1")
        assert not wire.send(command)
        assert wire.chip.mode is Mode.PERIODIC
        assert wire.send("3f86")
        wire.clock.sleep(0.5)
        assert wire.send(command)

    @pytest.mark.parametrize("command", ["219d", "2196", "36e0"])
    def test_single_shot_and_sleep_are_of_the_scd41_only(self, command: str) -> None:
        """The SCD40 does not know them."""
        assert Wire("scd41").send(command)
        assert not Wire("scd40").send(command)

    def test_single_shot(self) -> None:
        """All three quantities after 5 s; without CO2, which reads 0, after 50 ms."""
        wire = Wire()
        assert wire.send("219d")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 9) == "01 f4 33 66 67 a2 5e b9 3c"
        wire.clock.sleep(0.001)
        assert wire.send("2196")
        wire.clock.sleep(0.05)
        assert wire.ask("ec05", 1, 9) == "00 00 81 66 67 a2 5e b9 3c"

    def test_sleep_and_wake_up(self) -> None:
        """Asleep it acknowledges nothing, not even the command that wakes it."""
        wire = Wire()
        assert wire.send("36e0")
        wire.clock.sleep(0.001)
        assert not wire.send("3682")
        assert not wire.send("36f6")
        wire.clock.sleep(0.03)
        assert wire.ask("3682", 1, 9) == "f8 96 31 9f 07 c2 3b be 89"

    @pytest.mark.parametrize("frame_", ["3f", "ffff", "1234", "2416 0000", "2416 0000 82", "21b1 0000 81", "2416"])
    def test_nonsense_is_not_acknowledged(self, frame_: str) -> None:
        """Unknown codes, lengths that do not fit, a wrong checksum: nothing changes."""
        wire = Wire()
        before = wire.chip.settings
        assert not wire.send(frame_)
        assert wire.chip.settings == before
        assert wire.chip.mode is Mode.IDLE


class TestMemory:
    """What is kept over a loss of power."""

    def test_settings_are_lost_unless_persisted(self) -> None:
        """RAM by default; `persist_settings` takes one of 2,000 writes."""
        wire = Wire()
        assert wire.send("2427 079e 09")
        wire.clock.sleep(0.001)
        wire.chip.unplug()
        assert not wire.send("")
        wire.chip.plug_in()
        assert not wire.send("")
        wire.clock.sleep(0.03)
        assert wire.ask("2322", 1, 3) == "00 00 81"
        wire.clock.sleep(0.001)
        assert wire.send("2427 079e 09")
        wire.clock.sleep(0.001)
        assert wire.send("3615")
        wire.clock.sleep(0.8)
        wire.chip.unplug()
        wire.chip.plug_in()
        wire.clock.sleep(0.03)
        assert wire.ask("2322", 1, 3) == "07 9e 09"
        assert wire.chip.eeprom_writes == 1

    def test_reinit_reloads_the_eeprom(self) -> None:
        """The unsaved pressure is gone."""
        wire = Wire()
        assert wire.send("e000 03db 42")
        wire.clock.sleep(0.001)
        assert wire.send("3646")
        wire.clock.sleep(0.03)
        assert wire.ask("e000", 1, 3) == "00 00 81"

    def test_factory_reset_forgets_settings_and_calibration(self) -> None:
        """Also what was persisted, and the forced calibration."""
        wire = Wire(air=Air(co2_ppm=530, temperature_c=25, humidity_pct=37))
        wire.measure_for(200)
        for command, wait_s in (("3f86", 0.5), ("362f 01e0 b4", 0.4), ("2427 079e 09", 0.001), ("3615", 0.8)):
            assert wire.send(command)
            wire.clock.sleep(wait_s)
        assert wire.send("3632")
        wire.clock.sleep(1.2)
        assert wire.ask("2322", 1, 3) == "00 00 81"
        wire.clock.sleep(0.001)
        assert wire.send("21b1")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 3) == frame(530).hex(" ", 1)

    def test_calibration_survives_a_loss_of_power(self) -> None:
        """It lies in an EEPROM of its own."""
        wire = Wire(air=Air(co2_ppm=530, temperature_c=25, humidity_pct=37))
        wire.measure_for(200)
        for command, wait_s in (("3f86", 0.5), ("362f 01e0 b4", 0.4)):
            assert wire.send(command)
            wire.clock.sleep(wait_s)
        wire.chip.unplug()
        wire.chip.plug_in()
        wire.clock.sleep(0.03)
        assert wire.send("21b1")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 3) == frame(480).hex(" ", 1)


class TestFaults:
    """Each can be set while it runs, and goes away again."""

    def test_turned_bit_spoils_one_checksum(self) -> None:
        """The next answer is whole."""
        wire = Wire()
        wire.chip.faults.bad_crc = 1
        answer = bytes.fromhex(wire.ask("3682", 1, 9) or "")
        assert crc8(answer[:2]) != answer[2]
        wire.clock.sleep(0.001)
        assert wire.ask("3682", 1, 9) == "f8 96 31 9f 07 c2 3b be 89"

    def test_refused_transfers_are_counted(self) -> None:
        """Two, then it answers."""
        wire = Wire()
        wire.chip.faults.nacks = 2
        assert [wire.send("") for _ in range(3)] == [False, False, True]

    @pytest.mark.parametrize("ppm", [-50.0, 40_500.0])
    def test_output_stays_within_its_range(self, ppm: float) -> None:
        """0 to 40'000 ppm whatever the air."""
        wire = Wire(air=Air(co2_ppm=ppm, temperature_c=25, humidity_pct=37))
        assert wire.send("21b1")
        wire.clock.sleep(5)
        assert wire.ask("ec05", 1, 3) == frame(0 if ppm < 0 else 40_000).hex(" ", 1)


def test_same_seed_same_unit() -> None:
    """A run can be repeated; another seed is another unit."""

    def readings(seed: int) -> list[bytes | None]:
        clock = BenchClock()
        chip = SimulatedScd4x(PARTS["scd41"], air=lambda: EXAMPLE_AIR, now=clock.monotonic, serial=1, seed=seed)
        chip.write(b"\x21\xb1")
        return [_next(clock, chip) for _ in range(10)]

    def _next(clock: BenchClock, chip: SimulatedScd4x) -> bytes | None:
        clock.sleep(5)
        chip.write(b"\xec\x05")
        clock.sleep(0.001)
        return chip.read(9)

    same: Callable[[int], list[bytes | None]] = readings
    assert same(1) == same(1)
    assert same(1) != same(2)
