"""How a CO2 sensor is calibrated at a reference: when its readings are steady enough, and what is written down. Pure.

Sensirion SCD4x data sheet v1.3, section 3.7.1: it must have measured the reference, steady, for at least three minutes;
then it is stopped, half a second later told, and answers 0xFFFF if it refuses. The driver does the latter part.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

AT_LEAST_S: Final = 180.0
"""Sensirion SCD4x data sheet v1.3, section 3.7.1."""

PATIENCE_S: Final = 900.0
"""A room that does not come to rest in a quarter of an hour will not."""

MEAN_S: Final = 60.0
"""Over so long a reading is averaged before and after."""

STEADY_PPM: Final = 20.0
"""First and last minute of the three may differ by so much: twice the repeatability of ±10 ppm (Sensirion SCD4x data
sheet v1.5, table 1)."""

SPREAD_PPM: Final = 60.0
"""All single readings of the three minutes lie within so much: people near the sensor breathe more than that."""

CLOSE_PPM: Final = 50.0
"""Afterwards it must show the reference to so much: the fixed part of its accuracy."""


class Verdict(StrEnum):
    """What is to be done now."""

    WAIT = "wait"
    CALIBRATE = "calibrate"
    UNSTEADY = "unsteady"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Reading:
    """One CO2 reading: monotonic seconds and ppm."""

    at_s: float
    ppm: float


class Watch:
    """Watches the readings before the calibration.

    Args:
        started_s: When the sensor began to measure, monotonic.
        patience_s: After so long it is given up.
    """

    def __init__(self, started_s: float, patience_s: float = PATIENCE_S) -> None:
        self._started_s = started_s
        self._patience_s = patience_s
        self._readings: deque[Reading] = deque()

    def add(self, at_s: float, ppm: float) -> None:
        """Take a reading; the last three minutes are kept."""
        self._readings.append(Reading(at_s, ppm))
        while self._readings[0].at_s < at_s - AT_LEAST_S:
            self._readings.popleft()

    def verdict(self, now_s: float) -> Verdict:
        """What is to be done."""
        if now_s - self._started_s >= AT_LEAST_S and self._is_full(now_s) and self.unrest is None:
            return Verdict.CALIBRATE
        if now_s - self._started_s < self._patience_s:
            return Verdict.WAIT
        return Verdict.UNSTEADY if self._is_full(now_s) else Verdict.SILENT

    @property
    def mean_ppm(self) -> float:
        """The mean of the last minute; at least one reading must be there."""
        return mean_of(self._since(self._readings[-1].at_s - MEAN_S))

    @property
    def unrest(self) -> str | None:
        """Why the readings are not steady; None if they are."""
        first, last = self._readings[0].at_s, self._readings[-1].at_s
        numbers = [one.ppm for one in self._readings]
        spread = max(numbers) - min(numbers)
        early = mean_of([one for one in self._readings if one.at_s <= first + MEAN_S])
        drift = mean_of(self._since(last - MEAN_S)) - early
        if abs(drift) > STEADY_PPM:
            return f"it moved by {drift:+.0f} ppm within three minutes; at most {STEADY_PPM:.0f} are steady"
        if spread > SPREAD_PPM:
            return f"its readings lie {spread:.0f} ppm apart within three minutes; at most {SPREAD_PPM:.0f} are steady"
        return None

    def _is_full(self, now_s: float) -> bool:
        """Whether there are readings from early to late in the last three minutes."""
        if len(self._readings) < 6:
            return False
        return (
            self._readings[0].at_s <= now_s - AT_LEAST_S + MEAN_S / 2 and self._readings[-1].at_s >= now_s - MEAN_S / 2
        )

    def _since(self, at_s: float) -> list[Reading]:
        return [one for one in self._readings if one.at_s >= at_s]


def mean_of(readings: list[Reading]) -> float:
    """The mean of some readings, at least one."""
    return sum(one.ppm for one in readings) / len(readings)


def judged(reference_ppm: float, after_ppm: float | None) -> str:
    """Why the sensor is not well calibrated afterwards; "" if it is."""
    if after_ppm is None:
        return "it took the calibration and gave no reading afterwards"
    if abs(after_ppm - reference_ppm) > CLOSE_PPM:
        return f"it shows {after_ppm:.0f} ppm afterwards, {abs(after_ppm - reference_ppm):.0f} from the reference"
    return ""
