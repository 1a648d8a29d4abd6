"""The stores that are written to, and how many values they hold, asked by their own means and not by ours."""

import json
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from telemetry.clock import SystemClock
from tests.servers import Influxd, VictoriaMetrics


class BenchStore(Protocol):
    """One store, running."""

    url: str
    bucket: str

    @property
    def table(self) -> str:
        """The `[store]` table of the gateway, as TOML."""

    @property
    def pid(self) -> int | None:
        """Of its process, None if it has none of its own."""

    def values(self) -> int:
        """How many values of air it holds."""


class Influx:
    """InfluxDB 1.6.7."""

    bucket = "openhall"

    def __init__(self, server: Influxd) -> None:
        self._server = server
        self.url = server.url
        self.table = f'kind = "influx"\nurl = "{server.url}"'
        server.post("/query", q="CREATE DATABASE openhall")

    @property
    def pid(self) -> int:
        """Of `influxd`."""
        return self._server.pid

    def values(self) -> int:
        """By InfluxQL, over all fields."""
        answer = json.loads(self._server.get("/query", db=self.bucket, q="SELECT COUNT(*) FROM air"))
        series = answer["results"][0].get("series", [])
        return sum(int(count) for one in series for row in one["values"] for count in row[1:])


class Victoria:
    """VictoriaMetrics, over `/api/v2/write`."""

    bucket = "openhall"

    def __init__(self, server: VictoriaMetrics) -> None:
        self._server = server
        self.url = server.url
        self.table = f'kind = "influx"\nurl = "{server.url}"\nwrite_only = true'

    @property
    def pid(self) -> int:
        """Of `victoria-metrics`."""
        return self._server.pid

    def values(self) -> int:
        """By MetricsQL, once everything can be seen."""
        self._server.get("/internal/force_flush")
        query = 'sum(count_over_time({__name__=~"air_.+"}[6h]))'
        # Left to itself it asks for the last whole second.
        ahead_s = str(round(SystemClock().now()) + 60)
        answer = json.loads(self._server.get("/api/v1/query", query=query, nocache="1", time=ahead_s))
        return sum(int(one["value"][1]) for one in answer["data"]["result"])


class Sqlite:
    """The embedded store, in the gateway's own process."""

    bucket = ""
    url = ""
    pid = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self.table = f'kind = "sqlite"\npath = "{path}"'

    def values(self) -> int:
        """By SQL."""
        name = urllib.parse.quote(str(self._path))
        with sqlite3.connect(f"file:{name}?mode=ro", uri=True) as link:
            query = "SELECT count(*) FROM sample JOIN series ON series.id = sample.series WHERE measurement = 'air'"
            return int(link.execute(query).fetchone()[0])


@contextmanager
def running(name: str, folder: Path) -> Iterator[BenchStore]:
    """A new, empty store of that kind: `influx`, `victoria` or `sqlite`."""
    if name == "influx":
        with Influxd(folder / "influx") as influxd:
            yield Influx(influxd)
    elif name == "victoria":
        with VictoriaMetrics(folder / "victoria") as victoria:
            yield Victoria(victoria)
    else:
        yield Sqlite(folder / "readings.sqlite3")
