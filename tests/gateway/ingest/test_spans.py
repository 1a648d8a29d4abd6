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


@given(SPANS, SPANS)
def test_what_stored_nothing_widens_no_time(measured: list[tuple[int, int]], parked: list[tuple[int, int]]) -> None:
    """Whatever is put in without a measured time, ranges that have one keep to what was measured."""
    timed = TimedSpans()
    for first, last in measured:
        timed.add(first, last, 1_000 + first, 1_000 + last)
    for first, last in parked:
        timed.add(first, last, 0, 10**12)
    for span in timed:
        assert span.unmeasured or 1_000 < span.from_ms <= span.to_ms <= 1_000 + 68
    assert (timed.latest_ms() is None) == (not measured)
    if not measured:
        assert all(span.to_ms == 10**12 for span in timed)


def test_a_neighbour_without_a_measured_time_is_looked_past() -> None:
    """The time of a gap's end is that of the nearest range that was measured."""
    timed = TimedSpans([TimedSpan(1, 1, 10, 10), TimedSpan(3, 3, 0, 900), TimedSpan(7, 7, 0, 900)])
    assert timed.below(5) == (1, 1, 10, 10)
    assert timed.above(5) is None
    timed.add(4, 4, 40, 40)
    assert timed.around(3) == (3, 4, 40, 40)
