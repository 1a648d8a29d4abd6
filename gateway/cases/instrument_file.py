"""The register of instruments as a file: a row for each calibration, and back. Pure.

A good row is never lost for a bad one: what cannot be used is named by its line, the rest is taken.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from io import StringIO
from typing import Final, NamedTuple

from gateway.acceptance.register import Calibration, Instrument
from gateway.spreadsheet import UnreadableError, rows_of

COLUMNS: Final = ("serial", "part", "owner", "done", "due", "certificate", "calibrated_by", "offset", "gain")
NEEDED: Final = ("serial", "part", "owner")
MAX_LETTERS: Final = 200


class Bad(NamedTuple):
    """A line that cannot be used: its number in the file, from 1, and why."""

    line: int
    detail: str


class Row(NamedTuple):
    """One good line: the instrument with at most one calibration."""

    line: int
    instrument: Instrument


def read(body: bytes, *, by: str, now: datetime) -> tuple[list[Row], list[Bad]]:
    """The rows of a CSV file or an XLSX workbook, and the lines that cannot be used.

    Args:
        body: The file.
        by: Who enters them.
        now: When.

    Raises:
        UnreadableError: If it is neither, is too large, or lacks a column.
    """
    rows = rows_of(body)
    header = [word.strip().lower() for word in rows[0]] if rows else []
    missing = [word for word in NEEDED if word not in header]
    if missing:
        raise UnreadableError(f"column {missing[0]!r} is missing; the first line names {', '.join(COLUMNS)}")
    unknown = [word for word in header if word and word not in COLUMNS]
    if unknown:
        raise UnreadableError(f"column {unknown[0]!r} is not known; known: {', '.join(COLUMNS)}")
    good: list[Row] = []
    bad: list[Bad] = []
    for line, cells in enumerate(rows[1:], start=2):
        words = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
        if not any(words.values()):
            continue
        try:
            good.append(Row(line, _instrument(words, by, now)))
        except ValueError as error:
            bad.append(Bad(line, str(error)))
    return good, bad


def csv_text(instruments: Iterable[Instrument]) -> str:
    """The register as CSV; what is read from it is the same register."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in instruments:
        for own in one.calibrations or (None,):
            writer.writerow([one.serial, one.part, one.owner, *_cells(own)])
    return text.getvalue()


def _cells(own: Calibration | None) -> Sequence[str]:
    if own is None:
        return [""] * (len(COLUMNS) - 3)
    pairs = [" ".join(f"{name}={value!r}" for name, value in sorted(table.items())) for table in (own.offset, own.gain)]
    return [own.done.isoformat(), own.due.isoformat(), own.certificate, own.by, *pairs]


def _instrument(words: Mapping[str, str], by: str, now: datetime) -> Instrument:
    for name in NEEDED:
        if not words.get(name):
            raise ValueError(f"{name} is empty")
    plain = Instrument(serial=words["serial"], part=words["part"].lower(), owner=words["owner"])
    if not words.get("done"):
        rest = next((name for name in COLUMNS[4:] if words.get(name)), None)
        if rest is not None:
            raise ValueError(f"{rest} is given without done, the day of the calibration")
        return plain
    for name in ("due", "certificate", "calibrated_by"):
        if not 0 < len(words.get(name, "")) <= MAX_LETTERS:
            raise ValueError(f"{name}: give 1 to {MAX_LETTERS} letters")
    return plain.with_calibration(
        Calibration(
            done=_day("done", words["done"]),
            due=_day("due", words["due"]),
            certificate=words["certificate"],
            by=words["calibrated_by"],
            offset=_pairs("offset", words.get("offset", "")),
            gain=_pairs("gain", words.get("gain", "")),
            noted_by=by,
            noted_at=now,
        )
    )


def _day(name: str, word: str) -> date:
    try:
        # A workbook writes a day as its midnight.
        return date.fromisoformat(word.replace("/", "-").partition("T")[0].partition(" ")[0])
    except ValueError as error:
        raise ValueError(f"{name}: {word!r} is no day; write it as 2026-09-10") from error


def _pairs(name: str, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in text.split():
        quantity, sign, value = word.partition("=")
        try:
            number = float(value)
        except ValueError as error:
            raise ValueError(f"{name}: {word!r} is not quantity=value") from error
        if not sign or not math.isfinite(number):
            raise ValueError(f"{name}: {word!r} is not quantity=value")
        found[quantity] = number
    return found
