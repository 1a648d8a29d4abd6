"""Air that begins nothing: of nearly every pack all values lie within their limits, and nothing stands at its point."""

from collections.abc import Mapping

from gateway.alerts.condition_table import Conditions
from gateway.alerts.rules import Place

At = tuple[str, str]
"""Site and point."""


class CalmPlace:
    """The port `CalmAir` for one point. It asks for no lock: each step of it is one that no thread can interrupt."""

    __slots__ = ("_at", "_conditions", "_live_s", "_newest_ms", "_place", "bands")

    def __init__(
        self,
        place: Place,
        bands: Mapping[str, tuple[float, float]],
        *,
        conditions: Conditions,
        live_s: dict[At, float],
        newest_ms: dict[Place, int],
    ) -> None:
        """Make it.

        Args:
            place: The point.
            bands: By quantity the least and the most of what is calm; what is not in it is always calm.
            conditions: All that stands.
            live_s: When each point last said something live, in monotonic time.
            newest_ms: The time of each point's newest reading that was held against the rules.
        """
        self.bands = bands
        self._at = (place.site, place.point)
        self._place = place
        self._conditions = conditions
        self._live_s = live_s
        self._newest_ms = newest_ms

    def passes(self, time_ms: int, arrived_s: float) -> bool:
        """Air of that time came, all of it within the bands; False if something stands that it may end."""
        at = self._at
        if self._conditions.stands_at(*at) or at not in self._live_s:
            return False
        self._live_s[at] = arrived_s
        if self._newest_ms.get(self._place, 0) < time_ms:
            self._newest_ms[self._place] = time_ms
        return True
