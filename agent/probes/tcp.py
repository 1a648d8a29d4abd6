"""Whether something takes a connection at a port."""

import socket

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.targets import Target


class TcpConnect:
    """Connects, and lets go at once.

    Args:
        target: Where.
        timeout_s: The connection must stand within so long.
    """

    def __init__(self, target: Target, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s

    def ask(self) -> PointState:
        """Up if it takes the connection."""
        try:
            socket.create_connection((self._target.host, self._target.port), self._timeout_s).close()
        except OSError as error:
            raise CheckError(f"{self._target.place}: {words_of(error)}") from error
        return PointState(working=True, state="up")

    def close(self) -> None:
        """Nothing is kept open."""


def words_of(error: OSError) -> str:
    """What went wrong with a socket, in words without addresses, which the caller knows better."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return (error.strerror or str(error) or type(error).__name__).lower()
