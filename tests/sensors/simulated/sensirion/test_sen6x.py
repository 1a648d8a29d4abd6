"""The simulated SEN6x on the wire, byte by byte; commands and scales are those of Sensirion's drivers 1.2.1."""

import pytest

from sensors.sen6x_layout import LAYOUTS
from sensors.words import frame
from tests.sensors.wires import Wire


def test_reading_of_a_sen66_in_its_scales() -> None:
    """Four particle sizes times 10, 50 %RH times 100, 25 °C times 200, indices times 10, CO2 as it is."""
    wire = Wire("sen66")
    assert wire.send("0021", 12_100)
    assert wire.ask("0202", 20, 3) == frame(1).hex(" ")
    answer = wire.ask("0300", 20, 27)
    assert answer == frame(70, 100, 125, 250, 5_000, 5_000, 1_000, 10, 500).hex(" ")
    assert wire.ask("0202", 20, 3) == frame(0).hex(" ")


def test_reading_of_a_sen68_has_formaldehyde_in_tenths_of_ppb() -> None:
    """After its first minute."""
    wire = Wire("sen68")
    assert wire.send("0021", 61_000)
    answer = bytes.fromhex(wire.ask("0467", 20, 27) or "")
    assert answer[24:] == frame(200)


def test_before_the_first_measurement_every_word_is_unknown() -> None:
    """0xFFFF without a sign, 0x7FFF with one."""
    wire = Wire("sen66")
    assert wire.send("0021", 50)
    unknown = frame(*[0xFFFF] * 4, *[0x7FFF] * 4, 0xFFFF)
    assert wire.ask("0300", 20, 27) == unknown.hex(" ")


@pytest.mark.parametrize("part", sorted(LAYOUTS))
def test_each_knows_its_own_command_only(part: str) -> None:
    """And says its name."""
    wire = Wire(part)
    for other, layout in LAYOUTS.items():
        assert wire.send(f"{layout.read:04x}", 20) == (other == part)
    answer = bytes.fromhex(wire.ask("d014", 20, 48) or "")
    assert answer[:2] == b"SE"


def test_calibration_and_pressure_are_of_those_with_a_co2_cell() -> None:
    """The others do not know the commands."""
    pressure = "6720" + frame(1_000).hex()
    assert Wire("sen66").send(pressure)
    assert not Wire("sen65").send(pressure)
    assert not Wire("sen68").send("6711")


def test_stopping_takes_1400_ms_and_does_no_harm_when_idle() -> None:
    """Meanwhile it acknowledges nothing."""
    wire = Wire("sen65")
    assert wire.send("0104", 1_390)
    assert not wire.send("")
    wire.clock.sleep(0.01)
    assert wire.send("0021")


def test_status_is_cleared_by_the_command_that_says_so() -> None:
    """The bits stay set until then, though the trouble is over."""
    wire = Wire("sen66")
    wire.send("0021", 1_100)
    wire.chip.faults.status = 1 << 11
    wire.send("", 1_000)
    wire.send("", 1_000)
    wire.chip.faults.status = 0
    assert wire.ask("d206", 20, 6) == frame(0, 1 << 11).hex(" ")
    assert wire.ask("d210", 20, 6) == frame(0, 1 << 11).hex(" ")
    assert wire.ask("d206", 20, 6) == frame(0, 0).hex(" ")
