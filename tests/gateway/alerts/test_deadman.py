"""The dead-man's ping: time lines on a fake clock, and a real HTTP server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, update

from gateway.alerts.deadman import Deadman, PingError, addresses, http_ping, overdue
from gateway.alerts.settings import DeadmanConfig
from gateway.errors import ConfigurationError
from gateway.pulses import Pulses
from gateway.state.state import State
from gateway.state.tables import notice
from tests.fakes import FakeClock

URL = "http://second.example/ping/secret"


class Line:
    """A dead-man's switch on a fake clock, and what its place heard, in seconds from the start."""

    def __init__(self, *urls: str, period_s: float = 60.0) -> None:
        self.clock = FakeClock()
        self.faults: list[str] = []
        self.refuses = ""
        self.heard: list[tuple[float, str]] = []
        self.ticks = 0
        self.started_s = self.clock.monotonic()
        self.pulses = Pulses({"alarms": lambda: self.ticks}, hang_s=180.0)
        self.registry = CollectorRegistry()
        self.deadman = Deadman(
            DeadmanConfig(urls=urls or (URL,), period_s=period_s),
            faults=lambda: [*self.faults, *self.pulses.look(self.clock.monotonic())],
            ping=self.ping,
            clock=self.clock,
            registry=self.registry,
        )

    def ping(self, url: str) -> None:
        if self.refuses and self.refuses in url:
            raise PingError("it answered 500")
        self.heard.append((self.clock.monotonic() - self.started_s, url))

    def pass_time(self, seconds: float, *, ticking: bool = True) -> None:
        for _ in range(round(seconds / 5)):
            self.pulses.look(self.clock.monotonic())
            self.deadman.round()
            self.clock.advance(5)
            self.ticks += ticking

    def times(self) -> list[float]:
        return [at for at, _url in self.heard]

    def count(self, outcome: str) -> float:
        return self.registry.get_sample_value("openhall_deadman_pings_total", {"outcome": outcome}) or 0.0


def test_a_gateway_that_works_is_heard_every_period() -> None:
    line = Line()
    line.pass_time(300)
    assert line.times() == [0, 60, 120, 180, 240]
    assert line.deadman.troubles() == []
    last = line.registry.get_sample_value("openhall_deadman_last_ping_seconds", {"place": "second.example"})
    assert last == line.clock.now() - 60


def test_it_falls_silent_while_the_store_refuses_and_speaks_again() -> None:
    line = Line()
    line.pass_time(120)
    line.faults = ["store: refused"]
    line.pass_time(300)
    assert line.times() == [0, 60]
    assert line.count("withheld") == 60
    line.faults = []
    line.pass_time(60)
    assert line.times() == [0, 60, 420]


def test_it_falls_silent_when_the_loop_of_the_alarms_hangs() -> None:
    """Three minutes after the last round, and as long as it hangs."""
    line = Line()
    line.pass_time(60)
    line.pass_time(600, ticking=False)
    assert line.times() == [0, 60, 120, 180]
    line.pass_time(120)
    assert line.times()[4:] == [665, 725]


def test_a_place_that_does_not_take_it_is_named_without_its_secret_and_stops_no_other() -> None:
    line = Line(URL, "https://user:pw@third.example/x")
    line.refuses = "second"
    line.pass_time(120)
    assert [url for _at, url in line.heard] == ["https://user:pw@third.example/x"] * 2
    assert line.deadman.troubles() == ["the dead-man's ping does not reach second.example: it answered 500"]
    assert (line.count("failed"), line.count("sent")) == (2, 2)
    line.refuses = ""
    line.pass_time(60)
    assert line.deadman.troubles() == []


def test_without_addresses_nothing_is_sent() -> None:
    assert DeadmanConfig().urls == ()
    Deadman(DeadmanConfig(), faults=list, ping=pytest.fail, clock=FakeClock(), registry=CollectorRegistry()).round()


def test_secret_addresses_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("https://a.example/1\n https://b.example/2 \n", encoding="utf-8")
    both = DeadmanConfig(urls=(URL,), url_file=str(file))
    assert addresses(both) == [URL, "https://a.example/1", "https://b.example/2"]
    file.write_text("https://a.example/1\nb.example/hush\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^\$\.alerts\.deadman\.url_file: .* line 2 is no http") as caught:
        addresses(both)
    assert "hush" not in str(caught.value)
    file.write_text("https://a.example/1\n" * 10, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="give at most 10"):
        addresses(both)


@pytest.mark.parametrize("text", ['urls = ["ftp://x"]', 'urls = ["http://"]', "period_s = 1", "url = 'http://x'"])
def test_bad_settings_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(text.encode(), type=DeadmanConfig)


class Second:
    """The second place: a real HTTP server."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret"


@pytest.fixture
def second() -> Iterator[Second]:
    place = Second()
    thread = threading.Thread(target=place.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield place
    place.server.shutdown()
    thread.join(10)
    place.server.server_close()


def test_over_http_only_a_good_answer_counts(second: Second) -> None:
    ping = http_ping(5.0)
    ping(second.url)
    for status in (500, 404, 302):
        second.status = status
        with pytest.raises(PingError, match=f"it answered {status}"):
            ping(second.url)
    assert second.paths == ["/ping/secret"] * 4
    second.server.shutdown()
    second.server.server_close()
    with pytest.raises(PingError) as caught:
        ping(second.url)
    assert "secret" not in str(caught.value)


def row(**words: Any) -> dict[str, Any]:
    usual = {"alarm_id": 1, "key": "k", "person": "li", "tell": "rise", "step": 1, "severity": "emergency"}
    usual |= {"status": "waiting", "queued_ms": 0, "not_before_ms": 1_000, "channel": 0, "attempts": 0, "detail": ""}
    return {**usual, **words}


def test_an_urgent_message_that_nobody_sends_is_found() -> None:
    """A warning may wait, and what is retried waits for its next time."""
    with_state = State.open("sqlite://")
    try:
        with with_state.write() as connection:
            connection.execute(insert(notice).values(**row()))
            connection.execute(insert(notice).values(**row(key="w", severity="warning", not_before_ms=0)))
        assert overdue(with_state, 181_000, 180.0) == []
        (found,) = overdue(with_state, 181_001, 180.0)
        assert found.startswith("an urgent message has not been sent for 180 s")
        with with_state.write() as connection:
            connection.execute(update(notice).values(status="told"))
        assert overdue(with_state, 900_000, 180.0) == []
    finally:
        with_state.close()
