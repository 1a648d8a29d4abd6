"""Air changes an hour, from how CO2 decays in an empty room (tracer gas decay, ASTM E741), with an interval.

The excess over the outdoor air falls by exp(-n t) where nobody breathes and the air is mixed; n is the air change rate.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import log
from typing import Final

from gateway.acceptance import line

HOUR_MS: Final = 3_600_000
MIN_POINTS: Final = 10
MIN_EXCESS_PPM: Final = 100.0
"""Below this excess a sensor's error outweighs what is left; later readings are not used."""
MIN_FALL: Final = 1.3
"""The excess must fall by this factor at least, else slope and noise cannot be told apart."""
MIN_EXPLAINED: Final = 0.8


class NoRate(StrEnum):
    """Why no rate is stated."""

    TOO_FEW_READINGS = "too-few-readings"
    NO_EXCESS = "no-excess"
    NO_DECAY = "no-decay"
    NOT_EXPONENTIAL = "not-exponential"


@dataclass(frozen=True, slots=True, kw_only=True)
class AirChange:
    """Air changes an hour.

    Attributes:
        rate: The rate.
        low: The lower end of its 95 % interval, at least 0; the outdoor value's error is in it.
        high: The upper end.
        hours: How long the decay was followed.
        readings: How many readings entered.
    """

    rate: float
    low: float
    high: float
    hours: float
    readings: int


def air_change(
    readings: Sequence[tuple[int, float]], *, outdoor_ppm: float, outdoor_error_ppm: float = 50.0
) -> AirChange | NoRate:
    """The air change rate of a room from its CO2 after the last person left, or why none is stated.

    Args:
        readings: (Unix ms, ppm), oldest first, beginning when the room is empty.
        outdoor_ppm: What the excess is counted from.
        outdoor_error_ppm: How far off that may be, the indoor sensor's offset included.
    """
    decay = _decay(readings, outdoor_ppm)
    if len(decay) < MIN_POINTS:
        few = len(readings) < MIN_POINTS
        return NoRate.TOO_FEW_READINGS if few else NoRate.NO_EXCESS
    found = _fit(decay, outdoor_ppm)
    if found.slope >= 0 or (decay[0][1] - outdoor_ppm) < MIN_FALL * (decay[-1][1] - outdoor_ppm):
        return NoRate.NO_DECAY
    if found.explained < MIN_EXPLAINED:
        return NoRate.NOT_EXPONENTIAL
    error = line.t_95(found.freedom) * found.slope_error
    # A wrong outdoor value bends the decay: the rate is taken at both ends of what it may be.
    ends = [-_fit(decay, outdoor_ppm + sign * outdoor_error_ppm).slope for sign in (-1, 1)]
    return AirChange(
        rate=-found.slope,
        low=max(0.0, min([-found.slope, *ends]) - error),
        high=max([-found.slope, *ends]) + error,
        hours=(decay[-1][0] - decay[0][0]) / HOUR_MS,
        readings=len(decay),
    )


def broke_at(
    readings: Sequence[tuple[int, float]], *, outdoor_ppm: float, rate_limit: float, window_ms: int = HOUR_MS // 2
) -> int | None:
    """When the room stopped being closed: the first time (Unix ms) from which CO2 falls faster than a closed room's.

    Args:
        readings: (Unix ms, ppm), oldest first.
        outdoor_ppm: What the excess is counted from.
        rate_limit: Air changes an hour that a closed room does not exceed.
        window_ms: Over how long the fall is looked at.
    """
    times = [time_ms for time_ms, _ in readings]
    for start, begin_ms in enumerate(times):
        piece = readings[start : bisect_left(times, begin_ms + window_ms)]
        if len(piece) < 3 or piece[-1][0] - begin_ms < window_ms * 3 // 4:
            continue
        if min(ppm for _, ppm in piece) - outdoor_ppm < MIN_EXCESS_PPM:
            continue
        found = _fit(piece, outdoor_ppm)
        if -found.slope - line.t_95(found.freedom) * found.slope_error > rate_limit:
            return begin_ms
    return None


def _decay(readings: Sequence[tuple[int, float]], outdoor_ppm: float) -> list[tuple[int, float]]:
    """The readings from the highest on, as long as enough of the excess is left, in the order of time."""
    if any(later[0] <= earlier[0] for earlier, later in pairwise(readings)):
        raise ValueError("readings must be in the order of time, none twice")
    if not readings:
        return []
    top = max(range(len(readings)), key=lambda place: readings[place][1])
    decay: list[tuple[int, float]] = []
    for time_ms, ppm in readings[top:]:
        if ppm - outdoor_ppm < MIN_EXCESS_PPM:
            break
        decay.append((time_ms, ppm))
    return decay


def _fit(decay: Sequence[tuple[int, float]], outdoor_ppm: float) -> line.Line:
    hours = [(time_ms - decay[0][0]) / HOUR_MS for time_ms, _ in decay]
    return line.fit(hours, [log(ppm - outdoor_ppm) for _, ppm in decay])
