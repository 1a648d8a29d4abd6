"""The state machine behind doubts: same readings, same answers, whatever the breaks between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.quality.drift import HOUR_MS, Drift, lowest_true_ppm
from gateway.quality.limits import silent_ms
from gateway.quality.reasons import ADVICE, Reason
from gateway.quality.watch import Watch

PAUSE_MS = silent_ms(60.0)
VALUES = st.lists(st.sampled_from([0.0, 450.0, 451.0, 612.0, 3_000.0, 50_000.0]), max_size=60)


def test_silence_is_three_periods_and_a_quarter_of_an_hour() -> None:
    """The longer of the two."""
    assert silent_ms(None) == silent_ms(5.0) == 900_000
    assert silent_ms(600.0) == 1_800_000


@given(VALUES, st.integers(1, 40))
def test_doubts_open_and_close_in_turn(values: list[float], minutes: int) -> None:
    """What is open is what was opened and not closed."""
    watch = Watch("co2_ppm")
    believed: set[Reason] = set()
    for number, value in enumerate(values):
        for change in watch.see(number * minutes * 60_000, value, PAUSE_MS):
            assert (change.reason in believed) != change.open
            (believed.add if change.open else believed.discard)(change.reason)
            assert change.since_ms <= number * minutes * 60_000
        assert watch.open == believed


@given(VALUES)
def test_a_reading_from_before_changes_nothing(values: list[float]) -> None:
    """Late and repeated readings are no news."""
    watch = Watch("co2_ppm")
    for number, value in enumerate(values):
        watch.see(number * 60_000, value, PAUSE_MS)
        assert watch.see(number * 60_000, 9_999.0, PAUSE_MS) == ()
        assert watch.see(number * 60_000 - 1, 9_999.0, PAUSE_MS) == ()


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        (Reason.STEP, [450.0, 3_000.0]),
        (Reason.FLATLINE, [612.0] * 121),
        (Reason.STUCK_AT_ZERO, [0.0] * 11),
    ],
)
def test_a_doubt_outlives_the_program(reason: Reason, values: list[float]) -> None:
    """Taken up again it closes at the reading that would have closed it, and at no other."""
    first = Watch("co2_ppm")
    for number, value in enumerate(values):
        first.see(number * 60_000, value, PAUSE_MS)
    assert first.open == {reason}
    second = Watch("co2_ppm")
    second.resume(reason, first.evidence(reason), (len(values) - 1) * 60_000)
    assert second.see(len(values) * 60_000, values[-1], PAUSE_MS) == ()
    [change] = second.see((len(values) + 1) * 60_000, 452.0, PAUSE_MS)
    assert (change.reason, change.open) == (reason, False)


def test_what_drifts_is_calibrated_and_forgotten() -> None:
    """After a calibration the week begins anew."""
    limit = lowest_true_ppm("scd41")
    assert limit == pytest.approx(420 - (50 + 0.025 * 420))
    drift = Drift(limit)
    changes = [hour for hour in range(7 * 24) if drift.see(hour * HOUR_MS, 350.0)]
    assert changes == [125]  # the 126th hour: 75 % of 168
    assert drift.since_ms == 0
    other = Drift(limit)
    other.resume(drift.hours())
    assert other.drifting
    assert drift.forget(before_ms=168 * HOUR_MS)
    assert not drift.drifting
    assert not drift.forget(before_ms=168 * HOUR_MS)  # told again
    assert not drift.see(200 * HOUR_MS, 350.0)


def test_a_drift_ends_when_the_week_is_over() -> None:
    """Then the lowest 1 % are sound again."""
    drift = Drift(360.0)
    for hour in range(7 * 24):
        drift.see(hour * HOUR_MS, 350.0)
    ends = [hour for hour in range(7 * 24, 15 * 24) if drift.see(hour * HOUR_MS, 430.0)]
    assert len(ends) == 1
    assert ends[0] == 7 * 24 + 7 * 24 - 2  # one reading of 168 is still more than 1 % of them, none is not
    assert not drift.drifting


def test_every_reason_has_advice_in_both_languages() -> None:
    """The sensor becomes a fault with advice."""
    assert set(ADVICE) == set(Reason)
    assert all(one.en.endswith(".") and one.zh.endswith("。") for one in ADVICE.values())
