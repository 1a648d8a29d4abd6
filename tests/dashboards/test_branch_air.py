"""The dashboard of one branch's air."""

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.library import build_all, stale
from dashboards.limits import LIMITS
from dashboards.places import KEPT
from gateway.ports import Point
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_store import InfluxStore
from telemetry.clock import SystemClock
from telemetry.quantities import WIRE_QUANTITIES
from tests.servers import Influxd

ALL = build_all()
BOARDS = {uid: board for uid, board in ALL.items() if uid.startswith("openhall-branch-air")}
SITE = "site-1"
FROM_MS = 1_790_000_040_000
"""Two hours of readings from here, one a minute."""


def _panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", [])


def _targets() -> list[Any]:
    return [
        pytest.param(target, id=f"{uid}-{panel['id']}-{target['refId']}")
        for uid, board in BOARDS.items()
        for panel in _panels(board)
        for target in panel["targets"]
        if uid == "openhall-branch-air"
    ]


@pytest.fixture(scope="module")
def filled(influxd: Influxd) -> Influxd:
    """InfluxDB with two hours of every quantity, good and suspect, and of an agent's backlog."""
    store = InfluxStore(InfluxSettings(url=influxd.url, bucket_prefix="boards_"), clock=SystemClock())
    points = []
    for minute in range(120):
        time_ms = FROM_MS + minute * 60_000
        air = (("region", "north"), ("site", SITE), ("room", "hall"), ("point", "hall-air"))
        fields: dict[str, float] = dict.fromkeys(WIRE_QUANTITIES, 20.0 + minute)
        fields |= {f"{name}_suspect": 10.0 for name in WIRE_QUANTITIES}
        points.append(Point("air", air, time_ms, fields))
        agent = (("region", "north"), ("site", SITE), ("agent", "agent-1"))
        points.append(Point("agent", agent, time_ms, {"journal_packs": float(minute)}))
    try:
        store.prove(["north"])
        assert store.write(points) == []
    finally:
        store.close()
    return influxd


def _as_grafana_sends_it(query: str) -> str:
    """The text after what Grafana's pages put in (recorded: default path, an absolute range)."""
    query = query.replace("$timeFilter", f"time >= {FROM_MS}ms and time <= {FROM_MS + 7_200_000}ms")
    return query.replace("$__interval", "1m").replace("$site", SITE).replace("$quantity", "co2_ppm")


def _ask(server: Influxd, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(server.get("/query", db="boards_openhall", q=query, epoch="ms"))
    (result,) = answer["results"]
    assert "error" not in result, result
    return result


@pytest.mark.parametrize("target", _targets())
def test_every_query_returns_rows(filled: Influxd, target: dict[str, Any]) -> None:
    """Each target, as Grafana would send it, gives at least one series with a value, tagged as its alias asks."""
    result = _ask(filled, _as_grafana_sends_it(target["query"]))
    (series,) = result["series"]
    assert any(value is not None for row in series["values"] for value in row[1:])
    for tag in series["tags"]:
        assert f"[[tag_{tag}]]" in target["alias"]


def test_branch_variable_lists_the_branches(filled: Influxd) -> None:
    """The variable's query is one that all InfluxDBs answer, and names the branch."""
    (variable, _quantity) = BOARDS["openhall-branch-air"]["templating"]["list"]
    result = _ask(filled, variable["query"])
    assert result["series"][0]["values"] == [["site", SITE]]


def test_completeness_of_a_full_hour_is_100_percent(filled: Influxd) -> None:
    """A value in every minute of an hour makes 100; minutes without one are missing from it."""
    panel = next(one for one in _panels(BOARDS["openhall-branch-air"]) if "per hour" in one["title"])
    (series,) = _ask(filled, _as_grafana_sends_it(panel["targets"][0]["query"]))["series"]
    assert max(value for _time, value in series["values"]) == 100
    assert sum(value for _time, value in series["values"]) == pytest.approx(200)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())
def test_every_quantity_has_a_panel_with_its_limit_and_its_doubtful_values(board: dict[str, Any]) -> None:
    """All that sensors measure is drawn, the limit as a line, suspect values in a target of their own."""
    curves = [panel for panel in _panels(board) if panel["type"] == "timeseries"]
    for quantity in WIRE_QUANTITIES.values():
        (panel,) = [one for one in curves if f'mean("{quantity.name}")' in one["targets"][0]["query"]]
        assert f'mean("{quantity.name}_suspect")' in panel["targets"][1]["query"]
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        limit = LIMITS.get(quantity.name)
        drawn = [step["value"] for step in steps if step["value"] is not None]
        assert drawn == ([] if limit is None else [end for end in (limit.low, limit.high) if end is not None])
        if limit is not None:
            assert limit.source in panel["description"]
            assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"


def test_an_index_is_never_held_against_a_mass_limit() -> None:
    """VOC and NOx indices adapt to their surroundings."""
    assert not {name for name, one in WIRE_QUANTITIES.items() if one.unit == "/"} & LIMITS.keys()


@pytest.mark.parametrize("board", ALL.values(), ids=ALL.keys())
def test_targets_mind_what_grafana_minds(board: dict[str, Any]) -> None:
    """Raw queries, one statement, no comment, variables and intervals in the only form that works everywhere."""
    for panel in _panels(board):
        assert [target["refId"] for target in panel["targets"]] == sorted({one["refId"] for one in panel["targets"]})
        for target in panel["targets"]:
            query = target["query"]
            assert target["rawQuery"] is True
            assert target["measurement"]
            assert not {";", "--", "${", "$m"} & set(query.split()) and "${" not in query and "--" not in query
            assert "$site" in query and "= '$site'" not in query
            assert "$timeFilter" in query
            uid = "openhall-long" if board["uid"].startswith("openhall-alerts") else "openhall"
            assert target["datasource"] == {"type": "influxdb", "uid": uid}


def test_only_the_query_language_that_every_influxdb_shares() -> None:
    """SELECT and SHOW TAG VALUES, nothing else."""
    for board in ALL.values():
        queries = [target["query"] for panel in _panels(board) for target in panel["targets"]]
        queries += [one["query"] for one in board["templating"]["list"] if one["type"] == "query"]
        assert all(query.startswith(("SELECT ", "SHOW TAG VALUES ")) for query in queries)


def test_kept_json_is_what_the_code_builds() -> None:
    """The files beside the code are rebuilt and compared."""
    assert stale(KEPT) == []


def test_stale_json_is_found(tmp_path: Path) -> None:
    """A missing file and a changed one are both named."""
    assert len(stale(tmp_path)) == len(ALL)


@pytest.mark.parametrize("uid", ["openhall-branch-air", "openhall-alerts"])
def test_both_languages_show_the_same(uid: str) -> None:
    """Chinese and English differ in words only."""
    english, chinese = ALL[uid], ALL[f"{uid}-zh"]
    assert len(english["panels"]) == len(chinese["panels"])
    for left, right in zip(_panels(english), _panels(chinese), strict=True):
        assert [one["query"] for one in left["targets"]] == [one["query"] for one in right["targets"]]
        assert left["title"] != right["title"]
    assert urllib.parse.quote(chinese["title"]) != chinese["title"]
