"""The dashboard of alerts, its queries asked of a real InfluxDB that the gateway's own writer filled."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.alerts import COLOURS
from dashboards.library import build_all
from gateway.alerts.words import Severity, State
from gateway.ports import Point
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_store import InfluxStore
from telemetry.clock import SystemClock
from tests.servers import Influxd

BOARD = build_all()["openhall-alerts"]
FROM_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def panels() -> Iterator[dict[str, Any]]:
    for panel in BOARD["panels"]:
        if panel["type"] != "row":
            yield panel


@pytest.fixture(scope="module")
def filled(influxd: Influxd) -> Influxd:
    """Two alarms of two branches that rose, one of them taken and ended, in two hours."""
    store = InfluxStore(InfluxSettings(url=influxd.url, bucket_prefix="alertboards_"), clock=SystemClock())
    changes = [
        ("xidan", "warning", State.UNACKNOWLEDGED, 0),
        ("xidan", "warning", State.ACKNOWLEDGED, 60_000),
        ("xidan", "warning", State.NORMAL, 120_000),
        ("tianhe", "critical", State.UNACKNOWLEDGED, HOUR_MS),
    ]
    points = [
        Point(
            "alert",
            (
                ("region", "north"),
                ("site", site),
                ("room", "hall"),
                ("point", "hall-air"),
                ("quantity", "co2_ppm"),
                ("rule", "co2-high"),
                ("severity", severity),
            ),
            FROM_MS + at_ms,
            {"id": site, "state": state.value, "message": "too high", "value": 1_600.0},
        )
        for site, severity, state, at_ms in changes
    ]
    try:
        store.prove(["north"])
        assert store.write(points) == []
    finally:
        store.close()
    return influxd


def ask(server: Influxd, query: str, site: str = ".*") -> list[dict[str, Any]]:
    """The series of an answer, asked as Grafana would."""
    query = query.replace("$timeFilter", f"time >= {FROM_MS}ms and time <= {FROM_MS + 2 * HOUR_MS}ms")
    query = query.replace("$__interval", "1h").replace("$site", site)
    answer = json.loads(server.get("/query", db="alertboards_openhall_long", q=query, epoch="ms"))
    (result,) = answer["results"]
    assert "error" not in result, result
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def query_of(title: str) -> str:
    (panel,) = [one for one in panels() if one["title"] == title]
    return str(panel["targets"][0]["query"])


def test_counts_by_state_rule_branch_and_hour(filled: Influxd) -> None:
    def counts(title: str, site: str = ".*") -> list[int]:
        return [row[1] for series in ask(filled, query_of(title), site) for row in series["values"]]

    assert (counts("Risen"), counts("Taken by somebody"), counts("Ended")) == ([2], [1], [1])
    assert counts("Put aside") == []
    assert counts("Risen", "tianhe") == [1]
    assert counts("Risen", "(xidan|tianhe)") == [2], "several branches chosen"
    by_site = {one["tags"]["site"]: one["values"][0][1] for one in ask(filled, query_of("Risen, by branch"))}
    assert by_site == {"xidan": 1, "tianhe": 1}
    assert [one["tags"] for one in ask(filled, query_of("Risen, by rule"))] == [{"rule": "co2-high"}]
    hours = ask(filled, query_of("Alarms that rose, per hour and severity"))
    assert {one["tags"]["severity"]: [row[1] for row in one["values"]] for one in hours} == {
        "warning": [1],
        "critical": [1],
    }


def test_the_newest_changes_are_rows_with_what_people_need(filled: Influxd) -> None:
    (series,) = ask(filled, query_of("The newest changes"))
    rows = [dict(zip(series["columns"], row, strict=True)) for row in series["values"]]
    assert [row["state"] for row in rows] == ["unacknowledged", "normal", "acknowledged", "unacknowledged"]
    assert (rows[0]["site"], rows[0]["severity"], rows[0]["message"]) == ("tianhe", "critical", "too high")


def test_the_variable_names_branches_with_alarms_and_offers_all(filled: Influxd) -> None:
    (variable,) = BOARD["templating"]["list"]
    assert variable["includeAll"] is True
    assert variable["allValue"] == ".*"
    (series,) = ask(filled, variable["query"])
    assert {row[1] for row in series["values"]} == {"xidan", "tianhe"}


def test_every_severity_has_a_colour_and_every_state_a_count() -> None:
    assert set(COLOURS) == set(Severity)
    counted = {state for state in State for panel in panels() if f"'{state.value}'" in panel["targets"][0]["query"]}
    assert counted == set(State) - {State.OUT_OF_SERVICE}
