"""The stores under test, each with a way to look at what it really holds."""

import itertools
import json
import math
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gateway.ports import FieldValue, Point, Store
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_store import InfluxStore
from gateway.stores.sqlite_store import SqliteStore
from tests.influx2_double import Influx2Double
from tests.servers import Influxd, VictoriaMetrics

NOW_S = 1_700_000_000.0
NOW_MS = 1_700_000_000_000

_NUMBERS = itertools.count()


@dataclass
class StoreClock:
    """A clock that stands still until it is set."""

    now_s: float = NOW_S
    boot_id: str = "boot"

    def now(self) -> float:
        """Unix seconds."""
        return self.now_s

    def monotonic(self) -> float:
        """The same seconds."""
        return self.now_s


class Held(Protocol):
    """Says what a store holds of one measurement: (tags, time in ms) to fields."""

    def __call__(self, measurement: str) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
        """All of it."""


@dataclass
class Subject:
    """One store under test.

    Attributes:
        store: The adapter.
        open: Makes another adapter on the same data.
        held: What it holds.
        readable: False if it is written only.
        exact: False if the server keeps decimals instead of floats (VictoriaMetrics: 18 digits of a common exponent).
        clock: The adapter's clock.
    """

    store: Store
    open: Callable[[], Store]
    held: Held
    readable: bool = True
    exact: bool = True
    clock: StoreClock = field(default_factory=StoreClock)


def air(
    point: str = "p1",
    *,
    at_ms: int = NOW_MS,
    site: str = "hall-1",
    room: str = "lobby",
    region: str = "north",
    **fields: FieldValue,
) -> Point:
    """A point of air."""
    return Point("air", (("region", region), ("site", site), ("room", room), ("point", point)), at_ms, fields)


def mark(region: str, n: float, *, at_ms: int = NOW_MS) -> Point:
    """A mark of rule 10."""
    return Point("mark", (("region", region),), at_ms, {"n": n})


def new_prefix() -> str:
    """A bucket prefix that no other test has."""
    return f"t{next(_NUMBERS)}_"


def sqlite_subject(folder: Path) -> Subject:
    """The embedded store on a new file."""
    clock = StoreClock()
    path = folder / "store.sqlite3"

    def opened() -> Store:
        return SqliteStore(path, clock=clock)

    def held(measurement: str) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
        found: dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]] = {}
        # Another connection, as another program would open it.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT tags, series.field, time, value, kind FROM sample JOIN series ON series.id = sample.series "
                "JOIN field ON field.measurement = series.measurement AND field.name = series.field "
                "WHERE series.measurement = ?",
                (measurement,),
            )
            for tags, name, when, value, kind in rows:
                key = (tuple(sorted(json.loads(tags).items())), when)
                found.setdefault(key, {})[name] = bool(value) if kind == "bool" else value
        return found

    return Subject(store=opened(), open=opened, held=held, clock=clock)


def influx_subject(server: Influxd, *, prefix: str | None = None, gzip: bool = False) -> Subject:
    """InfluxDB 1.6.7 with databases of its own."""
    clock = StoreClock()
    settings = InfluxSettings(url=server.url, bucket_prefix=prefix or new_prefix(), gzip=gzip)

    def opened() -> Store:
        return InfluxStore(settings, clock=clock)

    def held(measurement: str) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
        body = server.get(
            "/query",
            db=settings.bucket_of(measurement),
            q=f'SELECT * FROM "{measurement}" GROUP BY *',
            epoch="ms",
        )
        answer = json.loads(body)["results"][0]
        assert "error" not in answer, answer
        found = {}
        for series in answer.get("series", ()):
            tags = tuple(sorted((name, value) for name, value in series.get("tags", {}).items() if value))
            for when, *values in series["values"]:
                fields = dict(zip(series["columns"][1:], values, strict=True))
                found[tags, when] = {name: _number(value) for name, value in fields.items() if value is not None}
        return found

    return Subject(store=opened(), open=opened, held=held, clock=clock)


def double_subject(server: Influx2Double, tmp_path: Path) -> Subject:
    """What answers as InfluxDB 2 does."""
    clock = StoreClock()
    token_file = None
    if server.token:
        token_file = tmp_path / "token"
        token_file.write_text(server.token + "\n", encoding="utf-8")
    settings = InfluxSettings(url=server.url, token_file=token_file)

    def opened() -> Store:
        return InfluxStore(settings, clock=clock)

    def held(measurement: str) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
        points = server.points[settings.bucket_of(measurement)]
        return {
            (tags, when): dict(fields)
            for (name, tags), times in points.items()
            if name == measurement
            for when, fields in times.items()
        }

    return Subject(store=opened(), open=opened, held=held, clock=clock)


def victoria_subject(server: VictoriaMetrics) -> Subject:
    """VictoriaMetrics, which is written only."""
    clock = StoreClock()
    settings = InfluxSettings(url=server.url, bucket_prefix=new_prefix(), write_only=True)

    def opened() -> Store:
        return InfluxStore(settings, clock=clock)

    def held(measurement: str) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
        match = f'{{__name__=~"{measurement}_.+",db="{settings.bucket_of(measurement)}"}}'
        found: dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]] = {}
        for line in server.export(match).splitlines():
            series = json.loads(line)
            name = series["metric"].pop("__name__").removeprefix(f"{measurement}_")
            del series["metric"]["db"]
            tags = tuple(sorted(series["metric"].items()))
            for when, value in zip(series["timestamps"], series["values"], strict=True):
                found.setdefault((tags, when), {})[name] = float(value)
        return found

    return Subject(store=opened(), open=opened, held=held, readable=False, exact=False, clock=clock)


def expected(*points: Point) -> dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]:
    """What a store holds after these points, the later ones winning."""
    found: dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]] = {}
    for point in points:
        tags = tuple(sorted(tag for tag in point.tags if tag[1]))
        found.setdefault((tags, point.time_ms), {}).update(point.fields)
    return found


def _number(value: FieldValue | int) -> FieldValue:
    # InfluxDB prints 420.0 as 420.
    if isinstance(value, bool | str):
        return value
    assert math.isfinite(value)
    return float(value)


def post(url: str, path: str, body: bytes, **query: str) -> int:
    """A bare POST to a server, for what the adapter would never send; the status."""
    request = urllib.request.Request(f"{url}{path}?{urllib.parse.urlencode(query)}", data=body, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)
