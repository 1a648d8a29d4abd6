"""The facility points of a running agent: inputs, outputs, probes and Modbus states, as far as they are configured.

`run.py` calls `turn` in its loop; nothing here blocks that thread. Libraries are imported for what is configured only.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from agent.config import AgentConfig
from agent.core import STANDING
from agent.facility_config import ModbusConfig, OutputConfig
from agent.facility_points import Place
from agent.inputs import Inputs, WirePlan, inputs_of
from agent.inputs.kinds import is_call
from agent.inputs.wire import Eye
from agent.modbus import Links, ModbusState, link_of
from agent.modbus.link import BUSY_S, RETRIES
from agent.modbus.registers import AIR
from agent.outputs import CallView, Outputs, Switch, outputs_of
from agent.press import PressServer, socket_path
from agent.probes import Answer, Callers, Check, CheckJob, CheckPlan, Rounds, open_probe
from telemetry.clock import Clock

if TYPE_CHECKING:
    from agent.inputs.simulated import SimulatedContacts

SILENCE_LOOK_S: Final = 5.0
"""How often it is looked whether a gateway was heard."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Moved:
    """A contact moved: the loop is to look."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A check has ended."""

    job: CheckJob
    answer: Answer


FacilityEvent = Moved | Checked


class FacilityCore(Protocol):
    """What is asked of the agent's core."""

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        """Take the state of a facility point."""

    def call_of(self, point: str) -> tuple[str | None, bool]:
        """A facility point's newest state, None if it never had one; and if a call stands, whether it was heard."""

    def silent_since(self) -> float | None:
        """Since when no gateway has said a word, monotonic; None: one is there."""


class Calls:
    """The calls that stand, as the outputs' rule sees them."""

    def __init__(self, core: "FacilityCore", points: list[str], clock: Clock, *, listens: bool) -> None:
        self._core = core
        self._points = points
        self._clock = clock
        self._listens = listens
        self._since: dict[str, float] = {}
        self._silence: tuple[float, float | None] = (float("-inf"), None)

    def standing_calls(self) -> Mapping[str, CallView]:
        """By point, the calls that stand; one found standing at start is aged from there."""
        views = {}
        for point in self._points:
            word, is_heard = self._core.call_of(point)
            if word not in STANDING:
                self._since.pop(point, None)
                continue
            since_s = self._since.setdefault(point, self._clock.monotonic())
            views[point] = CallView(since_s=since_s, is_heard=is_heard, is_test=word == "test")
        return views

    def silent_since(self) -> float | None:
        """Since when no gateway was heard; None: one is there, or nobody asks."""
        if not self._listens:
            return None
        now_s = self._clock.monotonic()
        if now_s - self._silence[0] >= SILENCE_LOOK_S:
            self._silence = (now_s, self._core.silent_since())
        return self._silence[1]


class Facility:
    """All facility points.

    Args:
        config: The agent's.
        simulate: Contacts, pins and Modbus devices exist in memory only; probes ask the real network.
        core: Takes the states, and tells of calls and gateways.
        links: The Modbus links, shared with the air sensors on them.
        put: Takes events, from any thread; they come back through `handle`.
        clock: Where time comes from.
        rng: Spreads the first checks.
    """

    def __init__(
        self,
        config: AgentConfig,
        *,
        simulate: bool,
        core: "FacilityCore",
        links: Links,
        put: Callable[[FacilityEvent], None],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._config = config
        self._folder = Path(config.journal.path).parent
        self._factory: Any = None
        self._simulated = _simulated(config) if simulate else None
        self._inputs: Inputs = inputs_of(
            config.inputs,
            make_eye=self._eye if self._simulated is None else self._simulated.make_eye,
            last_state=lambda point: core.call_of(point)[0],
            sink=core,
            clock=clock,
            wake=lambda: put(Moved()),
        )
        calls = Calls(
            core,
            [one.point for one in config.inputs if is_call(one.kind)],
            clock,
            listens=any(one.no_gateway_min is not None for one in config.outputs),
        )
        self._outputs: Outputs = outputs_of(
            config.outputs, make_switch=self._switch, situation=calls, sink=core, clock=clock
        )
        plans, makers = _checks(config, links)
        self._rounds = Rounds(plans, sink=core, clock=clock, rng=rng)
        self._callers = Callers(makers, lambda job, answer: put(Checked(job, answer)))
        self._press = self._press_server(Path(config.journal.path))

    def turn(self) -> None:
        """Look at the contacts, set the outputs, ask what is due."""
        self._inputs.poll()
        self._outputs.poll()
        for job in self._rounds.poll():
            self._callers.submit(job)

    def handle(self, event: FacilityEvent) -> None:
        """Take in an event; one that only wakes has done its work."""
        if isinstance(event, Checked):
            self._rounds.finished(event.job, event.answer)

    def identify(self, seconds: float) -> list[str]:
        """Let the lamps blink for so long; their points."""
        return self._outputs.identify(seconds)

    def next_due(self) -> float:
        """Monotonic time of the next `turn` with something to do."""
        return min(self._inputs.next_due(), self._outputs.next_due(), self._rounds.next_due())

    def counters(self) -> dict[str, int]:
        """What went wrong since start, by name; what did not is left out."""
        counters = {
            "input_failures": self._inputs.failures,
            "input_news_shed": self._inputs.shed,
            "output_failures": self._outputs.failures,
            "check_failures": self._rounds.failures,
            "checks_hanging": self._rounds.abandoned,
        }
        return {name: number for name, number in counters.items() if number}

    def close(self, timeout_s: float) -> bool:
        """Let all pins go and end the checks; False if some hang."""
        if self._press is not None:
            self._press.close()
        self._inputs.close()
        self._outputs.close()
        return self._callers.close(timeout_s)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _pins(self) -> Any:
        """The pins, opened when the first is used; a machine without any says so at each try."""
        if self._simulated is not None:
            return self._simulated.factory
        if self._factory is None:
            from agent.gpio import open_factory

            self._factory = open_factory(self._folder)
        return self._factory

    def _eye(self, plan: WirePlan) -> Eye:
        from agent.gpio import GpioEye, LineEye, Mcp300x

        if plan.line is not None:
            return LineEye(plan.line, Mcp300x(self._pins, plan.line.select, plan.line.channel))
        if plan.pin is None:
            raise ValueError("a contact is at a GPIO or on a line")
        return GpioEye(self._pins, plan.pin, plan.pull, closed_is_high=plan.closed_is_high)

    def _switch(self, output: OutputConfig) -> Switch:
        from agent.gpio import GpioSwitch

        return GpioSwitch(self._pins, output.pin, active_high=output.active == "high")

    def _press_server(self, journal: Path) -> PressServer | None:
        if self._simulated is None or not self._config.inputs:
            return None
        try:
            return PressServer(socket_path(journal), self._simulated.press)
        except OSError as error:
            log.warning("simulated inputs cannot be pressed", socket=str(socket_path(journal)), error=str(error))
            return None


def _simulated(config: AgentConfig) -> "SimulatedContacts | None":
    if not config.inputs and not config.outputs:
        return None
    from agent.inputs.simulated import SimulatedContacts

    return SimulatedContacts(config.inputs)


def _checks(config: AgentConfig, links: Links) -> tuple[list[CheckPlan], list[Callable[[], Check]]]:
    """Probes and Modbus states, each as a plan and what makes it."""
    plans: list[CheckPlan] = []
    makers: list[Callable[[], Check]] = []
    for probe in config.probes:
        place = Place(point=probe.point, room=probe.room, kind=probe.kind)
        plans.append(
            CheckPlan(
                place=place,
                period_s=probe.period_s,
                limit_s=probe.timeout_s,
                failures=probe.failures,
                bad_state="down",
            )
        )
        makers.append(partial(open_probe, probe))
    for device in config.modbus:
        if device.kind == AIR:
            continue
        plans.append(
            CheckPlan(
                place=Place(point=device.point, room=device.room, kind=device.kind),
                period_s=device.period_s,
                limit_s=BUSY_S + device.timeout_s * (RETRIES + 1),
                failures=device.failures,
                bad_state="unknown",
            )
        )
        makers.append(partial(_modbus_state, device, links))
    return plans, makers


def _modbus_state(device: ModbusConfig, links: Links) -> ModbusState:
    return ModbusState(device, links.get(link_of(device)))
