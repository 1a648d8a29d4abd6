"""What the believed states of contacts mean for their points: doors, leaks, buttons, cords. Pure."""

from typing import Protocol

from agent.facility_points import PointState
from agent.inputs.kinds import Kind
from agent.inputs.line import WireState

UNKNOWN = "unknown"
CALLED = "called"
CLEARED = "cleared"


class Meaning(Protocol):
    """A point behind a contact."""

    def contact(self, state: WireState) -> None:
        """The contact came to be in that state."""

    def reset(self, state: WireState) -> None:
        """The reset contact came to be in that state."""

    def broken(self, reason: str) -> None:
        """The contact cannot be read; "" once it can again."""

    def state(self) -> PointState | None:
        """What the point's state is; None while nothing is known."""


def line_fault(state: WireState | None) -> str:
    """What is wrong with the wires, "" if nothing."""
    return {WireState.CUT: "the line is cut", WireState.SHORT: "the line is short-circuited"}.get(
        state or WireState.OPEN, ""
    )


class Contact:
    """A contact that is no call: two states, and `unknown` while its wires cannot be believed."""

    def __init__(self, kind: Kind, *, normally_closed: bool) -> None:
        self._kind = kind
        self._usual = WireState.CLOSED if normally_closed else WireState.OPEN
        self._now: WireState | None = None
        self._broken = ""

    def contact(self, state: WireState) -> None:
        """See `Meaning`."""
        self._now = state

    def reset(self, state: WireState) -> None:
        """A contact has none."""

    def broken(self, reason: str) -> None:
        """See `Meaning`."""
        self._broken = reason

    def state(self) -> PointState | None:
        """See `Meaning`."""
        fault = self._broken or line_fault(self._now)
        if fault:
            return PointState(working=False, state=UNKNOWN, reason=fault)
        if self._now is None:
            return None
        if self._now is self._usual:
            return PointState(working=True, state=self._kind.usual)
        return PointState(working=self._kind.works_in_other, state=self._kind.other)


class _Call:
    """What button and cord have in common: a word that a fault of the wires leaves as it is.

    A call that stands goes on standing when its line is cut, and no fault makes one; `working` tells of the fault.
    """

    def __init__(self, last: str | None, *, normally_closed: bool) -> None:
        self._usual = WireState.CLOSED if normally_closed else WireState.OPEN
        self._word = last
        self._now: WireState | None = None
        self._broken = ""

    def broken(self, reason: str) -> None:
        """See `Meaning`."""
        self._broken = reason

    def state(self) -> PointState | None:
        """See `Meaning`."""
        fault = self._broken or line_fault(self._now) or self._own_fault()
        if fault:
            return PointState(working=False, state=self._word or CLEARED, reason=fault)
        if self._word is None:
            return None
        return PointState(working=True, state=self._word)

    def _own_fault(self) -> str:
        return ""

    def _is_active(self, state: WireState) -> bool:
        return not line_fault(state) and state is not self._usual


class CallButton(_Call):
    """A button that springs back: pressing calls, letting go changes nothing, the reset contact clears.

    Args:
        last: The point's last journalled word, which stands until the button says otherwise (rule 7).
        normally_closed: Whether the contact is closed while nobody presses.
    """

    def __init__(self, last: str | None, *, normally_closed: bool) -> None:
        super().__init__(last, normally_closed=normally_closed)
        self._resetting: bool | None = None
        self._held_over_reset = False

    def contact(self, state: WireState) -> None:
        """See `Meaning`."""
        was, self._now = self._now, state
        if self._is_active(state):
            if was is None or not self._is_active(was):
                self._word = CALLED
        else:
            self._held_over_reset = False
            if not line_fault(state) and self._word is None:
                self._word = CLEARED

    def reset(self, state: WireState) -> None:
        """See `Meaning`; the reset contact closes when pressed."""
        pressed = state is WireState.CLOSED
        # A reset contact found closed at start cleared nothing: nobody pressed it now.
        if pressed and self._resetting is False:
            self._word = CLEARED
            self._held_over_reset = self._now is not None and self._is_active(self._now)
        self._resetting = pressed

    def _own_fault(self) -> str:
        return "the button is still pressed after the reset; it may be stuck" if self._held_over_reset else ""


class PullCord(_Call):
    """A cord that stays pulled until somebody puts it back: called while pulled."""

    def contact(self, state: WireState) -> None:
        """See `Meaning`."""
        self._now = state
        if not line_fault(state):
            self._word = CALLED if self._is_active(state) else CLEARED

    def reset(self, state: WireState) -> None:
        """A cord has none: it is cleared by being put back."""
