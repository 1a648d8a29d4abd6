"""Recordings for the end-to-end tests: real ones beside the checkout where they are, and ones made here."""

import csv
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

Readings = dict[str, dict[int, float]]
"""By quantity, the value at each time in Unix milliseconds."""


def real_recording(name: str) -> Path:
    """A recording of a real room; the test skips where it is not there, for it is not ours to ship."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside this checkout")
    return path


def readings_of(recording: Path) -> Readings:
    """What a recording holds: every cell that is not empty."""
    readings: Readings = {}
    with recording.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            time_ms = round(datetime.fromisoformat(row.pop("time")).timestamp() * 1000)
            for quantity, cell in row.items():
                if cell:
                    readings.setdefault(quantity, {}).setdefault(time_ms, float(cell))
    return readings


def differences(
    stored: Readings, expected: Readings, *, most: int = 10
) -> list[tuple[str, int, float | None, float | None]]:
    """The first places at which a store differs from a recording: quantity, time, stored value, recorded value."""
    places = []
    for quantity in sorted(stored.keys() | expected.keys()):
        mine, theirs = stored.get(quantity, {}), expected.get(quantity, {})
        for time_ms in sorted(mine.keys() | theirs.keys()):
            if mine.get(time_ms) != theirs.get(time_ms):
                places.append((quantity, time_ms, mine.get(time_ms), theirs.get(time_ms)))
    return places[:most]


def made_recording(path: Path, *, rows: int, step_s: int = 60, first: int = 0) -> Path:
    """A room that breathes, one row a minute: as many different values as a real one, and no end of it.

    `first` is the number of its first row: a recording that begins where another ended goes on as that one would.
    """
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    with path.open("w", encoding="utf-8") as file:
        file.write("time,co2_ppm,temperature_c,humidity_pct\n")
        for index in range(first, first + rows):
            stamp = datetime.fromtimestamp(start + index * step_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            day = math.sin(index * step_s / 86_400 * 2 * math.pi)
            file.write(f"{stamp},{700 + 300 * day + index % 7:.1f},{21 + 2 * day:.2f},{45 - 5 * day + index % 3:.1f}\n")
    return path
