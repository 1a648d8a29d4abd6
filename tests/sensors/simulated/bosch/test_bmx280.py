"""The simulated BME280 register by register (BST-BME280-DS002-15 rev. 1.6)."""

from tests.sensors.wires import Wire


def test_chip_id_and_reset_values() -> None:
    """Section 5.4: 0x60; data registers say "skipped" until something was measured."""
    wire = Wire("bme280")
    wire.clock.sleep(0.01)
    assert wire.ask("d0", 0, 1) == "60"
    assert Wire("bmp280").ask("d0", 0, 1) == "58"
    assert wire.ask("f7", 0, 8) == "80 00 00 80 00 00 80 00"


def test_forced_measurement_returns_to_sleep() -> None:
    """Section 3.3.3; twice, four times and once take 16 ms typically."""
    wire = Wire("bme280")
    wire.send("f201 f44d")
    wire.clock.sleep(0.010)
    assert wire.ask("f4", 0, 1) == "4d"
    assert wire.ask("f7", 0, 3) == "80 00 00"
    wire.clock.sleep(0.008)
    assert wire.ask("f4", 0, 1) == "4c"
    assert wire.ask("f7", 0, 3) != "80 00 00"


def test_what_has_no_oversampling_is_skipped() -> None:
    """Section 5.4."""
    wire = Wire("bme280")
    wire.send("f421", 20)
    answer = wire.ask("f7", 0, 8) or ""
    assert answer.startswith("80 00 00")
    assert answer.endswith("80 00")
    assert answer[9:17] != "80 00 00"


def test_reset_takes_2_ms() -> None:
    """Its settings are gone afterwards; any other word does nothing."""
    wire = Wire("bme280")
    wire.send("f205")
    wire.send("e000")
    assert wire.ask("f2", 0, 1) == "05"
    wire.send("e0b6")
    assert not wire.send("")
    wire.clock.sleep(0.002)
    assert wire.ask("f2", 0, 1) == "00"
