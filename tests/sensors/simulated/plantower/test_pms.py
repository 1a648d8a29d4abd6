"""The simulated PMS5003 on its line (Plantower PMS5003 manual V2.3, appendix I)."""

from sensors.simulated.serial_line import KERNEL_BYTES, SimulatedSerial
from tests.sensors.wires import Wire


def test_a_frame_every_2_3_seconds_at_960_bytes_a_second() -> None:
    """32 bytes take 33 ms on the line."""
    wire = Wire("pms5003")
    wire.clock.sleep(1.5)
    assert wire.chip.sent() == b""
    wire.clock.sleep(0.01)
    begun = wire.chip.sent()
    assert 8 <= len(begun) <= 11
    assert begun.startswith(b"\x42\x4d\x00\x1c")
    wire.clock.sleep(0.03)
    whole = begun + wire.chip.sent()
    assert len(whole) == 32
    assert sum(whole[:30]) == int.from_bytes(whole[30:], "big")
    wire.clock.sleep(2.3)
    assert len(wire.chip.sent()) == 32


def test_without_power_it_sends_nothing_and_takes_its_time_to_start() -> None:
    """Half a frame is lost."""
    wire = Wire("pms5003")
    wire.clock.sleep(1.51)
    wire.chip.unplug()
    wire.clock.sleep(60)
    assert wire.chip.sent() == b""
    wire.chip.plug_in()
    wire.clock.sleep(1.4)
    assert wire.chip.sent() == b""
    wire.clock.sleep(0.2)
    assert len(wire.chip.sent()) == 32


def test_line_keeps_the_oldest_bytes_as_the_kernel_does() -> None:
    """And what was sent before it was opened is lost."""
    wire = Wire("pms5003")
    wire.clock.sleep(60)
    line = SimulatedSerial(wire.chip)
    assert line.read_waiting() == b""
    wire.clock.sleep(2.3)
    assert len(line.read_waiting()) == 32
    wire.clock.sleep(1_000)
    assert len(line.read_waiting()) == KERNEL_BYTES
    wire.clock.sleep(10)
    line.drop_waiting()
    assert line.read_waiting() == b""
