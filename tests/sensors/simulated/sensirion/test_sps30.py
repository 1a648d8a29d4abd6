"""The simulated SPS30 on the wire, byte by byte (Sensirion SPS30 data sheet v1.0, section 6.3)."""

import struct

from sensors.words import frame
from tests.sensors.wires import Wire


def test_floats_are_big_endian_two_words_each() -> None:
    """PM1 of 7 µg/m³ is 0x40E00000."""
    wire = Wire("sps30")
    assert wire.send("0010 0300 ac", 1_020)
    assert wire.ask("0202", 0, 3) == frame(1).hex(" ")
    answer = bytes.fromhex(wire.ask("0300", 0, 60) or "")
    assert answer[:6] == frame(0x40E0, 0x0000)
    raw = b"".join(answer[at : at + 2] for at in range(0, 60, 3))
    assert struct.unpack(">4f", raw[:16]) == (7.0, 10.0, 12.5, 25.0)
    assert wire.ask("0202", 0, 3) == frame(0).hex(" ")


def test_integers_on_demand() -> None:
    """Output format 0x0500: one word each."""
    wire = Wire("sps30")
    assert wire.send("0010 0500 f6", 1_020)
    assert wire.ask("0300", 0, 12) == frame(7, 10, 12, 25).hex(" ")


def test_start_needs_its_argument_and_its_checksum() -> None:
    """And is refused while it measures."""
    wire = Wire("sps30")
    assert not wire.send("0010")
    assert not wire.send("0010 0300 ad")
    assert wire.send("0010 0300 ac", 20)
    assert not wire.send("0010 0300 ac")


def test_product_type_and_status() -> None:
    """ASCII "00080000", and a register of 32 bits."""
    wire = Wire("sps30")
    assert wire.ask("d002", 0, 12) == frame(0x3030, 0x3038, 0x3030, 0x3030).hex(" ")
    assert wire.ask("d206", 0, 6) == frame(0, 0).hex(" ")


def test_asleep_it_hears_the_second_wake_up() -> None:
    """Section 6.3.9."""
    wire = Wire("sps30")
    assert wire.send("1001", 5)
    assert not wire.send("d002")
    assert not wire.send("1103")
    assert wire.send("1103", 5)
    assert wire.ask("d002", 0, 12)
