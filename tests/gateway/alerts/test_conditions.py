"""Whether something has lasted long enough: time lines, and properties over any readings."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.conditions import Condition, Edge, Timing, observe
from gateway.alerts.rate import MOST, Window

MINUTE = 60_000
TIMING = Timing(10 * MINUTE, 5 * MINUTE, 30 * MINUTE)


def edges(values: list[tuple[int, float]], timing: Timing = TIMING) -> list[tuple[int, Edge]]:
    """Minute and edge, for a limit of 1,000 with recovery at 900."""
    condition: Condition | None = None
    found = []
    for minute, value in values:
        condition, edge = observe(
            condition, beyond=value > 1_000, quiet=value <= 900, at_ms=minute * MINUTE, timing=timing
        )
        if edge is not Edge.NONE:
            found.append((minute, edge))
    return found


def test_it_rises_at_the_reading_that_makes_the_time_full() -> None:
    assert edges([(0, 1_100), (5, 1_100), (9, 1_100), (10, 1_100), (11, 1_100)]) == [(10, Edge.RAISE)]


def test_one_reading_on_the_limit_begins_the_waiting_anew() -> None:
    """On the limit is not beyond it."""
    assert edges([(0, 1_100), (5, 1_000), (6, 1_100), (15, 1_100)]) == []
    assert edges([(0, 1_100), (5, 1_000), (6, 1_100), (16, 1_100)]) == [(16, Edge.RAISE)]


def test_between_recovery_and_limit_it_stays_on() -> None:
    """And the level of recovery itself counts as recovered."""
    on = [(0, 1_100), (10, 1_100)]
    assert edges([*on, (11, 950), (60, 950)]) == [(10, Edge.RAISE)]
    assert edges([*on, (11, 900), (15, 900), (16, 900)]) == [(10, Edge.RAISE), (16, Edge.RETURN)]
    assert edges([*on, (11, 900), (14, 950), (15, 900), (19, 900)]) == [(10, Edge.RAISE)]


def test_without_waits_the_reading_itself_decides() -> None:
    assert edges([(0, 1_100), (1, 800)], Timing(0, 0)) == [(0, Edge.RAISE), (1, Edge.RETURN)]


def test_a_long_silence_breaks_a_run() -> None:
    """What was in it nobody knows; the alarm that is on stays on."""
    assert edges([(0, 1_100), (31, 1_100)]) == []
    assert edges([(0, 1_100), (30, 1_100)]) == [(30, Edge.RAISE)]
    assert edges([(0, 1_100), (10, 1_100), (11, 800), (600, 800)]) == [(10, Edge.RAISE)]


def test_what_comes_late_changes_nothing() -> None:
    before = Condition(since_ms=0, last_ms=5 * MINUTE)
    assert observe(before, beyond=False, quiet=True, at_ms=4 * MINUTE, timing=TIMING) == (before, Edge.NONE)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([800.0, 950.0, 1_000.0, 1_100.0])), max_size=40),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_never_before_for_and_never_two_of_a_kind(
    steps: list[tuple[int, float]], for_minutes: int, recover_minutes: int
) -> None:
    """A rise needs all readings of `for` beyond the limit; a return all of its time at the level of recovery."""
    line: list[tuple[int, float]] = []
    for gap, value in steps:
        line.append(((line[-1][0] if line else 0) + gap, value))
    found = edges(line, Timing(for_minutes * MINUTE, recover_minutes * MINUTE, 30 * MINUTE))
    assert [edge for _at, edge in found] == [(Edge.RAISE, Edge.RETURN)[place % 2] for place in range(len(found))]
    for minute, edge in found:
        wait = for_minutes if edge is Edge.RAISE else recover_minutes
        run = []
        for at, value in reversed([one for one in line if one[0] <= minute]):
            if not (value > 1_000 if edge is Edge.RAISE else value <= 900):
                break
            run.append(at)
        assert run[0] == minute
        assert run[0] - run[-1] >= wait


def test_a_change_is_measured_within_its_window() -> None:
    window = Window(10 * MINUTE)
    assert window.change(0, 500.0) == (0.0, 0.0)
    assert window.change(5 * MINUTE, 800.0) == (300.0, 0.0)
    assert window.change(11 * MINUTE, 700.0) == (0.0, -100.0)


def test_a_window_is_bounded() -> None:
    window = Window(10**9)
    for at in range(MOST + 10):
        window.change(at, float(at))
    assert window.change(MOST + 10, 0.0)[1] == -(MOST + 9)
