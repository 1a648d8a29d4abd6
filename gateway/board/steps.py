"""Readings summed up by steps of time, read from the store page by page."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gateway.board.errors import RequestError
from gateway.ports import ReadingsQuery, Store, StoredReading
from telemetry.clock import to_seconds

MAX_STEPS: Final = 10_000
PAGE_ROWS: Final = 10_000
MAX_ROWS: Final = 400_000
"""Four values a second for a day; more is read in several questions."""

Row = tuple[float, float | None, float | None, float | None, int, float | None, int]


class _Step:
    __slots__ = ("doubtful", "good")

    def __init__(self) -> None:
        self.good: list[float] = []
        self.doubtful: list[float] = []

    def row(self, begin_s: float) -> Row:
        good, doubtful = self.good, self.doubtful
        doubt = math.fsum(doubtful) / len(doubtful) if doubtful else None
        if not good:
            return (begin_s, None, None, None, 0, doubt, len(doubtful))
        return (begin_s, math.fsum(good) / len(good), min(good), max(good), len(good), doubt, len(doubtful))


def summed_up(store: Store, query: ReadingsQuery, step_s: int) -> list[Row]:
    """The rows of a curve, oldest first; a step begins at a multiple of `step_s`.

    Raises:
        StoreUnavailable: If the store does not answer.
        RequestError: With status 400, if there is more to sum up than one question may cost.
    """
    steps: dict[int, _Step] = {}
    for reading in _all(store, query):
        step = steps.setdefault(reading.time_ms // (step_s * 1_000), _Step())
        (step.doubtful if reading.suspect else step.good).append(reading.value)
    return [steps[number].row(to_seconds(number * step_s * 1_000)) for number in sorted(steps)]


def _all(store: Store, query: ReadingsQuery) -> Iterator[StoredReading]:
    begin, seen = query.from_ms, 0
    while begin < query.to_ms:
        page = store.readings(replace(query, from_ms=begin, limit=PAGE_ROWS))
        yield from page
        seen += len(page)
        if len(page) < PAGE_ROWS:
            return
        if seen >= MAX_ROWS:
            detail = f"more than {MAX_ROWS} readings lie between from and to; ask for less time at once"
            raise RequestError(400, "Too much at once", detail)
        begin = page[-1].time_ms + 1
