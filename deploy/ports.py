"""Which loopback ports are free."""

import errno
import random
import socket
from typing import Final

LOWEST: Final = 15_000
HIGHEST: Final = 32_000
"""Below Linux's ephemeral range (32768 up): no outgoing connection will take such a port between look and use."""


class PortTakenError(Exception):
    """A port cannot be listened on; the text goes on from its name: `is in use by another program`."""


def claim_port(host: str, port: int) -> None:
    """See whether this process could listen on a port now.

    Raises:
        PortTakenError: If it could not.
    """
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still fading may be taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError as error:
            raise PortTakenError("is not yours to use (below 1024 only root may)") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError("is in use by another program") from error
            raise PortTakenError(f"cannot be used ({error.strerror})") from error


def free_port(host: str) -> int:
    """A port that nobody listens on.

    Raises:
        PortTakenError: If a thousand draws find none.
    """
    draw = random.SystemRandom()
    for _ in range(1_000):
        port = draw.randrange(LOWEST, HIGHEST)
        try:
            claim_port(host, port)
        except PortTakenError:
            continue
        return port
    raise PortTakenError(f"cannot be found between {LOWEST} and {HIGHEST}")
