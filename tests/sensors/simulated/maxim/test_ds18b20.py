"""The simulated DS18B20 (Maxim DS18B20 data sheet 19-7487)."""

from sensors.simulated.w1_bus import SimulatedW1
from tests.sensors.wires import Wire


def test_scratchpad_after_power_up_is_85_degrees() -> None:
    """Figure 9: 50 05 4B 46 7F FF 0C 10, whose checksum is 1C."""
    assert Wire("ds18b20").chip.scratchpad().hex(" ") == "50 05 4b 46 7f ff 0c 10 1c"


def test_told_as_the_kernel_tells_it() -> None:
    """25 °C are 0x0190; a conversion takes 0.75 s."""
    wire = Wire("ds18b20")
    bus = SimulatedW1([wire.chip], wire.clock.sleep)
    began = wire.clock.time
    first, second = bus.convert("28-f8969f073bbe").splitlines()
    assert wire.clock.time - began == 0.75
    assert first.startswith("90 01 4b 46 7f ff 0c 10 ")
    assert first.endswith("YES")
    assert second.endswith("t=25000")
    assert bus.names() == ["28-f8969f073bbe"]
