"""The algebra of the ledger: no pair is two things at once, no minute either, and what comes only ever heals."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.minutes import UNKNOWN, Held, Known, Status, cut, gaps_of, intervals_of, union
from gateway.ingest.spans import TimedSpan, TimedSpans
from telemetry.ranges import RangeSet

NUMBERS = st.sets(st.integers(1, 40), max_size=30)
MINUTES = NUMBERS.map(lambda numbers: RangeSet((one, one) for one in numbers))


def timed(numbers: set[int]) -> TimedSpans:
    """One pack a minute."""
    return TimedSpans(TimedSpan(one, one, one * 60_000, one * 60_000) for one in sorted(numbers))


def known(there: set[int], was: set[int], declared: set[int], missing: set[int]) -> Known:
    return Known(timed(there), timed(was), {"disk_full": timed(declared)}, timed(missing))


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_every_number_is_one_thing(
    there: set[int], was: set[int], declared: set[int], missing: set[int], has: set[int]
) -> None:
    """Between lowest and highest a number is there, declared, owed or lost for an unknown reason."""
    held = Held(10**9, {"j": RangeSet((one, one) for one in has)})
    gaps = gaps_of(known(there, was, declared, missing), held, "j")
    owed = {number for first, last in gaps.owed for number in range(first, last + 1)}
    lost = {number for first, last in gaps.lost for number in range(first, last + 1)}
    assert owed == has - there - declared - missing
    seen = there | was | declared | missing | has
    every = set(range(min(seen), max(seen) + 1)) if seen else set()
    assert lost == every - there - declared - owed
    assert bool(gaps.owed_minutes) == bool(owed)


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 40))
def test_a_pack_that_comes_only_heals(there: set[int], declared: set[int], has: set[int], comes: int) -> None:
    """One more pack there: nothing else becomes owed or, within what was known, lost."""
    held = Held(10**9, {"j": RangeSet((one, one) for one in has)})
    before = gaps_of(known(there, set(), declared, set()), held, "j")
    after = gaps_of(known(there | {comes}, set(), declared, set()), held, "j")
    assert not after.owed - before.owed
    seen = there | declared | has
    inside = RangeSet([(min(seen), max(seen))]) if seen else RangeSet()
    assert not (after.lost & inside) - before.lost
    assert comes not in after.lost
    assert comes not in after.owed


@given(NUMBERS, NUMBERS)
def test_without_the_agents_word_nothing_is_called_unknown(there: set[int], declared: set[int]) -> None:
    """A gap may be under way as long as nobody said what the agent has."""
    gaps = gaps_of(known(there, set(), declared, set()), None, "j")
    assert not gaps.lost
    assert UNKNOWN not in gaps.lost_minutes


@given(MINUTES, MINUTES, MINUTES, MINUTES)
def test_intervals_are_disjoint_and_there_wins(
    there: RangeSet, corrupt: RangeSet, unknown: RangeSet, owed: RangeSet
) -> None:
    """Every minute has one status: there over lost, a stated reason over an unknown one, lost over owed."""
    found = intervals_of(there, {UNKNOWN: unknown, "corrupt": corrupt}, owed)
    minutes = {minute: (status, reason) for first, last, status, reason in found for minute in range(first, last + 1)}
    assert len(minutes) == sum(last - first + 1 for first, last, _status, _reason in found)
    assert found == sorted(found)
    for minute in range(1, 41):
        expected = None
        if minute in there:
            expected = (Status.THERE, "")
        elif minute in corrupt:
            expected = (Status.LOST, "corrupt")
        elif minute in unknown:
            expected = (Status.LOST, UNKNOWN)
        elif minute in owed:
            expected = (Status.OWED, "")
        assert minutes.get(minute) == expected


@given(MINUTES, MINUTES, st.integers(1, 40), st.integers(0, 20))
def test_cut_and_union(one: RangeSet, other: RangeSet, first: int, length: int) -> None:
    """They are what their names say."""
    last = first + length
    assert cut(one, first, last) == one & RangeSet([(first, last)])
    assert union([one, other]) == one | other


def test_a_missing_range_lies_between_its_neighbours() -> None:
    """From the end of the pack before it to the begin of the pack after it; the agent's word bounds an open end."""
    there = TimedSpans([TimedSpan(1, 3, 60_000, 180_000), TimedSpan(6, 6, 600_000, 600_000)])
    held = Held(1_200_000, {"j": RangeSet([(1, 8)])})
    gaps = gaps_of(Known(there, TimedSpans(), {}, TimedSpans()), held, "j")
    assert gaps.owed.spans() == [(4, 5), (7, 8)]
    assert gaps.owed_minutes.spans() == [(3, 20)]


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_what_a_store_lost_is_owed_until_the_agent_speaks(
    there: set[int], was: set[int], declared: set[int], missing: set[int]
) -> None:
    """Nobody heard the agent: it may have all of it. Its word of later time lacks it: lost. Of earlier time: owed."""
    state = known(there, was, declared, missing)
    gone = was - there - declared - missing
    assert numbers_of(gaps_of(state, None, "j").owed) == gone
    assert numbers_of(gaps_of(state, Held(1, {}), "j").owed) == gone
    later = gaps_of(state, Held(10**9, {}), "j")
    assert not later.owed
    assert gone <= numbers_of(later.lost)


def test_a_word_in_the_middle_of_what_was_lost_speaks_of_what_was_measured_before_it() -> None:
    """Numbers run with time: the first half is lost since the agent lacked it then, the second half is owed."""
    was = TimedSpans([TimedSpan(1, 10, 0 + 60_000, 660_000)])
    gaps = gaps_of(Known(TimedSpans(), was, {}, TimedSpans()), Held(360_000, {}), "j")
    assert gaps.lost.spans() == [(1, 5)]
    assert gaps.owed.spans() == [(6, 10)]


def numbers_of(ranges: RangeSet) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}
