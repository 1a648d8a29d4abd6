"""How complete each branch's time is: what a fleet operator looks at every morning, the worst first."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.ingest.ledger import Ledger
from gateway.ingest.minutes import MINUTE_MS, Interval, Status
from telemetry.clock import Clock

MINUTE_S: Final = 60.0
KEEP_S: Final = 60.0
"""So long one answer serves all who ask the same: a survey of sixteen thousand branches takes seconds."""

ANSWERS_KEPT: Final = 4


class Completeness(NamedTuple):
    """What of a branch's time is there.

    Attributes:
        site: Its id.
        minutes: Whole minutes that were asked for, from the first one that was ever there.
        expected: Of those, with a reading if all is well: fewer where every sensor is slower than one reading a minute.
        there: Of those, stored.
        owed: Still with the branch, or the branch is silent.
        lost: By reason, given up or gone.
    """

    site: str
    minutes: int
    expected: int
    there: int
    owed: int
    lost: Mapping[str, int]

    @property
    def unknown(self) -> int:
        """Minutes of which nobody said anything: nothing was measured, or nobody knows that it was."""
        return max(0, self.minutes - self.there - self.owed - sum(self.lost.values()))

    @property
    def share(self) -> float:
        """The part of what is expected that is there, 0 to 1; 1 of nothing."""
        return min(1.0, self.there / self.expected) if self.expected else 1.0


def completeness_of(
    site: str,
    begin_ms: int | None,
    intervals: Sequence[Interval],
    from_ms: int,
    to_ms: int,
    period_s: float | None = None,
) -> Completeness:
    """Sum up the intervals of one site.

    Args:
        site: Its id.
        begin_ms: Its first minute that is there; before it the branch was not there to measure. None: it never was.
        intervals: What the ledger says, disjoint, on whole minutes.
        from_ms: Begin of the question, on a whole minute.
        to_ms: Its end, likewise; exclusive.
        period_s: Between two readings of its quickest sensor, None if nobody said.
    """
    first_ms = min([one.from_ms for one in intervals] + [begin_ms if begin_ms is not None else to_ms])
    first_ms = min(max(first_ms, from_ms), to_ms)
    there = owed = 0
    lost: Counter[str] = Counter()
    for one in intervals:
        minutes = (one.to_ms - one.from_ms) // MINUTE_MS
        if one.status is Status.THERE:
            there += minutes
        elif one.status is Status.OWED:
            owed += minutes
        else:
            lost[one.reason] += minutes
    minutes = (to_ms - first_ms) // MINUTE_MS
    expected = minutes if period_s is None or period_s <= MINUTE_S else int(minutes * MINUTE_S / period_s)
    return Completeness(site, minutes, expected, there, owed, dict(sorted(lost.items())))


class Survey:
    """All branches by completeness. May be asked from several threads; one at a time works it out."""

    def __init__(self, ledger: Ledger, period_s: Callable[[str], float | None], clock: Clock) -> None:
        """Nothing is worked out yet; `period_s` gives that of a site's quickest sensor."""
        self._period_s = period_s
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[tuple[str, ...], int, int], tuple[float, list[Completeness]]] = {}

    def worst_first(self, sites: Sequence[str], from_ms: int, to_ms: int) -> list[Completeness]:
        """Every site, the least complete first, then by id; up to a minute old.

        Args:
            sites: Their ids, in order.
            from_ms: Begin, cut to its minute.
            to_ms: End, cut to its minute; exclusive.

        Raises:
            StateUnavailable: If the state database cannot be read.
        """
        from_ms, to_ms = from_ms // MINUTE_MS * MINUTE_MS, to_ms // MINUTE_MS * MINUTE_MS
        key = (tuple(sites), from_ms, to_ms)
        with self._lock:
            now_s = self._clock.monotonic()
            known = self._kept.get(key)
            if known is not None and now_s - known[0] < KEEP_S:
                return known[1]
            found = [
                completeness_of(site, begin_ms, intervals, from_ms, to_ms, self._period_s(site))
                for site, begin_ms, intervals in self._ledger.survey(sites, from_ms, to_ms)
            ]
            found.sort(key=lambda one: (one.share, one.site))
            while len(self._kept) >= ANSWERS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (now_s, found)
            return found
