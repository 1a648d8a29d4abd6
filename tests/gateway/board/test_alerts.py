"""Alarms over HTTP: the list, acknowledging, shelving, and the page behind the link in a message."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from gateway.alerts.links import Claim
from gateway.alerts.settings import AlertsConfig
from gateway.board.tokens import Tokens
from gateway.state.tables import notice
from tests.gateway.board.branches import Branches
from tests.servers import wait_until

TOKEN = "a-token-that-is-long-enough-1"
MEMBERS = {
    "id",
    "rule",
    "severity",
    "state",
    "site",
    "room",
    "point",
    "quantity",
    "since",
    "value",
    "message",
    "acknowledged_by",
    "shelved_until",
}


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "told.jsonl"


@pytest.fixture
def branches(tmp_path: Path, told: Path) -> Iterator[Branches]:
    """One branch with one person who is told, through a file."""
    alerts = msgspec.convert(
        {
            "board": "http://127.0.0.1:8080",
            "people": {"li": {"name": "李娜", "channels": ["file"]}},
            "channels": {"file": {"kind": "file", "path": str(told)}},
            "city": ["li"],
        },
        AlertsConfig,
    )
    parts = Branches(tmp_path, alerts=alerts)
    yield parts
    parts.close()


def bad_air(branches: Branches) -> None:
    """CO2 beyond 2,000 ppm for a quarter of an hour: two default rules alarm."""
    for _ in range(17):
        branches.air({branches.now_ms: {"co2_ppm": 2_500.0}})
        branches.clock.advance(60)  # type: ignore[attr-defined]


def told_lines(branches: Branches, told: Path) -> list[dict[str, Any]]:
    """What the person was told, once it has arrived."""
    branches.alerts.deliver()
    wait_until(lambda: told.exists() and told.read_text(encoding="utf-8").endswith("\n"))
    return [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]


def test_the_list_has_the_contracts_members(branches: Branches) -> None:
    bad_air(branches)
    branches.cord("called")
    with branches.client() as client:
        body = client.get("/api/v1/alerts", headers={"accept-language": "en"}).json()
    assert body["next"] is None
    assert [one["rule"] for one in body["alerts"]] == ["call-for-help", "co2-unacceptable", "co2-high"]
    call, serious, warning = body["alerts"]
    assert set(call) >= MEMBERS
    assert (call["state"], call["site"], call["room"], call["point"], call["quantity"], call["value"]) == (
        "unacknowledged",
        "xidan",
        "toilet",
        "cord",
        None,
        None,
    )
    assert call["since"] == branches.now_ms / 1000
    assert (serious["severity"], serious["quantity"], serious["value"]) == ("critical", "co2_ppm", 2_500.0)
    assert serious["message"] == "Carbon dioxide too high: 2,500 ppm (limit 2,000 ppm)"
    assert (warning["acknowledged_by"], warning["shelved_until"]) == (None, None)


def test_the_list_by_state_by_site_and_in_pages(branches: Branches) -> None:
    bad_air(branches)
    branches.cord("called")
    with branches.client() as client:
        ids: list[str] = []
        after = None
        while True:
            words = {"limit": "1", **({"after": after} if after else {})}
            page = client.get("/api/v1/alerts", params=words).json()
            ids += [one["id"] for one in page["alerts"]]
            after = page["next"]
            if after is None:
                break
        assert ids == ["3", "2", "1"]
        client.post("/api/v1/alerts/3/acknowledge")
        for words, found in (
            ({"state": "acknowledged"}, ["3"]),
            ({"state": "unacknowledged"}, ["2", "1"]),
            ({"state": "normal"}, []),
            ({"site": "xidan"}, ["3", "2", "1"]),
            ({"site": "other"}, []),
        ):
            assert [one["id"] for one in client.get("/api/v1/alerts", params=words).json()["alerts"]] == found
        branches.cord("cleared")
        assert [one["id"] for one in client.get("/api/v1/alerts", params={"state": "normal"}).json()["alerts"]] == ["3"]
        for words in ({"state": "loud"}, {"colour": "red"}, {"after": "xx"}, {"limit": "0"}):
            answer = client.get("/api/v1/alerts", params=words)
            assert (answer.status_code, answer.json()["status"]) == (400, 400), words


def test_acknowledging_answers_with_the_alert_and_is_the_same_twice(branches: Branches) -> None:
    branches.cord("called")
    with branches.client() as client:
        answer = client.post("/api/v1/alerts/1/acknowledge", json={"by": "Li Na"})
        assert (answer.status_code, answer.json()["state"], answer.json()["acknowledged_by"]) == (
            200,
            "acknowledged",
            "Li Na",
        )
        again = client.post("/api/v1/alerts/1/acknowledge", json={"by": "Wang"})
        assert (again.status_code, again.json()["acknowledged_by"]) == (200, "Li Na")
        assert client.post("/api/v1/alerts/99/acknowledge").status_code == 404
        assert client.post("/api/v1/alerts/x/acknowledge").status_code == 404
        assert client.post("/api/v1/alerts/1/acknowledge", content=b"{").status_code == 400


def test_a_programs_token_says_who_it_is(branches: Branches, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"pager {TOKEN}\n", encoding="ascii")
    branches.cord("called")
    with branches.client(tokens=Tokens.read(str(file))) as client:
        assert client.post("/api/v1/alerts/1/acknowledge").status_code == 401
        answer = client.post("/api/v1/alerts/1/acknowledge", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.json()["acknowledged_by"] == "pager"


def test_shelving_needs_a_reason_and_an_end_within_bounds(branches: Branches) -> None:
    bad_air(branches)
    now_s = branches.now_ms / 1000
    with branches.client() as client:
        for body in (
            {},
            {"reason": "painting"},
            {"for_s": 60},
            {"reason": " ", "for_s": 60},
            {"reason": "painting", "for_s": -1},
            {"reason": "painting", "for_s": 10_000_000},
            {"reason": "painting", "for_s": 60, "until": now_s + 60},
            {"reason": "painting", "until": "soon"},
        ):
            answer = client.post("/api/v1/alerts/1/shelve", json=body)
            assert answer.status_code == 400, body
            assert answer.headers["content-type"].startswith("application/problem+json")
        for until in ({"for_s": 3_600}, {"until": now_s + 3_600}):
            answer = client.post("/api/v1/alerts/1/shelve", json={"reason": "painting", "by": "Li", **until})
            assert (answer.status_code, answer.json()["state"]) == (200, "shelved")
            assert answer.json()["shelved_until"] == now_s + 3_600
        for _twice in range(2):
            answer = client.post("/api/v1/alerts/1/unshelve", json={"by": "Li"})
            assert (answer.status_code, answer.json()["state"]) == (200, "unacknowledged")
            assert answer.json()["shelved_until"] is None
        assert client.post("/api/v1/alerts/99/unshelve").status_code == 404


def test_a_call_for_help_is_not_shelved(branches: Branches) -> None:
    branches.cord("called")
    with branches.client() as client:
        answer = client.post("/api/v1/alerts/1/shelve", json={"reason": "noise", "for_s": 60})
        assert answer.status_code == 409
        assert "call for help" in answer.json()["detail"]
        branches.cord("cleared")
        client.post("/api/v1/alerts/1/acknowledge")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}],
)
def test_a_strangers_page_can_do_nothing(branches: Branches, headers: dict[str, str]) -> None:
    branches.cord("called")
    with branches.client() as client:
        for path in (f"/api/v1/alerts/1/{word}" for word in ("acknowledge", "shelve", "unshelve")):
            assert client.post(path, headers=headers).status_code == 403
        assert client.get("/api/v1/alerts").json()["alerts"][0]["state"] == "unacknowledged"
        same = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}
        assert client.post("/api/v1/alerts/1/acknowledge", headers=same).status_code == 200


def test_from_rising_over_told_and_acknowledged_by_its_link_to_cleared(branches: Branches, told: Path) -> None:
    branches.cord("called")
    (line,) = told_lines(branches, told)
    assert (line["to"], line["tell"], line["alerts"][0]["site"]) == ("li", "rise", "xidan")
    assert line["title"] == "紧急：有人呼叫求助 · 西单支行 · 卫生间 · cord"
    path = line["link"].removeprefix("http://127.0.0.1:8080")
    chinese = {"accept-language": "zh-CN"}
    with branches.client() as client:
        page = client.get(path, headers=chinese)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "有人呼叫求助" in page.text
        assert "我来处理" in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers.get_list("content-security-policy") == [page.headers["content-security-policy"]]
        assert client.get("/api/v1/alerts").json()["alerts"][0]["state"] == "unacknowledged", (
            "a preview changes nothing"
        )
        done = client.post(path, headers=chinese)
        assert "已记录由您处理" in done.text
        assert "<form" not in done.text
        assert client.get("/api/v1/alerts").json()["alerts"][0]["acknowledged_by"] == "李娜"
        branches.cord("cleared")
        assert client.get("/api/v1/alerts").json()["alerts"] == []
        assert "已结束" in client.get(path, headers=chinese).text
    branches.alerts.deliver()
    wait_until(lambda: len(told.read_text(encoding="utf-8").splitlines()) == 2)
    assert told_lines(branches, told)[1]["tell"] == "clear"


def test_a_link_expires_and_a_changed_one_is_none(branches: Branches, told: Path) -> None:
    branches.cord("called")
    path = told_lines(branches, told)[0]["link"].removeprefix("http://127.0.0.1:8080")
    with branches.client() as client:
        changed = path[:5] + ("A" if path[5] != "A" else "B") + path[6:]
        assert client.get(changed).status_code == 404
        assert client.post(changed).status_code == 404
        branches.clock.advance(86_401)  # type: ignore[attr-defined]
        assert client.get(path).status_code == 410
        assert client.post(path).status_code == 410
        assert client.get("/api/v1/alerts").json()["alerts"][0]["state"] == "unacknowledged"


def test_in_a_group_the_person_says_who_they_are(branches: Branches, told: Path) -> None:
    branches.cord("called")
    told_lines(branches, told)
    batch = told_lines(branches, told)[0]["key"]
    word = branches.alerts.desk.links.make(Claim(batch, "li", branches.now_ms + 60_000, True))
    with branches.client() as client:
        assert '<input name="name" required' in client.get(f"/a/{word}").text
        assert client.post(f"/a/{word}").status_code == 400
        assert client.post(f"/a/{word}", data={"name": "  "}).status_code == 400
        evil = '<script>alert("x")</script>'
        page = client.post(f"/a/{word}", data={"name": evil})
        assert page.status_code == 200
        assert evil not in page.text
        assert client.get("/api/v1/alerts").json()["alerts"][0]["acknowledged_by"] == evil


def test_the_page_needs_no_token_but_shows_nothing_else(branches: Branches, told: Path, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"pager {TOKEN}\n", encoding="ascii")
    branches.cord("called")
    path = told_lines(branches, told)[0]["link"].removeprefix("http://127.0.0.1:8080")
    bad_air(branches)
    with branches.client(tokens=Tokens.read(str(file))) as client:
        page = client.get(path, headers={"accept-language": "en"})
        assert page.status_code == 200
        assert re.findall(r"<h2>(.*?)</h2>", page.text) == ["Somebody calls for help"]


def test_the_openapi_document_describes_alarms(branches: Branches) -> None:
    with branches.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/alerts", "/api/v1/alerts/{alert}/acknowledge", "/api/v1/alerts/{alert}/shelve"} <= set(paths)


def test_whoever_is_second_is_told_that_somebody_was_quicker(branches: Branches, told: Path) -> None:
    branches.cord("called")
    path = told_lines(branches, told)[0]["link"].removeprefix("http://127.0.0.1:8080")
    english = {"accept-language": "en"}
    with branches.client() as client:
        assert "I have it" in client.get(path, headers=english).text
        client.post("/api/v1/alerts/1/acknowledge", json={"by": "Wang"})
        late = client.post(path, headers=english).text
        assert "Somebody was quicker" in late
        assert "Wang has it" in late
        again = client.post(path, headers=english)
        assert (again.status_code, "Wang has it" in again.text) == (200, True)


def test_several_alarms_of_one_message_are_named_on_the_button(branches: Branches, told: Path) -> None:
    bad_air(branches)
    (line,) = told_lines(branches, told)
    row = {"alarm_id": 1, "key": "k", "person": "li", "tell": "rise", "step": 1, "severity": "warning"}
    row |= {"status": "told", "queued_ms": 0, "not_before_ms": 0, "channel": 0, "attempts": 0, "detail": ""}
    with branches.state.write() as connection:
        connection.execute(insert(notice).values(**row, batch=line["key"]))
    path = line["link"].removeprefix("http://127.0.0.1:8080")
    with branches.client() as client:
        assert ">I have all 2</button>" in client.get(path, headers={"accept-language": "en"}).text
        client.post(path)
        assert {one["state"] for one in client.get("/api/v1/alerts").json()["alerts"]} == {"acknowledged"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b"),
        (b"name", "multipart/form-data"),
        (b"\xff\xfe%%%", "application/x-www-form-urlencoded"),
        (b"[1", "application/json"),
    ],
)
def test_a_body_that_is_no_form_harms_nothing(branches: Branches, told: Path, body: bytes, kind: str) -> None:
    branches.cord("called")
    batch = told_lines(branches, told)[0]["key"]
    word = branches.alerts.desk.links.make(Claim(batch, "li", branches.now_ms + 60_000, True))
    with branches.client() as client:
        answer = client.post(f"/a/{word}", content=body, headers={"content-type": kind})
        assert 400 <= answer.status_code < 500, answer.text
        assert client.get("/api/v1/alerts").json()["alerts"][0]["state"] == "unacknowledged"


@given(word=st.text(max_size=80))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_that_we_did_not_sign_is_a_link(branches: Branches, word: str) -> None:
    assert branches.alerts.desk.links.read(word) is None


def test_a_file_or_a_name_in_pieces_is_no_name_of_ours(branches: Branches, told: Path) -> None:
    branches.cord("called")
    batch = told_lines(branches, told)[0]["key"]
    word = branches.alerts.desk.links.make(Claim(batch, "li", branches.now_ms + 60_000, True))
    with branches.client() as client:
        assert client.post(f"/a/{word}", files={"name": ("n.txt", b"Li")}).status_code == 400
        client.post(f"/a/{word}", data={"name": "  Li \r\n  Na  " + "x" * 200})
        assert client.get("/api/v1/alerts").json()["alerts"][0]["acknowledged_by"] == ("Li Na " + "x" * 200)[:100]
