"""Each fault is found where it is, under its own name, and sound air is left alone."""

from collections.abc import Callable

import pytest

from gateway.quality.limits import LIMITS
from gateway.quality.reasons import Reason
from gateway.quality.recording import findings
from telemetry.quantities import WIRE_QUANTITIES
from tests.gateway.quality.rooms import HOUR_MS, START_MS, Rows, at, room


def told(rows: Rows, part: str | None = None) -> list[tuple[str, str, int, int]]:
    """Findings as (quantity, reason, from, to), the times in minutes after the start."""
    return [
        (one.quantity, one.reason.value, (one.from_ms - START_MS) // 60_000, (one.to_ms - START_MS) // 60_000)
        for one in findings(rows, part)
    ]


def test_every_quantity_that_travels_has_a_row_with_its_source() -> None:
    """And no other has."""
    assert set(LIMITS) == set(WIRE_QUANTITIES)
    assert all(row.source for row in LIMITS.values())


@pytest.mark.parametrize("period_s", [5, 60, 600])
def test_sound_air_is_left_alone(period_s: int) -> None:
    """Whatever the period."""
    assert told(room(days=2, period_s=period_s)) == []


def test_nothing_is_found_in_nothing() -> None:
    """No rows, one row."""
    assert findings([]) == []
    assert findings([(START_MS, {"co2_ppm": 500.0})]) == []


CASES: dict[str, tuple[Callable[[int, float], float | None], str, int, int]] = {
    "one reading three times too high": (lambda m, v: 3_000.0 if m == 300 else v, "step", 300, 300),
    "ten minutes too high": (lambda m, v: v + 2_000 if 300 <= m < 310 else v, "step", 300, 309),
    "falls through the floor": (lambda m, v: 120.0 if 300 <= m < 305 else v, "range", 300, 304),
    "stands still for five hours": (lambda m, v: 612.0 if 300 <= m <= 600 else v, "flatline", 300, 600),
    "no value for two hours": (lambda m, v: None if 300 < m < 420 else v, "silent", 300, 420),
    "silent to the end": (lambda m, v: None if m > 1_300 else v, "silent", 1_300, 1_439),
    "silent from the start": (lambda m, v: None if m < 100 else v, "silent", 0, 100),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_found_where_it_is(name: str) -> None:
    """From its first reading to its last, and nothing else is found."""
    change, reason, begin, end = CASES[name]
    assert told(room(change=change)) == [("co2_ppm", reason, begin, end)]


def test_zero_is_out_of_range_and_stuck() -> None:
    """No air is without CO2; both is true."""
    found = told(room(change=lambda m, v: 0.0 if 300 <= m < 400 else v))
    assert found == [("co2_ppm", "range", 300, 399), ("co2_ppm", "stuck-at-zero", 300, 399)]


def test_a_moment_at_zero_is_not_stuck() -> None:
    """Two readings: out of range only."""
    assert told(room(change=lambda m, v: 0.0 if m in (300, 301) else v)) == [("co2_ppm", "range", 300, 301)]


def test_a_new_level_is_believed_in_the_end() -> None:
    """The room did change while nobody looked: half an hour of doubt, no more."""
    [(_, reason, begin, end)] = told(room(change=lambda m, v: v + 3_000 if m >= 300 else v))
    assert (reason, begin) == ("step", 300)
    assert end == 329


def test_a_long_pause_is_no_step() -> None:
    """The longer nobody looked, the further the room may have moved."""
    found = told(room(change=lambda m, v: None if 300 < m < 360 else v + 3_500 if m >= 360 else v))
    assert [reason for _, reason, _, _ in found] == ["silent"]


def test_who_says_nothing_does_not_stand_still() -> None:
    """The same value before and after a silence is no flat line: nothing was measured in between."""
    found = told(room(change=lambda m, v: 500.0 if m in (300, 600) else None if 300 < m < 600 else v))
    assert [reason for _, reason, _, _ in found] == ["silent"]


def test_a_coarse_digit_is_no_flat_line() -> None:
    """Temperature to the whole degree stands for hours in a quiet room."""
    rows = [(START_MS + n * 60_000, {"temperature_c": 21.0 if n < 600 else 22.0}) for n in range(1_200)]
    assert findings(rows) == []


def test_a_dark_empty_weekend_is_no_fault() -> None:
    """Zero lux, nobody there, no ozone: honest values."""
    quiet = {"illuminance_lx": 0.0, "occupancy": 0.0, "o3_ug_m3": 0.0, "air_speed_m_s": 0.0, "nox_index": 1.0}
    assert findings([(START_MS + n * 600_000, dict(quiet)) for n in range(450)]) == []


def test_formaldehyde_that_is_never_there_is_a_dead_cell() -> None:
    """After a renovation there is always some."""
    rows = [(START_MS + n * 60_000, {"hcho_ug_m3": 0.0 if n >= 60 else 30.0 + n % 3}) for n in range(600)]
    [one] = findings(rows)
    assert (one.reason, one.from_ms) == (Reason.STUCK_AT_ZERO, at(60))


@pytest.mark.parametrize(
    ("part", "offset", "drifts"),
    [
        ("scd41", -80.0, False),  # 450 - 3 - 80 = 367 ppm, above 420 - 60.5
        ("scd41", -90.0, True),  # 357 ppm
        ("scd40", -90.0, False),  # above 420 - 71
        ("scd40", -100.0, True),
        (None, -90.0, False),
        (None, -100.0, True),
        ("sen69c", -150.0, False),  # ±(100 ppm + 10 %)
        ("sfa30", -150.0, False),  # measures no CO2: nothing is stated
    ],
)
def test_drift_is_less_than_outdoor_air_and_the_stated_error(part: str | None, offset: float, drifts: bool) -> None:
    """However smooth the curve."""
    found = told(room(days=8, period_s=300, change=lambda _m, v: v + offset), part)
    assert [reason for _, reason, _, _ in found] == (["drift"] if drifts else [])


def test_drift_needs_a_week() -> None:
    """Of which 75 % are covered: 5.25 days."""
    low: Callable[[int, float], float] = lambda _m, v: v - 120.0  # noqa: E731
    assert told(room(days=5, period_s=300, change=low)) == []
    [(_, reason, begin, _)] = told(room(days=6, period_s=300, change=low))
    assert (reason, begin) == ("drift", 0)


def test_a_night_below_is_no_drift_but_a_week_with_one_percent_is() -> None:
    """The lowest 1 % decide: 21 of 2,016 readings."""

    def ends_low(readings: int) -> bool:
        begin = 7 * 1_440 - 5 * readings
        return bool(
            findings(room(days=7, period_s=300, change=lambda m, v: 340.0 + m % 2 if m >= begin else v), "scd41")
        )

    assert not ends_low(20)
    assert ends_low(21)


def test_what_is_in_doubt_does_not_count_as_drift() -> None:
    """A day stuck at 260 ppm is a flat line, not a sensor out of calibration."""
    found = told(room(days=8, period_s=300, change=lambda m, v: 260.0 if m < 1_440 else v), "scd41")
    assert [reason for _, reason, _, _ in found] == ["flatline"]


def test_the_week_may_lie_anywhere() -> None:
    """Sound, then out of calibration, then calibrated: one finding, that begins and ends."""
    wrong = (3 * 1_440, 12 * 1_440)
    rows = room(days=24, period_s=600, change=lambda m, v: v - 110.0 if wrong[0] <= m < wrong[1] else v)
    [one] = findings(rows, "scd41")
    assert one.reason is Reason.DRIFT
    assert START_MS <= one.from_ms <= at(wrong[0])
    assert at(wrong[1]) <= one.to_ms <= at(wrong[1]) + 7 * 24 * HOUR_MS
