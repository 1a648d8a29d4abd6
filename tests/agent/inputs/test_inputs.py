"""Inputs on a fake clock with fake eyes: presses, bounce, faults, restarts."""

import threading

import pytest

from agent.facility_config import InputConfig, LineConfig
from agent.inputs import Inputs, WirePlan, inputs_of
from agent.inputs.line import WireState
from agent.inputs.wire import MAX_NEWS, RESTLESS_S, Wire
from tests.agent.facility_fakes import FakeEye, FakeSink
from tests.fakes import FakeClock

OPEN, CLOSED = WireState.OPEN, WireState.CLOSED
CALL = InputConfig(point="toilet-call", room="toilet", kind="call-toilet", pin=17, reset_pin=27)
OTHER_CALL = InputConfig(point="hall-call", room="hall", kind="call-hall", pin=18, reset_pin=27)
DOOR = InputConfig(point="door", room="hall", kind="door", pin=5)
LEAK = InputConfig(point="leak", room="cellar", kind="leak", line=LineConfig(channel=0))


class Bench:
    """Inputs and the contacts behind them, by pin; the line is contact 0."""

    def __init__(self, *configs: InputConfig, last: dict[str, str] | None = None) -> None:
        self.clock = FakeClock()
        self.sink = FakeSink()
        self.eyes: dict[int, FakeEye] = {}
        self.wakes = 0
        self.configs = configs
        self.inputs = self.make(last or {})

    def make(self, last: dict[str, str]) -> Inputs:
        for config in self.configs:
            usual = CLOSED if config.kind == "door" else OPEN
            self.eyes.setdefault(config.pin or 0, FakeEye(usual))
            if config.reset_pin is not None:
                self.eyes.setdefault(config.reset_pin, FakeEye(OPEN))
        return inputs_of(
            self.configs,
            make_eye=lambda plan: self.eyes[plan.pin or 0],
            last_state=last.get,
            sink=self.sink,
            clock=self.clock,
            wake=self.woken,
        )

    def woken(self) -> None:
        self.wakes += 1

    def run(self, seconds: float) -> None:
        """Let time pass, as the loop would."""
        end_s = self.clock.monotonic() + seconds
        while True:
            self.inputs.poll()
            due_s = self.inputs.next_due()
            if due_s >= end_s:
                break
            self.clock.advance(max(due_s - self.clock.monotonic(), 1e-4))
        self.clock.advance(max(end_s - self.clock.monotonic(), 0.0))
        self.inputs.poll()

    def press(self, pin: int, seconds: float = 0.2) -> None:
        self.eyes[pin].move(CLOSED)
        self.run(seconds)
        self.eyes[pin].move(OPEN)
        self.run(seconds)


def test_a_press_is_a_call_within_the_debounce() -> None:
    """The edge wakes the loop, and 30 ms later the call is handed on."""
    bench = Bench(CALL)
    bench.run(1.0)
    assert bench.sink.states("toilet-call") == ["cleared"]
    bench.eyes[17].move(CLOSED)
    assert bench.wakes == 1
    bench.run(0.029)
    assert bench.sink.states("toilet-call") == ["cleared"]
    bench.run(0.002)
    assert bench.sink.states("toilet-call") == ["cleared", "called"]


def test_bounce_is_one_call() -> None:
    """Twenty edges, one call, and one when it is let go: none."""
    bench = Bench(CALL)
    bench.run(1.0)
    for _ in range(10):
        bench.eyes[17].move(CLOSED)
        bench.clock.advance(0.001)
        bench.inputs.poll()
        bench.eyes[17].move(OPEN)
        bench.clock.advance(0.001)
        bench.inputs.poll()
    assert bench.sink.states("toilet-call") == ["cleared"]
    bench.press(17)
    assert bench.sink.states("toilet-call") == ["cleared", "called"]


def test_the_reset_contact_clears_all_calls_of_its_room() -> None:
    """One contact may serve two buttons."""
    bench = Bench(CALL, OTHER_CALL)
    bench.run(1.0)
    bench.press(17)
    bench.press(18)
    bench.press(27)
    assert bench.sink.states("toilet-call") == ["cleared", "called", "cleared"]
    assert bench.sink.states("hall-call") == ["cleared", "called", "cleared"]


def test_a_press_and_a_reset_that_the_loop_slept_through_are_both_told() -> None:
    """The disk was slow for ten seconds; nothing that stood is lost."""
    bench = Bench(CALL)
    bench.run(1.0)
    for pin in (17, 27):
        for state in (CLOSED, OPEN):
            bench.eyes[pin].move(state)
            bench.clock.advance(0.5)
    bench.run(0.1)
    assert "called" in bench.sink.states("toilet-call")


def test_an_edge_that_the_system_lost_is_found() -> None:
    """The door opens without an edge; half a second later it is seen."""
    bench = Bench(DOOR)
    bench.run(1.0)
    bench.eyes[5].state = OPEN
    bench.run(0.6)
    assert bench.sink.states("door") == ["closed", "open"]


def test_a_restart_repeats_nothing() -> None:
    """Rule 7: the inputs begin from the last journalled state."""
    bench = Bench(CALL, last={"toilet-call": "called"})
    bench.run(1.0)
    assert bench.sink.states("toilet-call") == ["called"]
    bench = Bench(CALL, last={"toilet-call": "cleared"})
    bench.run(1.0)
    assert bench.sink.states("toilet-call") == ["cleared"]


def test_a_pin_that_fails_is_told_and_stops_no_other() -> None:
    """Its point is unknown, it is opened again, and comes back."""
    bench = Bench(DOOR, CALL)
    bench.eyes[5].error = OSError("device busy")
    bench.run(1.0)
    assert bench.sink.last("door") == (False, "unknown", "GPIO 5 cannot be read: device busy")
    assert bench.sink.states("toilet-call") == ["cleared"]
    bench.press(17)
    assert bench.sink.states("toilet-call") == ["cleared", "called"]
    bench.eyes[5].error = None
    bench.run(61.0)
    assert bench.sink.last("door") == (True, "closed", "")
    assert bench.inputs.failures > 1


def test_a_pin_that_fails_later_keeps_the_call() -> None:
    """A call stands, its pin breaks: it still stands, and does not work."""
    bench = Bench(CALL)
    bench.run(1.0)
    bench.press(17)
    bench.eyes[17].error = OSError("gone")
    bench.run(1.0)
    assert bench.sink.last("toilet-call") == (False, "called", "GPIO 17 cannot be read: gone")
    assert bench.eyes[17].closed == 1


def test_a_broken_reset_contact_is_told() -> None:
    """Nobody could clear a call then."""
    bench = Bench(CALL)
    bench.eyes[27].error = OSError("gone")
    bench.run(1.0)
    assert bench.sink.last("toilet-call") == (False, "cleared", "GPIO 27 cannot be read: gone")


def test_retries_become_rare() -> None:
    """A pin that never works costs an attempt a minute, no more."""
    bench = Bench(DOOR)
    bench.eyes[5].error = OSError("gone")
    bench.run(3_600.0)
    assert bench.inputs.failures < 70


def test_a_contact_that_chatters_is_a_fault() -> None:
    """A worn contact moves for ever; its state is unknown, and known again when it rests."""
    bench = Bench(DOOR)
    bench.run(1.0)
    for number in range(int(RESTLESS_S / 0.02) + 10):
        bench.eyes[5].move(OPEN if number % 2 else CLOSED)
        bench.clock.advance(0.02)
        bench.inputs.poll()
    assert bench.sink.last("door") == (False, "unknown", "GPIO 5 never stands still")
    bench.eyes[5].move(OPEN)
    bench.run(1.0)
    assert bench.sink.last("door") == (True, "open", "")


def test_a_cut_line_is_told_from_an_open_contact() -> None:
    """The leak sensor is dry, its cable is cut, and mended."""
    bench = Bench(LEAK)
    bench.run(1.0)
    bench.eyes[0].state = WireState.CUT
    bench.run(0.2)
    bench.eyes[0].state = CLOSED
    bench.run(0.2)
    assert [told[1:] for told in bench.sink.told] == [
        (True, "dry", ""),
        (False, "unknown", "the line is cut"),
        (True, "wet", ""),
    ]


def test_closing_lets_all_pins_go() -> None:
    """So that the next agent can have them."""
    bench = Bench(CALL, DOOR)
    bench.run(1.0)
    bench.inputs.close()
    assert [eye.closed for eye in bench.eyes.values()] == [1, 1, 1]


def test_without_inputs_nothing_is_due() -> None:
    """An agent of sensors alone is not woken."""
    assert Bench().inputs.next_due() == float("inf")


def test_a_wire_wakes_once_until_it_is_looked_at() -> None:
    """A bouncing contact must not flood the inbox."""
    clock = FakeClock()
    wakes: list[int] = []
    wire = Wire(0.03, clock, lambda: wakes.append(1))
    for number in range(50):
        wire.edge(OPEN if number % 2 else CLOSED)
    assert len(wakes) == 1
    wire.take()
    wire.edge(OPEN)
    assert len(wakes) == 2


def test_news_are_bounded() -> None:
    """A loop that stood for minutes finds at most so many states, the newest among them."""
    clock = FakeClock()
    wire = Wire(0.03, clock, lambda: None)
    for number in range(400):
        wire.edge(OPEN if number % 2 else CLOSED)
        clock.advance(1.0)
    news = wire.take()
    assert len(news) <= MAX_NEWS + 1
    assert news[-1] is OPEN
    assert wire.shed > 0


def test_edges_may_come_from_any_thread() -> None:
    """Gpiozero calls from a thread of its own."""
    bench = Bench(CALL)
    bench.run(1.0)
    threads = [threading.Thread(target=bench.eyes[17].move, args=(CLOSED,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.run(0.1)
    assert bench.sink.states("toilet-call") == ["cleared", "called"]


@pytest.mark.parametrize(
    ("plan", "name"),
    [(WirePlan(pin=17), "GPIO 17"), (WirePlan(line=LineConfig(channel=3)), "mcp3008 CE0 channel 3")],
)
def test_a_contact_has_a_name_for_people(plan: WirePlan, name: str) -> None:
    """It stands in the reason of a fault."""
    assert plan.name == name
