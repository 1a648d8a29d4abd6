"""The simulated BH1750 on the wire (Rohm BH1750FVI technical note, rev. D)."""

from dataclasses import replace

from tests.sensors.wires import AIR, Wire


def test_example_of_the_technical_note() -> None:
    """Page 7: the counts 0x8390 are 28067 lx."""
    wire = Wire("bh1750", air=replace(AIR, illuminance_lx=28_067))
    assert wire.send("20", 180)
    assert wire.chip.read(2) == b"\x83\x90"


def test_before_its_time_is_over_the_register_holds_the_old_value() -> None:
    """And 0 after power-up: darkness that is none."""
    wire = Wire("bh1750")
    assert wire.send("20", 170)
    assert wire.chip.read(2) == b"\x00\x00"
    wire.clock.sleep(0.01)
    assert wire.chip.read(2) == (384).to_bytes(2, "big")
    wire.chip.unplug()
    wire.chip.plug_in()
    wire.clock.sleep(1)
    assert wire.chip.read(2) == b"\x00\x00"


def test_modes() -> None:
    """Half steps count double; low resolution is fast; a one-time measurement is not repeated."""
    wire = Wire("bh1750")
    wire.send("11", 180)
    assert wire.chip.read(2) == (768).to_bytes(2, "big")
    wire.send("13", 24)
    assert wire.chip.read(2) == (384).to_bytes(2, "big")
    wire.send("20", 180)
    wire.chip.read(2)
    wire.air = replace(AIR, illuminance_lx=1_000)
    wire.clock.sleep(10)
    assert wire.chip.read(2) == (384).to_bytes(2, "big")


def test_saturates_and_refuses_nonsense() -> None:
    """65535 counts at most."""
    wire = Wire("bh1750", air=replace(AIR, illuminance_lx=100_000))
    wire.send("10", 180)
    assert wire.chip.read(2) == b"\xff\xff"
    assert not wire.send("99")
    assert not wire.send("1020")
