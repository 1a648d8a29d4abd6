"""Who may ask what: names, tokens, headers; and what a health check is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.board.guard import host_name
from gateway.board.languages import preferred
from gateway.board.sources import Finding, Readiness
from gateway.board.tokens import Tokens
from gateway.errors import ConfigurationError
from telemetry.messages import PointInfo
from tests.gateway.board.branches import Branches

TOKEN = "correct-horse-battery-staple"


def test_the_names_of_this_machine_are_answered(branches: Branches) -> None:
    with branches.client() as client:
        for host in ("127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.8.9.1", "localhost."):
            assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


STRANGERS = ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.1", "", "[::1", "a:b")


@pytest.mark.parametrize("path", ["/", "/api/v1/sites", "/healthz", "/metrics"])
def test_a_strangers_name_for_this_machine_is_refused(branches: Branches, path: str) -> None:
    """DNS rebinding: a page of a stranger must not read the board through the reader's browser."""
    with branches.client() as client:
        for host in STRANGERS:
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == 421, host
            assert answer.json()["title"] == "Misdirected Request"
            assert "[http] names" in answer.json()["detail"]


def test_names_of_the_configuration_are_answered_too(branches: Branches) -> None:
    with branches.client(names=["board.bank.example"]) as client:
        assert client.get("/healthz", headers={"Host": "Board.bank.example:443"}).status_code == 200
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421


@given(st.text(max_size=40))
def test_no_host_header_breaks_the_guard(text: str) -> None:
    """Whatever a client sends there."""
    name = host_name(text)
    assert name is None or name == name.lower()


def test_with_tokens_the_api_and_the_metrics_ask_for_one(branches: Branches, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# programs\ngrafana {TOKEN}  # dashboards\n\nother {TOKEN}-2\n", encoding="utf-8")
    tokens = Tokens.read(str(file))
    with branches.client(tokens=tokens, names=None) as client:
        for path in ("/api/v1/sites", "/api/v1/openapi.json", "/metrics", "/api/v1/nothing"):
            for value in (None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ä"):
                headers = {} if value is None else {"Authorization": value.encode("utf-8")}
                answer = client.get(path, headers=headers)
                assert answer.status_code == 401, (path, value)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert answer.headers["content-type"] == "application/problem+json"
        for value in (f"Bearer {TOKEN}", f"bearer  {TOKEN}-2 "):
            assert client.get("/api/v1/sites", headers={"Authorization": value}).status_code == 200
        for path in ("/", "/board/board.js", "/healthz", "/readyz"):
            assert client.get(path).status_code == 200, path
    assert tokens.name_of(TOKEN) == "grafana"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds 0 tokens"),
        ("grafana", "line 1 is not NAME TOKEN"),
        ("# a\ngrafana short", "line 2: the token has fewer than 24"),
        (f"a {TOKEN}\nb {TOKEN}", "line 2: another program has the same"),
        (f"a {TOKEN} more", "line 1"),
    ],
)
def test_a_token_file_that_cannot_be_used_is_refused_without_telling_a_token(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "tokens"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words) as caught:
        Tokens.read(str(file))
    assert TOKEN not in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot read"):
        Tokens.read(str(tmp_path / "none"))


@pytest.mark.parametrize("path", ["/", "/board/board.js", "/board/board.css", "/api/v1/sites", "/readyz", "/nothing"])
def test_every_answer_carries_the_security_headers(branches: Branches, path: str) -> None:
    with branches.client() as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "access-control-allow-origin" not in headers


def test_the_page_and_its_parts_are_served_and_kept_by_their_hash(branches: Branches) -> None:
    with branches.client() as client:
        for path, kind in (
            ("/", "text/html; charset=utf-8"),
            ("/board/board.js", "text/javascript; charset=utf-8"),
            ("/board/board.css", "text/css; charset=utf-8"),
            ("/board/icon.svg", "image/svg+xml"),
        ):
            first = client.get(path)
            assert (first.status_code, first.headers["content-type"]) == (200, kind)
            again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        for path in ("/board/index.html", "/board/..%2Fapp.py", "/board/app.py", "/board/none.js", "/board/"):
            assert client.get(path).status_code == 404, path


def test_the_page_comes_in_the_readers_language(branches: Branches) -> None:
    with branches.client() as client:
        for header, language in (("zh-CN,zh;q=0.9", "zh-CN"), ("fr, en;q=0.3", "en"), ("", "en")):
            answer = client.get("/", headers={"Accept-Language": header})
            assert f'<html lang="{language}">' in answer.text
            assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("de,fr", "en"),
        ("en-GB,zh;q=0.9", "en"),
        ("de, zh;q=0.2", "zh-CN"),
        ("zh;q=0.1, en;q=0.2", "en"),
        ("zh;q=0", "en"),
        ("zh;q=x", "en"),
        (";;,,=", "en"),
    ],
)
def test_the_language_that_is_wanted_most_of_ours_is_taken(header: str, language: str) -> None:
    assert preferred(header) == language


def test_the_page_loads_nothing_from_elsewhere_and_has_nothing_inline(branches: Branches) -> None:
    with branches.client() as client:
        page = client.get("/").text
        scripts = [
            client.get(f"/board/{name}").text for name in ("board.js", "card.js", "curve.js", "api.js", "dom.js")
        ]
        style = client.get("/board/board.css").text
    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert "style=" not in page
    assert "onclick" not in page
    assert "url(" not in style
    assert "@import" not in style
    for text in scripts:
        assert "innerHTML" not in text
        assert "eval(" not in text
        assert "https://" not in text


def test_healthz_lives_whatever_else_is_wrong(branches: Branches) -> None:
    branches.readiness = Readiness(reasons=[Finding("store", "store: gone")])
    with branches.client() as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/api/v1/sites", "/nothing"])
def test_head_answers_as_get_without_the_content(branches: Branches, path: str) -> None:
    with branches.client() as client:
        get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_readyz_names_reasons_and_warnings(branches: Branches) -> None:
    with branches.client() as client:
        well = client.get("/readyz")
        assert (well.status_code, well.json()["ready"], well.json()["reasons"]) == (200, True, [])
        branches.readiness = Readiness(
            reasons=[Finding("store", "store: gone"), Finding("broker", "broker: refused")],
            warnings=[Finding("two_agents", "agents a and b both claim point c")],
        )
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["reasons"] == ["store: gone", "broker: refused"]
    assert body["warnings"] == ["agents a and b both claim point c"]
    assert body["parts"] == ["store", "broker", "two_agents"]
    assert (body["status"], body["detail"]) == (503, "store: gone; broker: refused")
    assert (body["gateway"], body["regions"], body["ready"]) == ("gw", ["north"], False)


def test_metrics_are_prometheus_text_with_the_contracts_names(branches: Branches) -> None:
    branches.present([PointInfo(point="hall-air", room="hall")])
    branches.air({branches.now_ms: {"co2_ppm": 600.0}})
    branches.ingest.tick()
    with branches.client() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for line in (
        "openhall_packs_received_total 1.0",
        "openhall_readings_stored_total 1.0",
        "openhall_receipts_total 1.0",
        'openhall_dead_letters_total{reason="json"} 0.0',
        "openhall_ingest_queue 0.0",
    ):
        assert line in answer.text.splitlines()
