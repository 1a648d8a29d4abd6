"""Sets of whole numbers kept as inclusive ranges: receipts, what a journal holds, what the ledger knows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""First and last, both included."""


class RangeSet:
    """A set of whole numbers, merged into as few ranges as there are runs.

    Adding at the upper end, the usual case, costs O(1); elsewhere O(log n) plus the ranges touched.
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in spans:
            self.add(first, last)

    def add(self, first: int, last: int | None = None) -> None:
        """Put in `first` to `last`, inclusive (only `first` where `last` is left out)."""
        last = first if last is None else last
        if last < first:
            raise ValueError(f"a range runs upwards, got {first} to {last}")
        if self._lasts and first == self._lasts[-1] + 1:
            self._lasts[-1] = last
            return
        # The ranges that overlap or touch [first, last]: those with last' >= first - 1 and first' <= last + 1.
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def remove(self, first: int, last: int | None = None) -> None:
        """Take out `first` to `last`, inclusive; what is not there is ignored."""
        last = first if last is None else last
        if last < first:
            raise ValueError(f"a range runs upwards, got {first} to {last}")
        low = bisect_left(self._lasts, first)
        high = bisect_right(self._firsts, last)
        if low >= high:
            return
        firsts: list[int] = []
        lasts: list[int] = []
        if self._firsts[low] < first:
            firsts.append(self._firsts[low])
            lasts.append(first - 1)
        if self._lasts[high - 1] > last:
            firsts.append(last + 1)
            lasts.append(self._lasts[high - 1])
        self._firsts[low:high] = firsts
        self._lasts[low:high] = lasts

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[Span]:
        return iter(zip(self._firsts, self._lasts, strict=True))

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RangeSet):
            return NotImplemented
        return self._firsts == other._firsts and self._lasts == other._lasts

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RangeSet({self.spans()!r})"

    def spans(self) -> list[Span]:
        """The ranges, lowest first."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def span_count(self) -> int:
        """How many ranges it takes."""
        return len(self._firsts)

    def size(self) -> int:
        """How many numbers are in it."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def lowest(self) -> int | None:
        """The lowest number, None if empty."""
        return self._firsts[0] if self._firsts else None

    def highest(self) -> int | None:
        """The highest number, None if empty."""
        return self._lasts[-1] if self._lasts else None

    def copy(self) -> "RangeSet":
        """A set of its own with the same numbers."""
        other = RangeSet()
        other._firsts = self._firsts.copy()
        other._lasts = self._lasts.copy()
        return other

    def __or__(self, other: "RangeSet") -> "RangeSet":
        both = self.copy()
        for first, last in other:
            both.add(first, last)
        return both

    def __sub__(self, other: "RangeSet") -> "RangeSet":
        rest = self.copy()
        for first, last in other:
            rest.remove(first, last)
        return rest

    def __and__(self, other: "RangeSet") -> "RangeSet":
        return self - (self - other)
