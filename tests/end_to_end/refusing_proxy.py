"""A door before a store that can be shut in all the ways in which stores have been seen to fail."""

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tests.servers import HOST

Mood = Literal["forward", "503", "hang", "reset", "429"]


class RefusingProxy:
    """Forwards HTTP to a server on loopback, or fails as `mood` says.

    Attributes:
        mood: `forward`; `503`; `429` with Retry-After 1; `hang`: no answer until the client gives up; `reset`: the
            connection is closed after the request was read, before it is passed on.
        failed: Requests that were made to fail, by mood.
    """

    def __init__(self, target_port: int) -> None:
        self.mood: Mood = "forward"
        self.failed: dict[str, int] = {}
        self._target_port = target_port
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> "RefusingProxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mood = "forward"
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def log_message(self, *_: Any) -> None:
                pass

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                mood = proxy.mood
                if mood != "forward":
                    proxy.failed[mood] = proxy.failed.get(mood, 0) + 1
                if mood in ("503", "429"):
                    self.send_response(int(mood))
                    self.send_header("Content-Length", "0")
                    if mood == "429":
                        self.send_header("Retry-After", "1")
                    self.end_headers()
                elif mood == "hang":
                    end = time.monotonic() + 30
                    while proxy.mood == "hang" and time.monotonic() < end:
                        time.sleep(0.05)
                    self.close_connection = True
                elif mood == "reset":
                    self.close_connection = True
                else:
                    self._forward(body)

            def _forward(self, body: bytes) -> None:
                link = http.client.HTTPConnection(HOST, proxy._target_port, timeout=20)
                try:
                    link.request(self.command, self.path, body, dict(self.headers))
                    answer = link.getresponse()
                    content = answer.read()
                finally:
                    link.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
