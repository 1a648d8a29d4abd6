"""Outputs on a fake clock with fake switches: what the rule says, and switches that fail."""

from collections.abc import Mapping

from agent.facility_config import OutputConfig
from agent.outputs import CallView, Outputs, outputs_of
from agent.outputs.outputs import plan_of
from tests.agent.facility_fakes import FakeSink, FakeSwitch
from tests.fakes import FakeClock

LAMP = OutputConfig(point="lamp", room="hall", kind="lamp", pin=22, calls=["call"], no_gateway_min=10)
BUZZER = OutputConfig(point="buzzer", room="hall", kind="buzzer", pin=23, calls=["call"])


class Bench:
    """Outputs and a situation that a test sets."""

    def __init__(self, *configs: OutputConfig) -> None:
        self.clock = FakeClock()
        self.sink = FakeSink()
        self.calls: dict[str, CallView] = {}
        self.silent_s: float | None = None
        self.switches = {config.point: FakeSwitch() for config in configs}
        self.outputs: Outputs = outputs_of(
            configs,
            make_switch=lambda config: self.switches[config.point],
            situation=self,
            sink=self.sink,
            clock=self.clock,
        )

    def standing_calls(self) -> Mapping[str, CallView]:
        return self.calls

    def silent_since(self) -> float | None:
        return self.silent_s

    def call(self, *, heard: bool = False) -> None:
        since_s = self.calls["call"].since_s if "call" in self.calls else self.clock.monotonic()
        self.calls["call"] = CallView(since_s=since_s, is_heard=heard)
        self.outputs.poll()

    def run(self, seconds: float) -> None:
        end_s = self.clock.monotonic() + seconds
        self.outputs.poll()
        while (due_s := self.outputs.next_due()) < end_s:
            self.clock.advance(max(due_s - self.clock.monotonic(), 1e-3))
            self.outputs.poll()
        self.clock.advance(max(end_s - self.clock.monotonic(), 0.0))
        self.outputs.poll()


def test_the_defaults_are_those_of_the_kind() -> None:
    """A buzzer waits 30 s for a gateway, a lamp for nobody."""
    assert (plan_of(BUZZER).when, plan_of(BUZZER).after_s) == ("unheard", 30.0)
    assert (plan_of(LAMP).when, plan_of(LAMP).after_s, plan_of(LAMP).no_gateway_s) == ("called", 0.0, 600.0)


def test_a_call_lights_the_lamp_at_once_and_sounds_the_buzzer_later() -> None:
    """Then the call is cleared at the place, and both are off."""
    bench = Bench(LAMP, BUZZER)
    bench.run(1.0)
    bench.call()
    assert bench.switches["lamp"].is_on
    bench.run(29.0)
    assert not bench.switches["buzzer"].is_on
    bench.run(1.1)
    assert bench.switches["buzzer"].is_on
    bench.calls.clear()
    bench.outputs.poll()
    assert not bench.switches["lamp"].is_on
    assert not bench.switches["buzzer"].is_on


def test_a_gateway_that_hears_silences_the_buzzer() -> None:
    """The lamp stays until the call is cleared."""
    bench = Bench(LAMP, BUZZER)
    bench.call()
    bench.run(40.0)
    bench.call(heard=True)
    assert not bench.switches["buzzer"].is_on
    assert bench.switches["lamp"].is_on


def test_a_branch_that_hears_no_gateway_says_so() -> None:
    """The lamp blinks at one hertz, and stops when one is there."""
    bench = Bench(LAMP)
    bench.silent_s = bench.clock.monotonic()
    bench.run(599.0)
    assert bench.switches["lamp"].history == []
    bench.run(11.0)
    assert 18 <= len(bench.switches["lamp"].history) <= 22
    bench.silent_s = None
    bench.run(1.0)
    assert not bench.switches["lamp"].is_on


def test_an_output_that_fails_is_told_and_comes_back() -> None:
    """The other one goes on; when it works again it is what the rule says."""
    bench = Bench(LAMP, BUZZER)
    bench.switches["lamp"].error = OSError("pin busy")
    bench.run(1.0)
    assert bench.sink.last("lamp") == (False, "fault", "pin busy")
    assert bench.sink.last("buzzer") == (True, "ok", "")
    bench.call()
    bench.run(31.0)
    assert bench.switches["buzzer"].is_on
    bench.switches["lamp"].error = None
    bench.run(61.0)
    assert bench.switches["lamp"].is_on
    assert bench.sink.last("lamp") == (True, "ok", "")


def test_an_output_that_fails_while_idle_is_found_before_the_next_call() -> None:
    """It is set again each minute."""
    bench = Bench(LAMP)
    bench.run(1.0)
    bench.switches["lamp"].error = OSError("gone")
    bench.run(61.0)
    assert bench.sink.last("lamp") == (False, "fault", "gone")


def test_retries_become_rare() -> None:
    """An output that never works costs an attempt a minute."""
    bench = Bench(LAMP)
    bench.switches["lamp"].error = OSError("gone")
    bench.run(3_600.0)
    assert bench.outputs.failures < 70
    assert [told[1:3] for told in bench.sink.told] == [(False, "fault")]


def test_a_loop_that_turns_for_other_reasons_tries_no_more_often() -> None:
    """Packs and readings wake it many times a second."""
    bench = Bench(LAMP)
    bench.switches["lamp"].error = OSError("gone")
    for _ in range(600):
        bench.outputs.poll()
        bench.clock.advance(0.1)
    assert bench.outputs.failures <= 7


def test_closing_switches_all_off() -> None:
    """An agent that is not there cannot clear a buzzer."""
    bench = Bench(LAMP, BUZZER)
    bench.call()
    bench.outputs.close()
    assert not bench.switches["lamp"].is_on
    assert bench.switches["lamp"].closed == 1
