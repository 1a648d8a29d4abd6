"""An I2C bus with simulated chips on it, with the surface of `sensors.i2c.I2CBus`."""

import errno
from collections.abc import Callable
from typing import Protocol

from sensors.i2c import BusHeld, Lock
from sensors.i2c_recovery import CLOCKS


class Nack(OSError):  # noqa: N818
    """Nobody pulled the line down: no such address, a busy chip, a command it does not take now."""

    def __init__(self, address: int) -> None:
        # Linux tells a missing acknowledge as EREMOTEIO on most adapters, among them the Raspberry Pi's.
        super().__init__(errno.EREMOTEIO, f"no acknowledge from 0x{address:02x}")


class Hang(OSError):  # noqa: N818
    """The chip held the clock line until the adapter gave up."""

    def __init__(self, address: int) -> None:
        super().__init__(errno.ETIMEDOUT, f"0x{address:02x} held the bus")


class Chip(Protocol):
    """A chip on the bus. `None` for no acknowledge."""

    held_s: float
    """How long it stretches the clock at the next transfer; 0 is healthy."""
    sda_clocks: int
    """How many clocks until it lets go of the data line; 0 is healthy."""

    def write(self, data: bytes) -> bool:
        """Take the bytes of one transfer; False if one of them was not acknowledged."""

    def read(self, length: int) -> bytes | None:
        """Give as many bytes; None if it did not acknowledge its address."""


class SimulatedI2C(Lock):
    """A bus in memory.

    Args:
        sleep: Waits while a chip holds the clock line: the real `time.sleep`, or one that moves a test's clock.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        super().__init__()
        self.chips: dict[int, Chip] = {}
        self._sleep = sleep

    def scan(self) -> list[int]:
        """The addresses that acknowledge."""
        return [address for address in sorted(self.chips) if self.chips[address].write(b"")]

    def writeto(self, address: int, buffer: bytes | bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Send `buffer[start:end]`."""
        if not self._chip(address).write(bytes(buffer[start:end])):
            raise Nack(address)

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Fill `buffer[start:end]`."""
        end = len(buffer) if end is None else end
        data = self._chip(address).read(end - start)
        if data is None:
            raise Nack(address)
        buffer[start:end] = data

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes | bytearray,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Send, then read."""
        self.writeto(address, out_buffer, start=out_start, end=out_end)
        self.readfrom_into(address, in_buffer, start=in_start, end=in_end)

    def recover(self) -> bool:
        """Clock nine times, as the real bus does."""
        if not any(chip.sda_clocks > 0 for chip in self.chips.values()):
            return False
        for chip in self.chips.values():
            chip.sda_clocks = max(0, chip.sda_clocks - CLOCKS)
        if any(chip.sda_clocks > 0 for chip in self.chips.values()):
            raise BusHeld(errno.EBUSY, "a device holds the data line")
        return True

    def deinit(self) -> None:
        """Nothing is held open."""

    def _chip(self, address: int) -> Chip:
        if any(chip.sda_clocks > 0 for chip in self.chips.values()):
            raise Hang(address)
        chip = self.chips.get(address)
        if chip is None:
            raise Nack(address)
        if chip.held_s > 0:
            self._sleep(chip.held_s)
            raise Hang(address)
        return chip
