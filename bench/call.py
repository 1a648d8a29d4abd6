"""How soon a call for help is with the notification service while the database is off: `python -m bench.call`.

An agent with a simulated GPIO, a real Mosquitto, a gateway whose InfluxDB has been stopped, and a local HTTP server
that gives WeCom's answer, each a process of its own but the last. A press is timed from before the order to press is
written to the agent's socket until the whole message is at that server: debounce, journal, broker, alarm and outbox are
all within.
"""

import argparse
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from agent.press import press, socket_path
from bench import stores
from bench.mqtt_wire import HOST
from bench.press import DEBOUNCE_S, POINT, PROGRAM, PressedAgent
from bench.programs import Gateway
from tests.servers import Influxd, Mosquitto

CALLS: Final = 30
GOAL_MS: Final = 1_000.0
WITHIN_S: Final = 30.0
TAKEN: Final = b'{"errcode":0,"errmsg":"ok"}'
"""developer.work.weixin.qq.com, document 91770: what a group's robot answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What was measured, in milliseconds from the press to the notification service."""

    calls_ms: list[float]

    @property
    def median_ms(self) -> float:
        """Half of all came sooner."""
        return statistics.median(self.calls_ms)

    @property
    def worst_ms(self) -> float:
        """The slowest of all."""
        return max(self.calls_ms)

    def line(self) -> str:
        """For people."""
        return (
            f"{len(self.calls_ms)} calls with the database off: median {self.median_ms:.0f} ms, "
            f"worst {self.worst_ms:.0f} ms; debounce is {DEBOUNCE_S * 1000:.0f} ms of it"
        )


class Robot:
    """A local server that takes every message as WeCom does, and notes when it came."""

    def __init__(self) -> None:
        self._heard: queue.Queue[tuple[float, str]] = queue.Queue()
        heard = self._heard

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body: dict[str, Any] = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
                heard.put((time.monotonic(), str(body["text"]["content"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(TAKEN)))
                self.end_headers()
                self.wfile.write(TAKEN)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._server.server_port}"

    def hear(self, word: str) -> float:
        """When a message with that word came: monotonic.

        Raises:
            RuntimeError: If none comes in time.
        """
        end_s = time.monotonic() + WITHIN_S
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                at_s, text = self._heard.get(timeout=left_s)
            except queue.Empty:
                break
            if word in text:
                return at_s
        raise RuntimeError(f"nobody was told {word!r} within {WITHIN_S:g} s")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def told_through(robot: Robot, folder: Path) -> str:
    """The `[alerts]` of a gateway with one person in a WeCom group."""
    key = folder / "wecom.key"
    key.write_text("bench", encoding="utf-8")
    return (
        '[alerts]\nboard = "http://board.example"\ncity = ["duty"]\n'
        '[alerts.people.duty]\nname = "Duty"\nlanguage = "en"\nchannels = ["group"]\n'
        f'[alerts.channels.group]\nkind = "wecom"\nkey_file = "{key}"\nbase = "{robot.base}"\n'
    )


def measure(program: Path, *, calls: int) -> Called:
    """Call so many times, each time after the call before was cleared and people had heard so."""
    with tempfile.TemporaryDirectory(prefix="openhall-bench-") as name:
        folder = Path(name)
        with (
            Robot() as robot,
            Mosquitto(folder / "broker") as broker,
            Influxd(folder / "influx") as database,
            Gateway(
                folder / "gateway",
                store=stores.Influx(database).table,
                broker_port=broker.port,
                more=told_through(robot, folder),
            ),
            PressedAgent(folder / "agent", program=program, broker_port=broker.port, sensors=1) as agent,
        ):
            # A first call through everything, so that what is loaded once is loaded, and the branch is known.
            _call(robot, agent)
            database.kill()
            return Called(calls_ms=[_call(robot, agent) for _ in range(calls)])


def _call(robot: Robot, agent: PressedAgent) -> float:
    began_s = time.monotonic()
    took_ms = 1000 * (_pressed(robot, agent, "called", "EMERGENCY") - began_s)
    _pressed(robot, agent, "cleared", "Over")
    return took_ms


def _pressed(robot: Robot, agent: PressedAgent, state: str, word: str) -> float:
    # The order is answered only once the button is let go again, which is later than the call.
    hand = threading.Thread(target=_press_once_it_listens, args=(socket_path(agent.journal), state))
    hand.start()
    try:
        return robot.hear(word)
    finally:
        hand.join(WITHIN_S)


def _press_once_it_listens(path: Path, state: str) -> None:
    end_s = time.monotonic() + WITHIN_S
    while True:
        try:
            press(path, POINT, state)
        except ConnectionError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.1)
        else:
            return


def main(argv: Sequence[str]) -> int:
    """Measure what the words say; 1 if a call took longer than a second."""
    parser = argparse.ArgumentParser(prog="python -m bench.call", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS, help="how often (%(default)s)")
    options = parser.parse_args(argv)
    called = measure(PROGRAM, calls=options.calls)
    sys.stdout.write(called.line() + "\n")
    return 0 if called.worst_ms <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
