"""A held I2C bus clocked free, as the I2C specification orders it, through a Raspberry Pi's pins.

A device that loses power or count in the middle of a byte may hold the data line low and wait for clocks that never
come; then no other device can speak. The kernel's driver of the Pi's controller does not clock it out, so we do.
"""

import shutil
import subprocess
from collections.abc import Callable
from typing import Final, Protocol

# I2C-bus specification UM10204 rev. 6, section 3.1.16: nine clock pulses; the device lets go within them.
CLOCKS: Final = 9
HALF_CLOCK_S: Final = 0.0001
"""Slower than any device of ours needs; a subprocess for each edge is slower still."""

PINS: Final = {0: (0, 1), 1: (2, 3)}
"""Data and clock pin (BCM numbers) of a Pi's buses, alternate function 0 (BCM2835 ARM Peripherals, table 6-31)."""

TOOL_WAIT_S: Final = 2.0


class Lines(Protocol):
    """The two wires, taken from the controller."""

    def data_is_low(self) -> bool:
        """Whether somebody holds the data line."""

    def pull(self, *, data: bool | None = None, clock: bool | None = None) -> None:
        """Pull a line low (True) or let go of it (False)."""

    def give_back(self) -> None:
        """To the controller."""


def clock_out(lines: Lines, sleep: Callable[[float], None]) -> bool:
    """Clock until the data line is free, then send a stop.

    Returns:
        True if it is free at the end.
    """
    try:
        for _ in range(CLOCKS):
            lines.pull(clock=True)
            sleep(HALF_CLOCK_S)
            lines.pull(clock=False)
            sleep(HALF_CLOCK_S)
            if not lines.data_is_low():
                break
        else:
            return False
        # A stop (data rises while the clock is high), so that the device is not left inside a byte.
        lines.pull(clock=True)
        lines.pull(data=True)
        sleep(HALF_CLOCK_S)
        lines.pull(clock=False)
        sleep(HALF_CLOCK_S)
        lines.pull(data=False)
        return not lines.data_is_low()
    finally:
        lines.give_back()


class PinctrlLines:
    """The wires of a Pi's bus through `pinctrl`, which Raspberry Pi OS brings and which the group gpio may use."""

    def __init__(self, tool: str, data_pin: int, clock_pin: int) -> None:
        self._tool = tool
        self._data, self._clock = data_pin, clock_pin

    def data_is_low(self) -> bool:
        """Whether somebody holds the data line."""
        # `pinctrl lev 2` prints 0 or 1.
        return self._run("lev", str(self._data)).strip() == "0"

    def pull(self, *, data: bool | None = None, clock: bool | None = None) -> None:
        """Low: an output that drives low. Let go: an input with its pull-up; never driven high."""
        for pin, is_low in ((self._data, data), (self._clock, clock)):
            if is_low is not None:
                self._run("set", str(pin), *(("op", "dl") if is_low else ("ip", "pu")))

    def give_back(self) -> None:
        """Alternate function 0 is the controller."""
        self._run("set", f"{self._data},{self._clock}", "a0", "pu")

    def _run(self, *words: str) -> str:
        try:
            done = subprocess.run([self._tool, *words], capture_output=True, text=True, check=True, timeout=TOOL_WAIT_S)
        except subprocess.SubprocessError as error:
            raise OSError(f"{self._tool} {' '.join(words)}: {error}") from error
        return done.stdout


def lines_of(bus_number: int) -> PinctrlLines | None:
    """The wires of a bus; None where we know no way to them."""
    pins, tool = PINS.get(bus_number), shutil.which("pinctrl")
    return None if pins is None or tool is None else PinctrlLines(tool, *pins)
