"""Slots: a window cut into pieces of the planned spacing, their means, and what share of them was measured.

Sums are exact (fractions), so that cutting a window in two changes no mean by even a rounding, and a larger reading
never gives a smaller one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import fsum
from typing import Final

from gateway.acceptance.plan import Span

COMPLETE: Final = 0.75
"""The least share of slots with a reading (STANDARDS section 9, 7: common practice, no standard fixes it)."""


@dataclass(frozen=True, slots=True)
class Run:
    """One unbroken window of one instrument.

    Attributes:
        span: The whole window.
        interval_ms: The length of a slot.
        means: The mean of each slot, None where it holds no reading that counts; a partial last slot is left out.
    """

    span: Span
    interval_ms: int
    means: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a point's value.

    Attributes:
        total: The exact sum of slot means.
        good: How many slots it sums; 0: there is no mean.
        completeness: The lowest share of measured slots, of the whole window and of each rolling one; 0 to 1.
        mean: The mean, or the highest rolling one; None where nothing was measured.
    """

    total: Fraction
    good: int
    completeness: float
    mean: float | None


def cut(span: Span, interval_ms: int, readings: Iterable[tuple[int, float]]) -> Run:
    """The window as slots; `readings` are (Unix ms, value) that count, in any order."""
    slots: list[list[float]] = [[] for _ in range(span.length_ms // interval_ms)]
    for time_ms, value in readings:
        place = (time_ms - span.from_ms) // interval_ms
        if 0 <= place < len(slots):
            slots[place].append(value)
    return Run(span, interval_ms, tuple(_mean(values) if values else None for values in slots))


def joined(runs: Sequence[Run]) -> list[Run]:
    """The runs, oldest first; one that ends on a slot's edge where the next begins is one with it."""
    whole: list[Run] = []
    for run in sorted(runs, key=lambda run: run.span.from_ms):
        last = whole[-1] if whole else None
        if last is not None and _continues(last, run):
            span = Span(last.span.from_ms, run.span.to_ms)
            whole[-1] = Run(span, run.interval_ms, last.means + run.means)
        else:
            whole.append(run)
    return whole


def measure(run: Run, averaging_ms: int | None) -> Share:
    """The mean of a run, or the highest rolling one where it is longer than the averaging time."""
    exact = [(0, 1) if mean is None else mean.as_integer_ratio() for mean in run.means]
    # Denominators of floats are powers of two, so the largest is one for all.
    scale = max((below for _, below in exact), default=1)
    sums = list(accumulate((above * (scale // below) for above, below in exact), initial=0))
    goods = list(accumulate((mean is not None for mean in run.means), initial=0))
    slots, good = len(run.means), goods[-1]
    completeness = good / slots if slots else 0.0
    whole = Share(Fraction(sums[-1], scale), good, completeness, sums[-1] / (good * scale) if good else None)
    length = max(1, averaging_ms // run.interval_ms) if averaging_ms is not None else slots
    if averaging_ms is None or run.span.length_ms <= averaging_ms or slots <= length:
        return whole
    highest: float | None = None
    for start in range(slots - length + 1):
        there = goods[start + length] - goods[start]
        completeness = min(completeness, there / length)
        if there:
            mean = (sums[start + length] - sums[start]) / (there * scale)
            highest = mean if highest is None else max(highest, mean)
    return Share(whole.total, whole.good, completeness, highest)


def together(shares: Sequence[Share], *, highest: bool) -> float | None:
    """A point's value of its windows: the highest of their means, or one mean weighted by measured slots."""
    means = [share.mean for share in shares if share.mean is not None]
    if not means:
        return None
    if highest:
        return max(means)
    return float(sum(share.total for share in shares) / sum(share.good for share in shares))


def _continues(last: Run, run: Run) -> bool:
    even = last.span.length_ms % last.interval_ms == 0
    return even and last.interval_ms == run.interval_ms and last.span.to_ms == run.span.from_ms


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
