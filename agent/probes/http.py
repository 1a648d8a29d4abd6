"""Whether an HTTP server answers as it should."""

import http.client
import socket
import ssl
import time
from typing import Final

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.targets import Target
from agent.probes.tcp import words_of

MAX_BODY_BYTES: Final = 65_536
"""So much of an answer is searched for the text; what comes behind it is not read."""

CHUNK_BYTES: Final = 4_096


class HttpGet:
    """One GET without proxy and without following anywhere, so that the answer is the device's own.

    Args:
        target: Where.
        timeout_s: The whole answer must be there within so long.
        status: The status it must have.
        text: What it must hold, "" for anything.
        tls: Of an `https` address.
    """

    def __init__(self, target: Target, timeout_s: float, *, status: int, text: str, tls: ssl.SSLContext | None) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._status = status
        self._text = text.encode()
        self._tls = tls

    def ask(self) -> PointState:
        """Up if the answer is what it should be."""
        connection = self._connection()
        try:
            self._look(connection)
        except ssl.SSLError as error:
            raise CheckError(f"{self._target.place}: TLS: {error.reason or error}") from error
        except OSError as error:
            raise CheckError(f"{self._target.place}: {words_of(error)}") from error
        except http.client.HTTPException as error:
            raise CheckError(f"{self._target.place}: no HTTP answer: {type(error).__name__}") from error
        finally:
            connection.close()
        return PointState(working=True, state="up")

    def close(self) -> None:
        """Nothing is kept open."""

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout_s = self._target.host, self._target.port, self._timeout_s
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self._tls)

    def _look(self, connection: http.client.HTTPConnection) -> None:
        end_s = time.monotonic() + self._timeout_s
        connection.connect()
        connected = connection.sock
        connection.request("GET", self._target.path, headers={"User-Agent": "openhall-agent", "Connection": "close"})
        _within(connected, end_s)
        answer = connection.getresponse()
        if answer.status != self._status:
            raise CheckError(f"{self._target.place}: status {answer.status}, not {self._status}")
        if self._text and self._text not in self._body(answer, connected, end_s):
            raise CheckError(f"{self._target.place}: the answer does not hold the expected text")

    def _body(self, answer: http.client.HTTPResponse, connected: socket.socket, end_s: float) -> bytes:
        body = b""
        while len(body) < MAX_BODY_BYTES:
            # Each wait has its own time-out, so that a server which drips would go on for ever.
            _within(connected, end_s)
            chunk = answer.read1(CHUNK_BYTES)
            if not chunk:
                break
            body += chunk
        return body


def _within(connected: socket.socket, end_s: float) -> None:
    left_s = end_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connected.settimeout(left_s)


def tls_context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """What certificates are checked against; without `verify` any will do, for devices that made their own."""
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
