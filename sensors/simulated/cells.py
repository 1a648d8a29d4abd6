"""What the cells of a chip see of the air: each with its own slowness, this unit's error, noise, and drift."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sensors.simulated.room import Air
from telemetry.parts import Part

IN_AIR: Final = {"hcho_ug_m3": "hcho_ppb"}
"""Where the air holds a quantity under another name: in the unit of data sheets."""


@dataclass(frozen=True, slots=True)
class Feel:
    """One cell: 63 % of a step after `response_s`; readings scatter by `repeatability`, in the data sheet's unit."""

    response_s: float
    repeatability: float


class Cells:
    """The sensing part of one chip; all in the units of its data sheet.

    Args:
        part: Whose stated accuracy it keeps.
        seed: Draws this unit's own error and its noise; None for a unit without either.
        feels: Each quantity's cell.

    Attributes:
        drift: By quantity, added to every reading: what ageing, soldering or a wrong calibration did.
    """

    def __init__(self, part: Part, seed: int | None, feels: Mapping[str, Feel]) -> None:
        self.drift: dict[str, float] = {}
        self._part = part
        self._feels = feels
        self._draw = None if seed is None else random.Random(seed)
        # Half of the stated accuracy at most, so that noise has its place within it.
        self._bias = {name: 0.0 if self._draw is None else self._draw.uniform(-0.5, 0.5) for name in feels}
        # One laser counts all sizes: what it has too much of the small it has too much of the large.
        for name in self.particles:
            self._bias[name] = self._bias[self.particles[0]]
        self._felt: dict[str, float] = {}
        self._felt_at = 0.0

    @property
    def particles(self) -> list[str]:
        """Its particle sizes, the smallest first."""
        return [name for name in self._feels if name.startswith("pm")]

    def nested(self) -> dict[str, float]:
        """What it makes of the particle sizes: none below zero, each size within the next."""
        told, least = {}, 0.0
        for name in self.particles:
            least = told[name] = max(least, self.told(name))
        return told

    def feel(self, air: Air, now: float) -> None:
        """Follow the air, each cell with its own slowness."""
        gone_s = max(0.0, now - self._felt_at)
        for name, cell in self._feels.items():
            truth = float(getattr(air, IN_AIR.get(name, name)))
            felt = self._felt.get(name, truth)
            self._felt[name] = felt + (truth - felt) * -math.expm1(-gone_s / cell.response_s)
        self._felt_at = now

    def told(self, quantity: str) -> float:
        """What this unit makes of a quantity, within its stated accuracy unless it drifts."""
        value = self._felt[quantity]
        return value + self._error(quantity, value) + self.drift.get(quantity, 0.0)

    def _error(self, quantity: str, value: float) -> float:
        if self._draw is None:
            return 0.0
        repeatability = self._feels[quantity].repeatability
        # The coarser sizes are stated more loosely; a unit is not so loose with them beside a good PM2.5.
        channel = self._part.channel("pm2_5_ug_m3" if quantity in self.particles else quantity)
        factor = channel.unit_factor if channel else 1.0
        error = channel.error_at(value * factor) if channel else None
        stated = repeatability if error is None else error / factor
        # Repeatability taken as three standard deviations; 5 % are left for the rounding to whole steps.
        return max(
            -0.95 * stated,
            min(0.95 * stated, self._bias[quantity] * stated + self._draw.gauss(0.0, repeatability / 3)),
        )


def clamped(value: float, low: int, high: int) -> int:
    """A value as the nearest whole number that the chip can say."""
    return min(high, max(low, round(value)))


def word(value: float) -> int:
    """A signed value as a 16-bit word."""
    return clamped(value, -0x8000, 0x7FFF) & 0xFFFF
