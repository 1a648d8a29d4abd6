"""Timed ranges behave as a set of numbers, and what they say has changed is what must be written."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.spans import TimedSpan, TimedSpans

SPANS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=40
)


@given(SPANS)
def test_they_hold_what_was_put_in(spans: list[tuple[int, int]]) -> None:
    """Disjoint, never touching, sorted, and exactly the numbers put in."""
    timed = TimedSpans()
    numbers: set[int] = set()
    for first, last in spans:
        timed.add(first, last, first * 10, last * 10 + 5)
        numbers.update(range(first, last + 1))
    found = timed.spans()
    assert {number for first, last in found for number in range(first, last + 1)} == numbers
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))
    assert all(number in timed for number in numbers)
    assert 0 not in timed
    for span in timed:
        assert (span.from_ms, span.to_ms) == (span.first * 10, span.last * 10 + 5)


@given(st.lists(SPANS, max_size=6))
def test_changes_written_one_after_another_make_the_same_set(rounds: list[list[tuple[int, int]]]) -> None:
    """Rows that follow `take_changes` are the ranges themselves."""
    timed = TimedSpans()
    rows: dict[int, TimedSpan] = {}
    for spans in rounds:
        for first, last in spans:
            timed.add(first, last, first, last)
        changes = timed.take_changes()
        for first in changes.gone:
            rows.pop(first, None)
        rows.update({span.first: span for span in changes.put})
        assert sorted(rows.values()) == list(timed)
    assert timed.take_changes() == ([], [])


@given(SPANS, st.integers(0, 80))
def test_neighbours(spans: list[tuple[int, int]], number: int) -> None:
    """`below`, `around` and `above` find the ranges next to a number."""
    timed = TimedSpans(TimedSpan(first, last, 0, 0) for first, last in spans)
    below, around, above = timed.below(number), timed.around(number), timed.above(number)
    assert below == max((span for span in timed if span.last < number), default=None)
    assert around == next((span for span in timed if span.first <= number <= span.last), None)
    assert above == min((span for span in timed if span.first > number), default=None)


def test_the_lowest_are_forgotten_first() -> None:
    """And the rows they had are named."""
    timed = TimedSpans(TimedSpan(at, at, 0, 0) for at in (1, 5, 9, 13))
    timed.drop_lowest(2)
    assert timed.spans() == [(9, 9), (13, 13)]
    assert timed.take_changes().gone == [1, 5]
    assert len(timed) == 2
    assert timed.latest_ms() == 0
