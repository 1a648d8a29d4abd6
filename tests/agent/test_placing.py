"""Where a boot without a clock belongs on the calendar."""

from hypothesis import given
from hypothesis import strategies as st

from agent.journal_rows import Moment
from agent.placing import UntimedBoot, boot_offsets, placed

BOOTS = st.lists(st.integers(0, 10**9), max_size=6).map(
    lambda lengths: [UntimedBoot(f"b{n}", 100 * (n + 1), length) for n, length in enumerate(lengths)]
)


def test_this_boot_is_exact() -> None:
    """Its start is now less the time since then."""
    assert boot_offsets([], boot="b", now_ms=1_000_000, mono_ms=400) == {"b": 999_600}


@given(BOOTS, st.randoms())
def test_boots_follow_each_other(boots: list[UntimedBoot], random: object) -> None:
    """In whatever order they come, each one's last row lies at the start of the next one."""
    shuffled = list(boots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    offsets = boot_offsets(shuffled, boot="now", now_ms=10**12, mono_ms=5_000)
    starts = [offsets[boot.name] for boot in boots] + [offsets["now"]]
    ends = [placed(Moment(boot.last_mono_ms, boot.name), offsets).ms for boot in boots]
    assert ends == starts[1:]


def test_a_moment_of_an_unknown_boot_stays() -> None:
    """What cannot be placed is not."""
    assert placed(Moment(5, "x"), {"y": 1}) == Moment(5, "x")
    assert placed(Moment(5), {"y": 1}) == Moment(5)
