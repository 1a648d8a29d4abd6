"""The file of readings: which reading belongs to which entry of the plan, and what it counts for.

Columns `time, room, point, quantity, value` and optional `instrument`, `quality`; values in the quantity's own unit,
gas masses at 25 °C; `quality` is empty, `suspect`, or words of `qf`.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

from gateway.acceptance import toml_file
from gateway.acceptance.plan import Entry, Plan
from gateway.errors import ConfigurationError
from telemetry.quantities import QUANTITIES
from telemetry.readings import Flag

REQUIRED: Final = ("time", "room", "point", "quantity", "value")
OPTIONAL: Final = ("instrument", "quality")
SUSPECT: Final = "suspect"
MAX_VALUE: Final = 1e12
MAX_ROWS: Final = 20_000_000
_QUALITY_WORDS: Final = frozenset({SUSPECT, *Flag})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(NamedTuple):
    """One value of one quantity at one time.

    Attributes:
        time_ms: Unix milliseconds.
        value: In the quantity's own unit, gas masses at 25 °C.
        quality: `suspect` and words of `qf`; empty: good.
    """

    time_ms: int
    value: float
    quality: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a file holds for a plan.

    Attributes:
        by_entry: Readings by the entry's place and the quantity, oldest first.
        ignored: Rows that no entry takes, counted by why: `outside all windows`, `not planned`, `no value`.
        unknown_columns: Columns that nobody reads.
        simulated: Rows taken that are flagged so.
    """

    by_entry: Mapping[tuple[str, str], tuple[Reading, ...]]
    ignored: Mapping[str, int] = field(default_factory=dict)
    unknown_columns: tuple[str, ...] = ()
    simulated: int = 0

    def of(self, entry: Entry, quantity: str) -> tuple[Reading, ...]:
        """The readings of one quantity that one entry takes."""
        return self.by_entry.get((entry.place, quantity), ())


def load(path: Path, plan: Plan) -> Readings:
    """The readings in a file.

    Raises:
        ConfigurationError: If the file cannot be read, or a line cannot be used; the first such line is named.
    """
    return parse(toml_file.read(path), plan, name=str(path))


def parse(body: bytes, plan: Plan, *, name: str = "readings") -> Readings:
    """The readings in the bytes of a CSV file; `name` is what errors call it.

    Raises:
        ConfigurationError: As `load`.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return read(StringIO(text, newline=""), plan, name=name)


def read(lines: Iterable[str], plan: Plan, *, name: str = "readings") -> Readings:
    """The readings in the lines of a CSV file; `name` is what errors call it.

    Raises:
        ConfigurationError: As `load`.
    """
    reader = csv.reader(lines, strict=True)
    sorter = _Sorter(plan)
    line = 1
    try:
        header = next(reader, [])
        columns = _columns(header)
        for count, cells in enumerate(reader):
            line = reader.line_num
            if count >= MAX_ROWS:
                raise _LineError(f"there are more than {MAX_ROWS} rows; split the file")
            if any(cell.strip() for cell in cells):
                sorter.take(_cells(cells, columns))
    except csv.Error as error:
        raise ConfigurationError(f"{name} line {reader.line_num}: is no CSV: {error}") from error
    except _LineError as error:
        raise ConfigurationError(f"{name} line {line}: {error}") from error
    unknown = tuple(word for word in columns if word not in REQUIRED + OPTIONAL)
    return sorter.sorted(unknown)


def moment_ms(text: str) -> int:
    """Unix milliseconds of an RFC 3339 time with its offset, or of Unix seconds.

    Raises:
        ValueError: If it is neither; the text says why.
    """
    try:
        seconds = float(text)
    except ValueError:
        return _rfc_3339_ms(text)
    if not math.isfinite(seconds) or not abs(seconds) < 1e11:
        raise ValueError(f"time {text!r} is no time in Unix seconds")
    return round(seconds * 1000)


def _rfc_3339_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"time {text!r} is neither RFC 3339 nor Unix seconds") from error
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no offset from UTC; write it as 2026-09-10T08:00:00+08:00")
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


class _LineError(Exception):
    """What is wrong with one line."""


def _columns(header: Sequence[str]) -> list[str]:
    columns = [word.strip() for word in header]
    missing = [word for word in REQUIRED if word not in columns]
    if missing:
        raise _LineError(f"column {missing[0]!r} is missing; the first line names {', '.join(REQUIRED)}")
    twice = [word for word, times in Counter(columns).items() if times > 1 and word in REQUIRED + OPTIONAL]
    if twice:
        raise _LineError(f"column {twice[0]!r} stands twice")
    return columns


def _cells(cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise _LineError(f"has {len(cells)} cells, the first line names {len(columns)}")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


class _Sorter:
    """Puts each row to the one entry that takes it."""

    def __init__(self, plan: Plan) -> None:
        self._rooms: dict[str, dict[str, list[Entry]]] = {name: {} for name in plan.room_names()}
        for entry in plan.entries():
            self._rooms[entry.room].setdefault(entry.point, []).append(entry)
        self._taken: dict[tuple[str, str], list[Reading]] = {}
        self._ignored: Counter[str] = Counter()

    def take(self, row: Mapping[str, str]) -> None:
        """Sort one row in, or count why not.

        Raises:
            _LineError: If it cannot be used.
        """
        quantity = row["quantity"]
        if quantity not in QUANTITIES:
            raise _LineError(f"quantity {quantity!r} is not known here; CONTRACTS section 3 has the list")
        entries = self._entries(row["room"], row["point"])
        reading = _reading(row)
        if reading is None:
            self._ignored["no value"] += 1
            return
        instrument = row.get("instrument", "").lower()
        planned = [entry for entry in entries if entry.measures(quantity) and instrument in ("", entry.instrument)]
        fitting = list(_fitting(planned, reading.time_ms))
        if len(fitting) > 1:
            places = " and ".join(entry.place for entry in fitting)
            raise _LineError(f"fits {places} of the plan; name its instrument in a column `instrument`")
        if fitting:
            self._taken.setdefault((fitting[0].place, quantity), []).append(reading)
        else:
            self._ignored["outside all windows" if planned else "not planned"] += 1

    def _entries(self, room: str, point: str) -> Sequence[Entry]:
        points = self._rooms.get(room)
        if points is None:
            known = ", ".join(self._rooms)
            raise _LineError(f"room {room!r} is not in the plan; known: {known}")
        entries = points.get(point)
        if entries is None:
            known = ", ".join(points) or "none"
            raise _LineError(f"point {point!r} is not in room {room!r} of the plan; known: {known}")
        return entries

    def sorted(self, unknown_columns: tuple[str, ...]) -> Readings:
        """All that was taken, oldest first."""
        taken = {
            key: tuple(sorted(readings, key=lambda reading: reading.time_ms)) for key, readings in self._taken.items()
        }
        simulated = sum(Flag.SIMULATED in reading.quality for own in taken.values() for reading in own)
        return Readings(
            by_entry=taken, ignored=dict(self._ignored), unknown_columns=unknown_columns, simulated=simulated
        )


def _fitting(entries: Sequence[Entry], time_ms: int) -> Iterator[Entry]:
    """The entries whose window holds the time; a laboratory may date its value at the window's end."""
    inside = [entry for entry in entries if entry.sampled.from_ms <= time_ms < entry.sampled.to_ms]
    return iter(inside or [entry for entry in entries if entry.is_laboratory and time_ms == entry.sampled.to_ms])


def _reading(row: Mapping[str, str]) -> Reading | None:
    """The reading of a row; None where the cell is empty: then nothing was measured."""
    try:
        time_ms = moment_ms(row["time"])
    except ValueError as error:
        raise _LineError(str(error)) from error
    quality = frozenset(row.get("quality", "").split())
    if not quality <= _QUALITY_WORDS:
        odd = ", ".join(sorted(quality - _QUALITY_WORDS))
        raise _LineError(f"quality {odd!r} is no word known here; empty, or of {', '.join(sorted(_QUALITY_WORDS))}")
    if not row["value"]:
        return None
    try:
        value = float(row["value"])
    except ValueError as error:
        raise _LineError(f"value {row['value']!r} is no number") from error
    if not math.isfinite(value):
        raise _LineError(f"value {row['value']!r} is not finite; leave the cell empty where nothing was measured")
    if abs(value) > MAX_VALUE:
        raise _LineError(f"value {row['value']!r} is no measured value; check its unit")
    return Reading(time_ms, value, quality)
