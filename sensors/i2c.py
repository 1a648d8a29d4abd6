"""The I2C bus as our drivers use it, and the real one: Linux's /dev/i2c-N through smbus2.

The surface is the part of CircuitPython's `busio.I2C` that the Adafruit drivers call, so that their code runs unchanged
on the real bus and on the simulated one (docs/decisions/0002).
"""

import errno
import threading
import time
from typing import Final, Protocol

from smbus2 import SMBus, i2c_msg

from sensors.i2c_recovery import clock_out, lines_of

LOCK_WAIT_S: Final = 5.0
"""How long one caller waits for another's transfer; the kernel gives a transfer up after about a second."""


_RECOVERY: Final = threading.Lock()
"""Several sensors on one bus find it held at once; one clocks it out."""


class BusHeld(OSError):  # noqa: N818
    """A device holds the data line, and nine clocks did not free it."""


class I2CBus(Protocol):
    """What drivers ask of a bus: Adafruit's all but `recover`. Every failure is an `OSError`."""

    def try_lock(self) -> bool:
        """Take the bus; True once it is ours."""

    def unlock(self) -> None:
        """Give it back."""

    def scan(self) -> list[int]:
        """The addresses that answer."""

    def writeto(self, address: int, buffer: bytes | bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Send `buffer[start:end]`; an empty one only asks whether somebody answers."""

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Fill `buffer[start:end]` from the device."""

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
        """Send, then read without letting go of the bus in between."""

    def recover(self) -> bool:
        """Free a held bus: True if its data line was held and is free now, False if that cannot be told or is not so.

        Raises:
            BusHeld: If it is still held.
        """

    def deinit(self) -> None:
        """Close it."""


class Lock:
    """`try_lock` and `unlock` over a thread lock that waits instead of spinning.

    Adafruit's `I2CDevice` asks again and again until `try_lock` is true; waiting here keeps a processor core free, and
    a lock that never comes ends as a bus fault instead of an endless loop.
    """

    def __init__(self, wait_s: float = LOCK_WAIT_S) -> None:
        self._lock = threading.Lock()
        self._wait_s = wait_s

    def try_lock(self) -> bool:
        """Take the bus; raises `TimeoutError` (an `OSError`) if nobody gave it back in time."""
        if not self._lock.acquire(timeout=self._wait_s):
            raise TimeoutError(errno.ETIMEDOUT, f"the I2C bus was not free within {self._wait_s} s")
        return True

    def unlock(self) -> None:
        """Give it back."""
        self._lock.release()


class LinuxI2C(Lock):
    """An I2C bus of this machine.

    Each has a file descriptor of its own: the kernel keeps transfers of several of them apart, so that one sensor that
    hangs keeps no other's lock.

    Raises:
        OSError: `FileNotFoundError` if there is no such bus, `PermissionError` if we may not use it.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._bus = SMBus(number)

    def scan(self) -> list[int]:
        """The addresses that answer a one-byte read, lowest first."""
        found = []
        for address in range(0x08, 0x78):
            try:
                self._bus.i2c_rdwr(i2c_msg.read(address, 1))
            except OSError:
                continue
            found.append(address)
        return found

    def writeto(self, address: int, buffer: bytes | bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Send `buffer[start:end]` in one transfer."""
        self._bus.i2c_rdwr(i2c_msg.write(address, bytes(buffer[start:end])))

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        """Fill `buffer[start:end]` in one transfer."""
        end = len(buffer) if end is None else end
        message = i2c_msg.read(address, end - start)
        self._bus.i2c_rdwr(message)
        buffer[start:end] = bytes(message)

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
        """Send, then read after a repeated start."""
        in_end = len(in_buffer) if in_end is None else in_end
        write = i2c_msg.write(address, bytes(out_buffer[out_start:out_end]))
        read = i2c_msg.read(address, in_end - in_start)
        self._bus.i2c_rdwr(write, read)
        in_buffer[in_start:in_end] = bytes(read)

    def recover(self) -> bool:
        """Clock out a device that holds the data line; on a Raspberry Pi's own buses only."""
        with _RECOVERY:
            lines = lines_of(self._number)
            if lines is None or not lines.data_is_low():
                return False
            if not clock_out(lines, time.sleep):
                raise BusHeld(errno.EBUSY, f"a device holds the data line of i2c-{self._number}")
            return True

    def deinit(self) -> None:
        """Close it; once is enough, twice does no harm."""
        self._bus.close()
