"""A serial line as our drivers use it, and the real one through pyserial."""

import errno
import termios
from typing import Any, Final, Protocol

READ_BYTES: Final = 8_192
"""More than the kernel keeps of a line (4,095)."""


class SerialPort(Protocol):
    """What drivers ask of a serial line. Every failure is an `OSError`."""

    def read_waiting(self) -> bytes:
        """What has arrived and was not read; never waits."""

    def drop_waiting(self) -> None:
        """Forget what has arrived: the kernel keeps the oldest bytes when nobody reads, and drops the new ones."""

    def deinit(self) -> None:
        """Close it."""


class LinuxSerial:
    """A serial port of this machine, ours alone.

    Args:
        path: `/dev/serial0`, `/dev/ttyUSB0`.
        baud: Bits a second.

    Raises:
        OSError: `FileNotFoundError` if there is no such port, `PermissionError` if we may not use it.
    """

    def __init__(self, path: str, baud: int) -> None:
        # Only here: an agent without serial sensors has no use for it.
        import serial  # type: ignore[import-untyped]

        try:
            self._port: Any = serial.Serial(path, baud, timeout=0, exclusive=True)
        except OSError as error:
            # pyserial's error is an `OSError` with the number and without the class.
            raise _as_class(error, path) from error

    def read_waiting(self) -> bytes:
        """What has arrived; a port whose device is gone raises."""
        return bytes(self._port.read(READ_BYTES))

    def drop_waiting(self) -> None:
        """Flush the kernel's buffer."""
        try:
            self._port.reset_input_buffer()
        except termios.error as error:
            raise OSError(*error.args) from error

    def deinit(self) -> None:
        """Close it; twice does no harm."""
        self._port.close()


def _as_class(error: OSError, path: str) -> OSError:
    if error.errno == errno.ENOENT:
        return FileNotFoundError(errno.ENOENT, "no such port", path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return PermissionError(error.errno, "may not be used", path)
    return error
