"""The day of reopening: when off-gassing should have fallen to the limit, with an interval, or why it cannot be said.

Daily means are brought to one temperature and humidity, the outdoor air is taken off, and an exponential decay fitted.
What is stated is a forecast for planning; only a measurement decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import ceil, exp, fsum, log
from typing import Final

from gateway.acceptance import line

ZERO_C_K: Final = 273.15
# Myers, Forest Products Journal 35(9), 1985, "The effects of temperature and humidity on formaldehyde emission from
# UF-bonded boards: a literature critique": exp(-B (1/T - 1/T0)), B = 8930 K (95 %: 8390 to 9470); 1 + A (H - H0),
# A = 0.0195 per % (95 %: 0.014 to 0.025). It advises against correcting far: see MAX_CORRECTION_C.
TEMPERATURE_K: Final = (8930.0, 8390.0, 9470.0)
HUMIDITY_PER_PCT: Final = (0.0195, 0.014, 0.025)
MAX_CORRECTION_C: Final = 10.0
"""Days that lie farther than this from the mean temperature are not used."""
HUMIDITY_PCT: Final = (20.0, 80.0)
"""Nor are days outside this; a linear correction would run through zero."""
MIN_DAYS: Final = 7
MIN_SPAN_DAYS: Final = 6.0
MAX_HORIZON: Final = 5.0
"""How many times the days observed a forecast may reach beyond them."""
MAX_DAYS_AHEAD: Final = 730.0


class NoDay(StrEnum):
    """Why no day is stated."""

    TOO_FEW_DAYS = "too-few-days"
    SPAN_TOO_SHORT = "span-too-short"
    NOT_FALLING = "not-falling"
    TOO_FAR_AHEAD = "too-far-ahead"
    LIMIT_IS_ZERO = "limit-is-zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's means.

    Attributes:
        day: Days since completion, fractions allowed.
        indoor: The quantity's mean indoors.
        outdoor: The same outdoors; 0 where it is not taken off.
        temperature_c: Mean temperature indoors.
        humidity_pct: Mean relative humidity indoors.
    """

    day: float
    indoor: float
    outdoor: float = 0.0
    temperature_c: float
    humidity_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When the limit should be met.

    Attributes:
        day: Days since completion; it may lie among the days observed.
        low: The lower end of its 95 % interval.
        high: The upper end; None: not within `MAX_DAYS_AHEAD`.
        is_met: True if the last day's fitted value, its interval included, lies within the limit already.
        half_life_days: In how many days the air gets half as bad.
        half_life_low: The lower end of its 95 % interval.
        half_life_high: The upper end.
        temperature_c: The temperature that the forecast is for.
        humidity_pct: The humidity likewise.
        days_used: How many days entered.
    """

    day: float
    low: float
    high: float | None
    is_met: bool
    half_life_days: float
    half_life_low: float
    half_life_high: float
    temperature_c: float
    humidity_pct: float
    days_used: int

    def days_gained(self, factor: float) -> float:
        """Days that ventilation `factor` times as strong (at least 1) brings the day forward.

        In a steady state the excess is in inverse proportion to the air change rate, at an unchanged emission.
        """
        if factor < 1:
            raise ValueError(f"the factor of ventilation is at least 1, got {factor}")
        return log(factor) * self.half_life_days / log(2)


def forecast(
    days: Sequence[Day], limit: float, *, temperature_c: float | None = None, humidity_pct: float | None = None
) -> Forecast | NoDay:
    """The day that the net mean should meet `limit`, or why none is stated.

    Args:
        days: Daily means in the order of time.
        limit: In the quantity's unit, net of outdoors where `Day.outdoor` is given.
        temperature_c: The temperature that the limit is to be met at; None: the mean of the days.
        humidity_pct: The humidity likewise, 20 to 80.

    Raises:
        ValueError: If days are out of order, or the humidity is out of its range.
    """
    if humidity_pct is not None and not HUMIDITY_PCT[0] <= humidity_pct <= HUMIDITY_PCT[1]:
        raise ValueError(f"the humidity to forecast for lies within 20 to 80 %, got {humidity_pct}")
    used = _usable(days)
    if len(used) < MIN_DAYS:
        return NoDay.TOO_FEW_DAYS
    if used[-1].day - used[0].day < MIN_SPAN_DAYS:
        return NoDay.SPAN_TOO_SHORT
    if limit <= 0:
        return NoDay.LIMIT_IS_ZERO
    at_c = _mean([day.temperature_c for day in used]) if temperature_c is None else temperature_c
    at_pct = _mean([day.humidity_pct for day in used]) if humidity_pct is None else humidity_pct
    fits = [_fit(used, at_c, at_pct, warmth, damp) for warmth, damp in _coefficients()]
    if any(found.slope + line.t_95(found.freedom) * found.slope_error >= 0 for found in fits):
        return NoDay.NOT_FALLING
    return _stated(used, fits, log(limit), at_c, at_pct)


def compare(forecasts: Mapping[str, Sequence[Forecast]]) -> dict[str, tuple[int, float, float, float]]:
    """Half-lives by branch or material: how many, and their median, lowest and highest, in days."""
    table: dict[str, tuple[int, float, float, float]] = {}
    for name, own in forecasts.items():
        halves = sorted(found.half_life_days for found in own)
        if halves:
            middle = (halves[(len(halves) - 1) // 2] + halves[len(halves) // 2]) / 2
            table[name] = (len(halves), middle, halves[0], halves[-1])
    return table


def corrected(
    day: Day, *, temperature_c: float, humidity_pct: float, warmth_k: float = TEMPERATURE_K[0],
    damp: float = HUMIDITY_PER_PCT[0],
) -> float:  # fmt: skip
    """What the day's net mean would be at another temperature and humidity."""
    warmth = exp(warmth_k * (1 / (day.temperature_c + ZERO_C_K) - 1 / (temperature_c + ZERO_C_K)))
    return (day.indoor - day.outdoor) * warmth * (1 + damp * (humidity_pct - 50)) / (1 + damp * (day.humidity_pct - 50))


def _usable(days: Sequence[Day]) -> list[Day]:
    if any(later.day <= earlier.day for earlier, later in pairwise(days)):
        raise ValueError("days must be in the order of time, none twice")
    if not days:
        return []
    middle = _mean([day.temperature_c for day in days])
    return [
        day
        for day in days
        if day.indoor > day.outdoor and abs(day.temperature_c - middle) <= MAX_CORRECTION_C
        and HUMIDITY_PCT[0] <= day.humidity_pct <= HUMIDITY_PCT[1]
    ]  # fmt: skip


def _coefficients() -> list[tuple[float, float]]:
    """The best coefficients first, then the corners of what they may be."""
    return [
        (TEMPERATURE_K[0], HUMIDITY_PER_PCT[0]),
        *((warmth, damp) for warmth in TEMPERATURE_K[1:] for damp in HUMIDITY_PER_PCT[1:]),
    ]


def _fit(days: Sequence[Day], at_c: float, at_pct: float, warmth: float, damp: float) -> line.Line:
    nets = [corrected(day, temperature_c=at_c, humidity_pct=at_pct, warmth_k=warmth, damp=damp) for day in days]
    return line.fit([day.day for day in days], [log(net) for net in nets])


def _stated(
    days: Sequence[Day], fits: Sequence[line.Line], goal: float, at_c: float, at_pct: float
) -> Forecast | NoDay:
    best, last = fits[0], days[-1].day
    day = best.centre + (goal - best.level) / best.slope
    if day - last > min(MAX_DAYS_AHEAD, MAX_HORIZON * (last - days[0].day)):
        return NoDay.TOO_FAR_AHEAD
    is_met = all(found.at(last) + found.half_width(last) <= goal for found in fits)
    lows = [_crossing(found, goal, days[0].day, sign=-1) for found in fits]
    highs = [_crossing(found, goal, days[0].day, sign=1) for found in fits]
    steep = [-found.slope + line.t_95(found.freedom) * found.slope_error for found in fits]
    flat = [-found.slope - line.t_95(found.freedom) * found.slope_error for found in fits]
    return Forecast(
        day=day,
        low=min(day, *(low for low in lows if low is not None)) if any(low is not None for low in lows) else day,
        high=None if None in highs else max(day, *(high for high in highs if high is not None)),
        is_met=is_met,
        half_life_days=log(2) / -best.slope,
        half_life_low=log(2) / max(steep),
        half_life_high=log(2) / min(flat),
        temperature_c=at_c,
        humidity_pct=at_pct,
        days_used=len(days),
    )


def _crossing(found: line.Line, goal: float, first: float, *, sign: int) -> float | None:
    """The first day, looked at a quarter day apart, from which one edge of the line's band is within the goal."""
    for step in range(ceil(4 * (MAX_DAYS_AHEAD + 1))):
        day = first + step / 4
        if found.at(day) + sign * found.half_width(day) <= goal:
            return day
    return None


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
