"""Sessions for people: a token for a cookie, what the cookie may do, and its end."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.board.sessions import COOKIE, Sessions, cookie, word_in
from gateway.board.tokens import Tokens
from gateway.config import Config
from tests.fakes import FakeClock
from tests.gateway.board.branches import Branches

LI, SCREEN = "token-of-li-na-0000000000001", "token-of-a-screen-0000000001"
HOST = "http://127.0.0.1:8080"


def tokens_of(folder: Path, **known: str) -> Tokens:
    file = folder / "tokens"
    file.write_text("".join(f"{name} {token}\n" for name, token in known.items()), encoding="ascii")
    return Tokens.read(str(file))


@pytest.fixture
def client(branches: Branches, tmp_path: Path) -> Iterator[Any]:
    with branches.client(tokens=tokens_of(tmp_path, li=LI, screen=SCREEN)) as made:
        yield made


def test_a_token_given_once_opens_until_the_end(client: Any) -> None:
    assert client.get("/api/v1/sites").status_code == 401
    begun = client.post("/api/v1/session", json={"token": f" {LI} "})
    assert (begun.status_code, begun.json()["program"]) == (200, "li")
    flags = begun.headers["set-cookie"]
    assert LI not in flags
    assert all(word in flags for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=3600"))
    assert "Secure" not in flags
    assert client.get("/api/v1/sites").status_code == 200
    assert client.get("/api/v1/me").json()["program"] == "li"
    assert client.post("/api/v1/session/end").status_code == 200
    assert client.get("/api/v1/sites").status_code == 401


def test_behind_a_proxy_with_tls_the_cookie_goes_over_tls_alone(client: Any) -> None:
    answer = client.post("/api/v1/session", json={"token": LI}, headers={"x-forwarded-proto": "https"})
    assert answer.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize("token", ["", "wrong", LI[:-1], LI + "x", "ü" * 30])
def test_no_other_token_begins_one(client: Any, token: str) -> None:
    answer = client.post("/api/v1/session", json={"token": token})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_a_strangers_page_can_neither_begin_one_nor_use_it(
    branches: Branches, client: Any, headers: dict[str, str]
) -> None:
    """The cookie is not even sent then; should a browser send it, it counts for nothing but reading."""
    assert client.post("/api/v1/session", json={"token": LI}, headers=headers).status_code == 403
    client.post("/api/v1/session", json={"token": LI})
    branches.cord("called")
    assert client.post("/api/v1/alerts/1/acknowledge", headers=headers).status_code == 401
    assert client.post("/api/v1/alerts/1/acknowledge", headers={"origin": HOST}).status_code == 200


def test_without_tokens_nobody_needs_a_session(branches: Branches) -> None:
    with branches.client() as client:
        assert client.post("/api/v1/session", json={"token": LI}).status_code == 404
        assert client.get("/api/v1/sites").status_code == 200


def test_a_session_ends_with_its_time_and_with_its_token(tmp_path: Path) -> None:
    clock = FakeClock()
    tokens = tokens_of(tmp_path, li=LI)
    sessions = Sessions(tokens, key=b"k" * 32, valid_s=60.0, clock=clock)
    begun = sessions.begin(LI)
    assert begun is not None
    word = begun[1]
    clock.advance(59.9)
    assert sessions.name_of(word) == "li"
    other = Sessions(tokens_of(tmp_path, li=SCREEN), key=b"k" * 32, valid_s=60.0, clock=clock)
    assert other.name_of(word) is None, "a new token ends the sessions of the one before"
    assert Sessions(tokens, key=b"x" * 32, valid_s=60.0, clock=clock).name_of(word) is None
    clock.advance(0.2)
    assert sessions.name_of(word) is None


@given(word=st.text(max_size=100) | st.binary(max_size=100).map(lambda body: body.decode("latin-1")))
def test_no_word_that_we_did_not_sign_is_a_session(word: str) -> None:
    assert SESSIONS.name_of(word) is None


@given(place=st.integers(0, 10_000), letter=st.sampled_from("Aa0_-."))
def test_one_changed_letter_is_no_session(place: int, letter: str) -> None:
    begun = SESSIONS.begin(LI)
    assert begun is not None
    word = begun[1]
    at = place % word.index(".")
    changed = word[:at] + letter + word[at + 1 :]
    assert SESSIONS.name_of(changed) == ("li" if changed == word else None)


def test_the_cookie_is_found_among_others() -> None:
    assert word_in(f"a=1; {COOKIE}=w; b=2") == "w"
    assert word_in("a=1; b") is None
    assert (
        cookie("w", max_age_s=5, is_secure=True) == f"{COOKIE}=w; Path=/; Max-Age=5; HttpOnly; SameSite=Strict; Secure"
    )


def test_the_usual_session_lasts_a_month() -> None:
    assert Config(gateway="g", regions=("north",)).http.session_valid_s == 30 * 86_400


SESSIONS = Sessions(
    Tokens({hashlib.sha256(LI.encode()).digest(): "li"}), key=b"k" * 32, valid_s=60.0, clock=FakeClock()
)
