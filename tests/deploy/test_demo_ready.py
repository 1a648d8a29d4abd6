"""The demo is called up only when the gateway is ready and every branch shows a reading of this run."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy import demo_ready
from deploy.demo_ready import Readiness


class Gateway:
    """A local server that gives a gateway's answers."""

    def __init__(self) -> None:
        self.ready = (503, '{"reasons":["store: starting"]}')
        self.points: dict[str, object] = {}
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = gateway.answer(self.path)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> tuple[int, str]:
        """Status and body."""
        if path == "/readyz":
            return self.ready
        site = path.removeprefix("/api/v1/sites/").removesuffix("/points")
        return (200, json.dumps(self.points[site])) if site in self.points else (404, "{}")

    def show(self, site: str, age_s: float | None) -> None:
        """Let a branch show one reading of that age."""
        value = {"value": 612.0, "unit": "ppm", "time": 1.0, "age_s": age_s, "quality": "good"}
        self.points[site] = {"points": [{"point": "hall-air", "values": {"co2_ppm": value}}], "next": None}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Answers while the test runs."""
    gateway = Gateway()
    thread = threading.Thread(target=gateway.server.serve_forever)
    thread.start()
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()
    thread.join()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which the test moves."""
    clock = [100.0]
    monkeypatch.setattr(demo_ready.time, "monotonic", lambda: clock[0])
    return clock


def test_it_is_up_when_all_is_there(gateway: Gateway, now: list[float]) -> None:
    """Each step is told once, with the reading that came."""
    said: list[str] = []
    readiness = Readiness(gateway.url, ["xidan", "tianhe"], say=said.append)
    now[0] += 1
    assert not readiness.look()
    assert "store: starting" in readiness.missing
    gateway.ready = (200, "")
    gateway.show("xidan", 0.2)
    now[0] += 1
    assert not readiness.look()
    assert readiness.missing == "first readings of tianhe"
    gateway.show("tianhe", 0.2)
    now[0] += 1
    assert readiness.look()
    assert said == [
        "gateway: ready",
        "xidan: first reading, hall-air co2_ppm 612",
        "tianhe: first reading, hall-air co2_ppm 612",
    ]


def test_a_reading_of_the_run_before_does_not_count(gateway: Gateway, now: list[float]) -> None:
    """The store outlives a run: what it shows may be an hour old, or of unknown age."""
    gateway.ready = (200, "")
    readiness = Readiness(gateway.url, ["xidan"], say=lambda _: None)
    for age_s in (3_600.0, None):
        gateway.show("xidan", age_s)
        now[0] += 1
        assert not readiness.look()
    gateway.show("xidan", 1.5)
    now[0] += 1
    assert readiness.look()


@pytest.mark.parametrize("body", ["not json", "[]", '{"points":[{}]}'])
def test_an_odd_answer_is_no_crash(gateway: Gateway, now: list[float], body: str) -> None:
    """It is what is missing, in words."""
    gateway.ready = (200, "")
    gateway.answer = lambda path: (200, body)  # type: ignore[method-assign]
    readiness = Readiness(gateway.url, ["xidan"], say=lambda _: None)
    now[0] += 1
    assert not readiness.look()
    assert "does not answer" in readiness.missing


def test_a_long_wait_says_what_it_waits_for(now: list[float]) -> None:
    """Every quarter of a minute; and it asks twice a second at most."""
    said: list[str] = []
    readiness = Readiness("http://127.0.0.1:9", ["xidan"], say=said.append)
    for _ in range(40):
        now[0] += 1
        assert not readiness.look()
    assert len(said) == 2
    assert all(text.startswith("still waiting: the gateway does not answer") for text in said)
