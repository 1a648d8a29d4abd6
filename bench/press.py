"""How soon a pressed call button is at a subscriber: `python -m bench.press`.

The agent is a process of its own with a simulated GPIO, gpiozero's mock pins; the broker is a real Mosquitto. A press
is timed from before the order to press is written to the agent's socket until the retained state is at a subscriber,
so that debounce, journal, fsync and broker are all within.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.press import press, socket_path
from bench.agent import AgentProgram, chips
from bench.mqtt_wire import HOST, PUBLISH, Link, heard_of
from bench.percentiles import percentile
from telemetry import senml
from tests.servers import Mosquitto

PROGRAM: Final = Path(sys.executable).with_name("openhall-agent")
PRESSES: Final = 100
POINT: Final = "toilet-call"
DEBOUNCE_S: Final = 0.03
GOAL_MS: Final = 100.0
WITHIN_S: Final = 10.0
REST_S: Final = 0.2


class PressedAgent(AgentProgram):
    """An agent with one call button, and as many sensors as it is given."""

    def __init__(self, directory: Path, *, program: Path, broker_port: int, sensors: int) -> None:
        super().__init__(directory, program=program, broker_port=broker_port, tables=chips(sensors))
        self._text += (
            f'[[inputs]]\npoint = "{POINT}"\nroom = "toilet"\nkind = "call-toilet"\npin = 17\nreset_pin = 27\n'
            f"debounce_s = {DEBOUNCE_S}\n"
        )

    @property
    def journal(self) -> Path:
        """Where its journal is."""
        return self.directory / "agent.journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What was measured, in milliseconds from the press to the subscriber."""

    calls_ms: list[float]

    def line(self) -> str:
        """For people."""
        values = sorted(self.calls_ms)
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        late = sum(value > GOAL_MS for value in values)
        return (
            f"{len(values)} presses: median {p50:.0f} ms, p99 {p99:.0f} ms, longest {values[-1]:.0f} ms, "
            f"{late} above {GOAL_MS:.0f} ms; debounce is {DEBOUNCE_S * 1000:.0f} ms of it"
        )


def measure(program: Path, *, presses: int, sensors: int) -> Pressed:
    """Press so many times, with so many simulated SCD41 read beside it."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with (
            Mosquitto(directory / "broker") as broker,
            PressedAgent(directory, program=program, broker_port=broker.port, sensors=sensors) as agent,
            Link(broker.port, "bench-press", [agent.root.facility(POINT)]) as link,
        ):
            _wait(link, agent.root.site, "cleared")
            times = []
            for _ in range(presses):
                began_s = time.monotonic()
                times.append(1000 * (_pressed(link, agent, "called") - began_s))
                _pressed(link, agent, "cleared")
                time.sleep(REST_S)
            return Pressed(calls_ms=times)


def _pressed(link: Link, agent: PressedAgent, state: str) -> float:
    """Press, and when the state was there: monotonic."""
    # The order is answered only once the button is let go again, which is later than the call.
    hand = threading.Thread(target=press, args=(socket_path(agent.journal), POINT, state))
    hand.start()
    try:
        return _wait(link, agent.root.site, state)
    finally:
        hand.join(WITHIN_S)


def _wait(link: Link, site: str, state: str) -> float:
    end_s = time.monotonic() + WITHIN_S
    while time.monotonic() < end_s:
        for frame in link.turn(0.1):
            if frame.kind != PUBLISH:
                continue
            now_s = time.monotonic()
            heard = heard_of(frame)
            link.acknowledge(heard)
            pack = senml.decode(heard.body, site).pack
            if pack is not None and pack.value_of("state") == state:
                return now_s
    raise RuntimeError(f"{HOST}: no {state} within {WITHIN_S:g} s")


def main(argv: Sequence[str]) -> int:
    """Measure what the words say; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.press", description=__doc__)
    parser.add_argument("--presses", type=int, default=PRESSES, help="how often (%(default)s)")
    parser.add_argument("--sensors", type=int, default=4, help="simulated SCD41 beside it (%(default)s)")
    options = parser.parse_args(argv)
    sys.stdout.write(measure(PROGRAM, presses=options.presses, sensors=options.sensors).line() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
