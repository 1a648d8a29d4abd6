"""`/api/v1/completeness`: the branches, the least complete first."""

from pathlib import Path
from typing import Any

import pytest

from telemetry.messages import PointInfo
from telemetry.topics import Root
from tests.gateway.board.branches import Branches
from tests.gateway.board.test_api import ask

AIR = PointInfo(point="hall-air", room="hall", period_s=20.0, quantities=["co2_ppm"])
ROOTS = [Root("north", name, "pi-1") for name in ("dongdan", "guomao", "xidan")]


@pytest.fixture
def branches(tmp_path: Path) -> Any:
    """Three branches an hour long: whole, half, and a third."""
    made = Branches(tmp_path)
    begin = made.now_ms // 60_000 * 60_000 - 3_600_000
    for step, root in enumerate(ROOTS, start=1):
        made.present([AIR], root=root)
        rows = {begin + minute * 60_000: {"co2_ppm": 500.0 + minute} for minute in range(0, 60, step)}
        made.air(rows, root=root)
    made.clock.advance(60)
    yield made
    made.close()


def test_the_worst_comes_first_with_what_is_missing(branches: Branches) -> None:
    """Of the last 24 hours, each from its first minute on, in the reader's language."""
    answer = ask(branches, "/api/v1/completeness", **{"Accept-Language": "zh-CN"})
    assert [row["site"] for row in answer["sites"]] == ["xidan", "guomao", "dongdan"]
    worst = answer["sites"][0]
    assert worst["title"] == "西单支行"
    assert (worst["region"], worst["online"], worst["there"], worst["minutes"]) == ("north", True, 20, 60)
    assert worst["completeness"] == pytest.approx(1 / 3, abs=1e-4)
    assert worst["owed"] + sum(worst["lost"].values()) + worst["unknown"] == 40
    assert answer["sites"][-1]["completeness"] == 1.0
    assert answer["to"] - answer["from"] == 86_400
    assert answer["next"] is None


def test_pages_go_on_where_the_last_ended(branches: Branches) -> None:
    """None twice, none left out."""
    found, word = [], ""
    for _ in range(3):
        answer = ask(branches, f"/api/v1/completeness?limit=1{word}")
        found += [row["site"] for row in answer["sites"]]
        word = f"&after={answer['next']}"
    assert found == ["xidan", "guomao", "dongdan"]
    assert answer["next"] is None


def test_a_region_and_a_time_may_be_asked_for(branches: Branches) -> None:
    """The whole of a region; a time of which nothing is asked is complete."""
    now = int(branches.clock.now())
    assert len(ask(branches, "/api/v1/completeness?region=north")["sites"]) == 3
    answer = ask(branches, f"/api/v1/completeness?from={now - 1_860}&to={now - 60}")
    assert {row["minutes"] for row in answer["sites"]} == {30}
    assert answer["to"] - answer["from"] == 1_800


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("region=south", 404, "none of this gateway's"),
        ("from=0", 400, "at most 31 days"),
        ("from=2000000000&to=1", 400, "exchange them"),
        ("to=yesterday", 400, "no time"),
        ("limit=0", 400, "limit"),
        ("worst=1", 400, "no parameter"),
        ("after=x", 400, "no word of ours"),
    ],
)
def test_what_cannot_be_answered_says_why(branches: Branches, query: str, status: int, word: str) -> None:
    """A problem that names the parameter."""
    assert word in ask(branches, f"/api/v1/completeness?{query}", status)["detail"]


def test_it_is_described(branches: Branches) -> None:
    """In the OpenAPI document, with what is left out."""
    operation = ask(branches, "/api/v1/openapi.json")["paths"]["/api/v1/completeness"]["get"]
    told = {one["name"]: one["description"] for one in operation["parameters"]}
    assert set(told) == {"region", "from", "to", "limit", "after"}
    assert told["from"].endswith("if left out")
    assert {"400", "404", "503"} <= operation["responses"].keys()
