"""The readings of a plan, gathered from the raw packs and the store, as the file that a verdict is made from. Pure.

What the sensor said of a value comes from its pack; what the gateway doubted comes from the store. A value that is in
one of the two only counts all the same; `verify` says how many are in no pack.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Final, NamedTuple

from gateway.acceptance.evidence import EvidencePack
from gateway.acceptance.plan import Entry, Plan, Span
from gateway.acceptance.readings import OPTIONAL, REQUIRED, SUSPECT, Readings
from gateway.cases.life import Life
from gateway.ports import FieldValue, Point, StoredReading
from telemetry.errors import MalformedError
from telemetry.messages import PointInfo
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import DOUBTFUL_FLAGS, Flag
from telemetry.senml import decode
from telemetry.topics import parse as parse_topic

COLUMNS: Final = (*REQUIRED, *OPTIONAL)


class Key(NamedTuple):
    """One series of a branch."""

    point: str
    quantity: str


class Carried(NamedTuple):
    """One value as its pack carried it."""

    time_ms: int
    value: float
    flags: frozenset[str]


Values = Mapping[Key, Iterable[Carried]]
Stored = Mapping[Key, Iterable[StoredReading]]
Row = dict[str, str]


def in_packs(packs: Iterable[EvidencePack]) -> tuple[dict[Key, list[Carried]], int]:
    """The air values of these packs by point and quantity, and how many packs could not be read."""
    found: dict[Key, list[Carried]] = {}
    unread = 0
    for pack in packs:
        try:
            decoded = decode(pack.body.encode(), parse_topic(pack.topic).root.site).pack
        except MalformedError:
            unread += 1
            continue
        if decoded is None or decoded.kind is not None or decoded.relative:
            continue
        for record in decoded.records:
            if record.name in WIRE_QUANTITIES and isinstance(record.value, float):
                value = Carried(record.time_ms, record.value, frozenset(record.flags))
                found.setdefault(Key(decoded.point, record.name), []).append(value)
    return found, unread


def wanted(plan: Plan) -> dict[Key, Span]:
    """What of the store is asked for: by series, the span from the first to the last window of its point."""
    spans: dict[Key, Span] = {}
    for entry in plan.entries():
        if entry.is_laboratory:
            continue
        for quantity in entry.quantities or WIRE_QUANTITIES:
            if quantity in WIRE_QUANTITIES:
                key = Key(entry.point, quantity)
                own = spans.get(key, entry.sampled)
                spans[key] = Span(min(own.from_ms, entry.sampled.from_ms), max(own.to_ms, entry.sampled.to_ms))
    return spans


def sensor_rows(plan: Plan, carried: Values, stored: Stored, *, simulated: frozenset[str] = frozenset()) -> list[Row]:
    """The rows of a file of readings for the sensors of a plan, by entry and time.

    Args:
        plan: The plan.
        carried: From the packs.
        stored: From the store.
        simulated: Points that their agents call simulated; their values count as such, whatever the pack says.
    """
    merged = {key: _merged(carried.get(key, ()), stored.get(key, ())) for key in {*carried, *stored}}
    rows: list[Row] = []
    for entry in plan.entries():
        if entry.is_laboratory:
            continue
        for key, values in sorted(merged.items()):
            if key.point == entry.point and entry.measures(key.quantity):
                rows += _rows(entry, key, values, is_simulated=entry.point in simulated)
    return rows


def evidence_points(life: Life, plan: Plan, readings: Readings, points: Mapping[str, PointInfo]) -> list[Point]:
    """The sensor readings of a verdict as points of the evidence bucket, in the series that they have in the main one.

    Args:
        life: The case.
        plan: Its plan as it was carried out.
        readings: What entered the verdict.
        points: What agents say stands at the branch's points; where they say nothing, the plan's room counts.
    """
    found: dict[tuple[str, str, int], dict[str, FieldValue]] = {}
    for entry in plan.entries():
        if entry.is_laboratory:
            continue
        room = points[entry.point].room if entry.point in points else entry.room
        for (place, quantity), own in readings.by_entry.items():
            if place == entry.place:
                for reading in own:
                    good = reading.quality <= {Flag.SIMULATED}
                    field = quantity if good else f"{quantity}_suspect"
                    found.setdefault((room, entry.point, reading.time_ms), {})[field] = reading.value
    region, site = life.opened.region, life.opened.site
    return [
        Point("air", (("region", region), ("site", site), ("room", room), ("point", point)), time_ms, fields)
        for (room, point, time_ms), fields in sorted(found.items())
    ]


def as_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The rows as a file of readings."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _merged(carried: Iterable[Carried], stored: Iterable[StoredReading]) -> list[Carried]:
    """Each time and value once, in the order of time, with all that is known against it."""
    values = {(one.time_ms, one.value): one.flags for one in carried}
    for reading in stored:
        key = (reading.time_ms, reading.value)
        flags = values.get(key, frozenset())
        # A value that its own flags make suspect is judged by them: `range` counts as the range's top.
        doubted = reading.suspect and DOUBTFUL_FLAGS.isdisjoint(flags)
        values[key] = flags | {SUSPECT} if doubted else flags
    return [
        Carried(time_ms, value, flags) for (time_ms, value), flags in sorted(values.items(), key=lambda one: one[0])
    ]


def _rows(entry: Entry, key: Key, values: Iterable[Carried], *, is_simulated: bool) -> Iterator[Row]:
    more = {Flag.SIMULATED.value} if is_simulated else set()
    for one in values:
        if entry.sampled.from_ms <= one.time_ms < entry.sampled.to_ms:
            yield {
                "time": repr(one.time_ms / 1000),
                "room": entry.room,
                "point": entry.point,
                "quantity": key.quantity,
                "value": repr(one.value),
                "instrument": entry.instrument,
                "quality": " ".join(sorted({str(flag) for flag in one.flags} | more)),
            }
