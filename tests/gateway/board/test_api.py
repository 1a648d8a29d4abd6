"""The API against the contract, on the real ingest, state and SQLite store."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.sites import register
from gateway.sites.site import Site, site_of
from telemetry.calibrations import CalibrationRecord
from telemetry.clock import to_seconds
from telemetry.messages import Calibration, PointInfo
from telemetry.readings import Flag
from telemetry.topics import Root
from tests.examples import examples
from tests.gateway.board.branches import XIDAN, Branches

HALL = PointInfo(point="hall-air", room="hall", part="scd41", period_s=30, quantities=["co2_ppm"], simulated=False)


def ask(branches: Branches, path: str, status: int = 200, **headers: str) -> Any:
    with branches.client() as client:
        answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    kind = "application/json" if status < 400 else "application/problem+json"
    assert answer.headers["content-type"] == kind
    body = answer.json()
    if status >= 400:
        assert (body["status"], body["type"]) == (status, "about:blank")
        assert body["title"]
        assert body["detail"]
    return body


# -- sites -------------------------------------------------------------------------------------------------------------


def test_no_branch_is_an_empty_list(branches: Branches) -> None:
    assert ask(branches, "/api/v1/sites") == {"sites": [], "next": None}


def test_a_branch_is_listed_with_title_presence_and_points(branches: Branches) -> None:
    branches.present([HALL])
    branches.door(working=True, state="open")
    site = ask(branches, "/api/v1/sites")["sites"][0]
    assert site == {
        "site": "xidan",
        "region": "north",
        "title": "Xidan Branch",
        "online": True,
        "last_seen": branches.clock.now(),
        "points": 2,
        "time_zone": "Asia/Shanghai",
        "registered": None,
        "address": "",
        "longitude": None,
        "latitude": None,
        "hours": "",
        "area_m2": None,
    }


def test_titles_come_in_the_readers_language_and_fall_back_to_the_id(branches: Branches) -> None:
    branches.present([HALL])
    branches.present([HALL], root=Root("north", "dongdan", "pi-1"))
    chinese = ask(branches, "/api/v1/sites", **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
    assert [site["title"] for site in chinese["sites"]] == ["dongdan", "西单支行"]


def test_a_branch_whose_agent_is_silent_for_three_minutes_is_offline(branches: Branches) -> None:
    branches.present([HALL])
    branches.clock.advance(179)
    assert ask(branches, "/api/v1/sites")["sites"][0]["online"] is True
    branches.clock.advance(2)
    site = ask(branches, "/api/v1/sites")["sites"][0]
    assert (site["online"], site["last_seen"]) == (False, branches.clock.now() - 181)


def test_lists_are_read_on_with_the_word_of_the_answer_before(branches: Branches) -> None:
    for number in range(7):
        branches.present([HALL], root=Root("north", f"hall-{number}", "pi-1"))
    found, path = [], "/api/v1/sites?limit=3"
    sizes = []
    while path:
        page = ask(branches, path)
        found += [site["site"] for site in page["sites"]]
        sizes.append(len(page["sites"]))
        path = f"/api/v1/sites?limit=3&after={page['next']}" if page["next"] else ""
    assert found == [f"hall-{number}" for number in range(7)]
    assert sizes == [3, 3, 1]


def test_a_list_that_ends_with_the_page_has_no_next(branches: Branches) -> None:
    for number in range(3):
        branches.present([HALL], root=Root("north", f"hall-{number}", "pi-1"))
    assert ask(branches, "/api/v1/sites?limit=3")["next"] is None


# -- points ------------------------------------------------------------------------------------------------------------


def test_points_show_newest_values_with_unit_age_and_quality(branches: Branches) -> None:
    branches.present([HALL])
    branches.air({branches.now_ms - 5_000: {"co2_ppm": 612.0, "temperature_c": 21.5}})
    branches.air({branches.now_ms: {"humidity_pct": 44.0}}, flags={"humidity_pct": (Flag.WARMUP,)})
    branches.clock.advance(2)
    points = ask(branches, "/api/v1/sites/xidan/points")
    assert points["next"] is None
    (point,) = points["points"]
    now = branches.clock.now()
    assert point == {
        "point": "hall-air",
        "room": "hall",
        "kind": "air",
        "part": "scd41",
        "simulated": False,
        "values": {
            "co2_ppm": {"value": 612.0, "unit": "ppm", "time": now - 7, "age_s": 7.0, "quality": "good"},
            "temperature_c": {"value": 21.5, "unit": "Cel", "time": now - 7, "age_s": 7.0, "quality": "good"},
            "humidity_pct": {"value": 44.0, "unit": "%RH", "time": now - 2, "age_s": 2.0, "quality": "suspect"},
        },
        "state": None,
        "working": None,
        "reason": None,
    }


def test_a_facility_shows_its_state(branches: Branches) -> None:
    branches.door(working=False, state="fault", reason="does not close")
    (point,) = ask(branches, "/api/v1/sites/xidan/points")["points"]
    assert (point["kind"], point["values"]) == ("door", {})
    assert (point["state"], point["working"], point["reason"]) == ("fault", False, "does not close")


def test_values_of_a_simulated_sensor_are_marked(branches: Branches) -> None:
    branches.air({branches.now_ms: {"co2_ppm": 500.0}}, flags={"co2_ppm": (Flag.SIMULATED,)})
    (point,) = ask(branches, "/api/v1/sites/xidan/points")["points"]
    assert point["simulated"] is True
    assert point["values"]["co2_ppm"]["quality"] == "good"


def test_points_are_read_on_page_by_page(branches: Branches) -> None:
    branches.present([PointInfo(point=f"air-{number}", room="hall") for number in range(5)])
    first = ask(branches, "/api/v1/sites/xidan/points?limit=4")
    second = ask(branches, f"/api/v1/sites/xidan/points?limit=4&after={first['next']}")
    assert [point["point"] for point in first["points"] + second["points"]] == [f"air-{number}" for number in range(5)]
    assert second["next"] is None


def test_an_unknown_branch_is_404_and_the_answer_says_where_to_look(branches: Branches) -> None:
    body = ask(branches, "/api/v1/sites/nowhere/points", 404)
    assert body["title"] == "Unknown branch"
    assert "/api/v1/sites" in body["detail"]
    ask(branches, "/api/v1/ledger?site=nowhere", 404)


# -- readings ----------------------------------------------------------------------------------------------------------

SERIES = "/api/v1/readings?site=xidan&point=hall-air&quantity=co2_ppm"


def test_readings_are_oldest_first_with_their_quality(branches: Branches) -> None:
    now = branches.now_ms
    branches.air({now - 3_000: {"co2_ppm": 600.0}, now - 1_001: {"co2_ppm": 620.5}})
    branches.air({now - 2_000: {"co2_ppm": 610.0}}, flags={"co2_ppm": (Flag.WARMUP,)})
    branches.air({now - 1_500: {"co2_ppm": 90_000.0}})
    body = ask(branches, SERIES)
    seconds = branches.clock.now()
    assert body == {
        "site": "xidan",
        "point": "hall-air",
        "quantity": "co2_ppm",
        "unit": "ppm",
        "rows": [
            [seconds - 3, 600.0, "good"],
            [seconds - 2, 610.0, "suspect"],
            [seconds - 1.5, 90_000.0, "suspect"],
            [seconds - 1.001, 620.5, "good"],
        ],
        "next": None,
    }


def test_from_is_inclusive_and_to_exclusive_in_both_forms_of_time(branches: Branches) -> None:
    base = 1_789_999_000_000
    branches.air({base + number * 1_000: {"co2_ppm": 400.0 + number} for number in range(10)})
    for words in (
        "from=1789999002&to=1789999005",
        "from=1789999002.0&to=1789999005.000",
        "from=2026-09-21T13:56:42Z&to=2026-09-21T13:56:45%2B00:00",
        "from=2026-09-21T21:56:42%2B08:00&to=2026-09-21T21:56:45+08:00",
    ):
        rows = ask(branches, f"{SERIES}&{words}")["rows"]
        assert [row[1] for row in rows] == [402.0, 403.0, 404.0], words


def test_a_point_without_data_is_200_with_empty_rows(branches: Branches) -> None:
    branches.present([HALL])
    body = ask(branches, SERIES)
    assert (body["rows"], body["next"], body["unit"]) == ([], None, "ppm")


def test_an_unknown_point_is_404_and_an_unknown_quantity_is_named(branches: Branches) -> None:
    branches.present([HALL])
    assert ask(branches, SERIES.replace("hall-air", "cellar"), 404)["title"] == "Unknown point"
    body = ask(branches, SERIES.replace("co2_ppm", "co2"), 400)
    assert "'co2'" in body["detail"]


def test_a_point_that_left_the_directory_keeps_its_history(branches: Branches) -> None:
    branches.present([HALL])
    branches.air({branches.now_ms: {"co2_ppm": 600.0}})
    branches.ingest.directory.remove_agent(XIDAN)
    branches.ingest.directory.remove_point("xidan", "hall-air")
    assert ask(branches, "/api/v1/sites")["sites"] == []
    assert [row[1] for row in ask(branches, SERIES)["rows"]] == [600.0]


def test_pages_together_are_the_whole(branches: Branches) -> None:
    base = 1_789_999_000
    branches.air({(base + number) * 1_000: {"co2_ppm": 400.0 + number} for number in range(30)})
    with branches.client() as client:

        @settings(max_examples=examples(40), deadline=None)
        @given(limit=st.integers(1, 40), begin=st.integers(0, 30), length=st.integers(0, 30))
        def check(limit: int, begin: int, length: int) -> None:
            words = f"{SERIES}&from={base + begin}&to={base + begin + length}&limit={limit}"
            found: list[float] = []
            after = ""
            while True:
                page = client.get(words + after).json()
                assert len(page["rows"]) <= limit
                found += [row[1] for row in page["rows"]]
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            assert found == [400.0 + number for number in range(begin, min(30, begin + length))]

        check()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("&limit=0", "limit"),
        ("&limit=10001", "limit"),
        ("&limit=many", "limit"),
        ("&from=yesterday", "from"),
        ("&from=2026-02-30T00:00:00Z", "from"),
        ("&from=2026-01-01T00:00:00", "from"),
        ("&to=nan", "to"),
        ("&to=-1", "to"),
        ("&to=1e300", "to"),
        ("&from=20&to=10", "from"),
        ("&after=%F0%9F%98%80", "after"),
        ("&after=AAAA", "after"),
        ("&after=" + base64.urlsafe_b64encode(json.dumps("x").encode()).decode().rstrip("="), "after"),
        ("&form=5", "form"),
    ],
)
def test_a_parameter_that_does_not_fit_is_400_and_named(branches: Branches, words: str, named: str) -> None:
    branches.present([HALL])
    assert named in ask(branches, SERIES + words, 400)["detail"]


@pytest.mark.parametrize("left_out", ["site", "point", "quantity"])
def test_a_parameter_left_out_is_named(branches: Branches, left_out: str) -> None:
    path = "/api/v1/readings?" + "&".join(f"{name}=a" for name in ("site", "point", "quantity") if name != left_out)
    assert left_out in ask(branches, path, 400)["detail"]


def test_no_text_at_all_is_a_fault_of_ours(branches: Branches) -> None:
    with branches.client() as client:

        @settings(max_examples=examples(200), deadline=None)
        @given(st.text(max_size=30), st.sampled_from(["from", "to", "after", "limit", "site", "quantity"]))
        def check(text: str, name: str) -> None:
            words = {"site": "a", "point": "b", "quantity": "co2_ppm", name: text}
            answer = client.get("/api/v1/readings", params=words)
            assert answer.status_code in (200, 400, 404), (name, text)

        check()


class Failing:
    """A store that answers no question."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def readings(self, _query: object) -> list[Any]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "title", "retry"),
    [
        (StoreUnavailable("connection refused", retry_after_s=7.2), "Store unavailable", "7"),
        (StoreMisconfigured("no bucket openhall; make it"), "Store misconfigured", None),
    ],
)
def test_a_store_that_does_not_answer_is_503_with_its_words(
    branches: Branches, monkeypatch: pytest.MonkeyPatch, error: Exception, title: str, retry: str | None
) -> None:
    branches.present([HALL])
    monkeypatch.setattr(branches.store, "readings", Failing(error).readings)
    with branches.client() as client:
        answer = client.get(SERIES)
    assert (answer.status_code, answer.json()["title"], answer.json()["detail"]) == (503, title, str(error))
    assert answer.headers.get("retry-after") == retry


def test_a_fault_of_ours_is_500_and_keeps_its_words_to_the_log(
    branches: Branches, monkeypatch: pytest.MonkeyPatch
) -> None:
    branches.present([HALL])
    monkeypatch.setattr(branches.store, "readings", Failing(RuntimeError("secret place")).readings)
    body = ask(branches, SERIES, 500)
    assert "secret" not in json.dumps(body)


# -- curve -------------------------------------------------------------------------------------------------------------

CURVE = "/api/v1/curve?site=xidan&point=hall-air&quantity=co2_ppm"


def test_a_curve_sums_good_and_suspect_values_up_apart(branches: Branches) -> None:
    base = 1_789_998_000_000
    branches.air({base: {"co2_ppm": 400.0}, base + 100_000: {"co2_ppm": 500.0}, base + 299_999: {"co2_ppm": 900.0}})
    branches.air({base + 50_000: {"co2_ppm": 2_000.0}}, flags={"co2_ppm": (Flag.WARMUP,)})
    branches.air({base + 600_000: {"co2_ppm": 3_000.0}}, flags={"co2_ppm": (Flag.RANGE,)})
    body = ask(branches, f"{CURVE}&from={base // 1000}&to={base // 1000 + 900}&step_s=300")
    assert body["step_s"] == 300
    assert body["rows"] == [
        [base / 1000, 600.0, 400.0, 900.0, 3, 2_000.0, 1],
        [base / 1000 + 600, None, None, None, 0, 3_000.0, 1],
    ]


def test_a_curve_has_the_same_values_as_the_readings_it_sums_up(branches: Branches) -> None:
    now = branches.now_ms
    values = {now - 60_000 * number: {"co2_ppm": 400.0 + number * 7 % 500} for number in range(300)}
    branches.air(values)
    readings = ask(branches, f"{SERIES}&limit=10000")["rows"]
    rows = ask(branches, CURVE)["rows"]
    assert sum(row[4] for row in rows) == len(readings) == 300
    assert min(row[2] for row in rows) == min(row[1] for row in readings)
    assert max(row[3] for row in rows) == max(row[1] for row in readings)


def test_a_curve_of_too_many_steps_is_refused(branches: Branches) -> None:
    branches.present([HALL])
    assert "steps" in ask(branches, f"{CURVE}&step_s=1", 400)["detail"]


# -- ledger ------------------------------------------------------------------------------------------------------------


def test_the_ledger_tells_what_is_there(branches: Branches) -> None:
    base = 1_789_999_980_000
    branches.air({base: {"co2_ppm": 400.0}, base - 600_000: {"co2_ppm": 401.0}})
    body = ask(branches, "/api/v1/ledger?site=xidan")
    assert body["site"] == "xidan"
    assert body["intervals"] == [
        {"from": base / 1000 - 600, "to": base / 1000 - 540, "status": "there", "reason": ""},
        {"from": base / 1000, "to": base / 1000 + 20, "status": "there", "reason": ""},
    ]
    first = ask(branches, "/api/v1/ledger?site=xidan&limit=1")
    second = ask(branches, f"/api/v1/ledger?site=xidan&limit=1&after={first['next']}")
    assert first["intervals"] + second["intervals"] == body["intervals"]
    assert second["next"] is None


def test_what_an_agent_corrects_by_is_told_with_the_point(branches: Branches) -> None:
    """So that the raw value can be had back from a stored one."""
    found = Calibration(offset={"co2_ppm": -15.0}, gain={"co2_ppm": 1.02}, date="2026-03-01", certificate="C-1")
    branches.present([structs.replace(HALL, serial="73b3", calibration=found)])
    (point,) = ask(branches, "/api/v1/sites/xidan/points")["points"]
    assert point["serial"] == "73b3"
    assert point["calibration"] == {
        "offset": {"co2_ppm": -15.0}, "gain": {"co2_ppm": 1.02}, "date": "2026-03-01", "certificate": "C-1",
    }  # fmt: skip
    branches.present([HALL], boot="b2")
    (point,) = ask(branches, "/api/v1/sites/xidan/points")["points"]
    assert not {"serial", "calibration"} & point.keys()


# -- calibrations -----------------------------------------------------------------------------------------------------


def test_calibrations_of_a_branch(branches: Branches) -> None:
    """Who, when, before and after, page by page, the newest first; an unknown branch is a 404."""
    branches.present([HALL])
    record = CalibrationRecord(by="Li Na", part="scd41", reference=420.0, before=480.0, after=421.0, ok=True)
    for age_ms in (1_000, 2_000):
        branches.calibration(record, at_ms=branches.now_ms - age_ms)
    first = ask(branches, "/api/v1/sites/xidan/calibrations?limit=1")
    (one,) = first["calibrations"]
    assert (one["point"], one["by"], one["unit"], one["before"], one["after"]) == ("hall-air", "Li Na", "ppm", 480, 421)
    assert one["time"] == to_seconds(branches.now_ms - 1_000)
    rest = ask(branches, f"/api/v1/sites/xidan/calibrations?after={first['next']}")
    assert [one["time"] for one in rest["calibrations"]] == [to_seconds(branches.now_ms - 2_000)]
    assert rest["next"] is None
    assert branches.client().get("/api/v1/sites/nowhere/calibrations").status_code == 404


# -- the description ---------------------------------------------------------------------------------------------------


def test_every_question_is_in_the_openapi_document_and_there_are_no_pages_beside_it(branches: Branches) -> None:
    document = ask(branches, "/api/v1/openapi.json")
    assert document["openapi"].startswith("3.")
    # Cases, people, and what is planned and counted beside the alarms: tests of their own hold the document to them.
    cases = ("/api/v1/cases", "/api/v1/instruments", "/api/v1/profiles")
    people = ("/api/v1/me", "/api/v1/people", "/api/v1/rota", "/api/v1/hand-overs")
    others = (*cases, *people, "/api/v1/scorecard", "/api/v1/alerts/")
    paths = {path for path in document["paths"] if not path.startswith(others)}
    assert {
        "/api/v1/sites",
        "/api/v1/sites/{site}/points",
        "/api/v1/sites/{site}/calibrations",
        "/api/v1/readings",
        "/api/v1/ledger",
        "/api/v1/curve",
        "/api/v1/quantities",
        "/api/v1/alerts",
    } <= paths
    assert {"/api/v1/alerts/{alert}/acknowledge", "/api/v1/alerts/{alert}/shelve"} <= document["paths"].keys()
    names = {one["name"] for one in document["paths"]["/api/v1/readings"]["get"]["parameters"]}
    assert names == {"site", "point", "quantity", "from", "to", "limit", "after"}
    for path in ("/api/v1", "/api/v1/docs", "/schema", "/docs", "/api/v1/openapi.yaml", "/api/v1/swagger"):
        ask(branches, path, 404)


def test_the_description_tells_of_errors_and_of_what_is_left_out(branches: Branches) -> None:
    """Every error as the problem that comes, and what `from` and `to` mean where they are not given."""
    paths = ask(branches, "/api/v1/openapi.json")["paths"]
    questions = {(path, method): one for path, all_of in paths.items() for method, one in all_of.items()}
    for (path, _method), one in questions.items():
        assert {"400", "401", "405", "421"} <= one["responses"].keys(), path
        for status, answer in one["responses"].items():
            if int(status) >= 400:
                assert answer["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }
                assert answer["description"]
    for path in ("/api/v1/readings", "/api/v1/ledger", "/api/v1/curve", "/api/v1/sites/{site}/points"):
        assert {"404", "503"} <= paths[path]["get"]["responses"].keys()
    for path in ("/api/v1/readings", "/api/v1/ledger", "/api/v1/curve"):
        told = {one["name"]: one["description"] for one in paths[path]["get"]["parameters"] if "description" in one}
        assert told["from"].endswith("24 hours before `to` if left out")
        assert told["to"].endswith("now if left out")


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/sites?limit=1&limit=2",
        "/api/v1/ledger?site=dongdan&site=xidan",
        "/api/v1/readings?site=dongdan&point=hall-air&quantity=co2_ppm&from=0&from=1",
        "/api/v1/alerts?state=normal&state=normal",
    ],
)
def test_a_parameter_given_twice_is_refused(branches: Branches, address: str) -> None:
    """The last one would win in silence."""
    branches.present([HALL])
    problem = ask(branches, address, 400)
    assert problem["title"] == "Repeated parameter"
    assert "more than once" in problem["detail"]


def test_the_quantities_tell_how_each_is_shown(branches: Branches) -> None:
    rows = {row["quantity"]: row for row in ask(branches, "/api/v1/quantities")["quantities"]}
    assert rows["co2_ppm"]["guide"] == {
        "low": None,
        "raised": 1000.0,
        "high": 2000.0,
        "source": "GB/T 18883-2022; UBA 2008",
        "span": "1 h",
    }
    assert rows["voc_index"]["guide"] is None
    assert (rows["pm2_5_ug_m3"]["display_unit"], rows["temperature_c"]["title_zh"]) == ("µg/m³", "温度")


def test_only_reading_is_allowed(branches: Branches) -> None:
    with branches.client() as client:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = client.request(method, "/api/v1/sites")
            assert answer.status_code == 405
            assert answer.headers["content-type"] == "application/problem+json"


def test_the_register_names_branches_and_tells_strangers_apart(branches: Branches) -> None:
    """One that was never heard stands there too; one of a region of another gateway does not."""
    branches.present([HALL])
    assert ask(branches, "/api/v1/sites")["sites"][0]["registered"] is None
    row = {"title_zh": "东单支行", "address": "1 Dongdan", "longitude": "116.42", "latitude": "39.91", "area_m2": "80"}
    rows = [Site(region="south", site="far"), site_of({"region": "north", "site": "dongdan"} | row)]
    register.take(branches.state, rows, remove_missing=False, now_ms=1)
    branches.clock.advance(10)
    dongdan, xidan = ask(branches, "/api/v1/sites")["sites"]
    assert (dongdan["title"], dongdan["online"], dongdan["last_seen"], dongdan["points"]) == (
        "东单支行",
        False,
        None,
        0,
    )
    assert (dongdan["registered"], dongdan["longitude"], dongdan["area_m2"]) == (True, 116.42, 80.0)
    assert (xidan["site"], xidan["registered"], xidan["title"]) == ("xidan", False, "Xidan Branch")
