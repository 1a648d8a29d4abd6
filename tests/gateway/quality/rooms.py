"""Air whose truth is known: a room with people by day, and what a fault makes of it."""

import math
from collections.abc import Callable

HOUR_MS = 3_600_000
START_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
Rows = list[tuple[int, dict[str, float]]]


def co2(time_ms: int) -> float:
    """What a sound sensor shows at a time: 450 ppm by night, up to 950 by day, a last digit that never rests."""
    hour = time_ms / HOUR_MS % 24
    people = max(0.0, math.sin((hour - 8) / 10 * math.pi)) if 8 < hour < 18 else 0.0
    return round(450.0 + 500.0 * people + 3.0 * math.sin(time_ms / 60_000 * 2.4), 0)


def temperature(time_ms: int) -> float:
    """Between 19 and 22 °C, in steps of a tenth."""
    return round(20.5 + 1.5 * math.sin(time_ms / HOUR_MS / 24 * 2 * math.pi) + 0.1 * math.sin(time_ms / 60_000), 1)


def room(*, days: float = 1.0, period_s: int = 60, change: Callable[[int, float], float | None] | None = None) -> Rows:
    """A recording of CO2 and temperature.

    Args:
        days: How long.
        period_s: Between two readings.
        change: What becomes of the CO2 value, given the minutes since the start; None: that cell is empty.
    """
    rows: Rows = []
    for number in range(round(days * 86_400 / period_s)):
        time_ms = START_MS + number * period_s * 1000
        values = {"temperature_c": temperature(time_ms)}
        value = co2(time_ms) if change is None else change(number * period_s // 60, co2(time_ms))
        if value is not None:
            values["co2_ppm"] = value
        rows.append((time_ms, values))
    return rows


def at(minutes: float) -> int:
    """Unix ms of that many minutes after the start."""
    return START_MS + round(minutes * 60_000)
