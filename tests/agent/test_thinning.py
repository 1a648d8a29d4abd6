"""Means in the place of readings."""

import math
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from agent.journal_rows import Label, Moment, Row, RowClass, Value
from agent.thinning import means_of
from telemetry.readings import Flag
from tests.agent.journals import ROOT

BASE_MS = 1_700_000_040_000
"""A whole minute, and not a whole ten minutes."""


def rows(*given: tuple[int, float], point: str = "hall-air", flags: tuple[Flag, ...] = (), level: int = 0) -> list[Row]:
    """Readings: milliseconds after the base, and the value."""
    numbers = count(1)
    label = Label(root=ROOT, point=point, room="hall", kind="", names=("co2_ppm",))
    return [
        Row(
            journal="j",
            sequence=next(numbers),
            label=label,
            row_class=RowClass.AIR,
            values=(Value("co2_ppm", value, flags),),
            moment=Moment(BASE_MS + offset),
            journalled_ms=BASE_MS,
            level=level,
        )
        for offset, value in given
    ]


def test_a_slot_becomes_its_mean() -> None:
    """One pack for each minute, 1 ms after its first reading; a lone reading stays."""
    given = rows((0, 400.0), (20_000, 410.0), (40_000, 420.0), (60_000, 1.0))
    [mean] = means_of(given, 60, is_cut=False)
    assert mean.values == (Value("co2_ppm", 410.0),)
    assert mean.moment == Moment(BASE_MS + 1)
    assert mean.replaced == tuple(given[:3])


def test_flags_are_united() -> None:
    """One doubtful reading makes the mean doubtful."""
    given = [*rows((0, 400.0), flags=(Flag.SIMULATED,)), *rows((5, 400.0), flags=(Flag.WARMUP,)), *rows((9, 1.0))]
    [mean] = means_of(given, 60, is_cut=False)
    assert mean.values[0].flags == (Flag.WARMUP, Flag.SIMULATED)


def test_points_are_kept_apart() -> None:
    """A mean is of one point."""
    given = [*rows((0, 400.0), (1, 402.0)), *rows((2, 10.0), (3, 12.0), point="back-air")]
    assert {(mean.label.point, mean.values[0].value) for mean in means_of(given, 60, is_cut=False)} == {
        ("hall-air", 401.0),
        ("back-air", 11.0),
    }


def test_what_is_as_coarse_is_left() -> None:
    """1-minute means are not thinned to 1-minute means, but to 10-minute means."""
    given = rows((0, 400.0), (20_000, 402.0), level=60)
    assert means_of(given, 60, is_cut=False) == []
    assert means_of(given, 600, is_cut=False)[0].slot_s == 600


def test_a_slot_that_may_go_on_is_left_if_others_remain() -> None:
    """Where the look was cut, a point's last slot waits for the next look, unless it is all there is."""
    given = rows((0, 1.0), (1, 2.0), (60_000, 3.0), (60_001, 4.0))
    assert [mean.replaced for mean in means_of(given, 60, is_cut=True)] == [tuple(given[:2])]
    assert [mean.replaced for mean in means_of(given[2:], 60, is_cut=True)] == [tuple(given[2:])]


@given(
    st.lists(st.tuples(st.integers(0, 3_600_000), st.floats(0, 1e6)), max_size=60, unique_by=lambda one: one[0]),
    st.sampled_from([60, 600]),
)
def test_means_keep_sum_and_span(given: list[tuple[int, float]], slot_s: int) -> None:
    """No reading is in two means, each mean lies within its slot's readings, and in value between them."""
    readings = rows(*sorted(given))
    means = means_of(readings, slot_s, is_cut=False)
    replaced = [row.sequence for mean in means for row in mean.replaced]
    assert len(replaced) == len(set(replaced))
    for mean in means:
        times = [row.moment.ms for row in mean.replaced]
        values = [float(row.values[0].value) for row in mean.replaced]
        assert len(times) >= 2
        assert max(times) // (slot_s * 1000) == min(times) // (slot_s * 1000)
        assert min(times) < mean.moment.ms <= max(times)
        value = float(mean.values[0].value)
        assert min(values) <= value <= max(values) or math.isclose(value, min(values))
