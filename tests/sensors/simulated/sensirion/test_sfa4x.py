"""The simulated SFA40 on the wire, byte by byte; scales and commands are those of Sensirion's SFA4x driver 2.1.0."""

from sensors.words import frame
from tests.sensors.wires import Wire


def test_reading_in_its_scales_once_it_is_warm() -> None:
    """20 ppb times 10; 50 %RH and 25 °C as the SHT4x scales them; status 0."""
    wire = Wire("sfa40")
    wire.clock.sleep(600)
    wire.send("00ac", 1_000)
    assert wire.ask("c0eb", 1, 12) == frame(200, 29_360, 26_214, 0).hex(" ")


def test_status_says_not_ready_then_out_of_specification_then_nothing() -> None:
    """Counted from power-up, not from the start."""
    wire = Wire("sfa40")
    wire.send("00ac")
    seen = []
    for seconds in (1, 60, 530, 10):
        wire.clock.sleep(seconds)
        answer = bytes.fromhex(wire.ask("c0eb", 1, 12) or "")
        seen.append(answer[9])
    assert seen == [3, 2, 2, 0]


def test_idle_chip_tells_its_serial_number_and_no_measurement() -> None:
    """And the other way round."""
    wire = Wire("sfa40")
    assert wire.ask("c0eb", 1, 12) is None
    assert wire.ask("02ce", 1, 9) == "f8 96 31 9f 07 c2 3b be 89"
    wire.clock.sleep(0.001)
    wire.send("00ac", 1_000)
    assert wire.ask("02ce", 1, 9) is None
    assert wire.send("50d2", 699)
    assert not wire.send("")
    wire.clock.sleep(0.001)
    assert wire.ask("02ce", 1, 9)
