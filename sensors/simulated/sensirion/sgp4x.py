"""A Sensirion SGP40 or SGP41 that answers on the I2C bus byte by byte (SGP40 data sheet v1.0, SGP41 data sheet)."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sensors.simulated.cells import Cells, Feel, clamped
from sensors.simulated.chip import Faults
from sensors.simulated.room import Air
from sensors.simulated.sensirion.commands import Command, SensirionChip
from sensors.words import frame
from telemetry.parts import Part

# SGP40 data sheet, table 1: t63 under 10 s; a doubling of the gas takes 870 ticks off the raw value.
FEELS: Final = {"tvoc_ug_m3": Feel(8.0, 0.0), "no2_ppb": Feel(10.0, 0.0)}
TICKS_A_DOUBLING: Final = 870.0
NOISE_TICKS: Final = 6.0
VOC_BASE: Final = 30_000.0
NOX_BASE: Final = 16_000.0


@dataclass(slots=True)
class Sgp4xFaults(Faults):
    """What else may be wrong with it.

    Attributes:
        self_test: The word of the self-test.
    """

    self_test: int = 0xD400


class SimulatedSgp4x(SensirionChip):
    """One chip.

    Args:
        part: `PARTS["sgp40"]` or `PARTS["sgp41"]`.
        air: The air around it, now.
        now: Seconds that never run backwards.
        serial: 48 bits.
        seed: Draws this unit's noise; None for a unit without.

    Attributes:
        longest_conditioning_s: The longest it was kept in conditioning; over 10 s harms it.
    """

    faults: Sgp4xFaults

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(part.name, now, 0.0006)
        self.faults = Sgp4xFaults()
        self.cells = Cells(part, None, FEELS)
        self._air = air
        self._serial = serial
        self._draw = None if seed is None else random.Random(seed)
        self._conditioned_since: float | None = None
        self._longest_s = 0.0
        self._last: dict[str, int] = {}

    @property
    def is_measuring(self) -> bool:
        """All commands are taken at any time."""
        return False

    @property
    def longest_conditioning_s(self) -> float:
        """Up to now."""
        now_s = 0.0 if self._conditioned_since is None else self._now() - self._conditioned_since
        return max(self._longest_s, now_s)

    def _reset(self) -> None:
        self._reply = b""
        self._leave_conditioning()

    def _leave_conditioning(self) -> None:
        self._longest_s = self.longest_conditioning_s
        self._conditioned_since = None

    def _raw(self, name: str) -> int:
        """SRAW of one pixel; a stuck one says what it said before."""
        if self.faults.is_stuck and name in self._last:
            return self._last[name]
        self.cells.feel(self._air(), self._now())
        if name == "voc":
            ticks = VOC_BASE - TICKS_A_DOUBLING * math.log2((self.cells.told("tvoc_ug_m3") + 50.0) / 200.0)
        else:
            ticks = NOX_BASE + 600.0 * math.log2((self.cells.told("no2_ppb") + 10.0) / 25.0)
        noise = 0.0 if self._draw is None else self._draw.gauss(0.0, NOISE_TICKS)
        self._last[name] = clamped(ticks + noise, 0, 0xFFFF)
        return self._last[name]

    def _measure(self, *names: str) -> None:
        self._leave_conditioning()
        self._reply = frame(*(self._raw(name) for name in names))

    def _condition(self) -> None:
        if self._conditioned_since is None:
            self._conditioned_since = self._now()
        self._reply = frame(self._raw("voc"))

    def _say(self, *words: int) -> None:
        self._reply = frame(*words)


_SGP40: Final = frozenset({"sgp40"})
_SGP41: Final = frozenset({"sgp41"})

SimulatedSgp4x.table = {
    (0x260F, 2): Command(lambda chip, _: chip._measure("voc"), 0.03, only=_SGP40),
    (0x2612, 2): Command(lambda chip, _: chip._condition(), 0.05, only=_SGP41),
    (0x2619, 2): Command(lambda chip, _: chip._measure("voc", "nox"), 0.05, only=_SGP41),
    (0x280E, 0): Command(lambda chip, _: chip._say(chip.faults.self_test), 0.32),
    (0x3615, 0): Command(lambda chip, _: chip._leave_conditioning(), 0.001),
    (0x3682, 0): Command(
        lambda chip, _: chip._say(*((chip._serial >> shift) & 0xFFFF for shift in (32, 16, 0))), 0.001
    ),
}
