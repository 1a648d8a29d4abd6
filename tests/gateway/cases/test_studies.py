"""What is worked out beside a verdict: the day of reopening, what instruments read too much, how materials compare."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailable
from gateway.ports import Point, ReadingsQuery, Refused
from gateway.stores.sqlite_store import SqliteStore
from telemetry.messages import PointInfo
from tests.gateway.cases.renovation import POINTS, Renovation

DAY_MS = 86_400_000


def decaying(renovation: Renovation, half_life_days: float, *, days: int = 9) -> None:
    """Hourly formaldehyde since the works ended, 300 ug/m3 on the first day, at a steady climate."""
    first_ms = round((renovation.begin - 10 * 86_400) * 1000) // DAY_MS * DAY_MS + 8 * 3_600_000
    for day in range(days):
        rows = {}
        for hour in range(10):
            time_ms = first_ms + day * DAY_MS + hour * 3_600_000
            # A sensor's noise: without it the interval would be a point.
            noise = 1 + 0.02 * math.sin(7 * day + hour)
            value = 300 * 0.5 ** ((day + hour / 24) / half_life_days) * noise
            rows[time_ms] = {"hcho_ug_m3": value, "temperature_c": 25.0, "humidity_pct": 50.0}
        renovation.branches.air(rows, point="hall-hcho")
    renovation.branches.present(
        [PointInfo(point="hall-hcho", room="hall", part="sfa30", serial="SFA-1", quantities=list(rows[time_ms])),
         POINTS[1]]
    )  # fmt: skip


def test_the_day_of_reopening_comes_from_the_stores_readings(renovation: Renovation) -> None:
    """300 falls to 80 after 1.9 half-lives; twice the ventilation brings it one half-life forward."""
    case = renovation.open(materials=["carpet"])
    decaying(renovation, half_life_days=5.0)
    [found] = renovation.get(f"cases/{case}/air")["reopening"]
    assert (found["room"], found["quantity"], found["limit"], found["reason"]) == ("hall", "hcho_ug_m3", 80.0, None)
    assert found["low"] < found["day"] < found["high"]
    assert found["half_life_days"] == pytest.approx(5.0, rel=0.15)
    assert found["days_gained_twofold"] == pytest.approx(found["half_life_days"])
    completed = renovation.begin - 10 * 86_400
    assert (found["day"] - completed) / 86_400 == pytest.approx(5 * math.log2(300 / 80), abs=1.5)


def test_no_day_is_stated_where_the_data_does_not_support_it(renovation: Renovation) -> None:
    case = renovation.open()
    assert renovation.get(f"cases/{case}/air")["reopening"][0]["reason"] == "too-few-days"
    decaying(renovation, half_life_days=1e9)
    assert renovation.get(f"cases/{case}/air")["reopening"][0]["reason"] == "not-falling"


def test_half_lives_are_compared_over_branches_and_materials(renovation: Renovation) -> None:
    """Of the verdicts that were given; a case of two materials stands under both."""
    case = renovation.open(materials=["carpet", "chipboard"])
    decaying(renovation, half_life_days=5.0)
    renovation.sample(indoor=100.0)
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    found = renovation.get("cases/comparison?quantity=hcho_ug_m3")
    assert [(one["name"], one["decays"]) for one in found["branches"]] == [("xidan", 1)]
    assert {one["name"] for one in found["materials"]} == {"carpet", "chipboard"}
    assert renovation.get("cases/comparison?quantity=tvoc_ug_m3")["branches"] == []
    assert "is none" in renovation.get("cases/comparison?quantity=dust", status=400)["detail"]


def test_a_sensors_bias_is_learned_against_the_laboratory(renovation: Renovation) -> None:
    """Indoors it read 55 where the laboratory found 50, outdoors 5 where it found 2."""
    case = renovation.open()
    renovation.sample(indoor=55.0)
    renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(hcho=50.0), "by": "Chen"})
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    found = {one["serial"]: one["bias"] for one in renovation.get("instruments")["instruments"]}
    assert found["SFA-1"] == [
        {"quantity": "hcho_ug_m3", "mean": pytest.approx(5.0), "half_width": None, "pairs": 1, "known": False}
    ]
    assert found["SFA-2"][0]["mean"] == pytest.approx(3.0)


def test_the_readings_of_a_verdict_go_to_the_store_of_evidence_first(renovation: Renovation, tmp_path: Path) -> None:
    """In the series that they have in the main store; a store that is away lets nothing be judged."""
    parts = renovation.branches
    evidence = SqliteStore(tmp_path / "evidence.sqlite3", clock=parts.clock)
    parts.cases.desk._evidence = evidence
    case = renovation.open()
    renovation.sample(indoor=43.0)
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    for point in ("hall-hcho", "out-hcho"):
        query = ReadingsQuery(site="xidan", point=point, quantity="hcho_ug_m3", from_ms=0, to_ms=2**45)
        assert evidence.readings(query) == parts.store.readings(query)
        assert len(evidence.readings(query)) == 60
    evidence.close()

    class Away:
        def write(self, points: Sequence[Point]) -> list[Refused]:
            raise StoreUnavailable("away")

        def close(self) -> None: ...

    parts.cases.desk._evidence = Away()  # type: ignore[assignment]
    assert "away" in renovation.post(f"cases/{case}/judge", {"by": "Wang"}, status=503)["detail"]
    assert len(renovation.get(f"cases/{case}")["judgements"]) == 1
