"""A serial line in memory, with the kernel's buffer behind it; the surface of `sensors.serial_port.SerialPort`."""

import errno
from typing import Final, Protocol

KERNEL_BYTES: Final = 4_095
"""What Linux keeps of a line that nobody reads (N_TTY_BUF_SIZE less one); what comes then is lost, not what was."""


class Talker(Protocol):
    """Something that sends by itself."""

    port_is_gone: bool
    """Whether the adapter it hangs on was pulled out."""

    def sent(self) -> bytes:
        """The bytes since the last call."""


class SimulatedSerial:
    """One line.

    Args:
        talker: Who is at its other end.
    """

    def __init__(self, talker: Talker) -> None:
        self._talker = talker
        self._kept = b""
        # What was sent before the port was opened went nowhere.
        talker.sent()
        self._look()

    def read_waiting(self) -> bytes:
        """What has arrived."""
        self._look()
        kept, self._kept = self._kept, b""
        return kept

    def drop_waiting(self) -> None:
        """Forget it."""
        self._look()
        self._kept = b""

    def deinit(self) -> None:
        """Nothing is held open."""

    def _look(self) -> None:
        if self._talker.port_is_gone:
            raise OSError(errno.EIO, "the port's device is gone")
        self._kept = (self._kept + self._talker.sent())[:KERNEL_BYTES]
