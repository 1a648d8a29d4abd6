"""Air changes an hour from the decay of CO2."""

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance.air_change import AirChange, NoRate, air_change, broke_at

MINUTE_MS = 60_000


def decay(
    rate: float, *, start: float = 1500, outdoor: float = 420, minutes: int = 120, noise: float = 0.0, seed: int = 1
):
    """CO2 of an empty, mixed room, one reading a minute."""
    rng = random.Random(seed)
    return [
        (minute * MINUTE_MS, outdoor + (start - outdoor) * exp(-rate * minute / 60) + rng.gauss(0, noise))
        for minute in range(minutes)
    ]


@given(st.floats(0.3, 4), st.floats(900, 3000))
def test_an_ideal_decay_gives_its_rate_back(rate: float, start: float) -> None:
    """Within the interval, and to a part in a million."""
    found = air_change(decay(rate, start=start), outdoor_ppm=420)
    assert isinstance(found, AirChange)
    assert found.rate == pytest.approx(rate, rel=1e-6)
    assert found.low <= rate <= found.high


def test_the_interval_holds_the_rate_of_most_noisy_decays() -> None:
    """Two hundred seeds of 10 ppm noise; at least 90 % hold it."""
    hits = 0
    for seed in range(200):
        found = air_change(decay(0.8, noise=10, seed=seed), outdoor_ppm=420)
        assert isinstance(found, AirChange)
        hits += found.low <= 0.8 <= found.high
    assert hits >= 180


def test_a_wrong_outdoor_value_is_in_the_interval() -> None:
    """The room decays towards 460; 420 is assumed with 50 ppm of error."""
    found = air_change(decay(0.8, outdoor=460), outdoor_ppm=420, outdoor_error_ppm=50)
    assert isinstance(found, AirChange)
    assert found.rate < 0.8
    assert found.low <= 0.8 <= found.high


def test_what_was_breathed_before_the_top_does_not_count() -> None:
    """People stay for half an hour, CO2 rises, then they leave."""
    rising = [(minute * MINUTE_MS, 900 + 20.0 * minute) for minute in range(30)]
    after = [(time + 30 * MINUTE_MS, ppm) for time, ppm in decay(1.0)]
    found = air_change([*rising, *after], outdoor_ppm=420)
    assert isinstance(found, AirChange)
    assert found.rate == pytest.approx(1.0, rel=1e-6)


def test_no_rate_is_stated_where_the_data_has_none() -> None:
    """Each refusal by its word."""
    assert air_change([], outdoor_ppm=420) is NoRate.TOO_FEW_READINGS
    assert air_change(decay(1, minutes=9), outdoor_ppm=420) is NoRate.TOO_FEW_READINGS
    assert air_change(decay(1, start=500), outdoor_ppm=420) is NoRate.NO_EXCESS
    assert air_change(decay(0.01, minutes=30), outdoor_ppm=420) is NoRate.NO_DECAY
    jumps = [(minute * MINUTE_MS, 1500.0 if minute < 40 else 1100.0 + (minute % 2) * 390) for minute in range(81)]
    assert air_change(jumps, outdoor_ppm=420) is NoRate.NOT_EXPONENTIAL


def test_readings_out_of_order_are_refused() -> None:
    """A shuffled file is no decay."""
    with pytest.raises(ValueError, match="order of time"):
        air_change(list(reversed(decay(1))), outdoor_ppm=420)


def test_an_opened_window_is_found_by_the_minute() -> None:
    """Closed at 0.3 an hour for an hour, then 6 an hour: found within the half hour that is looked at."""
    closed = decay(0.3, start=2500, minutes=60)
    opened = [(time + 60 * MINUTE_MS, ppm) for time, ppm in decay(6, start=closed[-1][1], minutes=40)]
    broken = broke_at([*closed, *opened], outdoor_ppm=420, rate_limit=1.0)
    assert broken is not None
    assert 30 * MINUTE_MS <= broken <= 60 * MINUTE_MS
    assert broke_at(closed, outdoor_ppm=420, rate_limit=1.0) is None
