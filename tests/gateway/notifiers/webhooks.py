"""A local server that answers as the robots of WeCom, DingTalk and Feishu do, and fails as it is told."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]


def said(status: int, body: Any, **headers: str) -> Answer:
    """An answer with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(body).encode()


class Webhooks:
    """A context manager; `got` has path and body of every request, `answers` what is answered instead, in order."""

    KEY = "key-1"
    SECRET = "SECret"

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.got.append((self.path, body))
                if outer.answers:
                    given = outer.answers.pop(0)
                    if callable(given):
                        given(self)
                        return
                else:
                    given = outer.usual(self.path, body)
                status, headers, content = given
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Webhooks":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def usual(self, path: str, body: dict[str, Any]) -> Answer:
        """As each service documents it, wrong keys and signatures among it."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/cgi-bin/webhook/send":
            return self._wecom(query, body)
        if parts.path == "/robot/send":
            return self._dingtalk(query, body)
        if parts.path.startswith("/open-apis/bot/v2/hook/"):
            return self._feishu(parts.path.rpartition("/")[2], body)
        return said(404, {"message": "not found"})

    def _wecom(self, query: dict[str, str], body: dict[str, Any]) -> Answer:
        if query.get("key") != self.KEY:
            return said(200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"})
        if len(body["text"]["content"].encode()) > 2_048:
            return said(200, {"errcode": 40058, "errmsg": "text.content exceed max length 2048"})
        return said(200, {"errcode": 0, "errmsg": "ok"})

    def _dingtalk(self, query: dict[str, str], body: dict[str, Any]) -> Answer:
        if query.get("access_token") != self.KEY:
            return said(200, {"errcode": 300005, "errmsg": "token is not exist"})
        text = f"{query.get('timestamp')}\n{self.SECRET}".encode()
        sign = base64.b64encode(hmac.new(self.SECRET.encode(), text, hashlib.sha256).digest()).decode()
        if query.get("sign") != sign:
            return said(200, {"errcode": 310000, "errmsg": "sign not match"})
        assert body["msgtype"] == "text"
        return said(200, {"errcode": 0, "errmsg": "ok"})

    def _feishu(self, key: str, body: dict[str, Any]) -> Answer:
        if key != self.KEY:
            return said(400, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}})
        sign = base64.b64encode(
            hmac.new(f"{body.get('timestamp')}\n{self.SECRET}".encode(), b"", hashlib.sha256).digest()
        ).decode()
        if body.get("sign") != sign:
            return said(200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour", "data": {}})
        return said(200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})
