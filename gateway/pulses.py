"""Whether what should go round still does: counters that stand still for too long."""

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple


class _Seen(NamedTuple):
    rounds: int
    since_s: float


class Pulses:
    """Looks at counters. One that has not moved for `hang_s` between looks belongs to something that hangs.

    Counters instead of times, so that what is watched needs no clock and is not slowed.
    """

    def __init__(self, counters: Mapping[str, Callable[[], int]], *, hang_s: float) -> None:
        """Remember what to look at.

        Args:
            counters: By the name of the part, how many rounds it has done; not to be called before `look`.
            hang_s: So long a round may take.
        """
        self._counters = counters
        self._hang_s = hang_s
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def look(self, now_s: float) -> list[str]:
        """What hangs now: a sentence each. Nothing hangs at the first look.

        Args:
            now_s: Monotonic.
        """
        found = []
        with self._lock:
            for name, count_of in self._counters.items():
                count = count_of()
                seen = self._seen.get(name)
                if seen is None or seen.rounds != count:
                    seen = self._seen[name] = _Seen(count, now_s)
                silent_s = now_s - seen.since_s
                if silent_s >= self._hang_s:
                    found.append(f"{name} has not finished a round for {silent_s:.0f} s; restart the gateway")
        return found
