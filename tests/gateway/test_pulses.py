"""What hangs is found by counters that stand still."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.pulses import Pulses


def test_what_stands_still_hangs_until_it_moves() -> None:
    counts = {"hear": 0, "keep": 0}
    pulses = Pulses({"hear": lambda: counts["hear"], "keep": lambda: counts["keep"]}, hang_s=60.0)
    assert pulses.look(1_000.0) == []
    counts["hear"] += 1
    assert pulses.look(1_059.9) == []
    (found,) = pulses.look(1_060.0)
    assert found.startswith("keep has not finished a round for 60 s")
    counts["keep"] += 1
    assert pulses.look(1_061.0) == []
    assert len(pulses.look(1_122.0)) == 2


@given(st.lists(st.tuples(st.floats(0, 59), st.booleans()), max_size=30))
def test_nothing_hangs_before_its_time(looks: list[tuple[float, bool]]) -> None:
    """However often it is looked at: only a stand-still of `hang_s` counts."""
    count, now_s, moved_s = 0, 0.0, 0.0
    pulses = Pulses({"hear": lambda: count}, hang_s=60.0)
    pulses.look(now_s)
    for wait_s, moves in looks:
        now_s += wait_s
        count += moves
        moved_s = now_s if moves else moved_s
        assert bool(pulses.look(now_s)) == (now_s - moved_s >= 60.0)
