"""What the quality rules say of a recording: the same rules that judge on arrival, told with their true extent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from gateway.quality import drift
from gateway.quality.drift import Drift
from gateway.quality.limits import silent_ms
from gateway.quality.reasons import Reason
from gateway.quality.single import is_suspect
from gateway.quality.watch import Watch

Series = Sequence[tuple[int, float]]
"""Unix ms and value, oldest first."""

Row = tuple[int, dict[str, float]]

_UNFLAGGED: Final = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a quantity of a recording.

    Attributes:
        quantity: Its name.
        from_ms: The first reading it is about; of a silence the last one before it.
        to_ms: The last one; of a silence the first one after it, or the end of the recording.
        reason: What is wrong.
    """

    quantity: str
    from_ms: int
    to_ms: int
    reason: Reason


def findings(rows: Sequence[Row], part: str | None = None) -> list[Finding]:
    """What is wrong with a recording of one point, by time.

    Args:
        rows: Unix ms and values by quantity, oldest first, no time twice.
        part: What measured it, a name of the table of parts; None: not known.
    """
    found: list[Finding] = []
    if rows:
        names = dict.fromkeys(name for _time, values in rows for name in values)
        for name in names:
            series = [(time_ms, values[name]) for time_ms, values in rows if name in values]
            found += _of_quantity(name, series, rows[0][0], rows[-1][0], part)
    return sorted(found, key=lambda one: (one.from_ms, one.quantity, one.reason))


def _of_quantity(name: str, series: Series, begin_ms: int, end_ms: int, part: str | None) -> list[Finding]:
    pause_ms = silent_ms(_period_s(series))
    found = _out_of_range(name, series, pause_ms) + _watched(name, series, pause_ms)
    found += _silences(name, series, begin_ms, end_ms, pause_ms)
    if name == drift.QUANTITY:
        found += _drifts(_good(name, series, found), part)
    return found


def _period_s(series: Series) -> float | None:
    pauses = [later[0] - earlier[0] for earlier, later in pairwise(series)]
    return median(pauses) / 1000 if pauses else None


def _out_of_range(name: str, series: Series, pause_ms: int) -> list[Finding]:
    """Neighbours out of range are one finding."""
    found: list[Finding] = []
    last_ms: int | None = None
    begin_ms = 0
    for time_ms, value in series:
        out = is_suspect(name, value, _UNFLAGGED)
        if last_ms is not None and (not out or time_ms - last_ms > pause_ms):
            found.append(Finding(quantity=name, from_ms=begin_ms, to_ms=last_ms, reason=Reason.RANGE))
            last_ms = None
        if out:
            begin_ms = time_ms if last_ms is None else begin_ms
            last_ms = time_ms
    if last_ms is not None:
        found.append(Finding(quantity=name, from_ms=begin_ms, to_ms=last_ms, reason=Reason.RANGE))
    return found


def _watched(name: str, series: Series, pause_ms: int) -> list[Finding]:
    watch = Watch(name)
    begun: dict[Reason, int] = {}
    found: list[Finding] = []
    before_ms = 0
    for time_ms, value in series:
        for change in watch.see(time_ms, value, pause_ms):
            if change.open:
                begun[change.reason] = change.since_ms
            else:
                begin_ms = begun.pop(change.reason)
                found.append(Finding(quantity=name, from_ms=begin_ms, to_ms=before_ms, reason=change.reason))
        before_ms = time_ms
    found += [Finding(quantity=name, from_ms=at, to_ms=before_ms, reason=reason) for reason, at in begun.items()]
    return found


def _silences(name: str, series: Series, begin_ms: int, end_ms: int, pause_ms: int) -> list[Finding]:
    times = [begin_ms, *(time_ms for time_ms, _value in series), end_ms]
    return [
        Finding(quantity=name, from_ms=earlier, to_ms=later, reason=Reason.SILENT)
        for earlier, later in pairwise(times)
        if later - earlier > pause_ms
    ]


def _good(name: str, series: Series, found: Iterable[Finding]) -> Iterable[tuple[int, float]]:
    bad = sorted((one.from_ms, one.to_ms) for one in found if one.quantity == name and one.reason is not Reason.SILENT)
    at, worst_ms = 0, -1
    for time_ms, value in series:
        while at < len(bad) and bad[at][0] <= time_ms:
            worst_ms = max(worst_ms, bad[at][1])
            at += 1
        if time_ms > worst_ms:
            yield time_ms, value


def _drifts(good: Iterable[tuple[int, float]], part: str | None) -> list[Finding]:
    limit = drift.lowest_true_ppm(part)
    if limit is None:
        return []
    watch = Drift(limit)
    found: list[Finding] = []
    begin_ms: int | None = None
    first_ms: int | None = None
    before_ms = 0
    for time_ms, value in good:
        first_ms = time_ms if first_ms is None else first_ms
        watch.see(time_ms, value)
        if watch.drifting and begin_ms is None:
            begin_ms = max(first_ms, watch.since_ms)
        elif not watch.drifting and begin_ms is not None:
            found.append(Finding(quantity=drift.QUANTITY, from_ms=begin_ms, to_ms=before_ms, reason=Reason.DRIFT))
            begin_ms = None
        before_ms = time_ms
    if begin_ms is not None:
        found.append(Finding(quantity=drift.QUANTITY, from_ms=begin_ms, to_ms=before_ms, reason=Reason.DRIFT))
    return found
