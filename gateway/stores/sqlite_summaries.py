"""Questions of the rollups to the embedded store."""

import json
import sqlite3
from typing import Final

from gateway.ports import Summary
from gateway.stores.points import Tags
from gateway.stores.sqlite_series import DAY_MS
from telemetry.quantities import WIRE_QUANTITIES

_TAGS: Final = ("region", "site", "room", "point")
_COUNT: Final = "_n"
_SERIES: Final = "SELECT id, tags, field FROM series WHERE measurement = ? AND json_extract(tags, '$.site') = ?"
_SUMMARY: Final = (
    "SELECT count(*), sum(value), min(value), max(value) FROM sample "
    "WHERE day BETWEEN ? AND ? AND series = ? AND time >= ? AND time < ?"
)


def summaries(connection: sqlite3.Connection, site: str, from_ms: int, to_ms: int) -> list[Summary]:
    """The good values of each of a branch's series of air."""
    found = []
    for number, tags, field in connection.execute(_SERIES, ("air", site)).fetchall():
        if field not in WIRE_QUANTITIES:
            continue
        asked = (from_ms // DAY_MS, (to_ms - 1) // DAY_MS, number, from_ms, to_ms)
        count, total, least, most = connection.execute(_SUMMARY, asked).fetchone()
        if count:
            found.append(Summary(_tags(tags), field, total / count, least, most, count))
    return found


def counted(connection: sqlite3.Connection, site: str, hour_ms: int) -> set[tuple[Tags, str]]:
    """Tags and quantity of every `{quantity}_n` above 0 at that hour."""
    found = set()
    for number, tags, field in connection.execute(_SERIES, ("air_1h", site)).fetchall():
        if not field.endswith(_COUNT):
            continue
        row = connection.execute(
            "SELECT value FROM sample WHERE day = ? AND series = ? AND time = ?", (hour_ms // DAY_MS, number, hour_ms)
        ).fetchone()
        if row is not None and row[0]:
            found.add((_tags(tags), field.removesuffix(_COUNT)))
    return found


def _tags(text: str) -> Tags:
    tags = json.loads(text)
    return tuple((name, tags[name]) for name in _TAGS if tags.get(name))
