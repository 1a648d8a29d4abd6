"""How points become rows of the embedded store: series by number, one kind of value a field."""

import json
import sqlite3
from typing import Final

from gateway.ports import AnyPoint, FieldValue
from gateway.stores.points import Tags, UnstorableError, check_time, own_field_name, own_tags, own_value

DAY_MS: Final = 86_400_000
MAX_CACHED_SERIES: Final = 200_000

_WORD_OF: Final[dict[type, str]] = {float: "float", bool: "bool", str: "string"}
_KIND_OF: Final = {word: kind for kind, word in _WORD_OF.items()}

Row = tuple[int, int, int, FieldValue]
"""Day since 1970, number of the series, Unix ms, value."""


class SeriesTable:
    """The numbers of series and the kinds of fields, as the file has them, kept in memory while it is open.

    What it remembers may come from a transaction that is under way: `forget` it all if that fails.
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, Tags], dict[str, tuple[int, type]]] = {}
        self._kinds: dict[tuple[str, str], type] = {}

    def forget(self) -> None:
        """Look everything up anew."""
        self._series.clear()
        self._kinds.clear()

    def __len__(self) -> int:
        return len(self._series)

    def rows_of(self, connection: sqlite3.Connection, point: AnyPoint) -> list[Row]:
        """The rows of one point; series that are new get a number within the transaction of the caller.

        Raises:
            UnstorableError: If the store cannot hold it, or a field of it was another kind of value before.
        """
        measurement, given_tags, time_ms, fields = point.measurement, point.tags, point.time_ms, point.fields
        check_time(time_ms)
        if not fields:
            raise UnstorableError("the point has no fields")
        known = self._series.get((measurement, given_tags))
        if known is None:
            own_tags(measurement, given_tags)
            if len(self._series) >= MAX_CACHED_SERIES:
                self._series.clear()
            known = self._series[measurement, given_tags] = {}
        day = time_ms // DAY_MS
        rows: list[Row] = []
        for name, given in fields.items():
            entry = known.get(name)
            # The short way of what nearly every value is; `given - given` is 0.0 only for finite numbers.
            if entry is not None and entry[1] is float is type(given) and given - given == 0.0:
                rows.append((day, entry[0], time_ms, given))
                continue
            value = own_value(name, given)
            if entry is None:
                entry = self._series_of(connection, measurement, given_tags, name, type(value))
                known[name] = entry
            series, kind = entry
            if type(value) is not kind:
                raise UnstorableError(_conflict(measurement, name, type(value), kind))
            rows.append((day, series, time_ms, value))
        return rows

    def _series_of(
        self, connection: sqlite3.Connection, measurement: str, tags: Tags, name: str, kind: type
    ) -> tuple[int, type]:
        field = (measurement, own_field_name(name))
        known = self._kinds.get(field)
        if known is None:
            connection.execute("INSERT OR IGNORE INTO field VALUES (?, ?, ?)", (*field, _WORD_OF[kind]))
            word = connection.execute("SELECT kind FROM field WHERE measurement = ? AND name = ?", field).fetchone()[0]
            known = self._kinds[field] = _KIND_OF[word]
        if known is not kind:
            raise UnstorableError(_conflict(measurement, name, kind, known))
        return _series_id(connection, measurement, own_tags(measurement, tags), name), known


def mark_row_of(point: AnyPoint) -> tuple[str, int, int]:
    """Region, number and Unix ms of a mark.

    Raises:
        UnstorableError: If it has another shape.
    """
    tags = dict(own_tags(point.measurement, point.tags))
    n = own_value("n", point.fields.get("n", ""))
    if set(tags) != {"region"} or set(point.fields) != {"n"} or not isinstance(n, float):
        raise UnstorableError("a mark has the tag region and the number n, and nothing else")
    check_time(point.time_ms)
    return tags["region"], int(n), point.time_ms


def _conflict(measurement: str, name: str, kind: type, known: type) -> str:
    return (
        f"field type conflict: field {name} of measurement {measurement} is type {_WORD_OF[kind]}, "
        f"already exists as type {_WORD_OF[known]}"
    )


def _series_id(connection: sqlite3.Connection, measurement: str, tags: Tags, field: str) -> int:
    key = (measurement, json.dumps(dict(tags), ensure_ascii=False, separators=(",", ":")), field)
    connection.execute("INSERT OR IGNORE INTO series (measurement, tags, field) VALUES (?, ?, ?)", key)
    row = connection.execute("SELECT id FROM series WHERE measurement = ? AND tags = ? AND field = ?", key).fetchone()
    return int(row[0])
