"""A facility point and its state, as inputs, probes and Modbus devices hand them on."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A facility point: its id, its room, and what it is."""

    point: str
    room: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointState:
    """What a facility pack says: whether the thing does what it is there for, its state, and why."""

    working: bool
    state: str
    reason: str = ""


class Sink(Protocol):
    """Where states go: the agent's core, which journals what differs from the point's last state."""

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        """Take the state of a facility point."""


def tell(sink: Sink, place: Place, state: PointState) -> None:
    """Hand a point's state on."""
    sink.set_state(place.point, place.room, place.kind, state.working, state.state, state.reason)
