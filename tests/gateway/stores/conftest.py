"""Each store, new and empty, for one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.stores.subjects import (
    Subject,
    double_subject,
    influx_subject,
    sqlite_subject,
    victoria_subject,
)
from tests.influx2_double import Influx2Double

READABLE = ("sqlite", "influxdb-1.6", "influxdb-2")
REAL = ("sqlite", "influxdb-1.6")
"""Those that really answer any question; the double knows recorded ones."""

ALL = (*READABLE, "victoria-metrics")


@pytest.fixture
def influx2() -> Iterator[Influx2Double]:
    """A server that answers as InfluxDB 2.7.12 does."""
    with Influx2Double(token="secret") as server:
        yield server


@pytest.fixture(params=ALL)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Every store in turn."""
    made = _make(str(request.param), request, tmp_path)
    yield made
    made.store.close()


def _make(kind: str, request: pytest.FixtureRequest, folder: Path) -> Subject:
    if kind == "sqlite":
        return sqlite_subject(folder)
    if kind == "influxdb-1.6":
        return influx_subject(request.getfixturevalue("influxd"))
    if kind == "influxdb-2":
        return double_subject(request.getfixturevalue("influx2"), folder)
    return victoria_subject(request.getfixturevalue("victoria"))


@pytest.fixture(params=READABLE)
def readable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Every store that can be read, in turn."""
    made = _make(str(request.param), request, tmp_path)
    yield made
    made.store.close()


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Every store that really answers, in turn."""
    made = _make(str(request.param), request, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def written_only(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """The store that answers nothing."""
    made = _make("victoria-metrics", request, tmp_path)
    yield made
    made.store.close()
