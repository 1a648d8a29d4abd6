"""People over HTTP: who asks, whose alarm it is, whose turn, who stands in; and an alarm with its history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.alerts.outbox import Stage
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Reason, Tell
from gateway.board.alert_phrases import REASONS, STAGES, TELLS
from gateway.board.tokens import Tokens
from tests.gateway.board.branches import Branches
from tests.servers import wait_until

LI, WANG, SCREEN = "token-of-li-na-0000000000001", "token-of-wang-wei-00000000001", "token-of-a-screen-0000000001"
DAY_S = 86_400


@pytest.fixture
def branches(tmp_path: Path) -> Iterator[Branches]:
    """A branch with a responsible and a deputy, who take turns in the region as well."""
    alerts = msgspec.convert(
        {
            "board": "http://127.0.0.1:8080",
            "people": {
                "li-na": {"name": "李娜", "channels": ["file"]},
                "wang-wei": {"name": "王伟", "channels": ["file"]},
            },
            "channels": {"file": {"kind": "file", "path": str(tmp_path / "told.jsonl")}},
            "sites": {"xidan": {"responsible": ["li-na"], "deputy": ["wang-wei"]}},
            "city": ["wang-wei"],
            "rota": [{"region": "north", "first": "2026-09-21", "each_days": 7, "people": ["li-na", "wang-wei"]}],
        },
        AlertsConfig,
        strict=False,
    )
    parts = Branches(tmp_path, alerts=alerts)
    yield parts
    parts.close()


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    file = tmp_path / "tokens"
    file.write_text(f"li-na {LI}\nwang-wei {WANG}\nscreen {SCREEN}\n", encoding="ascii")
    return Tokens.read(str(file))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


def deliver(branches: Branches) -> None:
    branches.alerts.deliver()
    wait_until(lambda: branches.alerts.deliver() == 0 and branches.alerts._outbox.counts() == {})


def history(client: Any, alert: int = 1, language: str = "en") -> Any:
    return client.get(f"/api/v1/alerts/{alert}/history", headers={"accept-language": language}).json()


def test_the_history_tells_every_change_and_how_far_each_message_came(branches: Branches) -> None:
    branches.cord("called")
    deliver(branches)
    branches.clock.advance(61)  # type: ignore[attr-defined]
    branches.alerts.engine.tick()
    deliver(branches)
    with branches.client() as client:
        client.post("/api/v1/alerts/1/acknowledge", json={"by": "wang-wei"})
        deliver(branches)
        found = history(client)
        assert [(one["reason"], one["state"], one["who"]) for one in found["changes"]] == [
            ("raised", "unacknowledged", None),
            ("escalated", "unacknowledged", None),
            ("acknowledged", "acknowledged", "王伟"),
        ]
        assert found["changes"][1]["words"] == "Nobody answered: more people were told"
        told = [(one["person"], one["tell"], one["stage"], one["channel"]) for one in found["told"]]
        assert told == [
            ("li-na", "rise", "delivered", "file"),
            ("wang-wei", "rise", "delivered", "file"),
            ("li-na", "taken", "delivered", "file"),
        ]
        first = found["told"][0]
        assert first["queued"] <= first["sent"] == first["delivered"]
        assert (first["read"], first["detail"], first["attempts"], first["name"]) == (None, None, 1, "李娜")
        assert history(client, language="zh-CN")["told"][0]["words"] == "报警产生"
        page = client.get("/api/v1/alerts/1/history", params={"limit": 2}).json()
        rest = client.get("/api/v1/alerts/1/history", params={"after": page["next"]}).json()
        assert [one["reason"] for one in (*page["changes"], *rest["changes"])] == [
            "raised",
            "escalated",
            "acknowledged",
        ]
        assert (len(page["changes"]), rest["next"]) == (2, None)
        assert client.get("/api/v1/alerts/9/history").status_code == 404
        assert client.get("/api/v1/alerts/1/history?limitt=1").status_code == 400


def test_a_message_that_fails_says_why_and_one_answered_by_its_link_was_read(
    branches: Branches, tmp_path: Path
) -> None:
    file = tmp_path / "told.jsonl"
    file.mkdir()
    branches.cord("called")
    branches.alerts.deliver()
    with branches.client() as client:
        wait_until(lambda: history(client)["told"][0]["attempts"] == 1)
        (waiting,) = history(client)["told"]
        assert (waiting["stage"], waiting["sent"], waiting["channel"]) == ("waiting", None, "file")
        assert "cannot be written" in waiting["detail"]
        file.rmdir()
        branches.clock.advance(5)  # type: ignore[attr-defined]
        deliver(branches)
        link = msgspec.json.decode(file.read_bytes().splitlines()[0])["link"]
        client.post(link.removeprefix("http://127.0.0.1:8080"))
        (read,) = history(client)["told"]
        assert (read["stage"], read["read"]) == ("read", branches.now_ms / 1000)


def test_one_alert_also_when_it_has_ended(branches: Branches) -> None:
    branches.cord("called")
    with branches.client() as client:
        one = client.get("/api/v1/alerts/1", headers={"accept-language": "zh-CN"}).json()
        assert (one["state"], one["where"], one["ended"]) == ("unacknowledged", "西单支行 · 卫生间 · cord", None)
        client.post("/api/v1/alerts/1/acknowledge", json={"by": "Somebody"})
        branches.cord("cleared")
        one = client.get("/api/v1/alerts/1").json()
        assert (one["state"], one["acknowledged_by"]) == ("normal", "Somebody")
        assert one["ended"] == pytest.approx(branches.now_ms / 1000, abs=0.01)
        assert client.get("/api/v1/alerts/2").status_code == 404


def test_who_asks_is_the_tokens_person_else_nobody(branches: Branches, tokens: Tokens) -> None:
    with branches.client() as client:
        assert client.get("/api/v1/me").json() == {"person": None, "name": None, "program": None}
    with branches.client(tokens=tokens) as client:
        assert client.get("/api/v1/me").status_code == 401
        found = client.get("/api/v1/me", headers=bearer(LI)).json()
        assert found == {"person": "li-na", "name": "李娜", "program": "li-na"}
        assert client.get("/api/v1/me", headers=bearer(SCREEN)).json()["person"] is None


def test_what_a_person_does_is_theirs_whatever_name_is_given(branches: Branches, tokens: Tokens) -> None:
    branches.cord("called")
    with branches.client(tokens=tokens) as client:
        answer = client.post("/api/v1/alerts/1/acknowledge", json={"by": "王伟"}, headers=bearer(LI))
        assert answer.json()["acknowledged_by"] == "李娜"
    branches.cord("called")
    with branches.client(tokens=tokens) as client:
        named = client.post("/api/v1/alerts/1/acknowledge", json={"by": "wang-wei"}, headers=bearer(SCREEN))
        assert named.json()["acknowledged_by"] == "王伟", "a shared screen says who stands before it"


def test_people_are_listed_without_how_they_are_reached(branches: Branches) -> None:
    with branches.client() as client:
        page = client.get("/api/v1/people", params={"limit": 1}).json()
        assert page["people"] == [{"person": "li-na", "name": "李娜"}]
        rest = client.get("/api/v1/people", params={"after": page["next"]}).json()
        assert (rest["people"], rest["next"]) == ([{"person": "wang-wei", "name": "王伟"}], None)
        parts = client.get("/api/v1/people/wang-wei").json()["parts"]
        assert [(one["role"], one["site"], one["region"]) for one in parts] == [
            ("deputy", "xidan", None),
            ("city", None, None),
            ("rota", None, "north"),
        ]
        assert client.get("/api/v1/people/nobody").status_code == 404


def test_mine_are_the_alarms_i_was_told_of_or_have(branches: Branches) -> None:
    branches.cord("called")
    deliver(branches)
    with branches.client() as client:

        def mine(person: str) -> list[str]:
            return [one["id"] for one in client.get(f"/api/v1/people/{person}/alerts").json()["alerts"]]

        assert (mine("li-na"), mine("wang-wei")) == (["1"], [])
        client.post("/api/v1/alerts/1/acknowledge", json={"by": "wang-wei"})
        assert (mine("li-na"), mine("wang-wei")) == (["1"], ["1"])
        branches.cord("cleared")
        assert (mine("li-na"), mine("wang-wei")) == ([], [])
        assert client.get("/api/v1/people/nobody/alerts").status_code == 404


def test_turns_with_hand_overs_worked_in(branches: Branches) -> None:
    with branches.client() as client:
        words = {"person": "li-na", "from": "2026-09-21", "days": "21"}
        turns = client.get("/api/v1/rota", params=words).json()["turns"]
        assert [(one["first"], one["last"], one["name"]) for one in turns] == [
            ("2026-09-21", "2026-09-27", "李娜"),
            ("2026-10-05", "2026-10-11", "李娜"),
        ]
        body = {"person": "li-na", "stands_in": "wang-wei", "until": "2026-10-07T00:00:00+08:00", "why": "holiday"}
        body["from"] = "2026-10-05T00:00:00+08:00"
        assert client.post("/api/v1/hand-overs", json=body).status_code == 201
        turns = client.get("/api/v1/rota", params=words).json()["turns"]
        assert [(one["first"], one["last"], one["person"], one["named"]) for one in turns[1:]] == [
            ("2026-10-05", "2026-10-06", "wang-wei", "li-na"),
            ("2026-10-07", "2026-10-11", "li-na", "li-na"),
        ]
        for bad in ({"from": "soon"}, {"days": "0"}, {"days": "401"}, {"who": "x"}):
            assert client.get("/api/v1/rota", params=bad).status_code == 400, bad
        assert client.get("/api/v1/rota", params={"person": "nobody"}).status_code == 404


def test_who_hands_over_is_not_told_and_can_take_it_back(branches: Branches) -> None:
    now_s = branches.now_ms / 1000
    wish = {"person": "li-na", "stands_in": "wang-wei", "until": now_s + DAY_S, "why": "holiday", "by": "li-na"}
    with branches.client() as client:
        made = client.post("/api/v1/hand-overs", json=wish).json()
        assert (made["name"], made["stands_in_name"], made["from"], made["made_by"]) == ("李娜", "王伟", now_s, "李娜")
        branches.cord("called")
        assert [one["person"] for one in history(client)["told"]] == ["wang-wei"]
        given = client.get("/api/v1/hand-overs", params={"person": "li-na"}).json()["hand_overs"]
        assert client.get("/api/v1/hand-overs", params={"person": "wang-wei"}).json()["hand_overs"] == given
        ended = client.post(f"/api/v1/hand-overs/{made['id']}/end", json={"by": "li-na"}).json()
        assert (ended["ended"], ended["ended_by"]) == (now_s, "李娜")
        assert client.post("/api/v1/hand-overs/99/end").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "status", "names"),
    [
        ({"stands_in": "nobody"}, 400, "stands_in"),
        ({"stands_in": "li-na"}, 400, "stands_in"),
        ({"person": "nobody"}, 404, "nobody"),
        ({"until": 1.0}, 400, "until"),
        ({"until": "soon"}, 400, "until"),
        ({"until": 4_000_000_000.0}, 400, "until"),
        ({"from": "x"}, 400, "from"),
    ],
)
def test_a_hand_over_that_means_nothing_is_refused(
    branches: Branches, wrong: dict[str, Any], status: int, names: str
) -> None:
    wish = {"person": "li-na", "stands_in": "wang-wei", "until": branches.now_ms / 1000 + DAY_S, **wrong}
    with branches.client() as client:
        answer = client.post("/api/v1/hand-overs", json=wish)
        assert answer.status_code == status
        assert names in answer.json()["detail"]
        assert client.get("/api/v1/hand-overs").json()["hand_overs"] == []


def test_nobody_hands_over_for_somebody_else(branches: Branches, tokens: Tokens) -> None:
    """With one's own token; a shared screen and a program may, and it is noted who did."""
    wish = {"person": "li-na", "stands_in": "wang-wei", "until": branches.now_ms / 1000 + DAY_S}
    with branches.client(tokens=tokens) as client:
        assert client.post("/api/v1/hand-overs", json=wish, headers=bearer(WANG)).status_code == 403
        stranger = {**bearer(LI), "sec-fetch-site": "cross-site"}
        assert client.post("/api/v1/hand-overs", json=wish, headers=stranger).status_code == 403
        made = client.post("/api/v1/hand-overs", json=wish, headers=bearer(SCREEN)).json()
        assert made["made_by"] == "screen"
        path = f"/api/v1/hand-overs/{made['id']}/end"
        assert client.post(path, headers=bearer(WANG)).status_code == 403
        assert client.post(path, headers=bearer(LI)).json()["ended_by"] == "李娜"


def test_every_word_of_a_history_is_there_in_both_languages() -> None:
    for words, pairs in ((Reason, REASONS), (Tell, TELLS), (Stage, STAGES)):
        assert set(pairs) == set(words)
        assert all(pair.en and pair.zh and pair.en != pair.zh for pair in pairs.values())


def test_the_openapi_document_describes_people(branches: Branches) -> None:
    with branches.client() as client:
        paths = set(client.get("/api/v1/openapi.json").json()["paths"])
    people = {
        "me",
        "people",
        "people/{person}",
        "people/{person}/alerts",
        "rota",
        "hand-overs",
        "hand-overs/{plan}/end",
    }
    assert {f"/api/v1/{path}" for path in (*people, "alerts/{alert}", "alerts/{alert}/history")} <= paths
