"""The simulated SHT4x on the wire, byte by byte (Sensirion SHT4x data sheet v6)."""

import pytest

from sensors.words import frame
from tests.sensors.wires import Wire


@pytest.mark.parametrize(("code", "takes_ms"), [("fd", 8.3), ("f6", 4.5), ("e0", 1.6)])
def test_measurement_takes_its_time(code: str, takes_ms: float) -> None:
    """25 °C is 0x6666, 50 %RH is 0x72B0; before its time is over it acknowledges nothing."""
    wire = Wire("sht45")
    assert wire.ask(code, takes_ms * 0.9, 6) is None
    wire.clock.sleep(takes_ms / 10_000)
    assert wire.chip.read(6) == frame(0x6666, 0x72B0)
    assert wire.chip.read(6) is None


def test_serial_number_and_reset() -> None:
    """32 bits; a reset forgets a measurement."""
    wire = Wire("sht40", serial=0x0123_4567_89AB)
    assert wire.ask("89", 1, 6) == frame(0x4567, 0x89AB).hex(" ")
    wire.send("fd", 9)
    assert wire.send("94", 1)
    assert wire.chip.read(6) is None


def test_nonsense_is_not_acknowledged() -> None:
    """Unknown codes and whole sentences."""
    wire = Wire("sht41")
    assert not wire.send("aa")
    assert not wire.send("fd00")
