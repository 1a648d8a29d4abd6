"""What every simulated chip on a bus has: a plug, faults, and the time a command takes it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """What is wrong with a chip or its wires; everything may be set and cleared while it runs.

    Attributes:
        nacks: So many of the next transfers are not acknowledged.
        bad_crc: So many of the next answers have one bit turned in their first checksum.
        bad_crc_after: The one answer after so many good ones is turned likewise.
        is_stuck: It measures nothing new, for ever.
    """

    nacks: int = 0
    bad_crc: int = 0
    bad_crc_after: int | None = None
    is_stuck: bool = False

    def garbles(self) -> bool:
        """Whether the next answer is garbled; counts."""
        if self.bad_crc_after is not None:
            self.bad_crc_after -= 1
            if self.bad_crc_after < 0:
                self.bad_crc_after = None
                return True
            return False
        if self.bad_crc > 0:
            self.bad_crc -= 1
            return True
        return False


class WiredChip:
    """A chip with power and wires.

    Args:
        now: Seconds that never run backwards.
        power_up_s: From power to the first answer.

    Attributes:
        faults: What is wrong with it.
        held_s: How long it holds the clock line at every transfer, which the bus then gives up; 0 is healthy.
        sda_clocks: So many clocks until it lets go of the data line, which it holds meanwhile; 0 is healthy.
    """

    faults: Faults

    def __init__(self, now: Callable[[], float], power_up_s: float) -> None:
        self.held_s = 0.0
        self.sda_clocks = 0
        self._now = now
        self._power_up_s = power_up_s
        self._plugged = True
        self._busy_until = now()

    def unplug(self) -> None:
        """Take it off the bus and its power."""
        self._plugged = False

    def plug_in(self) -> None:
        """Power it up."""
        self._plugged = True
        self.sda_clocks = 0
        self._reset()
        self._busy_until = self._now() + self._power_up_s

    def _reset(self) -> None:
        """Into the state after power-up."""
        raise NotImplementedError

    def _is_there(self) -> bool:
        """Whether it acknowledges its address now; counts."""
        if not self._plugged:
            return False
        if self.faults.nacks > 0:
            self.faults.nacks -= 1
            return False
        # Execution times are tenths of milliseconds apart from what a float clock can tell.
        return self._now() >= self._busy_until - 1e-6
