"""Doubts about sensors: opened and closed by new readings, and read by every reading, first or repeated.

Plain memory: `Doubts` decides, whoever calls it keeps its decisions where they outlive the program.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.quality import drift
from gateway.quality.drift import Drift, lowest_true_ppm
from gateway.quality.limits import LIMITS, silent_ms
from gateway.quality.reasons import ADVICE, Reason
from gateway.quality.single import SUSPECT_SUFFIX
from gateway.quality.watch import Watch
from telemetry.quantities import WIRE_QUANTITIES

WATCHED: Final = frozenset(
    name for name, row in LIMITS.items() if (row.step, row.flat_s, row.zero_s) != (None, None, None)
)

DOUBTS_A_QUANTITY: Final = 1_000
"""Of a sensor that is in and out of doubt all day the oldest are forgotten; what they coloured is stored by then."""


NO_REASON: Final[frozenset[Reason]] = frozenset()
DRIFT: Final = frozenset({Reason.DRIFT})


class Place(NamedTuple):
    """Where a sensor is."""

    region: str
    site: str
    room: str
    point: str


class Doubt(NamedTuple):
    """One doubt about one quantity of one point.

    Attributes:
        place: Whose.
        quantity: Of what.
        reason: Why.
        from_ms: The first reading in doubt.
        to_ms: The first reading that is not; None while it is open.
        value: What `Watch.resume` needs to take it up again.
        value_ms: The time of that.
    """

    place: Place
    quantity: str
    reason: Reason
    from_ms: int
    to_ms: int | None
    value: float
    value_ms: int

    def covers(self, time_ms: int) -> bool:
        """True if a reading of that time is in doubt."""
        return self.from_ms <= time_ms and (self.to_ms is None or time_ms < self.to_ms)


class _Sensor:
    """What is remembered of one point; its readings from `clear_ms` on are in no doubt."""

    __slots__ = ("clear_ms", "drift", "newest_ms", "watches")

    def __init__(self, newest_ms: int) -> None:
        self.newest_ms = newest_ms
        self.clear_ms = -math.inf
        self.watches: dict[str, Watch] = {}
        self.drift: Drift | None = None


Key = tuple[str, str]
"""Site and point."""


class Panel:
    """The watches of one point's quantities in the order in which its packs bring them; made by `Doubts.panel`."""

    __slots__ = ("co2", "place", "quantities", "sensor", "watches")

    def __init__(
        self, place: Place, quantities: tuple[str, ...], sensor: _Sensor, watches: tuple[Watch | None, ...]
    ) -> None:
        self.place = place
        self.quantities = quantities
        self.sensor = sensor
        self.watches = watches
        self.co2 = quantities.index(drift.QUANTITY) if drift.QUANTITY in quantities else None


class Doubts:
    """All doubts of a gateway; used from one thread, but for `flaws`, which any may ask."""

    def __init__(
        self,
        *,
        period_s: Callable[[str, str], float | None],
        part: Callable[[str, str], str | None],
        points: int,
    ) -> None:
        """Make it, knowing nothing.

        Args:
            period_s: The planned spacing of a point's readings (site, point), None while it is unknown.
            part: What measures there, None while it is unknown.
            points: So many points are watched; readings of others are judged one by one only.
        """
        self.unwatched = 0
        """Readings of points beyond that limit."""
        self._period_s = period_s
        self._part = part
        self._points = points
        self._sensors: dict[Key, _Sensor] = {}
        self._doubts: dict[tuple[str, str, str], list[Doubt]] = {}
        self._open: dict[Key, dict[str, frozenset[Reason]]] = {}
        self._seen_until_ms = 0
        self._open_count = dict.fromkeys(Reason, 0)

    def load(self, known: Iterable[Doubt], seen_until_ms: int, weeks: Mapping[Key, list[tuple[int, int, int]]]) -> None:
        """Take up what an earlier program left.

        Args:
            known: Its doubts.
            seen_until_ms: No stored reading is newer; only readings after it change anything.
            weeks: By site and point, what `Drift.hours` gave.
        """
        self._seen_until_ms = seen_until_ms
        for (site, point), hours in weeks.items():
            week = self._week_of(self._sensor((site, point)), site, point)
            if week is not None:
                week.resume(hours)
        for doubt in known:
            key = (doubt.place.site, doubt.place.point)
            self._doubts.setdefault((*key, doubt.quantity), []).append(doubt)
            sensor = self._sensor(key)
            sensor.clear_ms = max(sensor.clear_ms, math.inf if doubt.to_ms is None else doubt.to_ms)
            if doubt.to_ms is not None:
                continue
            self._note_open(doubt)
            if doubt.reason in (Reason.STEP, Reason.FLATLINE, Reason.STUCK_AT_ZERO) and doubt.quantity in WATCHED:
                watch = sensor.watches.setdefault(doubt.quantity, Watch(doubt.quantity))
                watch.resume(doubt.reason, doubt.value, doubt.value_ms)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def see(self, place: Place, time_ms: int, values: Mapping[str, float]) -> list[Doubt]:
        """Take in the good and the implausible values of one time; what was opened or closed by them.

        A reading that is not newer than every one before it of its point changes nothing.
        """
        key = (place.site, place.point)
        sensor = self._sensors.get(key)
        if sensor is None:
            if len(self._sensors) >= self._points:
                self.unwatched += 1
                return []
            sensor = self._sensor(key)
        if time_ms <= sensor.newest_ms:
            return []
        sensor.newest_ms = time_ms
        pause_ms = silent_ms(self._period_s(*key))
        changed: list[Doubt] = []
        for quantity, value in values.items():
            if quantity in WATCHED:
                changed += self._look(place, quantity, time_ms, value, sensor, pause_ms)
        if drift.QUANTITY in values:
            changed += self._see_drift(sensor, place, time_ms, values[drift.QUANTITY])
        return changed

    def panel(self, place: Place, quantities: tuple[str, ...]) -> Panel | None:
        """What `see_all` needs to know of a point; None beyond the limit of points."""
        key = (place.site, place.point)
        if key not in self._sensors and len(self._sensors) >= self._points:
            return None
        sensor = self._sensor(key)
        watches = tuple(
            sensor.watches.setdefault(name, Watch(name)) if name in WATCHED else None for name in quantities
        )
        return Panel(place, quantities, sensor, watches)

    def see_all(self, panel: Panel, time_ms: int, values: Sequence[float]) -> Sequence[Doubt]:
        """As `see`, for good and plausible values in the order of the panel: the short way for the usual pack."""
        sensor = panel.sensor
        if time_ms <= sensor.newest_ms:
            return ()
        sensor.newest_ms = time_ms
        closely = Watch.stirred(panel.watches, time_ms, values)
        changed: list[Doubt] = []
        if closely:
            place = panel.place
            pause_ms = silent_ms(self._period_s(place.site, place.point))
            for at in closely:
                changed += self._look(place, panel.quantities[at], time_ms, values[at], sensor, pause_ms)
        if panel.co2 is not None:
            changed += self._see_drift(sensor, panel.place, time_ms, values[panel.co2])
        return changed

    def _look(
        self, place: Place, quantity: str, time_ms: int, value: float, sensor: _Sensor, pause_ms: int
    ) -> list[Doubt]:
        watch = sensor.watches.get(quantity)
        if watch is None:
            watch = sensor.watches[quantity] = Watch(quantity)
        return [
            self._change(place, quantity, one.reason, one.open, time_ms, watch.evidence(one.reason))
            for one in watch.see(time_ms, value, pause_ms)
        ]

    def calibrated(self, place: Place, time_ms: int) -> list[Doubt]:
        """Somebody calibrated the sensor then; told again, nothing changes. A drift ends with the next reading."""
        sensor = self._sensors.get((place.site, place.point))
        if sensor is None or sensor.drift is None or not sensor.drift.forget(time_ms):
            return []
        return [self._change(place, drift.QUANTITY, Reason.DRIFT, False, sensor.newest_ms + 1, 0.0)]

    def _see_drift(self, sensor: _Sensor, place: Place, time_ms: int, value: float) -> list[Doubt]:
        reasons = self.open_of(place.site, place.point, drift.QUANTITY) if self._open else NO_REASON
        if reasons - DRIFT or not WIRE_QUANTITIES[drift.QUANTITY].is_plausible(value):
            return []
        week = self._week_of(sensor, place.site, place.point)
        if week is None or not week.see(time_ms, value):
            return []
        return [self._change(place, drift.QUANTITY, Reason.DRIFT, week.drifting, time_ms, value)]

    def _change(self, place: Place, quantity: str, reason: Reason, opens: bool, time_ms: int, value: float) -> Doubt:
        doubts = self._doubts.setdefault((place.site, place.point, quantity), [])
        if opens:
            doubt = Doubt(place, quantity, reason, time_ms, None, value, time_ms)
            doubts.append(doubt)
            if len(doubts) > DOUBTS_A_QUANTITY:
                del doubts[0]
            self._note_open(doubt)
            self._sensor((place.site, place.point)).clear_ms = math.inf
            return doubt
        at = next(i for i in reversed(range(len(doubts))) if doubts[i].reason is reason and doubts[i].to_ms is None)
        doubts[at] = doubt = doubts[at]._replace(to_ms=time_ms)
        self._note_closed(doubt)
        key = (place.site, place.point)
        self._sensor(key).clear_ms = math.inf if key in self._open else time_ms
        return doubt

    # -- what is in doubt ----------------------------------------------------------------------------------------------

    def is_doubted(self, site: str, point: str, quantity: str, time_ms: int) -> bool:
        """True if a reading of that time is in doubt, whenever it comes."""
        doubts = self._doubts.get((site, point, quantity))
        return doubts is not None and any(doubt.covers(time_ms) for doubt in doubts)

    def colour(self, place: Place, time_ms: int, fields: dict[str, float]) -> None:
        """Move the values in doubt to their suspect fields."""
        if not self._doubts:
            return
        for quantity in list(fields):
            if self.is_doubted(place.site, place.point, quantity, time_ms):
                fields[quantity + SUSPECT_SUFFIX] = fields.pop(quantity)

    def open_of(self, site: str, point: str, quantity: str) -> frozenset[Reason]:
        """Why the newest readings of a quantity are in doubt."""
        return self._open.get((site, point), {}).get(quantity, frozenset())

    def flaws(self, site: str, point: str) -> Mapping[str, frozenset[Reason]]:
        """By quantity, why the newest readings of a point are in doubt."""
        return self._open.get((site, point), {})

    def counts(self) -> Mapping[Reason, int]:
        """How many doubts are open, by reason."""
        return self._open_count

    def weeks(self) -> Iterable[tuple[Key, list[tuple[int, int, int]]]]:
        """What must outlive the program of every drift watch."""
        for key, sensor in list(self._sensors.items()):
            if sensor.drift is not None:
                yield key, sensor.drift.hours()

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _sensor(self, key: Key) -> _Sensor:
        return self._sensors.setdefault(key, _Sensor(self._seen_until_ms))

    def _week_of(self, sensor: _Sensor, site: str, point: str) -> Drift | None:
        """None while it is not known what measures there, or where nothing is stated of it."""
        if sensor.drift is None:
            part = self._part(site, point)
            limit = lowest_true_ppm(part) if part else None
            if limit is not None:
                sensor.drift = Drift(limit)
        return sensor.drift

    def _note_open(self, doubt: Doubt) -> None:
        self._open_count[doubt.reason] += 1
        self._set_open(doubt, self.open_of(doubt.place.site, doubt.place.point, doubt.quantity) | {doubt.reason})

    def _note_closed(self, doubt: Doubt) -> None:
        self._open_count[doubt.reason] -= 1
        self._set_open(doubt, self.open_of(doubt.place.site, doubt.place.point, doubt.quantity) - {doubt.reason})

    def _set_open(self, doubt: Doubt, reasons: frozenset[Reason]) -> None:
        key = (doubt.place.site, doubt.place.point)
        others = {name: why for name, why in self._open.get(key, {}).items() if name != doubt.quantity}
        if reasons:
            others[doubt.quantity] = reasons
        # Exchanged as a whole, since another thread may be reading it.
        if others:
            self._open[key] = others
        else:
            self._open.pop(key, None)


def advice_on(flaws: Mapping[str, frozenset[Reason]]) -> str:
    """What to do about a point, in at most 200 characters as a facility state's reason allows; empty if nothing."""
    for quantity, reasons in sorted(flaws.items()):
        for reason in sorted(reasons):
            return f"{quantity}: {reason.value}. {ADVICE[reason].en}"[:200]
    return ""
