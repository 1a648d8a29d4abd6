"""Watching that a room is kept closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance import profile
from gateway.acceptance.closure import Break, State, watch
from gateway.acceptance.plan import Span
from gateway.acceptance.words import Ventilation

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
WANTED = {"door": "closed", "fresh-air": "off"}


def at(minute: int, point: str, state: str, kind: str = "door") -> State:
    """One state, so many minutes in."""
    return State(time_ms=minute * MINUTE_MS, point=point, kind=kind, state=state)


def test_it_is_kept_from_when_the_last_point_is_as_wanted() -> None:
    """The door closes at 5, the fresh air goes off at 20: sampling from 80 on."""
    found = watch([at(0, "d", "open"), at(5, "d", "closed"), at(20, "f", "off", "fresh-air")], WANTED)
    assert found.kept_since_ms == 20 * MINUTE_MS
    assert found.breaks == ()
    assert found.ready_at_ms(1) == 80 * MINUTE_MS


def test_a_break_restarts_the_clock_and_is_told_by_the_minute() -> None:
    """The second door opens at 50 and closes at 51."""
    found = watch(
        [
            at(0, "f", "off", "fresh-air"),
            at(0, "d1", "closed"),
            at(1, "d2", "closed"),
            at(50, "d2", "open"),
            at(51, "d2", "closed"),
        ],
        WANTED,
    )
    assert found.breaks == (Break(time_ms=50 * MINUTE_MS, point="d2", state="open"),)
    assert found.kept_since_ms == 51 * MINUTE_MS
    assert found.ready_at_ms(1) == 111 * MINUTE_MS


def test_a_break_within_a_window_voids_it() -> None:
    """One before it, or at its very end, does not."""
    found = watch([at(0, "f", "off", "fresh-air"), at(0, "d", "closed"), at(50, "d", "open")], WANTED)
    assert found.kept_since_ms is None
    assert found.ready_at_ms(1) is None
    assert found.voids(Span(40 * MINUTE_MS, 60 * MINUTE_MS)) == found.breaks[0]
    assert found.voids(Span(51 * MINUTE_MS, 60 * MINUTE_MS)) is None
    assert found.voids(Span(40 * MINUTE_MS, 50 * MINUTE_MS)) is None


def test_what_was_never_heard_is_not_kept() -> None:
    """A fresh-air state is asked for; where a room has none it is optional."""
    states = [at(0, "d", "closed")]
    found = watch(states, WANTED)
    assert (found.kept_since_ms, found.unheard) == (None, ("fresh-air",))
    assert watch(states, WANTED, optional=["fresh-air"]).kept_since_ms == 0


@pytest.mark.parametrize("state", ["open", "unknown", "fault", "on"])
def test_any_other_state_breaks_it(state: str) -> None:
    """A contact that is not known to be closed shows nothing."""
    found = watch([at(0, "d", "closed"), at(9, "d", state)], {"door": "closed"})
    assert [own.time_ms for own in found.breaks] == [9 * MINUTE_MS]


def test_the_closure_of_a_window_reads_as_in_the_plan() -> None:
    """Kept 0 to 50 and from 60 on."""
    found = watch([at(0, "d", "closed"), at(50, "d", "open"), at(60, "d", "closed")], {"door": "closed"})
    minutes = [
        (window, found.closed_during(Span(window[0] * MINUTE_MS, window[1] * MINUTE_MS)))
        for window in ((10, 40), (10, 70), (52, 58), (90, 120))
    ]
    assert [closed and (closed.from_ms // MINUTE_MS, closed.to_ms // MINUTE_MS) for _, closed in minutes] == [
        (0, 40),
        (0, 50),
        None,
        (60, 120),
    ]


def test_states_out_of_order_are_refused() -> None:
    """They would give a closure that never was."""
    with pytest.raises(ValueError, match="order of time"):
        watch([at(5, "d", "closed"), at(4, "d", "open")], WANTED)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["d1", "d2"]), st.booleans()), max_size=30))
def test_kept_means_that_all_are_closed(steps: list[tuple[int, str, bool]]) -> None:
    """Whatever the order, against the plainest reading of the newest states."""
    minute, states = 0, []
    for wait, point, closed in steps:
        minute += wait
        states.append(at(minute, point, "closed" if closed else "open"))
    newest = {state.point: state.state for state in states}
    found = watch(states, {"door": "closed"})
    assert (found.kept_since_ms is not None) == (bool(newest) and set(newest.values()) == {"closed"})


def test_the_regimes_keep_opposite_things() -> None:
    """STANDARDS 0, 2: GB 50325 has the plant running, GB/T 18883 the fresh air off."""
    gb, gbt = profile.load("gb50325-2020-class2").closure, profile.load("gbt18883-2022").closure
    assert gb.kept(Ventilation.CENTRAL) == {"ventilation": "on"}
    assert gb.kept(Ventilation.NATURAL) == {"door": "closed", "window": "closed"}
    assert gbt.kept(Ventilation.CENTRAL) == gbt.kept(Ventilation.NATURAL)
    assert gbt.kept(Ventilation.CENTRAL)["fresh-air"] == "off"
