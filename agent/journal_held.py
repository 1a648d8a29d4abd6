"""The numbers of all packs that a journal has, by opening, and those that it has no more."""

from collections.abc import Mapping
from typing import Final

from telemetry.ranges import RangeSet, Span

MAX_GONE: Final = 1_000
"""Ranges of numbers that went and were not asked about; of more, only the lowest and the highest number are kept."""


class Held:
    """By journal id the numbers of all rows, written or not."""

    def __init__(self) -> None:
        self._numbers: dict[str, RangeSet] = {}
        self._gone = RangeSet()

    def begin(self, numbers: Mapping[str, RangeSet]) -> None:
        """Another file is there, with these rows; all others are gone."""
        for old in self._numbers.values():
            for first, last in old:
                self._let_go(first, last)
        self._numbers = dict(numbers)

    def __contains__(self, journal: str) -> bool:
        return journal in self._numbers

    def of(self, journal: str) -> RangeSet:
        """The numbers under one journal id, empty if there are none; not to be changed."""
        return self._numbers.get(journal, RangeSet())

    def add(self, journal: str, sequence: int) -> None:
        """A new row."""
        self._numbers.setdefault(journal, RangeSet()).add(sequence)

    def drop(self, sequence: int) -> None:
        """A row is gone."""
        for journal, numbers in self._numbers.items():
            if sequence in numbers:
                numbers.remove(sequence)
                self._let_go(sequence, sequence)
                if not numbers:
                    del self._numbers[journal]
                return

    def spans(self, most: int) -> dict[str, list[Span]]:
        """By journal id its ranges; beyond `most` of them one, from the lowest number to the highest (rule 9)."""
        return {
            journal: numbers.spans()
            if numbers.span_count() <= most
            else [(numbers.lowest() or 0, numbers.highest() or 0)]
            for journal, numbers in self._numbers.items()
        }

    def take_gone(self) -> RangeSet:
        """Numbers whose rows went since the last call; beyond 1,000 ranges also some of rows that are there."""
        gone, self._gone = self._gone, RangeSet()
        return gone

    def _let_go(self, first: int, last: int) -> None:
        self._gone.add(first, last)
        if self._gone.span_count() > MAX_GONE:
            self._gone = RangeSet([(self._gone.lowest() or 0, self._gone.highest() or 0)])
