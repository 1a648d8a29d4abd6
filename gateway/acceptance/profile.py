"""Profiles: what a standard orders and allows, as data with its sources; one TOML file each.

The files under `profiles/` come with the program; a bank's own is given by its path. What a limit means (outdoors,
uncertainty, completeness) is in `verdict`; here is only what the standard says.
"""

from importlib.resources import files
from math import ceil, floor
from pathlib import Path
from typing import Annotated, Final

import msgspec

from gateway.acceptance import toml_file
from gateway.acceptance.words import Season, Ventilation
from gateway.errors import ConfigurationError
from telemetry.parts import PARTS, Part
from telemetry.quantities import QUANTITIES

LABORATORY: Final = "laboratory"
"""The instrument word for an accredited laboratory's result."""
SENSOR: Final = "sensor"
"""In a profile: any part of the table of parts whose data sheet states an accuracy for the quantity."""
_INDICES: Final = frozenset({"voc_index", "nox_index"})

Hours = Annotated[float, msgspec.Meta(ge=0, le=20_000)]
Metres = Annotated[float, msgspec.Meta(ge=0, le=100)]


class PointStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The points that rooms of one band of areas order.

    Attributes:
        points: How many.
        below_m2: The band ends below this area; None: see `upto_m2`.
        upto_m2: The band ends with this area; with both None the band has no end.
    """

    points: Annotated[int, msgspec.Meta(ge=1)]
    below_m2: float | None = None
    upto_m2: float | None = None

    def holds(self, area_m2: float) -> bool:
        """True if a room of this area lies in the band, the smaller bands having been asked before."""
        if self.below_m2 is not None:
            return area_m2 < self.below_m2
        return self.upto_m2 is None or area_m2 <= self.upto_m2


class Growth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The points of rooms larger than all bands: `points` and one more for each further `per_m2` above `from_m2`.

    Attributes:
        whole: True: only a whole further `per_m2` adds a point; False: a part of one does, too.
        at_least: Never fewer than this.
    """

    from_m2: float = 0
    points: int = 0
    per_m2: Annotated[float, msgspec.Meta(gt=0)]
    whole: bool = False
    at_least: int = 1

    def points_for(self, area_m2: float) -> int:
        """How many points a room of this area orders."""
        further = (area_m2 - self.from_m2) / self.per_m2
        return max(self.at_least, self.points + (floor(further) if self.whole else ceil(further)))


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When, in how many rooms, at how many points and where in the room is sampled.

    Attributes:
        days_after_completion: Whole days that must lie between the works' end and the first sampling.
        rooms_percent: Share of the rooms to be sampled.
        rooms_at_least: Never fewer rooms than this, but all where there are fewer.
        model_room_halves: True: a passed model room halves the number.
        height_m: Lowest and highest height above the floor.
        wall_distance_m: Least distance from inner walls.
        vent_distance_m: Least distance from doors, windows and vents; None: away from them, no figure.
        steps: Points by area, the smallest band first.
        growth: Beyond the last band; None: the last band has no end.
        source: Where the figures come from.
    """

    days_after_completion: Annotated[int, msgspec.Meta(ge=0)] = 7
    rooms_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    rooms_at_least: Annotated[int, msgspec.Meta(ge=1)] = 3
    model_room_halves: bool = True
    height_m: tuple[Metres, Metres]
    wall_distance_m: Metres = 0.5
    vent_distance_m: Metres | None = None
    steps: tuple[PointStep, ...] = ()
    growth: Growth | None = None
    source: str

    def points_for(self, area_m2: float) -> int:
        """How many points a room of this area (m2, above 0) orders, at least 1."""
        step = next((step for step in self.steps if step.holds(area_m2)), None)
        if step is not None:
            return step.points
        return self.growth.points_for(area_m2) if self.growth is not None else 1

    def rooms_for(self, total: int, *, model_room_passed: bool) -> int:
        """How many of `total` rooms (at least 1) are to be sampled."""
        share = -(-total * self.rooms_percent // 100)
        if model_room_passed and self.model_room_halves:
            share = -(-share // 2)
        return min(total, max(share, self.rooms_at_least))


class Closure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a room must have been closed before sampling begins, and what is kept how until its end.

    Attributes:
        natural_h: Hours, with natural ventilation; 0: nothing is ordered.
        central_h: Hours, with central ventilation.
        natural_keep: The state of each kind of facility point with natural ventilation, `{ door = "closed" }`.
        central_keep: The same with central ventilation.
    """

    natural_h: Hours = 0
    central_h: Hours = 0
    natural_keep: dict[str, str] = {}
    central_keep: dict[str, str] = {}

    def kept(self, ventilation: Ventilation) -> dict[str, str]:
        """The states to be kept in a room with this ventilation."""
        return self.central_keep if ventilation is Ventilation.CENTRAL else self.natural_keep

    def ordered_h(self, ventilation: Ventilation) -> float:
        """The hours ordered in a room with this ventilation."""
        return self.central_h if ventilation is Ventilation.CENTRAL else self.natural_h


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit of a standard.

    Attributes:
        quantity: Its name in the table of quantities.
        min: The least value allowed, in the quantity's unit; None: no lower limit.
        max: The greatest value allowed, likewise.
        season: The season the limit is for; None: always.
        averaging_h: The standard's averaging time; None: the mean of the window as planned.
        shortest_h: The shortest window that may stand for the averaging time; None: the averaging time itself.
        statistic: What of the averaged values is compared, in words.
        outdoor: True: the simultaneous outdoor value is subtracted.
        instruments: Who may decide: `laboratory`, `sensor`, or names of parts.
        sensor_error_max: The largest error that a sensor's data sheet may state at the limit, in the quantity's unit.
        closure: Where it differs from the profile's.
        way: Rows of one way stand for each other way: what was not measured is not missed while one way is complete.
        unverified: True: the source could not be read; the row informs, it decides nothing.
        source: Where the figures come from.
        note: What else a reader should know.
    """

    quantity: str
    min: float | None = None
    max: float | None = None
    season: Season | None = None
    averaging_h: Hours | None = None
    shortest_h: Hours | None = None
    statistic: str = "mean"
    outdoor: bool = False
    instruments: tuple[str, ...] = (LABORATORY,)
    sensor_error_max: Annotated[float, msgspec.Meta(gt=0)] | None = None
    closure: Closure | None = None
    way: str | None = None
    unverified: bool = False
    source: str
    note: str = ""

    def may_decide(self, instrument: str) -> bool:
        """True if this instrument may decide the row: it is listed, and a part states an accuracy that will do."""
        if instrument == LABORATORY:
            return LABORATORY in self.instruments
        part: Part | None = PARTS.get(instrument)
        channel = part.channel(self.quantity) if part else None
        if channel is None or {SENSOR, instrument}.isdisjoint(self.instruments):
            return False
        limit = self.max if self.max is not None else self.min
        stated = channel.error_at(limit) if limit is not None else None
        return stated is not None and (self.sensor_error_max is None or stated <= self.sensor_error_max)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standard, as far as acceptance needs it.

    Attributes:
        name: The word on the command line.
        title_en: Its English title.
        title_zh: Its Chinese title.
        source: The documents.
        sampling: When and where is sampled.
        closure: The closure ordered, where a row says nothing else.
        before_en: What must be so before and while sampling, in words.
        before_zh: The same in Chinese.
        row: The limits, in the standard's order.
    """

    name: str
    title_en: str
    title_zh: str
    source: str
    sampling: Sampling
    closure: Closure = Closure()
    before_en: tuple[str, ...] = ()
    before_zh: tuple[str, ...] = ()
    row: tuple[Row, ...]

    def closure_h(self, row: Row, ventilation: Ventilation) -> float:
        """The hours of closure ordered before a row's quantity is sampled."""
        return (row.closure or self.closure).ordered_h(ventilation)


def names() -> tuple[str, ...]:
    """The profiles that come with the program, in alphabetical order."""
    folder = files("gateway.acceptance") / "profiles"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load(word: str, *, beside: Path | None = None) -> Profile:
    """The profile of this name, or in the file of this path (which ends in `.toml` or names a folder).

    Args:
        word: A name of `names()`, or a path.
        beside: The folder that a relative path starts from; None: the current one.

    Raises:
        ConfigurationError: If there is no such profile, or it breaks the shape.
    """
    return parse(text_of(word, beside=beside), f"profile {word}")


def text_of(word: str, *, beside: Path | None = None) -> bytes:
    """The file that `load` reads, as it is.

    Raises:
        ConfigurationError: If there is none.
    """
    if word in names():
        return (files("gateway.acceptance") / "profiles" / f"{word}.toml").read_bytes()
    if word.endswith(".toml") or "/" in word or "\\" in word:
        return toml_file.read((beside or Path()) / word)
    known = ", ".join(names())
    raise ConfigurationError(f"there is no profile {word!r}; known: {known}; or give the path of a file of your own")


def parse(body: bytes, name: str = "profile") -> Profile:
    """The profile in the bytes of a file; `name` is what errors call it.

    Raises:
        ConfigurationError: If it breaks the shape.
    """
    return _checked(toml_file.parse(body, Profile, name), name)


def _checked(profile: Profile, name: str) -> Profile:
    faults = [f"{name}: $.row[{place}]{text}" for place, row in enumerate(profile.row) if (text := _fault(row))]
    seen: set[tuple[str, Season | None, float | None]] = set()
    for place, row in enumerate(profile.row):
        key = (row.quantity, row.season, row.averaging_h)
        if key in seen:
            faults.append(f"{name}: $.row[{place}].quantity: {row.quantity!r} stands twice for one season and time")
        seen.add(key)
    if profile.sampling.height_m[0] > profile.sampling.height_m[1]:
        faults.append(f"{name}: $.sampling.height_m: the lower height stands first")
    if not profile.row:
        faults.append(f"{name}: $.row: a profile needs at least one limit")
    if faults:
        raise ConfigurationError("\n".join(faults))
    return profile


def _fault(row: Row) -> str:
    """What is wrong with a row, "" if nothing is."""
    if row.quantity not in QUANTITIES:
        return f".quantity: {row.quantity!r} is no quantity known here"
    if row.quantity in _INDICES:
        # STANDARDS section 0, 3: an index re-baselines, so a chronic source becomes its 100.
        return f".quantity: {row.quantity!r} re-baselines itself and can never be accepted against; use a mass"
    if row.min is None and row.max is None:
        return ": has neither min nor max; give one or both"
    if row.min is not None and row.max is not None and row.min > row.max:
        return f".min: {row.min:g} is above max ({row.max:g})"
    if row.averaging_h is not None and row.averaging_h <= 0:
        return ".averaging_h: must be above 0"
    unknown = set(row.instruments) - {LABORATORY, SENSOR} - set(PARTS)
    return f".instruments: {', '.join(sorted(unknown))} is no part known here" if unknown else ""
