"""From `[[inputs]]` to the inputs of an agent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.facility_config import InputConfig, LineConfig
from agent.facility_points import Place, Sink
from agent.inputs.contacts import CallButton, Contact, Meaning, PullCord
from agent.inputs.inputs import Input, Inputs, Listener, Watched
from agent.inputs.kinds import INPUT_KINDS, is_call
from agent.inputs.line import Levels, levels_of
from agent.inputs.wire import Eye, Wire
from telemetry.clock import Clock

LOOK_EVERY_S: Final = 0.5
"""GPIOs tell edges; that they are looked at as well is for the edge that a busy system lost."""

EyeMaker = Callable[["WirePlan"], Eye]
LastState = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WirePlan:
    """How one contact is wired: at a GPIO or on a supervised line."""

    pin: int | None = None
    pull: str = "up"
    closed_is_high: bool = False
    line: LineConfig | None = None

    @property
    def name(self) -> str:
        """As people know it."""
        if self.line is not None:
            return f"{self.line.adc} CE{self.line.select} channel {self.line.channel}"
        return f"GPIO {self.pin}"


@dataclass(kw_only=True)
class _Wiring:
    """The contacts of an agent, each with the longest debounce that is asked of it."""

    holds: dict[WirePlan, float] = field(default_factory=dict)
    listeners: dict[WirePlan, list[Listener]] = field(default_factory=dict)

    def add(self, plan: WirePlan, hold_s: float, listener: Listener) -> None:
        self.holds[plan] = max(self.holds.get(plan, 0.0), hold_s)
        self.listeners.setdefault(plan, []).append(listener)


def contact_of(config: InputConfig) -> WirePlan:
    """How an input's own contact is wired."""
    if config.line is not None:
        return WirePlan(line=config.line)
    return WirePlan(pin=config.pin, pull=config.pull, closed_is_high=config.closed_is_high)


def reset_of(config: InputConfig) -> WirePlan | None:
    """How its reset contact is wired: as its own, if that is at a GPIO; None if it has none."""
    if config.reset_pin is None:
        return None
    return WirePlan(pin=config.reset_pin, pull=config.pull, closed_is_high=config.closed_is_high)


def levels_of_line(line: LineConfig) -> Levels:
    """What the converter reads in each state."""
    return levels_of(pull_ohm=line.pull_ohm, series_ohm=line.series_ohm, parallel_ohm=line.parallel_ohm)


def is_normally_closed(config: InputConfig) -> bool:
    """How the contact is while all is as usual."""
    usual = INPUT_KINDS[config.kind].normally if config.kind in INPUT_KINDS else "open"
    return (config.normally or usual) == "closed"


def style_of(config: InputConfig) -> str:
    """`button`, `cord` or `contact`."""
    return config.style or ("button" if is_call(config.kind) else "contact")


def meaning_of(config: InputConfig, last: str | None) -> Meaning:
    """What an input's contact means; `last` is the point's last journalled state, None if it never had one."""
    closed = is_normally_closed(config)
    style = style_of(config)
    if style == "contact":
        return Contact(INPUT_KINDS[config.kind], normally_closed=closed)
    return (PullCord if style == "cord" else CallButton)(last, normally_closed=closed)


def inputs_of(
    configs: Sequence[InputConfig],
    *,
    make_eye: EyeMaker,
    last_state: LastState,
    sink: Sink,
    clock: Clock,
    wake: Callable[[], None],
) -> Inputs:
    """The inputs, none of them open yet.

    Args:
        configs: The tables.
        make_eye: Makes what looks at a contact.
        last_state: A point's last journalled state (rule 7).
        sink: Where states go.
        clock: Where time comes from.
        wake: Called from any thread when `poll` has something to do.
    """
    wiring = _Wiring()
    points = []
    for index, config in enumerate(configs):
        place = Place(point=config.point, room=config.room, kind=config.kind)
        points.append(Input(place=place, meaning=meaning_of(config, last_state(config.point))))
        wiring.add(contact_of(config), config.debounce_s, Listener(input=index, is_reset=False))
        reset = reset_of(config)
        if reset is not None:
            wiring.add(reset, config.debounce_s, Listener(input=index, is_reset=True))
    watched = [
        Watched(
            name=plan.name,
            wire=Wire(hold_s, clock, wake),
            make_eye=lambda plan=plan: make_eye(plan),  # type: ignore[misc]
            look_every_s=LOOK_EVERY_S if plan.line is None else plan.line.period_s,
            listeners=wiring.listeners[plan],
        )
        for plan, hold_s in wiring.holds.items()
    ]
    return Inputs(points, watched, sink=sink, clock=clock)
