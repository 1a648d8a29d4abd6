"""How much a value has changed within a time. Pure but for the window it keeps, which is bounded."""

from collections import deque
from typing import Final

MOST: Final = 720
"""Readings in one window: an hour at one in five seconds. Closer ones push the oldest out."""


class Window:
    """The newest readings of one series, oldest first."""

    def __init__(self, over_ms: int) -> None:
        self._over_ms = over_ms
        self._readings: deque[tuple[int, float]] = deque(maxlen=MOST)

    def change(self, at_ms: int, value: float) -> tuple[float, float]:
        """Take a reading in; how far it lies above the lowest and (negative) below the highest of the window."""
        readings = self._readings
        while readings and at_ms - readings[0][0] > self._over_ms:
            readings.popleft()
        readings.append((at_ms, value))
        values = [one for _at, one in readings]
        return value - min(values), value - max(values)
