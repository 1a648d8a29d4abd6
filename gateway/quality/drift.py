"""Drift against physics: no room holds less CO2 than the air outside, so a sensor that says so for a week is wrong."""

import math
from collections import deque
from typing import Final

from telemetry.parts import PARTS

QUANTITY: Final = "co2_ppm"
OUTDOOR_PPM: Final = 420.0
"""What outdoor air holds at least: NOAA Global Monitoring Laboratory, global mean of 2023: 419.3 ppm, and rising; in
towns it is more."""

HOUR_MS: Final = 3_600_000
HOURS: Final = 7 * 24
COVERED: Final = 0.75
LOWEST: Final = 0.01
WITHOUT_PART: Final = "scd40"
"""Whose stated error counts where the part is not known: the widest among the common ones, ±(50 ppm + 5 %)."""


def lowest_true_ppm(part: str | None) -> float | None:
    """The least that a sound sensor of this part can show: outdoor air less its stated error.

    Returns:
        None if nothing is stated of the part's CO2, or it measures none.
    """
    known = PARTS.get(part or WITHOUT_PART)
    channel = known.channel(QUANTITY) if known is not None else None
    error = channel.error_at(OUTDOOR_PPM) if channel is not None else None
    return None if error is None else OUTDOOR_PPM - error


class Drift:
    """The last seven days of one sensor's good CO2 readings, an hour an entry; readings in the order of their times.

    It drifts while the lowest 1 % of them lie below what a sound sensor can show, and 75 % of the hours have readings.
    """

    __slots__ = ("_below", "_hours", "_limit", "_readings", "drifting")

    def __init__(self, limit_ppm: float) -> None:
        """Make it with what `lowest_true_ppm` says."""
        self._limit = limit_ppm
        # (hour, readings, those below the limit)
        self._hours: deque[tuple[int, int, int]] = deque()
        # The sums over them: added up anew at each reading, a week would be the dearest thing that is done with it.
        self._readings = self._below = 0
        self.drifting = False

    def see(self, time_ms: int, value: float) -> bool:
        """Take in a good reading; True if `drifting` changed with it."""
        hour = time_ms // HOUR_MS
        below = int(value < self._limit)
        if not self._hours or hour > self._hours[-1][0]:
            self._hours.append((hour, 1, below))
            while self._hours[0][0] <= hour - HOURS:
                self._drop_oldest()
        elif hour == self._hours[-1][0]:
            _, readings, low = self._hours[-1]
            self._hours[-1] = (hour, readings + 1, low + below)
        else:
            return False
        self._readings += 1
        self._below += below
        was, self.drifting = self.drifting, self._drifts()
        return was != self.drifting

    def hours(self) -> list[tuple[int, int, int]]:
        """What must outlive the program: the hour since 1970, its readings, those below the limit; oldest first."""
        return list(self._hours)

    def resume(self, hours: list[tuple[int, int, int]]) -> None:
        """Take up what `hours` gave."""
        self._hours = deque((hour, readings, below) for hour, readings, below in sorted(hours)[-HOURS:])
        self._readings = sum(readings for _hour, readings, _below in self._hours)
        self._below = sum(below for _hour, _readings, below in self._hours)
        self.drifting = self._drifts()

    def forget(self, before_ms: int) -> bool:
        """The sensor was calibrated then: what it showed before says nothing. True if `drifting` changed with it."""
        while self._hours and self._hours[0][0] * HOUR_MS < before_ms:
            self._drop_oldest()
        was, self.drifting = self.drifting, self._drifts()
        return was != self.drifting

    @property
    def since_ms(self) -> int:
        """Where the seven days begin."""
        return self._hours[0][0] * HOUR_MS if self._hours else 0

    def _drifts(self) -> bool:
        if len(self._hours) < COVERED * HOURS:
            return False
        return self._below >= max(1, math.ceil(self._readings * LOWEST))

    def _drop_oldest(self) -> None:
        _hour, readings, below = self._hours.popleft()
        self._readings -= readings
        self._below -= below
