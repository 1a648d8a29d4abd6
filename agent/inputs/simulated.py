"""Inputs that exist in memory only, at pins of gpiozero's mock, and hands that press them."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from agent.errors import PressError
from agent.facility_config import InputConfig, LineConfig
from agent.gpio import GpioEye, LineEye, simulated_factory
from agent.inputs.kinds import INPUT_KINDS
from agent.inputs.line import WireState
from agent.inputs.wire import Eye
from agent.inputs.wiring import WirePlan, contact_of, is_normally_closed, levels_of_line, reset_of, style_of

PRESS_HOLDS: Final = 2.0
"""A button is pressed for so many times its debounce, so that it is believed."""

LOOKS: Final = 3
"""On a supervised line also for so many looks."""


class SimulatedConverter:
    """Reads the middle of the level that its line's state has."""

    def __init__(self, line: LineConfig, state: WireState) -> None:
        levels = levels_of_line(line)
        self._levels = {
            WireState.SHORT: 0.0,
            WireState.CLOSED: levels.closed,
            WireState.OPEN: levels.open,
            WireState.CUT: 1.0,
        }
        self.state = state

    def open(self) -> None:
        """There is nothing to take."""

    def read(self) -> float:
        """The reading now, as a part of full scale."""
        return self._levels[self.state]

    def close(self) -> None:
        """There is nothing to let go."""


class _SettledEye:
    """A mock pin goes to its pull when it is opened; the contact behind it stays as it is."""

    def __init__(self, eye: GpioEye, settle: Callable[[], None]) -> None:
        self._eye = eye
        self._settle = settle

    def open(self, moved: Callable[[WireState], None]) -> None:
        self._eye.open(moved)
        self._settle()

    def look(self) -> WireState:
        return self._eye.look()

    def close(self) -> None:
        self._eye.close()


class SimulatedContacts:
    """All contacts of an agent, as usual until somebody presses one.

    Args:
        inputs: The tables.

    Attributes:
        factory: gpiozero's mock pins; outputs take theirs from it too.
    """

    def __init__(self, inputs: Sequence[InputConfig]) -> None:
        self.factory = simulated_factory()
        self._inputs = {one.point: one for one in inputs}
        self._states: dict[WirePlan, WireState] = {}
        self._converters: dict[WirePlan, SimulatedConverter] = {}
        for one in inputs:
            self._states[contact_of(one)] = WireState.CLOSED if is_normally_closed(one) else WireState.OPEN
            reset = reset_of(one)
            if reset is not None:
                self._states[reset] = WireState.OPEN

    def make_eye(self, plan: WirePlan) -> Eye:
        """What looks at one of the contacts."""
        if plan.line is not None:
            converter = SimulatedConverter(plan.line, self._states[plan])
            self._converters[plan] = converter
            return LineEye(plan.line, converter)
        if plan.pin is None:
            raise ValueError("a contact is at a GPIO or on a line")
        eye = GpioEye(lambda: self.factory, plan.pin, plan.pull, closed_is_high=plan.closed_is_high)
        return _SettledEye(eye, lambda: self._drive(plan, self._states[plan]))

    def press(self, point: str, word: str) -> None:
        """Bring a point's contact to a state: `called`, `cleared`, a state of its kind, `cut` or `short`.

        Returns when a button has been let go again.

        Raises:
            PressError: There is no such input, or it cannot be so.
        """
        one = self._inputs.get(point)
        if one is None:
            raise PressError(f"no input {point!r}; there are {', '.join(sorted(self._inputs))}")
        words = words_of(one)
        if word not in words:
            raise PressError(f"{point} cannot be {word!r}; it can be {', '.join(words)}")
        plan, is_momentary = self._moved_by(one, word)
        before = self._states[plan]
        self._put(plan, words[word])
        if is_momentary:
            time.sleep(_press_s(one))
            self._put(plan, before)

    def _moved_by(self, one: InputConfig, word: str) -> tuple[WirePlan, bool]:
        reset = reset_of(one)
        if word == "cleared" and reset is not None:
            return reset, True
        return contact_of(one), word == "called" and style_of(one) == "button"

    def _put(self, plan: WirePlan, state: WireState) -> None:
        self._states[plan] = state
        if plan in self._converters:
            self._converters[plan].state = state
        elif plan.pin is not None:
            self._drive(plan, state)

    def _drive(self, plan: WirePlan, state: WireState) -> None:
        pin: Any = self.factory.pin(plan.pin)
        is_high = (state is WireState.CLOSED) is plan.closed_is_high
        (pin.drive_high if is_high else pin.drive_low)()


def words_of(one: InputConfig) -> dict[str, WireState]:
    """What an input can be brought to, and what its contact is then."""
    usual, other = WireState.OPEN, WireState.CLOSED
    if is_normally_closed(one):
        usual, other = other, usual
    style = style_of(one)
    if style == "contact":
        kind = INPUT_KINDS[one.kind]
        words = {kind.usual: usual, kind.other: other}
    elif style == "cord":
        words = {"cleared": usual, "called": other}
    else:
        # What clears a button's call is the reset contact, which closes.
        words = {"cleared": WireState.CLOSED, "called": other}
    if one.line is not None:
        words |= {"cut": WireState.CUT, "short": WireState.SHORT}
        if style == "button":
            words["mended"] = usual
    return words


def _press_s(one: InputConfig) -> float:
    looks_s = 0.0 if one.line is None else LOOKS * one.line.period_s
    return PRESS_HOLDS * one.debounce_s + looks_s
