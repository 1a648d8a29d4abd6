"""The simulated SGP40 and SGP41 on the wire, byte by byte."""

from dataclasses import replace

from sensors.words import frame, unframe
from tests.sensors.wires import AIR, Wire

UNCOMPENSATED = "8000 a2 6666 93"
"""SGP40 data sheet v1.0, table 10: 50 %RH and 25 °C with their checksums."""


def test_measurement_takes_30_ms_on_the_sgp40_and_50_on_the_sgp41() -> None:
    """One word, two words."""
    assert Wire("sgp40").ask(f"260f {UNCOMPENSATED}", 29, 3) is None
    one = Wire("sgp40").ask(f"260f {UNCOMPENSATED}", 30, 3)
    assert one is not None
    assert Wire("sgp41").ask(f"2619 {UNCOMPENSATED}", 49, 6) is None
    two = Wire("sgp41").ask(f"2619 {UNCOMPENSATED}", 50, 6)
    assert two is not None
    assert two.startswith(one)


def test_doubling_the_gas_takes_870_ticks_off() -> None:
    """Table 1."""
    wire = Wire("sgp40", air=replace(AIR, tvoc_ug_m3=950))
    few = unframe(bytes.fromhex(wire.ask(f"260f {UNCOMPENSATED}", 30, 3) or ""))[0]
    wire.air = replace(AIR, tvoc_ug_m3=1_950)
    wire.clock.sleep(1_000)
    many = unframe(bytes.fromhex(wire.ask(f"260f {UNCOMPENSATED}", 30, 3) or ""))[0]
    assert few - many in (869, 870, 871)


def test_each_knows_its_own_commands() -> None:
    """And both the self-test and the serial number."""
    assert not Wire("sgp40").send(f"2619 {UNCOMPENSATED}")
    assert not Wire("sgp40").send(f"2612 {UNCOMPENSATED}")
    assert not Wire("sgp41").send(f"260f {UNCOMPENSATED}")
    for part in ("sgp40", "sgp41"):
        assert Wire(part).ask("280e", 320, 3) == frame(0xD400).hex(" ")
        assert Wire(part).ask("3682", 1, 9) == "f8 96 31 9f 07 c2 3b be 89"


def test_conditioning_is_timed_until_another_command() -> None:
    """What the driver is held to."""
    wire = Wire("sgp41")
    wire.send(f"2612 {UNCOMPENSATED}", 7_000)
    assert wire.chip.longest_conditioning_s == 7.0
    wire.send(f"2619 {UNCOMPENSATED}", 60_000)
    assert wire.chip.longest_conditioning_s == 7.0
    wire.send(f"2612 {UNCOMPENSATED}", 12_000)
    wire.send("3615", 5_000)
    assert wire.chip.longest_conditioning_s == 12.0


def test_wrong_checksum_of_a_compensation_is_not_acknowledged() -> None:
    """A turned bit is no other humidity."""
    assert not Wire("sgp40").send("260f 8000 a3 6666 93")
    assert not Wire("sgp40").send("260f 8000 a2")
