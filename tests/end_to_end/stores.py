"""What each store holds of a point, read with the store's own means and not with ours."""

import json
import sqlite3
import urllib.parse
from pathlib import Path

from gateway.ports import ReadingsQuery
from gateway.stores.sqlite_store import SqliteStore
from telemetry.clock import SystemClock
from tests.end_to_end.recordings import Readings
from tests.servers import Influxd, VictoriaMetrics

QUANTITIES = ("co2_ppm", "temperature_c", "humidity_pct")


def in_sqlite(path: Path, site: str = "site-1", point: str = "hall-air") -> Readings:
    """Good values by quantity; fails if a value is suspect or a time is twice."""
    store = SqliteStore(path, clock=SystemClock())
    readings: Readings = {}
    try:
        for quantity in QUANTITIES:
            query = ReadingsQuery(site=site, point=point, quantity=quantity, from_ms=0, to_ms=2**45, limit=10**7)
            for row in store.readings(query):
                assert not row.suspect
                assert row.time_ms not in readings.setdefault(quantity, {})
                readings[quantity][row.time_ms] = row.value
    finally:
        store.close()
    return readings


def in_influx(server: Influxd, database: str, site: str = "site-1", point: str = "hall-air") -> Readings:
    """As InfluxQL gives them, every field of the measurement."""
    words = f"SELECT * FROM air WHERE site = '{site}' AND point = '{point}'"
    answer = json.loads(server.get("/query", db=database, q=words, epoch="ms"))
    readings: Readings = {}
    for series in answer["results"][0].get("series", []):
        for row in series["values"]:
            cells = dict(zip(series["columns"], row, strict=True))
            for name, value in cells.items():
                if value is not None and name not in ("time", "region", "site", "room", "point"):
                    assert cells["time"] not in readings.setdefault(name, {})
                    readings[name][cells["time"]] = value
    return readings


def in_victoria(server: VictoriaMetrics, match: str) -> Readings:
    """As VictoriaMetrics exports them."""
    readings: Readings = {}
    for line in server.export(match).splitlines():
        series = json.loads(line)
        name = series["metric"]["__name__"].removeprefix("air_")
        for time_ms, value in zip(series["timestamps"], series["values"], strict=True):
            assert readings.setdefault(name, {}).get(time_ms, value) == value
            readings[name][time_ms] = value
    return readings


def query_of(**words: str) -> str:
    """A query string."""
    return urllib.parse.urlencode(words)


def is_sound(path: Path) -> bool:
    """True if an SQLite file passes its own check."""
    with sqlite3.connect(path) as link:
        return bool(link.execute("PRAGMA integrity_check").fetchone() == ("ok",))
