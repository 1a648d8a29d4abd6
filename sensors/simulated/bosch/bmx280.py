"""A Bosch BME280 or BMP280 that answers on the I2C bus register by register.

Sections are those of BST-BME280-DS002-15 rev. 1.6.
"""

import struct
from collections.abc import Callable
from typing import Final

from sensors.simulated.bosch.bosch_integers import TRIMMING, raw_of
from sensors.simulated.cells import Cells, Feel
from sensors.simulated.chip import Faults, WiredChip
from sensors.simulated.room import Air
from telemetry.parts import Part

CHIP_IDS: Final = {"bme280": 0x60, "bmp280": 0x58}
FEELS: Final = {
    "temperature_c": Feel(20.0, 0.02),
    "humidity_pct": Feel(1.0, 0.06),
    "pressure_hpa": Feel(0.5, 0.01),
}
SKIPPED: Final = bytes([0x80, 0x00, 0x00, 0x80, 0x00, 0x00, 0x80, 0x00])
START_UP_S: Final = 0.002


class SimulatedBmx280(WiredChip):
    """One chip.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now.
        now: Seconds that never run backwards.
        serial: It has none to tell.
        seed: Draws this unit's error and noise; None for a unit without either.

    Attributes:
        chip_id: What it says it is.
        is_blank: Its trimming reads as zeros.
    """

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(now, START_UP_S)
        self.faults = Faults()
        self.cells = Cells(part, seed, FEELS)
        self.chip_id = CHIP_IDS[part.name]
        self.is_blank = False
        self._has_humidity = part.channel("humidity_pct") is not None
        self._air = air
        self._registers = bytearray(256)
        self._pointer = 0
        self._ready_at = 0.0
        self._reset()

    def write(self, data: bytes) -> bool:
        """A register's address, then pairs of address and value (section 6.2.1)."""
        if not self._is_there():
            return False
        self._finish()
        if not data:
            return True
        if len(data) == 1:
            self._pointer = data[0]
            return True
        if len(data) % 2:
            return False
        for register, value in zip(data[::2], data[1::2], strict=True):
            self._store(register, value)
        return True

    def read(self, length: int) -> bytes | None:
        """Registers from the address on (section 6.2.2)."""
        if not self._is_there():
            return None
        self._finish()
        found = bytes(self._registers[(self._pointer + at) % 256] for at in range(length))
        self._pointer = (self._pointer + length) % 256
        return found

    def _store(self, register: int, value: int) -> None:
        if register == 0xE0:
            if value == 0xB6:
                self._reset()
                self._busy_until = self._now() + START_UP_S
        elif register in (0xF2, 0xF4, 0xF5):
            if register == 0xF2 and not self._has_humidity:
                return
            self._registers[register] = value
            if register == 0xF4 and value & 0b11 and not self.faults.is_stuck:
                self._ready_at = self._now() + self._takes_s()

    def _takes_s(self) -> float:
        """Section 9.1, typical."""
        times = [0, 1, 2, 4, 8, 16, 16, 16]
        t, p = times[self._registers[0xF4] >> 5], times[self._registers[0xF4] >> 2 & 0b111]
        h = times[self._registers[0xF2] & 0b111] if self._has_humidity else 0
        return (1.0 + 2 * t + (2 * p + 0.5 if p else 0) + (2 * h + 0.5 if h else 0)) / 1_000

    def _finish(self) -> None:
        """End a forced measurement whose time is over: data in their registers, mode back to sleep (section 3.3.3)."""
        control = self._registers[0xF4]
        if not control & 0b11 or self.faults.is_stuck or self._now() < self._ready_at - 1e-6:
            return
        self._registers[0xF4] = control & ~0b11
        self.cells.feel(self._air(), self._now())
        told = self.cells.told
        pressure, temperature, humidity = raw_of(
            told("temperature_c"), told("pressure_hpa"), told("humidity_pct") if self._has_humidity else 0.0
        )
        data = bytearray(SKIPPED)
        # Section 5.4: oversampling 0 skips a measurement.
        if control >> 2 & 0b111:
            data[0:3] = (pressure << 4).to_bytes(3, "big")
        if control >> 5:
            data[3:6] = (temperature << 4).to_bytes(3, "big")
        if self._registers[0xF2] & 0b111:
            data[6:8] = humidity.to_bytes(2, "big")
        self._registers[0xF7:0xFF] = data

    def _reset(self) -> None:
        self._registers[:] = bytes(256)
        self._registers[0xD0] = self.chip_id
        self._registers[0xF7:0xFF] = SKIPPED
        self._pointer = 0
        if not self.is_blank:
            h1, h2, h3, h4, h5, h6 = TRIMMING.h
            self._registers[0x88:0xA0] = struct.pack("<HhhHhhhhhhhh", *TRIMMING.t, *TRIMMING.p)
            if self._has_humidity:
                self._registers[0xA1] = h1
                self._registers[0xE1:0xE8] = struct.pack(
                    "<hBbBbb", h2, h3, h4 >> 4, (h5 & 0x0F) << 4 | h4 & 0x0F, h5 >> 4, h6
                )
