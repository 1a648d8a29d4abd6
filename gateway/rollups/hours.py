"""An hour's summaries as points of `air_1h`. Pure."""

from collections.abc import Collection, Iterable
from typing import Final

from gateway.ports import Point, Summary

MEASUREMENT: Final = "air_1h"
HOUR_MS: Final = 3_600_000

Tags = tuple[tuple[str, str], ...]


def hour_of(time_ms: int) -> int:
    """The begin of the hour of a moment, both Unix ms."""
    return time_ms - time_ms % HOUR_MS


def points_of(hour_ms: int, summaries: Iterable[Summary], before: Collection[tuple[Tags, str]]) -> list[Point]:
    """What is to be written of one hour.

    Args:
        hour_ms: Its begin.
        summaries: What its good values say now.
        before: Tags and quantity of what an earlier computation counted; what of it has no good value any more gets a
            count of 0.0, its older mean stays.
    """
    fields: dict[Tags, dict[str, float]] = {}
    for one in summaries:
        fields.setdefault(one.tags, {}).update(
            {
                f"{one.quantity}_mean": one.mean,
                f"{one.quantity}_min": one.least,
                f"{one.quantity}_max": one.most,
                f"{one.quantity}_n": float(one.n),
            }
        )
    for tags, quantity in before:
        fields.setdefault(tags, {}).setdefault(f"{quantity}_n", 0.0)
    return [Point(MEASUREMENT, tags, hour_ms, values) for tags, values in sorted(fields.items())]
