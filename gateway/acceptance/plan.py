"""The plan file: which rooms are sampled, where, when, with what. Parsed strictly; times become Unix milliseconds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from gateway.acceptance import toml_file
from gateway.acceptance.profile import LABORATORY
from gateway.acceptance.words import Season, Ventilation
from gateway.errors import ConfigurationError
from telemetry.parts import PARTS
from telemetry.quantities import QUANTITIES

OUTDOOR: Final = "outdoor"
"""The room of outdoor rows in a file of readings."""
MAX_SLOTS: Final = 1_000_000
"""More slots than this in one window are refused: 11 days at one a second, two years at one a minute."""

_YEARS: Final = range(1970, 9000)
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class WindowTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`{ from = …, to = … }`, each with its offset from UTC."""

    from_: _Moment = msgspec.field(name="from")
    to: _Moment

    def span(self) -> "Span":
        """The same in Unix milliseconds."""
        return Span(_ms(self.from_), _ms(self.to))


class PointTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument at one place for one window, as written."""

    name: _Name
    instrument: str
    quantities: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] | None = None
    interval_s: Annotated[float, msgspec.Meta(ge=0.001, le=86_400)] | None = None
    closed: WindowTable | None = None
    sampled: WindowTable


class RoomTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One room, as written."""

    name: _Name
    area_m2: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
    ventilation: Ventilation | None = None
    point: tuple[PointTable, ...] = ()


class PlanTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole plan file, as written."""

    profile: str | None = None
    completed: date
    rooms_total: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    model_room_passed: bool = False
    ventilation: Ventilation = Ventilation.NATURAL
    reference_temperature_c: Annotated[float, msgspec.Meta(ge=-50, le=60)] = 25.0
    season: Season | None = None
    room: Annotated[tuple[RoomTable, ...], msgspec.Meta(min_length=1)]
    outdoor: tuple[PointTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Unix milliseconds, `from_ms` inclusive, `to_ms` exclusive."""

    from_ms: int
    to_ms: int

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.to_ms - self.from_ms

    def covers(self, other: "Span") -> bool:
        """True if no moment of `other` lies outside."""
        return self.from_ms <= other.from_ms and other.to_ms <= self.to_ms

    def meets(self, other: "Span") -> bool:
        """True if they share a moment."""
        return self.from_ms < other.to_ms and other.from_ms < self.to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One instrument at one point for one window.

    Attributes:
        place: Where it stands in the plan file, such as `$.room[0].point[1]`; no two entries share it.
        room: The room's name, `outdoor` outdoors.
        point: The point's name.
        instrument: A part's name, or `laboratory`.
        quantities: What it measures there; None: all rows of the readings for this point.
        interval_ms: Planned spacing of readings; 0 for a laboratory.
        sampled: The window.
        closed: When the room was closed; None: not said.
        opens_on: The date and offset of the window's beginning, to compare with the earliest date.
    """

    place: str
    room: str
    point: str
    instrument: str
    quantities: tuple[str, ...] | None
    interval_ms: int
    sampled: Span
    closed: Span | None
    opens_on: datetime

    @property
    def is_laboratory(self) -> bool:
        """True if an accredited laboratory measured."""
        return self.instrument == LABORATORY

    def measures(self, quantity: str) -> bool:
        """True if rows of this quantity belong to it."""
        return self.quantities is None or quantity in self.quantities

    def is_before(self, earliest: date) -> bool:
        """True if sampling begins before 00:00 of `earliest` at the window's own offset."""
        return self.opens_on < datetime.combine(earliest, time(), self.opens_on.tzinfo)

    def closure_h(self) -> float:
        """How many hours the room had been closed when sampling began; 0 if it was not closed to the end."""
        if self.closed is None or self.closed.to_ms < self.sampled.to_ms:
            return 0.0
        return (self.sampled.from_ms - self.closed.from_ms) / 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One room: area in m2, and what is measured in it."""

    name: str
    area_m2: float
    ventilation: Ventilation
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, checked.

    Attributes:
        profile: The word of the plan file for its profile; None if it names none.
        completed: The date the works ended.
        rooms_total: Rooms of the branch, at least those listed.
        model_room_passed: A model room of the same design was tested and passed.
        reference_temperature_c: The temperature that gas masses are stated at.
        season: None if the plan does not say.
        rooms: The rooms to be judged, in the file's order.
        outdoor: Outdoor points.
        folder: Where the plan file lies; paths in it start there.
    """

    profile: str | None
    completed: date
    rooms_total: int
    model_room_passed: bool
    reference_temperature_c: float
    season: Season | None
    rooms: tuple[Room, ...]
    outdoor: tuple[Entry, ...]
    folder: Path = field(default_factory=Path)

    def entries(self) -> Iterator[Entry]:
        """All entries, indoors first."""
        for room in self.rooms:
            yield from room.entries
        yield from self.outdoor

    def room_names(self) -> tuple[str, ...]:
        """The rooms that rows of readings may name, `outdoor` last."""
        return (*(room.name for room in self.rooms), OUTDOOR)

    def earliest(self, days_after_completion: int) -> date:
        """The first date that sampling may begin on."""
        return self.completed + timedelta(days=days_after_completion)


def load(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        ConfigurationError: If it cannot be read or used; every disagreement found is named by its place.
    """
    return checked(toml_file.load(path, PlanTable), name=str(path), folder=path.resolve().parent)


def parse(body: bytes, *, name: str = "plan") -> Plan:
    """The plan in the bytes of a file; `name` is what errors call it.

    Raises:
        ConfigurationError: As `load`.
    """
    return checked(toml_file.parse(body, PlanTable, name), name=name, folder=Path())


def checked(table: PlanTable, *, name: str, folder: Path) -> Plan:
    """The plan of a table as written.

    Raises:
        ConfigurationError: As `load`.
    """
    faults = list(_faults(table))
    if faults:
        raise ConfigurationError("\n".join(f"{name}: {fault}" for fault in faults))
    rooms = tuple(_room(table, number) for number in range(len(table.room)))
    outdoor = tuple(_entry(point, f"$.outdoor[{place}]", OUTDOOR) for place, point in enumerate(table.outdoor))
    plan = Plan(
        profile=table.profile,
        completed=table.completed,
        rooms_total=max(table.rooms_total or 0, len(rooms)),
        model_room_passed=table.model_room_passed,
        reference_temperature_c=table.reference_temperature_c,
        season=table.season,
        rooms=rooms,
        outdoor=outdoor,
        folder=folder,
    )
    overlaps = list(_overlaps(plan))
    if overlaps:
        raise ConfigurationError("\n".join(f"{name}: {fault}" for fault in overlaps))
    return plan


def _room(table: PlanTable, number: int) -> Room:
    room = table.room[number]
    return Room(
        name=room.name,
        area_m2=room.area_m2,
        ventilation=room.ventilation or table.ventilation,
        entries=tuple(
            _entry(point, f"$.room[{number}].point[{place}]", room.name) for place, point in enumerate(room.point)
        ),
    )


def _entry(point: PointTable, place: str, room: str) -> Entry:
    # A laboratory has no spacing; one that is given all the same is harmless.
    interval_ms = 0 if point.instrument == LABORATORY else round((point.interval_s or 0) * 1000)
    return Entry(
        place=place,
        room=room,
        point=point.name,
        instrument=point.instrument,
        quantities=point.quantities,
        interval_ms=interval_ms,
        sampled=point.sampled.span(),
        closed=point.closed.span() if point.closed else None,
        opens_on=point.sampled.from_,
    )


def _faults(table: PlanTable) -> Iterator[str]:
    if table.completed.year not in _YEARS:
        yield f"$.completed: {table.completed} is no date of a renovation"
    seen: set[str] = set()
    for number, room in enumerate(table.room):
        place = f"$.room[{number}]"
        if room.name == OUTDOOR:
            yield f"{place}.name: {OUTDOOR!r} is the word for outdoor points; they stand under [[outdoor]]"
        if room.name in seen:
            yield f"{place}.name: {room.name!r} stands twice; each room has a name of its own"
        seen.add(room.name)
        for point_number, point in enumerate(room.point):
            yield from _point_faults(point, f"{place}.point[{point_number}]")
    for number, point in enumerate(table.outdoor):
        yield from _point_faults(point, f"$.outdoor[{number}]")


def _point_faults(point: PointTable, place: str) -> Iterator[str]:
    if point.instrument != LABORATORY and point.instrument not in PARTS:
        known = ", ".join(sorted(PARTS))
        yield f"{place}.instrument: {point.instrument!r} is no part known here; {LABORATORY!r}, or one of {known}"
    for number, quantity in enumerate(point.quantities or ()):
        if quantity not in QUANTITIES:
            yield f"{place}.quantities[{number}]: {quantity!r} is no quantity known here"
    for word, window in (("sampled", point.sampled), ("closed", point.closed)):
        if window is not None and not {window.from_.year, window.to.year}.issubset(_YEARS):
            yield f"{place}.{word}: {window.from_.isoformat()} to {window.to.isoformat()} is no time of a sampling"
        elif window is not None and window.to <= window.from_:
            yield f"{place}.{word}: ends ({window.to.isoformat()}) before it begins ({window.from_.isoformat()})"
    if point.instrument == LABORATORY:
        return
    if point.interval_s is None:
        yield f"{place}.interval_s: is missing; give the planned seconds between readings"
    elif (point.sampled.to - point.sampled.from_) / timedelta(seconds=point.interval_s) > MAX_SLOTS:
        yield f"{place}.interval_s: makes more than {MAX_SLOTS} slots of the window; plan a wider spacing"


def _overlaps(plan: Plan) -> Iterator[str]:
    """Entries whose rows even the instrument's name could not tell apart."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in plan.entries():
        group = groups.setdefault((entry.room, entry.point, entry.instrument), [])
        for other in group:
            if entry.sampled.meets(other.sampled) and _share_a_quantity(entry, other):
                yield (
                    f"{entry.place}.sampled: overlaps {other.place}, the same instrument at the same point; "
                    "make one window of them, or give them different quantities"
                )
        group.append(entry)


def _share_a_quantity(one: Entry, other: Entry) -> bool:
    if one.quantities is None or other.quantities is None:
        return True
    return not set(one.quantities).isdisjoint(other.quantities)


def _ms(moment: datetime) -> int:
    whole = moment - datetime.fromtimestamp(0, moment.tzinfo)
    return round(whole / timedelta(milliseconds=1))
