"""Recorded readings from a CSV file: columns `time` and names of quantities in any order, empty cells absent."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.errors import ConfigurationError
from telemetry.clock import to_ms
from telemetry.quantities import WIRE_QUANTITIES

FAULTS_TOLD: Final = 5


@dataclass(slots=True, kw_only=True)
class Recording:
    """What was measured at one point.

    Attributes:
        rows: Unix ms and values by quantity, oldest first; of one time the last row counts.
        faults: What could not be read, by line, the first few; the rest of the file was read all the same.
        skipped: How many lines had such a fault.
    """

    rows: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    skipped: int = 0


def load_recording(path: Path) -> Recording:
    """The readings in a file.

    Raises:
        ConfigurationError: If it cannot be read, or its columns are not those.
    """
    recording = Recording()
    by_time: dict[int, dict[str, float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = _columns(path, reader.fieldnames or ())
            for row in reader:
                _take(row, columns, reader.line_num, by_time, recording)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"cannot read {path}: {error}; give a CSV file in UTF-8") from error
    recording.rows = sorted(by_time.items())
    return recording


def _columns(path: Path, given: Sequence[str]) -> list[str]:
    if "time" not in given:
        raise ConfigurationError(f"{path} has no column `time`; its first line must name the columns")
    unknown = [name for name in given if name != "time" and name not in WIRE_QUANTITIES]
    if unknown:
        known = ", ".join(WIRE_QUANTITIES)
        raise ConfigurationError(f"{path}: {', '.join(map(repr, unknown))} is no quantity; known: {known}")
    return [name for name in given if name != "time"]


def _take(
    row: dict[str, str | None], columns: list[str], line: int, by_time: dict[int, dict[str, float]], into: Recording
) -> None:
    try:
        at_ms = time_ms(row["time"] or "")
        values = {name: value for name in columns if (value := _value(row[name], name)) is not None}
    except ValueError as error:
        into.skipped += 1
        if len(into.faults) < FAULTS_TOLD:
            into.faults.append(f"line {line}: {error}")
        return
    if values:
        by_time.setdefault(at_ms, {}).update(values)


def time_ms(text: str) -> int:
    """Unix ms of an ISO 8601 time with its zone, or of Unix seconds.

    Raises:
        ValueError: If it is neither.
    """
    try:
        return to_ms(float(text))
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write it as 2026-11-24T08:00:00Z or in Unix seconds") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-11-24T08:00:00Z")
    return to_ms(moment.timestamp())


def _value(text: str | None, name: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{name}: {text!r} is not finite")
    return value
