"""Pressing the inputs of a simulated agent: a Unix socket beside its journal, for this user alone."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog

from agent.errors import PressError

MAX_BYTES: Final = 1_024
"""The longest line taken."""

TIMEOUT_S: Final = 15.0
"""Debounce is 5 s at most, and a button is pressed for twice that."""

log = structlog.get_logger(__name__)

Pressing = Callable[[str, str], None]
"""Brings a point to a state; PressError if it cannot be."""


def socket_path(journal: Path) -> Path:
    """Where an agent with that journal listens."""
    return journal.with_name(f"{journal.name}.press")


class PressServer:
    """Listens in a thread of its own, one client at a time.

    Args:
        path: The socket; one left behind is replaced, since the journal beside it has one owner.
        press: Does it; called from that thread.
    """

    def __init__(self, path: Path, press: Pressing) -> None:
        self._path = path
        self._press = press
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # On Linux a socket's file gets the mode that the socket has when it is bound: never more than this, not even
        # for a moment.
        os.fchmod(self._socket.fileno(), 0o600)
        with suppress(FileNotFoundError):
            path.unlink()
        with _short(path) as name:
            self._socket.bind(name)
        self._socket.listen(4)
        self._thread = threading.Thread(target=self._serve, name="press", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer, and take the socket away."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(1.0)
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                try:
                    client.settimeout(TIMEOUT_S)
                    client.sendall(json.dumps(self._answer(_line(client))).encode() + b"\n")
                except OSError as error:
                    log.debug("press client went away", error=str(error))

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            wish = json.loads(line)
            point, state = str(wish["point"]), str(wish["state"])
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "error": 'no wish of the form {"point", "state"}'}
        try:
            self._press(point, state)
        except PressError as error:
            return {"ok": False, "error": str(error)}
        except Exception as error:  # noqa: BLE001 - a fault of the simulation is told to who asked, not to the branch
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        log.info("simulated input pressed", point=point, state=state)
        return {"ok": True}


def press(path: Path, point: str, state: str) -> None:
    """Ask the agent behind that socket.

    Raises:
        PressError: It refuses; the text says why.
        ConnectionError: No simulated agent with inputs listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(TIMEOUT_S)
        try:
            with _short(path) as name:
                one.connect(name)
            one.sendall(json.dumps({"point": point, "state": state}).encode() + b"\n")
            answer = json.loads(_line(one))
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"no simulated agent with inputs answers at {path}; start one: openhall-agent run --simulate"
            ) from error
    if not answer.get("ok"):
        raise PressError(str(answer.get("error", "refused")))


def _line(one: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_BYTES:
        chunk = one.recv(MAX_BYTES)
        if not chunk:
            break
        line += chunk
    return line


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name that fits into a socket's address, which takes 107 characters (unix(7)), however deep the folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
