"""The HTTP server: uvicorn in a thread of its own, on a socket that was bound before anything else was opened."""

import errno
import socket
import threading
from typing import Final

import structlog
import uvicorn
from litestar.types import ASGIApp

from gateway.errors import ConfigurationError

log = structlog.get_logger(__name__)

BACKLOG: Final = 256
CONCURRENT_REQUESTS: Final = 400
"""More are answered 503 at once."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigurationError: If the port is taken, forbidden, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_advice(host, port, error)) from error
    return listener


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        advice = f"stop the program that listens there (`ss -ltnp 'sport = :{port}'` names it) or choose another port"
        return f"$.http.port: {port} on {host} is in use: {advice}"
    if error.errno == errno.EACCES:
        return f"$.http.port: {port} is kept for the administrator; choose one above 1023"
    return f"$.http.host: cannot listen on {host} port {port}: {error}; give an address of this machine"


class WebServer:
    """Serves one application until stopped."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            ws="none",
            limit_concurrency=CONCURRENT_REQUESTS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=32_768,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it really listens on."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def alive(self) -> bool:
        """True while it serves."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Answer what is under way and end, within a bound."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(within_s)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception:
            # The main thread sees that this one is gone and ends the program.
            log.exception("the web server failed")
