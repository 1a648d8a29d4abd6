"""RangeSet against a plain set of numbers."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from telemetry.ranges import RangeSet, Span

starts = st.integers(0, 120)
lengths = st.integers(0, 15)
span_lists = st.lists(st.tuples(starts, lengths).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12)


def numbers_of(spans: list[Span]) -> set[int]:
    """All numbers within the spans."""
    return {number for first, last in spans for number in range(first, last + 1)}


class AgainstSet(RuleBasedStateMachine):
    """Whatever is added and removed, in whatever order."""

    @initialize(spans=span_lists)
    def begin(self, spans: list[Span]) -> None:
        """Any start."""
        self.ranges = RangeSet(spans)
        self.model = numbers_of(spans)

    @rule(first=starts, length=lengths)
    def add(self, first: int, length: int) -> None:
        """A range anywhere."""
        self.ranges.add(first, first + length)
        self.model |= set(range(first, first + length + 1))

    @rule(number=starts)
    def add_one(self, number: int) -> None:
        """A single number."""
        self.ranges.add(number)
        self.model.add(number)

    @rule()
    def add_next(self) -> None:
        """The usual case: one more at the upper end."""
        number = (self.ranges.highest() or 0) + 1
        self.ranges.add(number)
        self.model.add(number)

    @rule(first=starts, length=lengths)
    def remove(self, first: int, length: int) -> None:
        """A range anywhere, there or not."""
        self.ranges.remove(first, first + length)
        self.model -= set(range(first, first + length + 1))

    @invariant()
    def holds_the_same_numbers(self) -> None:
        """In as few ranges as there are runs, sorted, apart."""
        if not hasattr(self, "ranges"):
            return
        spans = self.ranges.spans()
        assert numbers_of(spans) == self.model
        assert all(first <= last for first, last in spans)
        assert all(left[1] + 1 < right[0] for left, right in pairwise(spans))
        assert list(self.ranges) == spans
        assert self.ranges.span_count() == len(spans)
        assert self.ranges.size() == len(self.model)
        assert bool(self.ranges) is bool(self.model)
        assert self.ranges.lowest() == min(self.model, default=None)
        assert self.ranges.highest() == max(self.model, default=None)
        assert all((number in self.ranges) == (number in self.model) for number in range(-1, 140))


TestAgainstSet: Any = AgainstSet.TestCase


@given(left=span_lists, right=span_lists)
def test_set_algebra(left: list[Span], right: list[Span]) -> None:
    """Union, difference and intersection are those of sets; the operands stay as they were."""
    a, b = RangeSet(left), RangeSet(right)
    before = a.spans(), b.spans()
    assert numbers_of((a | b).spans()) == numbers_of(left) | numbers_of(right)
    assert numbers_of((a - b).spans()) == numbers_of(left) - numbers_of(right)
    assert numbers_of((a & b).spans()) == numbers_of(left) & numbers_of(right)
    assert (a.spans(), b.spans()) == before


@given(spans=span_lists)
def test_same_numbers_are_equal_however_they_came(spans: list[Span]) -> None:
    """And a copy goes its own way."""
    one, other = RangeSet(spans), RangeSet((number, number) for number in sorted(numbers_of(spans)))
    assert one == other
    copy = one.copy()
    copy.add(10_000)
    assert copy != one
    assert one == other


def test_range_that_runs_downwards_is_refused() -> None:
    """In both directions of change."""
    ranges = RangeSet([(1, 5)])
    for change in (ranges.add, ranges.remove):
        with pytest.raises(ValueError, match="upwards"):
            change(5, 4)
    assert ranges.spans() == [(1, 5)]


def test_no_mere_number_of_the_wire_is_too_large() -> None:
    """Up to 2^53-1, in one range."""
    ranges = RangeSet([(1, 2**53 - 1)])
    ranges.remove(2**52)
    assert ranges.size() == 2**53 - 2
    assert repr(RangeSet([(1, 2)])) == "RangeSet([(1, 2)])"
    assert ranges != [(1, 2)]
