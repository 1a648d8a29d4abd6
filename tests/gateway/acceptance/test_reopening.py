"""The day of reopening, from the decay of off-gassing."""

import random
from dataclasses import replace
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance.reopening import Day, Forecast, NoDay, compare, corrected, forecast


def days(
    half_life: float, *, start: float = 200, count: int = 14, noise: float = 0.0, seed: int = 1, swing_c: float = 0.0
) -> list[Day]:
    """An off-gassing room at 25 °C and 50 %; with a swing its temperature goes up and down, and the air with it."""
    rng = random.Random(seed)
    found = []
    for day in range(count):
        steady = start * exp(-log(2) * day / half_life) * exp(rng.gauss(0, noise))
        temperature = 25 + swing_c * (1 if day % 2 else -1)
        at_25 = Day(day=day, indoor=steady, temperature_c=25, humidity_pct=50)
        found.append(
            Day(
                day=day,
                indoor=corrected(at_25, temperature_c=temperature, humidity_pct=50),
                temperature_c=temperature,
                humidity_pct=50,
            )
        )
    return found


@given(st.floats(5, 40), st.floats(100, 400))
def test_an_ideal_decay_gives_its_day_back(half_life: float, start: float) -> None:
    """The day that start * 2^(-day / half life) is at the limit, or a word why it is too far."""
    due = half_life * log(start / 80) / log(2)
    found = forecast(days(half_life, start=start), 80)
    if due - 13 > 5 * 13:
        assert found is NoDay.TOO_FAR_AHEAD
        return
    assert isinstance(found, Forecast)
    assert found.day == pytest.approx(due, rel=1e-6)
    assert found.half_life_days == pytest.approx(half_life, rel=1e-6)
    assert found.low <= found.day
    assert found.high is not None
    assert found.high >= found.day


def test_a_swing_of_temperature_is_taken_out() -> None:
    """Three degrees up and down move the air by a third each way; corrected, the day is the same."""
    swinging = forecast(days(10, swing_c=3), 80, temperature_c=25, humidity_pct=50)
    assert isinstance(swinging, Forecast)
    assert swinging.day == pytest.approx(10 * log(200 / 80) / log(2), rel=1e-6)


def test_a_warmer_hall_is_fit_later() -> None:
    """The limit is to be met at 28 °C: exp(8930 (1/298.15 - 1/301.15)) = 1.347 times as much at 28 as at 25."""
    cool = forecast(days(10), 80, temperature_c=25)
    warm = forecast(days(10), 80, temperature_c=28)
    assert isinstance(cool, Forecast)
    assert isinstance(warm, Forecast)
    assert warm.day - cool.day == pytest.approx(10 * log(exp(8930 * (1 / 298.15 - 1 / 301.15))) / log(2), rel=1e-6)


def test_the_interval_holds_the_day_of_most_noisy_decays() -> None:
    """Two hundred seeds with 8 % of scatter; at least 90 % hold the day."""
    due = 10 * log(200 / 80) / log(2)
    hits = stated = 0
    for seed in range(200):
        found = forecast(days(10, noise=0.08, seed=seed), 80)
        if isinstance(found, Forecast):
            stated += 1
            hits += found.low <= due and (found.high is None or due <= found.high)
    assert stated >= 190
    assert hits >= 0.9 * stated


def test_no_day_is_stated_where_the_data_has_none() -> None:
    """Each refusal by its word."""
    assert forecast([], 80) is NoDay.TOO_FEW_DAYS
    assert forecast(days(10, count=6), 80) is NoDay.TOO_FEW_DAYS
    hours = [replace(day, day=day.day / 24) for day in days(10)]
    assert forecast(hours, 80) is NoDay.SPAN_TOO_SHORT
    assert forecast(days(-10), 80) is NoDay.NOT_FALLING
    assert forecast(days(60, noise=0.4), 80) is NoDay.NOT_FALLING
    assert forecast(days(200, start=400), 80) is NoDay.TOO_FAR_AHEAD
    assert forecast(days(10), 0) is NoDay.LIMIT_IS_ZERO


def test_outdoor_air_is_taken_off() -> None:
    """30 outdoors and indoors alike move nothing."""
    with_outdoors = [replace(day, indoor=day.indoor + 30, outdoor=30) for day in days(10)]
    plain, net = forecast(days(10), 80), forecast(with_outdoors, 80)
    assert isinstance(plain, Forecast)
    assert isinstance(net, Forecast)
    assert net.day == pytest.approx(plain.day)


def test_what_is_fit_already_says_so() -> None:
    """The last fitted day lies clear of the limit."""
    found = forecast(days(10), 150)
    assert isinstance(found, Forecast)
    assert found.is_met
    assert found.day < 13


def test_ventilation_brings_the_day_forward_by_half_lives() -> None:
    """Twice the air: one half-life; the factor is at least 1."""
    found = forecast(days(10), 80)
    assert isinstance(found, Forecast)
    assert found.days_gained(2) == pytest.approx(10)
    assert found.days_gained(1) == 0
    with pytest.raises(ValueError, match="at least 1"):
        found.days_gained(0.5)


def test_half_lives_are_compared() -> None:
    """Median, lowest and highest by material."""
    found = [forecast(days(half), 80) for half in (8, 10, 14)]
    stated = [own for own in found if isinstance(own, Forecast)]
    table = compare({"particle board": stated, "paint": stated[:2], "stone": []})
    assert table["particle board"] == (3, pytest.approx(10), pytest.approx(8), pytest.approx(14))
    assert table["paint"] == (2, pytest.approx(9), pytest.approx(8), pytest.approx(10))
    assert "stone" not in table


def test_days_out_of_order_are_refused() -> None:
    """So is a humidity that the correction does not hold for."""
    with pytest.raises(ValueError, match="order of time"):
        forecast(list(reversed(days(10))), 80)
    with pytest.raises(ValueError, match="20 to 80"):
        forecast(days(10), 80, humidity_pct=95)
