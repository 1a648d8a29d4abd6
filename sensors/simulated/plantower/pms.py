"""A Plantower PMS5003 or PMSA003 that talks on a serial line byte by byte (PMS5003 manual V2.3, appendix I)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sensors.simulated.cells import Cells, Feel, clamped
from sensors.simulated.chip import Faults
from sensors.simulated.room import Air
from telemetry.parts import Part

BYTES_S: Final = 960.0  # 9,600 baud, ten bits a byte
STEADY_S: Final = 2.3
START_UP_S: Final = 1.5
FEELS: Final = {"pm1_ug_m3": Feel(8.0, 1.0), "pm2_5_ug_m3": Feel(8.0, 1.2), "pm10_ug_m3": Feel(8.0, 2.0)}
# Particles in 0.1 L for each µg/m³ of PM2.5: ours, of the magnitude that units show.
COUNTS: Final = (150.0, 45.0, 8.0, 0.8, 0.2, 0.1)
VERSION: Final = 0x97


@dataclass(slots=True)
class PmsFaults(Faults):
    """What else may be wrong with it or its line.

    Attributes:
        error_code: The lower half of data 13.
        noise: Bytes that the line picks up before each frame.
        is_deaf: It sends nothing.
    """

    error_code: int = 0
    noise: bytes = b""
    is_deaf: bool = False


class SimulatedPms:
    """One sensor.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now.
        now: Seconds that never run backwards.
        serial: It has none to tell.
        seed: Draws this unit's error and noise; None for a unit without either.

    Attributes:
        faults: What is wrong with it.
        port_is_gone: Whether the adapter it hangs on was pulled out.
    """

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        self.faults = PmsFaults()
        self.cells = Cells(part, seed, FEELS)
        self.port_is_gone = False
        self._air = air
        self._now = now
        self._plugged = True
        self._next_at = now() + START_UP_S
        self._told_at = now()
        self._under_way = b""
        self._words: tuple[int, ...] = ()

    def unplug(self) -> None:
        """Take its power away."""
        self._plugged = False
        self._under_way = b""

    def plug_in(self) -> None:
        """Give it power again."""
        self._plugged = True
        self._next_at = self._now() + START_UP_S

    def sent(self) -> bytes:
        """The bytes that went out since the last call, as fast as the line is."""
        now = self._now()
        out = b""
        if not self._plugged:
            self._told_at = now
            return out
        while self._next_at <= now + 1e-9:
            out += self._under_way
            self._under_way = b"" if self.faults.is_deaf else self.faults.noise + self._frame()
            self._told_at = self._next_at
            self._next_at += STEADY_S
        gone = round((now - self._told_at) * BYTES_S)
        out += self._under_way[:gone]
        self._under_way = self._under_way[gone:]
        self._told_at = now if gone or not self._under_way else self._told_at
        return out

    def _frame(self) -> bytes:
        if not self.faults.is_stuck or not self._words:
            self._words = self._measured()
        raw = b"\x42\x4d" + struct.pack(">H13H", 28, *self._words)
        total = sum(raw) & 0xFFFF
        return raw + (total ^ 0x0001 if self.faults.garbles() else total).to_bytes(2, "big")

    def _measured(self) -> tuple[int, ...]:
        self.cells.feel(self._air(), self._now())
        pm1, pm2_5, pm10 = self.cells.nested().values()
        masses = tuple(clamped(value, 0, 1_000) for value in (pm1, pm2_5, pm10))
        counts = tuple(clamped(pm2_5 * share, 0, 0xFFFF) for share in COUNTS)
        return (*masses, *masses, *counts, VERSION << 8 | self.faults.error_code)
