"""The simulated SFA30 on the wire, byte by byte; scales and commands are those of Sensirion's SFA3x driver 1.1.0."""

from sensors.words import frame
from tests.sensors.wires import Wire


def test_reading_in_its_scales() -> None:
    """20 ppb times 5, 50 %RH times 100, 25 °C times 200; each word with its checksum."""
    wire = Wire("sfa30")
    assert wire.send("0006", 500)
    assert wire.ask("0327", 5, 9) == frame(100, 5_000, 5_000).hex(" ")


def test_newest_measurement_is_told_again_until_there_is_another() -> None:
    """It has no flag for new data."""
    wire = Wire("sfa30")
    wire.send("0006", 500)
    first = wire.ask("0327", 5, 9)
    assert wire.ask("0327", 5, 9) == first
    wire.air = type(wire.air)(co2_ppm=500, temperature_c=25, humidity_pct=50, hcho_ppb=200)
    wire.clock.sleep(60)
    assert wire.ask("0327", 5, 9) != first


def test_idle_chip_tells_nothing() -> None:
    """Before it is started, before its first half second is over, after it is stopped."""
    wire = Wire("sfa30")
    assert wire.ask("0327", 5, 9) is None
    assert not wire.send("0104")
    assert wire.send("0006", 400)
    assert wire.ask("0327", 5, 9) is None
    wire.clock.sleep(0.1)
    assert wire.ask("0327", 5, 9)
    assert wire.send("0104", 50)
    assert wire.ask("0327", 5, 9) is None


def test_marking_is_text_of_two_characters_a_word() -> None:
    """Only while idle."""
    wire = Wire("sfa30")
    answer = bytes.fromhex(wire.ask("d060", 2, 48) or "")
    assert answer[:3] == frame(0x4638)  # "F8"
    assert len(answer) == 48
    wire.send("0006", 1)
    assert not wire.send("d060")
