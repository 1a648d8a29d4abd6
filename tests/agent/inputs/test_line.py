"""A supervised line tells cut and short from open and closed, and no noise makes it flutter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inputs.line import ORDER, LineClassifier, WireState, levels_of

LEVELS = levels_of(pull_ohm=2_200, series_ohm=1_000, parallel_ohm=2_200)


def test_the_levels_are_those_of_the_divider() -> None:
    """1000 of 3200 ohm closed, 3200 of 5400 open."""
    assert pytest.approx(0.3125) == LEVELS.closed
    assert pytest.approx(0.5926, abs=1e-4) == LEVELS.open


@pytest.mark.parametrize(
    ("reading", "state"),
    [
        (0.0, WireState.SHORT),
        (0.02, WireState.SHORT),
        (0.30, WireState.CLOSED),
        (0.33, WireState.CLOSED),
        (0.58, WireState.OPEN),
        (0.61, WireState.OPEN),
        (0.98, WireState.CUT),
        (1.0, WireState.CUT),
    ],
)
def test_each_state_has_its_readings(reading: float, state: WireState) -> None:
    """Resistors of a few percent and some ohm of wire change nothing."""
    assert LineClassifier(LEVELS).see(reading) is state


def test_a_cut_line_is_not_an_open_contact() -> None:
    """What a plain GPIO cannot know."""
    line = LineClassifier(LEVELS)
    assert [line.see(reading) for reading in (0.3125, 0.5926, 1.0, 0.5926, 0.0, 0.3125)] == [
        WireState.CLOSED,
        WireState.OPEN,
        WireState.CUT,
        WireState.OPEN,
        WireState.SHORT,
        WireState.CLOSED,
    ]


def test_noise_at_a_border_makes_no_flutter() -> None:
    """Within the hysteresis the class stays what it was, from either side."""
    border = (LEVELS.closed + LEVELS.open) / 2
    margin = (LEVELS.open - LEVELS.closed) * 0.13
    line = LineClassifier(LEVELS)
    line.see(LEVELS.closed)
    assert {line.see(border + sign * margin) for sign in (1, -1) * 20} == {WireState.CLOSED}
    line.see(LEVELS.open)
    assert {line.see(border + sign * margin) for sign in (1, -1) * 20} == {WireState.OPEN}


@given(
    st.floats(100, 100_000),
    st.floats(100, 100_000),
    st.floats(100, 100_000),
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
)
def test_the_class_is_the_nearest_level_or_the_last_one(
    pull: float, series: float, parallel: float, readings: list[float]
) -> None:
    """Whatever the resistors and readings: a reading at a level is of that level, and none falls between."""
    levels = levels_of(pull_ohm=pull, series_ohm=series, parallel_ohm=parallel)
    line = LineClassifier(levels)
    for reading in readings:
        before = line.state
        state = line.see(reading)
        nearest = min(range(4), key=lambda place: abs(levels.all[place] - reading))
        assert state in (ORDER[nearest], before) or abs(ORDER.index(state) - nearest) <= 1
    if levels.distance > 0.01:
        for place, level in enumerate(levels.all):
            assert line.see(level) is ORDER[place]
