"""All inputs of an agent: looks at their contacts, and hands on what their points' states become.

It touches hardware only through `Eye`s, and one that fails stops no other: its point says so, and it is opened again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from agent.facility_points import Place, PointState, Sink, tell
from agent.inputs.contacts import Meaning
from agent.inputs.wire import Eye, Wire
from telemetry.clock import Clock

RETRY_MIN_S: Final = 1.0
RETRY_MAX_S: Final = 60.0
"""Waits before a contact that cannot be read is opened again; they double."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Watched:
    """One contact with what looks at it.

    Attributes:
        name: As people know it, `GPIO 17`.
        wire: Its believed states.
        make_eye: Makes what looks at it, not yet open.
        look_every_s: How often it is looked at without an edge.
    """

    name: str
    wire: Wire
    make_eye: Callable[[], Eye]
    look_every_s: float
    eye: Eye | None = None
    due_s: float = 0.0
    failures: int = 0
    fault: str = ""
    listeners: "list[Listener]" = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A point that a contact is for, as its own or as its reset contact."""

    input: int
    is_reset: bool


@dataclass(kw_only=True)
class Input:
    """One point behind one contact, or behind two if it has a reset."""

    place: Place
    meaning: Meaning
    told: PointState | None = None
    faults: dict[int, str] = field(default_factory=dict)


class Inputs:
    """The inputs. Not thread-safe but for `Wire.edge`: one thread calls.

    Attributes:
        failures: Times that a contact could not be opened or read.
    """

    def __init__(self, inputs: Sequence[Input], watched: Sequence[Watched], *, sink: Sink, clock: Clock) -> None:
        self.failures = 0
        self._inputs = list(inputs)
        self._watched = list(watched)
        self._sink = sink
        self._clock = clock

    @property
    def shed(self) -> int:
        """News of contacts given up."""
        return sum(one.wire.shed for one in self._watched)

    def poll(self) -> None:
        """Look, take in, hand on."""
        for number, one in enumerate(self._watched):
            self._look(one)
            self._hear(number, one)

    def next_due(self) -> float:
        """Monotonic time of the next `poll` with something to do."""
        return min((min(one.due_s, one.wire.due()) for one in self._watched), default=float("inf"))

    def close(self) -> None:
        """Look no longer."""
        for one in self._watched:
            self._shut(one)

    # -- one contact ---------------------------------------------------------------------------------------------------

    def _look(self, one: Watched) -> None:
        if self._clock.monotonic() < one.due_s:
            return
        try:
            if one.eye is None:
                one.eye = one.make_eye()
                one.eye.open(one.wire.edge)
            one.wire.sample(one.eye.look())
        except Exception as error:  # noqa: BLE001 - hardware and its libraries raise anything; it becomes a state
            self._failed(one, error)
            return
        if one.failures:
            log.info("contact can be read again", contact=one.name, failures=one.failures)
        one.failures, one.fault = 0, ""
        one.due_s = self._clock.monotonic() + one.look_every_s

    def _failed(self, one: Watched, error: Exception) -> None:
        self.failures += 1
        one.failures += 1
        wait_s = min(RETRY_MIN_S * 2.0 ** min(one.failures - 1, 16), RETRY_MAX_S)
        one.due_s = self._clock.monotonic() + wait_s
        one.fault = f"{one.name} cannot be read: {str(error) or type(error).__name__}"
        (log.warning if one.failures == 1 else log.debug)("contact failed", contact=one.name, error=str(error))
        self._shut(one)

    def _shut(self, one: Watched) -> None:
        eye, one.eye = one.eye, None
        if eye is None:
            return
        try:
            eye.close()
        except Exception as error:  # noqa: BLE001 - it is being given up anyway
            log.debug("contact not closed", contact=one.name, error=str(error))

    def _hear(self, number: int, one: Watched) -> None:
        for state in one.wire.take():
            for listener in one.listeners:
                meaning = self._inputs[listener.input].meaning
                (meaning.reset if listener.is_reset else meaning.contact)(state)
                self._tell(self._inputs[listener.input])
        fault = one.fault or (f"{one.name} never stands still" if one.wire.is_restless else "")
        for listener in one.listeners:
            point = self._inputs[listener.input]
            if point.faults.get(number, "") != fault:
                point.faults[number] = fault
                point.meaning.broken(next((words for words in point.faults.values() if words), ""))
                self._tell(point)

    def _tell(self, point: Input) -> None:
        state = point.meaning.state()
        if state is None or state == point.told:
            return
        point.told = state
        tell(self._sink, point.place, state)
