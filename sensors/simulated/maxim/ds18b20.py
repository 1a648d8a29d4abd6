"""A Maxim DS18B20 with its scratchpad (Maxim DS18B20 data sheet 19-7487, figures 8 and 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sensors.simulated.cells import Cells, Feel, clamped
from sensors.simulated.chip import Faults
from sensors.simulated.room import Air
from sensors.w1 import crc8
from telemetry.parts import Part

FEELS: Final = {"temperature_c": Feel(30.0, 0.06)}
POWER_UP: Final = 0x0550
TWELVE_BITS: Final = 0x7F


@dataclass(slots=True)
class Ds18b20Faults(Faults):
    """What else may be wrong with it or its line.

    Attributes:
        skips_conversion: It browns out whenever it should measure, and says what it says after power-up.
        is_shorted: Its line is at ground: every bit reads as 0.
    """

    skips_conversion: bool = False
    is_shorted: bool = False


class SimulatedDs18b20:
    """One thermometer.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now.
        now: Seconds that never run backwards.
        serial: 48 bits, in its name.
        seed: Draws this unit's error and noise; None for a unit without either.

    Attributes:
        faults: What is wrong with it.
        name: As the kernel calls it.
        is_on_bus: Whether it is plugged in.
        configuration: Its configuration register: 12 bits of resolution as delivered.
    """

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        self.faults = Ds18b20Faults()
        self.cells = Cells(part, seed, FEELS)
        self.name = f"28-{serial:012x}"
        self.is_on_bus = True
        self.configuration = TWELVE_BITS
        self._air = air
        self._now = now
        self._word = POWER_UP

    def unplug(self) -> None:
        """Take it off the bus."""
        self.is_on_bus = False

    def plug_in(self) -> None:
        """Back on the bus; it has forgotten its measurement."""
        self.is_on_bus = True
        self._word = POWER_UP

    def convert(self) -> None:
        """Measure."""
        self.cells.feel(self._air(), self._now())
        if self.faults.skips_conversion:
            self._word = POWER_UP
        elif not self.faults.is_stuck:
            self._word = clamped(self.cells.told("temperature_c") * 16, -55 * 16, 125 * 16)

    def scratchpad(self) -> bytes:
        """Its nine bytes: temperature, alarm limits, configuration, reserved, checksum."""
        if self.faults.is_shorted:
            return bytes(9)
        raw = self._word.to_bytes(2, "little", signed=True) + bytes([0x4B, 0x46, self.configuration, 0xFF, 0x0C, 0x10])
        return raw + bytes([crc8(raw) ^ (0x01 if self.faults.garbles() else 0)])
