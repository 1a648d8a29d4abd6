"""The outputs of an agent: what the rule says is put on the pins, and a pin that fails becomes a state of its point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from agent.facility_config import OutputConfig
from agent.facility_points import Place, PointState, Sink, tell
from agent.outputs.rule import UNHEARD_AFTER_S, CallView, OutputPlan, blinks_on, is_on, next_blink, next_change
from telemetry.clock import Clock

RETRY_MIN_S: Final = 1.0
RETRY_MAX_S: Final = 60.0
"""Waits before an output that failed is tried again; they double."""

PROVE_EVERY_S: Final = 60.0
"""An output that has nothing to do is set again so often, so that a fault is known before the next call."""

LAMP: Final = "lamp"

log = structlog.get_logger(__name__)


class Switch(Protocol):
    """Something that is on or off. Its calls do not block; they may raise anything."""

    def set(self, on: bool) -> None:
        """Switch it."""

    def close(self) -> None:
        """Switch it off and let it go."""


class Situation(Protocol):
    """What the rule needs to know."""

    def standing_calls(self) -> Mapping[str, CallView]:
        """By point, the calls that stand."""

    def silent_since(self) -> float | None:
        """Since when no gateway was heard, monotonic; None: one is there."""


@dataclass(kw_only=True)
class Output:
    """One output and how it stands."""

    place: Place
    plan: OutputPlan
    make: Callable[[], Switch]
    switch: Switch | None = None
    is_on: bool | None = None
    set_s: float = 0.0
    retry_s: float = 0.0
    failures: int = 0


class Outputs:
    """The outputs. Not thread-safe: one thread calls.

    Attributes:
        failures: Times that an output could not be switched.
    """

    def __init__(self, outputs: Sequence[Output], *, situation: Situation, sink: Sink, clock: Clock) -> None:
        self.failures = 0
        self._outputs = list(outputs)
        self._situation = situation
        self._sink = sink
        self._clock = clock
        self._shown_s: tuple[float, float] | None = None

    def identify(self, seconds: float) -> list[str]:
        """Let all lamps blink for so long, so that somebody there sees which agent this is; a call outweighs it.

        Returns:
            The points of the lamps; empty if there is none.
        """
        now_s = self._clock.monotonic()
        lamps = [one.place.point for one in self._outputs if one.place.kind == LAMP]
        self._shown_s = (now_s, now_s + seconds) if lamps else None
        return lamps

    def poll(self) -> None:
        """Put on the pins what the rule says now."""
        calls, silent_since_s = self._situation.standing_calls(), self._situation.silent_since()
        now_s = self._clock.monotonic()
        if self._shown_s is not None and now_s >= self._shown_s[1]:
            self._shown_s = None
        for one in self._outputs:
            on = is_on(one.plan, _own(one, calls), silent_since_s, now_s)
            if self._shown_s is not None and one.place.kind == LAMP and not _own(one, calls):
                on = blinks_on(self._shown_s[0], now_s)
            self._set(one, on, now_s)

    def next_due(self) -> float:
        """Monotonic time at which time alone could change something."""
        calls, silent_since_s = self._situation.standing_calls(), self._situation.silent_since()
        now_s = self._clock.monotonic()
        times = [next_change(one.plan, _own(one, calls), silent_since_s, now_s) for one in self._outputs]
        if self._shown_s is not None:
            times.append(min(next_blink(self._shown_s[0], now_s), self._shown_s[1]))
        times += [one.retry_s if one.failures else one.set_s + PROVE_EVERY_S for one in self._outputs]
        return min(times, default=float("inf"))

    def close(self) -> None:
        """Switch all off."""
        for one in self._outputs:
            self._shut(one)

    def _set(self, one: Output, on: bool, now_s: float) -> None:
        if one.failures and now_s < one.retry_s:
            return
        if one.is_on is on and now_s < one.set_s + PROVE_EVERY_S:
            return
        try:
            if one.switch is None:
                one.switch = one.make()
            one.switch.set(on)
        except Exception as error:  # noqa: BLE001 - hardware and its libraries raise anything; it becomes a state
            self._failed(one, error, now_s)
            return
        if one.failures:
            log.info("output works again", point=one.place.point, failures=one.failures)
        if one.failures or one.is_on is None:
            tell(self._sink, one.place, PointState(working=True, state="ok"))
        one.failures, one.is_on, one.set_s = 0, on, now_s

    def _failed(self, one: Output, error: Exception, now_s: float) -> None:
        self.failures += 1
        one.failures += 1
        one.retry_s = now_s + min(RETRY_MIN_S * 2.0 ** min(one.failures - 1, 16), RETRY_MAX_S)
        reason = str(error) or type(error).__name__
        (log.warning if one.failures == 1 else log.debug)("output failed", point=one.place.point, error=reason)
        if one.failures == 1:
            tell(self._sink, one.place, PointState(working=False, state="fault", reason=reason))
        self._shut(one)

    def _shut(self, one: Output) -> None:
        switch, one.switch, one.is_on = one.switch, None, None
        if switch is None:
            return
        try:
            switch.close()
        except Exception as error:  # noqa: BLE001 - it is being given up anyway
            log.debug("output not closed", point=one.place.point, error=str(error))


def _own(one: Output, calls: Mapping[str, CallView]) -> list[CallView]:
    return [calls[point] for point in one.plan.calls if point in calls]


def plan_of(config: OutputConfig) -> OutputPlan:
    """What the configuration says an output is for."""
    when = config.when or ("unheard" if config.kind == "buzzer" else "called")
    after_s = config.after_s if config.after_s is not None else (UNHEARD_AFTER_S if when == "unheard" else 0.0)
    silence_s = None if config.no_gateway_min is None else 60.0 * config.no_gateway_min
    return OutputPlan(calls=tuple(config.calls), when=when, after_s=after_s, no_gateway_s=silence_s)


def outputs_of(
    configs: Sequence[OutputConfig],
    *,
    make_switch: Callable[[OutputConfig], Switch],
    situation: Situation,
    sink: Sink,
    clock: Clock,
) -> Outputs:
    """The outputs of `[[outputs]]`, none of them open yet."""

    def opener(config: OutputConfig) -> Callable[[], Switch]:
        return lambda: make_switch(config)

    outputs = [
        Output(
            place=Place(point=config.point, room=config.room, kind=config.kind),
            plan=plan_of(config),
            make=opener(config),
        )
        for config in configs
    ]
    return Outputs(outputs, situation=situation, sink=sink, clock=clock)
