"""Simulated contacts: every word an input has can be pressed, through the same pins and classes as real ones."""

import time

import pytest

from agent.errors import PressError
from agent.facility_config import InputConfig, LineConfig
from agent.inputs import Inputs, inputs_of
from agent.inputs.simulated import SimulatedContacts, words_of
from telemetry.clock import SystemClock
from tests.agent.facility_fakes import FakeSink

BUTTON = InputConfig(point="call", room="toilet", kind="call-toilet", pin=17, reset_pin=27, debounce_s=0.005)
CORD = InputConfig(point="cord", room="toilet", kind="call-toilet", pin=18, style="cord", debounce_s=0.005)
DOOR = InputConfig(point="door", room="hall", kind="door", pin=5, debounce_s=0.005)
LEAK = InputConfig(point="leak", room="hall", kind="leak", debounce_s=0.005, line=LineConfig(channel=0, period_s=0.01))
LINED = InputConfig(
    point="lined",
    room="hall",
    kind="call-hall",
    reset_pin=22,
    debounce_s=0.005,
    line=LineConfig(channel=1, period_s=0.01),
)
ALL = (BUTTON, CORD, DOOR, LEAK, LINED)


class Bench:
    def __init__(self) -> None:
        self.contacts = SimulatedContacts(ALL)
        self.sink = FakeSink()
        self.inputs: Inputs = inputs_of(
            ALL,
            make_eye=self.contacts.make_eye,
            last_state=lambda _: None,
            sink=self.sink,
            clock=SystemClock(),
            wake=lambda: None,
        )

    def wait_for(self, point: str, state: str) -> None:
        end_s = time.monotonic() + 10
        while (last := self.sink.last(point)) is None or last[1] != state:
            assert time.monotonic() < end_s, (point, state, last)
            self.inputs.poll()
            time.sleep(0.001)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    for point, state in (("call", "cleared"), ("cord", "cleared"), ("door", "closed"), ("leak", "dry")):
        bench.wait_for(point, state)
    bench.wait_for("lined", "cleared")
    return bench


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("call", ["called", "cleared", "called"]),
        ("cord", ["called", "cleared"]),
        ("door", ["open", "closed"]),
        ("leak", ["wet", "dry"]),
    ],
)
def test_what_is_pressed_becomes_the_state(bench: Bench, point: str, words: list[str]) -> None:
    """A button is let go again, a cord and a door stay."""
    for word in words:
        bench.contacts.press(point, word)
        bench.wait_for(point, word)


def test_a_line_can_be_cut_and_mended(bench: Bench) -> None:
    """For a drill of the technician."""
    bench.contacts.press("leak", "cut")
    bench.wait_for("leak", "unknown")
    bench.contacts.press("leak", "dry")
    bench.wait_for("leak", "dry")
    assert set(words_of(LINED)) == {"called", "cleared", "cut", "short", "mended"}


def test_what_cannot_be_pressed_is_refused(bench: Bench) -> None:
    """The answer names what there is."""
    with pytest.raises(PressError, match="there are call, cord, door, leak, lined"):
        bench.contacts.press("window", "open")
    with pytest.raises(PressError, match="it can be closed, open"):
        bench.contacts.press("door", "called")
