"""Windows, reports, figures and the scorecard over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.alerts.links import Claim
from gateway.alerts.outbox import told_to
from gateway.alerts.records import incidents_of
from gateway.alerts.settings import AlertsConfig
from tests.gateway.board.branches import Branches
from tests.servers import wait_until


@pytest.fixture
def branches(tmp_path: Path) -> Iterator[Branches]:
    """One branch; calls for help are incidents to be reported within two hours."""
    grade = {"name": "II", "severities": ["emergency"], "report_within_s": 7_200}
    place = {"contact": ["li"]}
    alerts = {
        "people": {"li": {"name": "李娜", "channels": ["file"]}},
        "channels": {"file": {"kind": "file", "path": str(tmp_path / "told")}},
        "sites": {"xidan": place},
        "grade": [grade],
        "city": ["li"],
    }
    parts = Branches(tmp_path, alerts=msgspec.convert(alerts, AlertsConfig))
    yield parts
    parts.close()


def bad_air(branches: Branches) -> None:
    for _ in range(17):
        branches.air({branches.now_ms: {"co2_ppm": 2_500.0}})
        branches.clock.advance(60)  # type: ignore[attr-defined]


def test_a_window_is_planned_holds_back_and_is_ended(branches: Branches) -> None:
    with branches.client() as client:
        wish = {"site": "xidan", "why": "painting", "until": branches.now_ms / 1000 + 86_400, "by": "li"}
        made = client.post("/api/v1/alerts/windows", json=wish)
        assert made.status_code == 201
        assert made.json() == {
            "id": made.json()["id"],
            "why": "painting",
            "region": None,
            "site": "xidan",
            "room": None,
            "point": None,
            "from": branches.now_ms / 1000,
            "until": wish["until"],
            "out_of_service": False,
            "by": "李娜",
            "ended": None,
            "ended_by": None,
        }
        bad_air(branches)
        branches.cord("called")
        states = {one["rule"]: one["state"] for one in client.get("/api/v1/alerts").json()["alerts"]}
        assert states == {
            "call-for-help": "unacknowledged",
            "co2-high": "suppressed",
            "co2-unacceptable": "suppressed",
        }
        ended = client.post(f"/api/v1/alerts/windows/{made.json()['id']}/end", json={"by": "li"}).json()
        assert (ended["ended"], ended["ended_by"]) == (branches.now_ms / 1000, "李娜")
        branches.alerts.engine.tick()
        states = {one["state"] for one in client.get("/api/v1/alerts").json()["alerts"]}
        assert states == {"unacknowledged"}
        client.post("/api/v1/alerts/windows", json={**wish, "out_of_service": True, "until": None})
        first = client.get("/api/v1/alerts/windows", params={"limit": 1}).json()
        rest = client.get("/api/v1/alerts/windows", params={"after": first["next"]}).json()
        assert [one["out_of_service"] for one in first["windows"] + rest["windows"]] == [False, True]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, "give region, site, room or point"),
        ({"site": "xidan", "why": "x"}, "until: is missing"),
        ({"site": "xidan", "until": 99_999_999_999}, "why: is missing"),
        ({"site": "xidan", "why": "x", "until": "never"}, "until"),
    ],
)
def test_a_window_that_cannot_be_is_a_bad_request(branches: Branches, wish: dict[str, Any], words: str) -> None:
    with branches.client() as client:
        answer = client.post("/api/v1/alerts/windows", json=wish)
        assert answer.status_code == 400
        assert words in answer.json()["detail"]
        assert client.get("/api/v1/alerts/windows").json() == {"windows": [], "next": None}
        assert client.post("/api/v1/alerts/windows/7/end").status_code == 404


def test_windows_of_the_configuration_are_listed_until_they_end(tmp_path: Path) -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    windows = [
        {"why": "over", "site": "xidan", "from": begin, "to": begin + timedelta(days=1)},
        {"why": "new cables", "region": "north", "from": begin, "to": begin + timedelta(days=36_500)},
        {"why": "lift is gone", "point": "lift", "from": begin, "out_of_service": True},
    ]
    parts = Branches(tmp_path, alerts=msgspec.convert({"window": windows}, AlertsConfig))
    with parts.client() as client:
        found = client.get("/api/v1/alerts/windows/configured").json()["windows"]
    parts.close()
    assert [(one["id"], one["why"], one["region"], one["until"]) for one in found] == [
        ("", "new cables", "north", (begin + timedelta(days=36_500)).timestamp()),
        ("", "lift is gone", None, None),
    ]


def test_strangers_pages_plan_and_report_nothing(branches: Branches) -> None:
    with branches.client() as client:
        for path in ("windows", "windows/1/end", "1/report"):
            answer = client.post(f"/api/v1/alerts/{path}", headers={"origin": "https://evil.example"})
            assert answer.status_code == 403, path


def test_an_incident_is_reported_and_counted(branches: Branches) -> None:
    branches.cord("called")
    bad_air(branches)
    with branches.client() as client:
        alerts = {one["rule"]: one["id"] for one in client.get("/api/v1/alerts").json()["alerts"]}
        path = f"/api/v1/alerts/{alerts['call-for-help']}/report"
        false = client.post(path, json={"by": "li", "false": True})
        assert (false.status_code, "no report yet" in false.json()["detail"]) == (409, True)
        found = client.post(path, json={"by": "li", "note": "told the police"}).json()
        assert (found["grade"], found["standing"]) == ("II", "in-time")
        assert [(one["by"], one["note"], one["false"]) for one in found["reports"]] == [
            ("李娜", "told the police", False)
        ]
        assert client.post(f"/api/v1/alerts/{alerts['co2-high']}/report", json={"by": "li"}).status_code == 409
        assert client.post("/api/v1/alerts/99/report", json={"by": "li"}).status_code == 404
        import datetime as dt

        moment = dt.datetime.fromtimestamp(branches.now_ms / 1000, dt.timezone(dt.timedelta(hours=8)))
        month = moment.strftime("%Y-%m")
        card = client.get("/api/v1/scorecard", params={"month": month}).json()
        (branch,) = card["branches"]
        assert (branch["site"], branch["in_time"], branch["grades"], branch["contact"]) == (
            "xidan",
            1,
            {"II": 1},
            ["li"],
        )
        table = client.get("/api/v1/scorecard", params={"month": month, "form": "csv"})
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.splitlines()[1].split(",")[1] == "xidan"
        for params in ({"month": "x"}, {}, {"month": month, "form": "xls"}, {"month": month, "site": "a"}):
            assert client.get("/api/v1/scorecard", params=params).status_code == 400, params


def test_figures_of_the_last_day(branches: Branches) -> None:
    bad_air(branches)
    with branches.client() as client:
        found = client.get("/api/v1/alerts/kpis").json()
        assert (found["kpis"]["alarms"], found["kpis"]["standing"], found["noise"]) == (2, 2, [])
        assert found["kpis"]["to"] - found["kpis"]["from"] == 86_400
        before = client.get("/api/v1/alerts/kpis", params={"from": 1, "to": 1_000}).json()
        assert (before["kpis"]["alarms"], before["kpis"]["standing"]) == (0, 0)
        for params in ({"from": 9, "to": 8}, {"from": 0, "to": 4e9}, {"since": 1}):
            assert client.get("/api/v1/alerts/kpis", params=params).status_code == 400, params


def test_the_openapi_document_describes_them(branches: Branches) -> None:
    with branches.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    beside = ("windows", "windows/configured", "windows/{window}/end", "{alert}/report", "kpis")
    assert {"/api/v1/scorecard", *(f"/api/v1/alerts/{path}" for path in beside)} <= paths.keys()


def test_the_page_behind_a_link_takes_a_report(branches: Branches) -> None:
    """Opening it changes nothing; its button notes the report, and the page says who made it."""
    branches.cord("called")
    branches.alerts.deliver()
    desk = branches.alerts.desk
    with branches.client() as client:

        def due() -> list[str]:
            (alarm,) = desk.engine.alarms()
            with desk.database.read() as connection:
                return [one.standing for one in incidents_of(connection, [alarm], desk.config.grade, branches.now_ms)]

        path = "/a/" + desk.links.make(Claim(batch_of(branches), "li", branches.now_ms + 9_999_999, False))
        page = client.get(path, headers={"accept-language": "en"}).text
        assert "Incident of grade II: to be reported by" in page
        assert "I have reported it" in page
        assert due() == ["due"]
        page = client.post(path, data={"action": "report", "note": "<b>110"}, headers={"accept-language": "en"}).text
        assert "Noted: it is reported." in page
        assert "reported by 李娜 at" in page
        assert "I have reported it" not in page
        assert "I have it" in page, "a report is no acknowledgement"
        assert due() == ["in-time"]
        again = client.post(path, data={"action": "report"}, headers={"accept-language": "en"}).text
        assert "Noted" not in again
        group = "/a/" + desk.links.make(Claim(batch_of(branches), "li", branches.now_ms + 9_999_999, True))
        assert client.post(group, data={"action": "report"}).status_code == 400


def batch_of(branches: Branches) -> str:
    """The key of the message that li was told the call with."""
    database = branches.alerts.desk.database

    def keys() -> list[str]:
        with database.read() as connection:
            return [row["batch"] for row in told_to(connection, "li") if row["batch"]]

    wait_until(lambda: bool(keys()))
    return keys()[0]
