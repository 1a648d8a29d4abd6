"""A Rohm BH1750FVI that answers on the I2C bus byte by byte.

Pages are those of the Rohm BH1750FVI technical note, rev. D. Its commands are single bytes, it has no checksum.
"""

from collections.abc import Callable
from typing import Final

from sensors.simulated.cells import Cells, Feel, clamped
from sensors.simulated.chip import Faults, WiredChip
from sensors.simulated.room import Air
from telemetry.parts import Part

# Page 5: instructions; page 2: the longest times. Counts for a lux: 1.2 in H, 2.4 in H2.
MODES: Final = {0x10: (0.18, 1.2), 0x11: (0.18, 2.4), 0x13: (0.024, 1.2)}
ONE_TIME: Final = 0x10
POWER_DOWN: Final = 0x00
POWER_ON: Final = 0x01
RESET: Final = 0x07
FEELS: Final = {"illuminance_lx": Feel(0.2, 2.0)}


class SimulatedBh1750(WiredChip):
    """One chip.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now, with the light in it.
        now: Seconds that never run backwards.
        serial: It has none to tell.
        seed: Draws this unit's error and noise; None for a unit without either.
    """

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(now, 0.001)
        self.faults = Faults()
        self.cells = Cells(part, seed, FEELS)
        self._air = air
        self._word = 0
        self._mode: tuple[float, float] | None = None
        self._ready_at = 0.0
        self._is_one_time = False

    def write(self, data: bytes) -> bool:
        """Take the bytes of one transfer; False if one of them was not acknowledged."""
        if not self._is_there():
            return False
        if not data:
            return True
        if len(data) != 1:
            return False
        self._measure_if_due()
        code = data[0]
        if code == POWER_DOWN:
            self._mode = None
        elif code == RESET:
            self._word = 0
        elif code in (0x20, 0x21, 0x23, *MODES):
            self._is_one_time = code >= 2 * ONE_TIME
            self._mode = MODES[code - ONE_TIME if self._is_one_time else code]
            self._ready_at = self._now() + self._mode[0]
        # The measurement time (0b01000xxx, 0b011xxxxx) and power on are taken; nothing of ours sets the former.
        return code in (POWER_DOWN, POWER_ON, RESET, 0x20, 0x21, 0x23, *MODES) or 0x40 <= code < 0x80

    def read(self, length: int) -> bytes | None:
        """Give as many bytes; the register holds the newest measurement, 0 after power-up."""
        if not self._is_there():
            return None
        self._measure_if_due()
        return (self._word.to_bytes(2, "big") + b"\xff" * length)[:length]

    def _measure_if_due(self) -> None:
        if self._mode is None or self._now() < self._ready_at - 1e-6:
            return
        self.cells.feel(self._air(), self._now())
        takes_s, counts = self._mode
        self._word = clamped(self.cells.told("illuminance_lx") * counts, 0, 0xFFFF)
        self._ready_at = self._now() + takes_s
        if self._is_one_time:
            self._mode = None

    def _reset(self) -> None:
        self._word = 0
        self._mode = None
