"""Doubts in a commit round: decided by new readings, kept before the first reading that they colour is stored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from gateway.ingest.calibrations import Calibrated
from gateway.ingest.plain_air import PlainAir
from gateway.metrics import Metrics
from gateway.ports import AnyPoint, Point
from gateway.quality import drift
from gateway.quality.doubts import Doubt, Doubts, Key, Place, advice_on
from gateway.quality.reasons import Reason
from gateway.quality.single import SUSPECT_SUFFIX
from gateway.state.state import State, upsert
from gateway.state.tables import doubt as doubt_table
from gateway.state.tables import quality_note
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import SENSOR_KIND, Flag, Pack

AIR: Final = "air"
UNTIL: Final = "until/"
WEEK: Final = "week/"
AHEAD_MS: Final = 60_000
"""So far ahead of the newest reading the state says `stored until here`: one small write a minute, not one a round."""

KEEP_MS: Final = 30 * 86_400_000
"""Closed doubts are kept for longer than any agent keeps its packs."""

WEEKS_AT_ONCE: Final = 500


class Doubting:
    """Called from the thread that commits, but for `flagged`."""

    def __init__(self, state: State, doubts: Doubts, regions: Sequence[str], metrics: Metrics) -> None:
        self.doubts = doubts
        self._regions = list(regions)
        self._state = state
        self._metrics = metrics
        self._until_ms = 0
        self._rows: list[Doubt] = []
        self._points: list[Point] = []
        self._weeks: dict[Key, list[tuple[int, int, int]]] = {}
        self._expired_ms = 0

    def load(self) -> None:
        """Take up what an earlier gateway left.

        Raises:
            StateUnavailable: It cannot be read.
        """
        with self._state.read() as connection:
            ours = doubt_table.c.region.in_(self._regions)
            rows = connection.execute(select(doubt_table).where(ours).order_by(doubt_table.c.from_ms)).all()
            notes = {row.name: row.value for row in connection.execute(select(quality_note))}
        self._until_ms = max(int(notes.get(UNTIL + region, "0")) for region in self._regions)
        weeks: dict[Key, list[tuple[int, int, int]]] = {}
        for name, body in notes.items():
            if not name.startswith(WEEK):
                continue
            site, _, point = name.removeprefix(WEEK).partition("/")
            weeks[site, point] = msgspec.json.decode(body, type=list[tuple[int, int, int]])
        self.doubts.load(map(_doubt, rows), self._until_ms, weeks)
        self._weeks = dict(weeks)
        self._measure()

    def judge(self, points: Iterable[AnyPoint], done: Iterable[Calibrated] = ()) -> list[Point]:
        """Let the readings of a round open and close doubts, and move those in doubt to their suspect fields.

        What was decided is committed here, before anything of the round is stored. A round that is tried again gives
        the same fields.

        Args:
            points: Of the round.
            done: Calibrations that the round tells of.

        Returns:
            What must be stored before the readings; call `stored` once it is.

        Raises:
            StateUnavailable: Nothing may be stored; try again.
        """
        air = sorted((point for point in points if point.measurement == AIR), key=lambda point: point.time_ms)
        for point in air:
            if isinstance(point, PlainAir) and point.coloured is None and self._is_clear(point):
                continue
            place = Place(*(value for _name, value in point.tags))
            self._note(self.doubts.see(place, point.time_ms, _values(point.fields)))
            if isinstance(point.fields, dict):
                self.doubts.colour(place, point.time_ms, point.fields)
        for one in done:
            if not one.record.ok or one.record.quantity != drift.QUANTITY:
                continue
            place = Place(one.root.region, one.root.site, one.room, one.point)
            self._note(self.doubts.calibrated(place, one.time_ms))
        newest_ms = air[-1].time_ms if air else 0
        if self._rows or newest_ms > self._until_ms:
            self._keep(max(self._until_ms, newest_ms + AHEAD_MS))
        return list(self._points)

    def _is_clear(self, air: PlainAir) -> bool:
        """Let the usual pack open and close doubts; True if nothing of it is in doubt, which nearly none is."""
        lane = air.lane
        panel = lane.panel
        if panel is None:
            place = Place(*(value for _name, value in air.tags))
            panel = lane.panel = self.doubts.panel(place, air.series.quantities)
            if panel is None:
                return False
        changed = self.doubts.see_all(panel, air.time_ms, air.values)
        if changed:
            self._note(changed)
        return air.time_ms >= panel.sensor.clear_ms

    def stored(self) -> None:
        """The store has taken what `judge` returned."""
        self._points.clear()

    def flagged(self, pack: Pack) -> Pack:
        """Air for those who look at it live: what is in doubt is flagged, so that it raises and clears nothing."""
        flaws = self.doubts.flaws(pack.site, pack.point)
        if not flaws:
            return pack
        records = tuple(
            msgspec.structs.replace(record, flags=(*record.flags, Flag.RANGE))
            if Flag.RANGE not in record.flags
            and self.doubts.is_doubted(pack.site, pack.point, record.name, record.time_ms)
            else record
            for record in pack.records
        )
        return msgspec.structs.replace(pack, records=records)

    def _note(self, changed: Iterable[Doubt]) -> None:
        for doubt in changed:
            self._rows.append(doubt)
            self._points += self._points_of(doubt)

    def _keep(self, until_ms: int) -> None:
        weeks = self._changed_weeks() if until_ms > self._until_ms else {}
        notes = [{"name": UNTIL + region, "value": str(until_ms)} for region in self._regions]
        notes += [
            {"name": f"{WEEK}{site}/{point}", "value": msgspec.json.encode(hours).decode()}
            for (site, point), hours in weeks.items()
        ]
        with self._state.write() as connection:
            upsert(connection, doubt_table, [_row(one) for one in _newest(self._rows)])
            upsert(connection, quality_note, notes)
            self._expire(connection, until_ms)
        self._until_ms = until_ms
        self._weeks.update(weeks)
        self._rows.clear()
        self._measure()

    def _changed_weeks(self) -> dict[Key, list[tuple[int, int, int]]]:
        """The weeks of sensors that have begun a new hour since they were last kept, a part of them at once."""
        changed: dict[Key, list[tuple[int, int, int]]] = {}
        for key, hours in self.doubts.weeks():
            kept = self._weeks.get(key)
            if hours and (not kept or kept[-1][0] != hours[-1][0]):
                changed[key] = hours
                if len(changed) >= WEEKS_AT_ONCE:
                    break
        return changed

    def _expire(self, connection: Connection, now_ms: int) -> None:
        if now_ms - self._expired_ms < 3_600_000:
            return
        self._expired_ms = now_ms
        connection.execute(delete(doubt_table).where(doubt_table.c.to_ms < now_ms - KEEP_MS))

    def _points_of(self, doubt: Doubt) -> list[Point]:
        """The doubt itself, and the sensor as a facility point in fault, or well again."""
        place = doubt.place
        time_ms = doubt.from_ms if doubt.to_ms is None else doubt.to_ms
        tags = (("region", place.region), ("site", place.site), ("room", place.room), ("point", place.point))
        named = (*tags, ("quantity", doubt.quantity), ("reason", doubt.reason.value))
        flaws = self.doubts.flaws(place.site, place.point)
        fault = {"working": not flaws, "state": "fault" if flaws else "ok", "reason": advice_on(flaws)}
        return [
            Point("doubt", named, time_ms, {"open": 1.0 if doubt.to_ms is None else 0.0}),
            Point("facility", (*tags, ("kind", SENSOR_KIND)), time_ms, fault),
        ]

    def _measure(self) -> None:
        for reason, count in self.doubts.counts().items():
            self._metrics.doubts.labels(reason.value).set(count)
        self._metrics.unwatched.set(self.doubts.unwatched)


def colour(state: State, points: Iterable[Point]) -> None:
    """Move the values in doubt to their suspect fields, as the gateway would, without deciding anything.

    Raises:
        StateUnavailable: The doubts cannot be read.
    """
    air = [point for point in points if point.measurement == AIR]
    for place in {Place(*(value for _name, value in point.tags)) for point in air}:
        with state.read() as connection:
            mine = (doubt_table.c.site == place.site, doubt_table.c.point == place.point)
            doubts = [_doubt(row) for row in connection.execute(select(doubt_table).where(*mine))]
        for point in air:
            fields = point.fields
            if Place(*(value for _name, value in point.tags)) != place or not isinstance(fields, dict):
                continue
            for doubt in doubts:
                if doubt.quantity in fields and doubt.covers(point.time_ms):
                    fields[doubt.quantity + SUSPECT_SUFFIX] = fields.pop(doubt.quantity)


def _values(fields: Mapping[str, Any]) -> dict[str, float]:
    """Good values, and those that are suspect for nothing but their range; flagged ones prove nothing."""
    values = {}
    for name, value in fields.items():
        if not name.endswith(SUSPECT_SUFFIX):
            values[name] = value
        elif not WIRE_QUANTITIES[quantity := name.removesuffix(SUSPECT_SUFFIX)].is_plausible(value):
            values[quantity] = value
    return values


def _newest(doubts: Iterable[Doubt]) -> Iterable[Doubt]:
    """Of one doubt that opened and closed within a round, its last word."""
    return {(one.place, one.quantity, one.reason, one.from_ms): one for one in doubts}.values()


def _row(doubt: Doubt) -> dict[str, Any]:
    words = doubt._asdict()
    return {**words.pop("place")._asdict(), **words, "reason": doubt.reason.value}


def _doubt(row: Any) -> Doubt:
    return Doubt(
        Place(row.region, row.site, row.room, row.point),
        row.quantity,
        Reason(row.reason),
        row.from_ms,
        row.to_ms,
        row.value,
        row.value_ms,
    )
