"""When the next attempt to connect is made."""

import random
from typing import Final

from telemetry.clock import Clock

STABLE_S: Final = 30.0
"""A connection that lasted so long begins the back-off anew. One that breaks earlier does not: two agents under one id
take the session from each other, and without this they would do so many times a second."""

SPREAD: Final = 0.5
"""Each wait varies by so much, so that the branches do not come back together after a broker's restart."""


class Reconnect:
    """Back-off with jitter, bounded on both sides.

    Attributes:
        due_s: Monotonic time of the next attempt.
        failures: Attempts and short connections in a row.
    """

    def __init__(self, *, min_s: float, max_s: float, clock: Clock, rng: random.Random) -> None:
        self.due_s = clock.monotonic()
        self.failures = 0
        self._min_s = min_s
        self._max_s = max_s
        self._clock = clock
        self._rng = rng
        self._connected_s: float | None = None

    def connected(self) -> None:
        """The connection stands."""
        self._connected_s = self._clock.monotonic()

    def lost(self) -> float:
        """An attempt failed or a connection broke: the wait until the next one, in seconds."""
        now_s = self._clock.monotonic()
        if self._connected_s is not None and now_s - self._connected_s >= STABLE_S:
            self.failures = 0
        self._connected_s = None
        wait_s = min(self._min_s * 2.0 ** min(self.failures, 32), self._max_s)
        wait_s *= self._rng.uniform(1 - SPREAD, 1)
        self.failures += 1
        self.due_s = now_s + wait_s
        return wait_s
