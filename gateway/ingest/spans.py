"""Ranges of sequence numbers with the times of their ends, and a note of what was changed since it was last written."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from telemetry.ranges import RangeSet, Span


class TimedSpan(NamedTuple):
    """One range, both ends included, with the time of its lowest number's begin and its highest number's end.

    `from_ms` 0 beside a `to_ms`: nothing of it was stored, so no measured time is known, only when it came.
    """

    first: int
    last: int
    from_ms: int
    to_ms: int

    @property
    def unmeasured(self) -> bool:
        """True if its time is that of arrival, which says nothing of when it was measured."""
        return self.from_ms == 0 < self.to_ms


class Changes(NamedTuple):
    """What must be written: ranges that are new or longer, and the first numbers of those that are gone."""

    put: list[TimedSpan]
    gone: list[int]


class TimedSpans:
    """A set of whole numbers as merged ranges. Adding at the upper end, the usual case, is cheap."""

    __slots__ = ("_changed", "_firsts", "_from", "_lasts", "_to")

    def __init__(self, spans: Iterable[TimedSpan] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._from: list[int] = []
        self._to: list[int] = []
        self._changed: set[int] = set()
        for span in spans:
            self.add(*span)
        self._changed.clear()

    def add(self, first: int, last: int, from_ms: int = 0, to_ms: int = 0) -> None:
        """Put in `first` to `last`; where ranges meet, the times are those of the outer ends."""
        if self._lasts and first == self._lasts[-1] + 1 <= last and from_ms and self._from[-1]:
            self._lasts[-1], self._to[-1] = last, to_ms
            self._changed.add(self._firsts[-1])
            return
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            if self._firsts[low] <= first and last <= self._lasts[high - 1] and high - low == 1:
                return
            from_ms, to_ms = self._outer_times(low, high, TimedSpan(first, last, from_ms, to_ms))
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
            self._changed.update(self._firsts[low:high])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]
        self._from[low:high] = [from_ms]
        self._to[low:high] = [to_ms]
        self._changed.add(first)

    def _outer_times(self, low: int, high: int, new: TimedSpan) -> tuple[int, int]:
        """The times of the ranges from `low` to before `high` and `new` as one: of the outermost that were measured."""
        parts = [self._at(at) for at in range(low, high)]
        measured = [part for part in (*parts, new) if not part.unmeasured]
        if not measured:
            return 0, max(part.to_ms for part in (*parts, new))
        # Of two that begin or end at one number, the one that was there first counts.
        return min(measured, key=_first).from_ms, max(measured, key=_last).to_ms

    def drop_lowest(self, count: int) -> None:
        """Forget the lowest `count` ranges."""
        self._changed.update(self._firsts[:count])
        for part in (self._firsts, self._lasts, self._from, self._to):
            del part[:count]

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        if not self._changed:
            return Changes([], [])
        put: list[TimedSpan] = []
        gone: list[int] = []
        for first in sorted(self._changed):
            at = bisect_left(self._firsts, first)
            if at < len(self._firsts) and self._firsts[at] == first:
                put.append(TimedSpan(first, self._lasts[at], self._from[at], self._to[at]))
            else:
                gone.append(first)
        self._changed.clear()
        return Changes(put, gone)

    def below(self, number: int) -> TimedSpan | None:
        """The highest range that ends below `number`, of those whose time was measured."""
        at = bisect_left(self._lasts, number) - 1
        while at >= 0 and self._at(at).unmeasured:
            at -= 1
        return self._at(at) if at >= 0 else None

    def above(self, number: int) -> TimedSpan | None:
        """The lowest range that begins above `number`, of those whose time was measured."""
        at = bisect_right(self._firsts, number)
        while at < len(self._firsts) and self._at(at).unmeasured:
            at += 1
        return self._at(at) if at < len(self._firsts) else None

    def around(self, number: int) -> TimedSpan | None:
        """The range that holds `number`."""
        at = bisect_right(self._firsts, number) - 1
        return self._at(at) if at >= 0 and number <= self._lasts[at] else None

    def _at(self, at: int) -> TimedSpan:
        return TimedSpan(self._firsts[at], self._lasts[at], self._from[at], self._to[at])

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[TimedSpan]:
        return map(TimedSpan._make, zip(self._firsts, self._lasts, self._from, self._to, strict=True))

    def __len__(self) -> int:
        return len(self._firsts)

    def spans(self) -> list[Span]:
        """The ranges without their times."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def ranges(self) -> RangeSet:
        """The same numbers as a plain set."""
        return RangeSet(self.spans())

    def latest_ms(self) -> int | None:
        """The latest end of any range whose time was measured."""
        return max((span.to_ms for span in self if not span.unmeasured), default=None)


def _first(span: TimedSpan) -> int:
    return span.first


def _last(span: TimedSpan) -> int:
    return span.last
