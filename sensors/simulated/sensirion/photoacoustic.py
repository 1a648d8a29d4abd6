"""What an SCD4x's cells see of the air: lag, self-heating, the pressure's part, the error each unit has, its drift."""

import math
import random
from typing import Final

from sensors.simulated.room import Air, saturation_g_m3
from telemetry.parts import Part

# Sensirion SCD4x data sheet v1.5, tables 1 to 3: response time t63 and repeatability, typical.
RESPONSE_S: Final = {"co2_ppm": 60.0, "temperature_c": 120.0, "humidity_pct": 90.0}
REPEATABILITY: Final = {"co2_ppm": 10.0, "temperature_c": 0.1, "humidity_pct": 0.4}
SELF_HEATING_C: Final = 4.0
"""What the chip's delivered temperature offset takes off (data sheet v1.3, section 3.6.1)."""


class Cells:
    """The sensing part of one chip.

    Args:
        part: Whose stated accuracy it keeps.
        seed: Draws this unit's own error and its noise; None for a unit without either.

    Attributes:
        drift_ppm: Added to every CO2 reading: what ageing, soldering or a wrong calibration did.
    """

    def __init__(self, part: Part, seed: int | None) -> None:
        self._part = part
        self._is_ideal = seed is None
        self._draw = random.Random(seed)
        # Half of the stated accuracy at most, so that noise has its place within it.
        self._bias = {name: self._draw.uniform(-0.5, 0.5) for name in RESPONSE_S}
        self._felt: dict[str, float] = {}
        self._felt_at = 0.0
        self.drift_ppm = 0.0

    def feel(self, air: Air, now: float) -> None:
        """Follow the air, each cell with its own slowness."""
        truth = {
            "co2_ppm": air.co2_ppm,
            "temperature_c": air.temperature_c,
            "humidity_pct": air.humidity_pct,
        }
        if not self._felt:
            self._felt = truth
        else:
            gone_s = max(0.0, now - self._felt_at)
            for name, value in truth.items():
                self._felt[name] += (value - self._felt[name]) * -math.expm1(-gone_s / RESPONSE_S[name])
        self._felt_at = now

    def co2_ppm(self, air: Air, assumed_hpa: float) -> float:
        """CO2 as reckoned for a pressure of `assumed_hpa`: the cell counts molecules, not their share."""
        value = self._felt["co2_ppm"]
        value += self._error("co2_ppm", value) + self.drift_ppm
        return value * air.pressure_hpa / assumed_hpa

    def climate(self, offset_c: float) -> tuple[float, float]:
        """Temperature in °C and relative humidity in %, for a temperature offset of `offset_c`."""
        true_c = self._felt["temperature_c"]
        told_c = true_c + SELF_HEATING_C - offset_c
        # The water in the air is what it is; a wrong temperature makes a wrong relative humidity.
        told_pct = self._felt["humidity_pct"] * saturation_g_m3(true_c) / saturation_g_m3(told_c)
        told_c += self._error("temperature_c", told_c)
        return told_c, min(100.0, max(0.0, told_pct + self._error("humidity_pct", told_pct)))

    def _error(self, name: str, value: float) -> float:
        """This unit's own error and the noise of one measurement, together within the stated accuracy."""
        if self._is_ideal:
            return 0.0
        channel = self._part.channel(name)
        stated = (channel.error_at(value) if channel else None) or REPEATABILITY[name]
        # Repeatability taken as three standard deviations; 2 % are left for the rounding to whole ppm.
        error = self._bias[name] * stated + self._draw.gauss(0.0, REPEATABILITY[name] / 3)
        return max(-0.98 * stated, min(0.98 * stated, error))
