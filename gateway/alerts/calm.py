"""Air that begins nothing: of nearly every pack all values lie within their limits, and nothing stands at its point."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from gateway.alerts.alarm import Key
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.rules import Place

At = tuple[str, str]
"""Site and point."""

NOT_THERE: Final = object()


class Conditions(dict[Key, Kept]):
    """What is not as it should be, by cause; `points` counts the conditions of each point's quantities."""

    def __init__(self, known: Mapping[Key, Kept]) -> None:
        super().__init__(known)
        self.points: Counter[At] = Counter((key.site, key.point) for key in known if key.quantity)

    def __setitem__(self, key: Key, kept: Kept) -> None:
        if key.quantity and key not in self:
            self.points[key.site, key.point] += 1
        super().__setitem__(key, kept)

    def __delitem__(self, key: Key) -> None:
        super().__delitem__(key)
        self._gone(key)

    def pop(self, key: Key, default: Any = NOT_THERE) -> Any:
        """As of any dictionary."""
        if key in self:
            self._gone(key)
        return super().pop(key) if default is NOT_THERE else super().pop(key, default)

    def _gone(self, key: Key) -> None:
        if key.quantity:
            at = (key.site, key.point)
            self.points[at] -= 1
            if not self.points[at]:
                del self.points[at]


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
        if at in self._conditions.points or at not in self._live_s:
            return False
        self._live_s[at] = arrived_s
        if self._newest_ms.get(self._place, 0) < time_ms:
            self._newest_ms[self._place] = time_ms
        return True
