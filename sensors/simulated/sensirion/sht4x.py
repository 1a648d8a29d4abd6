"""A Sensirion SHT4x that answers on the I2C bus byte by byte.

Sections are those of the Sensirion SHT4x data sheet v6 (February 2023). Its commands are single bytes.
"""

from collections.abc import Callable
from typing import Final

from sensors.simulated.cells import Cells, Feel, clamped
from sensors.simulated.chip import Faults, WiredChip
from sensors.simulated.room import Air
from sensors.words import frame
from telemetry.parts import Part

# Section 4.5, table 8: command bytes; section 3.1, table 5: the longest times.
MEASURE_S: Final = {0xFD: 0.0083, 0xF6: 0.0045, 0xE0: 0.0016}
SERIAL: Final = 0x89
RESET: Final = 0x94
FEELS: Final = {"temperature_c": Feel(5.0, 0.04), "humidity_pct": Feel(4.0, 0.08)}


class SimulatedSht4x(WiredChip):
    """One chip.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now.
        now: Seconds that never run backwards.
        serial: Its lower 32 bits count.
        seed: Draws this unit's error and noise; None for a unit without either.
    """

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(now, 0.001)
        self.faults = Faults()
        self.cells = Cells(part, seed, FEELS)
        self._air = air
        self._serial = serial & 0xFFFF_FFFF
        self._reply = b""

    def write(self, data: bytes) -> bool:
        """Take the bytes of one transfer; False if one of them was not acknowledged."""
        if not self._is_there():
            return False
        if not data:
            return True
        self._reply = b""
        if len(data) != 1:
            return False
        code = data[0]
        if code in MEASURE_S:
            self._busy_until = self._now() + MEASURE_S[code]
            self._measure()
        elif code == SERIAL:
            self._reply = frame(self._serial >> 16, self._serial & 0xFFFF)
        elif code == RESET:
            self._busy_until = self._now() + 0.001
        else:
            return False
        return True

    def read(self, length: int) -> bytes | None:
        """Give as many bytes; None if it did not acknowledge its address."""
        if not self._is_there() or not self._reply:
            return None
        reply, self._reply = self._reply, b""
        if self.faults.garbles():
            reply = reply[:2] + bytes([reply[2] ^ 0x01]) + reply[3:]
        return (reply + b"\xff" * length)[:length]

    def _measure(self) -> None:
        self.cells.feel(self._air(), self._now())
        # Section 4.6: T = -45 + 175 S / 65535, RH = -6 + 125 S / 65535.
        self._reply = frame(
            clamped((self.cells.told("temperature_c") + 45) * 65_535 / 175, 0, 0xFFFF),
            clamped((self.cells.told("humidity_pct") + 6) * 65_535 / 125, 0, 0xFFFF),
        )

    def _reset(self) -> None:
        self._reply = b""
