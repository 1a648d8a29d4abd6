"""Recorded readings from a CSV file: a column `time`, then columns named as quantities."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Final, Self, TextIO

from agent.errors import RecordingError
from telemetry.clock import to_ms
from telemetry.quantities import WIRE_QUANTITIES

TIME: Final = "time"
_UNIX: Final = re.compile(r"\d+(\.\d+)?")
EARLIEST_S: Final = 2**28
"""RFC 8428 section 4.5.3: a time below it is relative to now on the wire."""

_LATEST_S: Final = 32_503_680_000
"""The year 3000; beyond it a number of seconds is one of milliseconds, taken for seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRow:
    """One row: the line it stands on (1 is the header), its Unix milliseconds, its values by quantity, maybe none."""

    line: int
    time_ms: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCell:
    """What cannot be used: its line, its column ("" for the whole row) and why."""

    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.problem}"


class Recording:
    """A recording, row by row; also what in it cannot be used. A context manager; read once.

    Raises:
        RecordingError: If the file cannot be opened or its header is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # A spreadsheet may have put a byte order mark in front; a broken character spoils its cell, not the file.
            self._file: TextIO = path.open(encoding="utf-8-sig", errors="replace", newline="")
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
        try:
            self._rows = csv.reader(self._file)
            self.columns = self._header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[RecordedRow | BadCell]:
        """Every row in the file's order; a bad cell comes before what is left of its row."""
        while True:
            try:
                cells = next(self._rows, None)
            except csv.Error as error:
                yield BadCell(line=self._rows.line_num, column="", problem=f"is no CSV: {error}")
                continue
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield from self._row(self._rows.line_num, cells)

    def _header(self) -> tuple[str, ...]:
        try:
            names = tuple(name.strip() for name in next(self._rows, []))
        except csv.Error as error:
            raise RecordingError(f"{self._path}: line 1 is no CSV: {error}") from error
        if TIME not in names:
            found = ", ".join(names)[:200] or "nothing"
            raise RecordingError(f"{self._path}: line 1 has no column 'time', it has {found}; add a header line")
        for name in names:
            if name != TIME and name not in WIRE_QUANTITIES:
                known = ", ".join(WIRE_QUANTITIES)
                raise RecordingError(f"{self._path}: column {name[:64]!r} is no quantity; there are {known}")
            if names.count(name) > 1:
                raise RecordingError(f"{self._path}: column {name!r} stands there twice; remove one")
        return names

    def _row(self, line: int, cells: list[str]) -> Iterator[RecordedRow | BadCell]:
        if len(cells) != len(self.columns):
            problem = f"has {len(cells)} cells, the header {len(self.columns)}"
            yield BadCell(line=line, column="", problem=problem)
            return
        row = dict(zip(self.columns, (cell.strip() for cell in cells), strict=True))
        time_ms = _time_ms(row.pop(TIME))
        if isinstance(time_ms, str):
            yield BadCell(line=line, column=TIME, problem=time_ms)
            return
        values: dict[str, float] = {}
        for name, cell in row.items():
            if not cell:
                continue
            try:
                values[name] = float(cell)
            except ValueError:
                yield BadCell(line=line, column=name, problem=f"{cell[:64]!r} is no number")
                continue
            if not isfinite(values[name]):
                yield BadCell(line=line, column=name, problem=f"{values.pop(name)} is no finite number")
        yield RecordedRow(line=line, time_ms=time_ms, values=values)


def _time_ms(cell: str) -> int | str:
    """Unix milliseconds, or what is wrong with the cell."""
    if _UNIX.fullmatch(cell):
        seconds = float(cell)
        if seconds > _LATEST_S:
            return f"{cell[:64]} as Unix seconds lies beyond the year 3000; are these milliseconds?"
    else:
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            return f"{cell[:64]!r} is neither ISO 8601 nor Unix seconds"
        if moment.tzinfo is None:
            return f"{cell[:64]!r} does not say which time zone; add Z or an offset such as +08:00"
        seconds = moment.timestamp()
    if seconds < EARLIEST_S:
        return f"{cell[:64]!r} lies before 1978-07-04, which the wire takes for a relative time"
    return to_ms(seconds)
