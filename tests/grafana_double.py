"""A local HTTP server that gives the answers of a real Grafana (9.4, recorded) to what a publisher asks.

No registry carries a Grafana server. Statuses, bodies and oddities are the recorded ones: an Editor is told 403 for a
missing folder, a save without `folderUid` moves to General, `overwrite` replaces another dashboard of the same title.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
TOKEN = "glsa_test"

Answer = tuple[int, Any]


@dataclass
class _Kept:
    model: dict[str, Any]
    version: int
    folder_uid: str
    messages: list[str]
    provisioned: bool = False


@dataclass
class GrafanaDouble:
    """Its state, and how it answers."""

    role: str = "Editor"
    sources: set[str] = field(default_factory=lambda: {"openhall", "openhall-long"})
    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, _Kept] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    saved: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> "GrafanaDouble":
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Where it answers, below a path of its own as behind a reverse proxy."""
        return f"http://{HOST}:{self._server.server_address[1]}/grafana"

    def edit_by_hand(self, uid: str, change: dict[str, Any]) -> None:
        """A person saves from Grafana's pages: the change, the defaults those fill in, no message."""
        kept = self.boards[uid]
        kept.model = {**kept.model, **change, "style": "dark", "liveNow": False, "weekStart": "", "links": []}
        kept.version += 1
        kept.messages.append("")

    def answer(self, method: str, path: str, token: str | None, body: bytes) -> Answer:
        """Status and JSON body for a request; None as body means an empty one."""
        self.requests.append((method, path))
        if path == "/api/health":
            return 200, {"commit": "x", "database": "ok", "version": "9.4.0-pre"}
        if token is None:
            return 401, {"message": "Unauthorized"}
        if token != TOKEN:
            return 401, {"message": "invalid API key", "traceID": ""}
        if path.startswith("/api/search"):
            return 200, []
        if match := re.fullmatch(r"/api/datasources/uid/([^/]+)", path):
            if match[1] in self.sources:
                return 200, {"uid": match[1], "type": "influxdb"}
            return 404, {"message": "Data source not found"}
        if path == "/api/folders" and method == "POST":
            return self._make_folder(json.loads(body))
        if match := re.fullmatch(r"/api/dashboards/uid/([^/]+)/versions\?limit=1", path):
            kept = self.boards[match[1]]
            return 200, [{"version": kept.version, "message": kept.messages[-1], "createdBy": "Anonymous"}]
        if match := re.fullmatch(r"/api/dashboards/uid/([^/]+)", path):
            return self._get(match[1])
        if path == "/api/dashboards/db" and method == "POST":
            return self._save(json.loads(body))
        return 404, {"message": "Not found"}

    def _make_folder(self, given: dict[str, Any]) -> Answer:
        if self.role == "Viewer":
            text = "You'll need additional permissions to perform this action. Permissions needed: folders:create"
            return 403, {"accessErrorId": "ACE1", "message": text, "title": "Access denied"}
        if given["uid"] in self.folders:
            return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
        if given["title"].lower() in {title.lower() for title in self.folders.values()}:
            return 409, {"message": "a folder or dashboard in the general folder with the same name already exists"}
        self.folders[given["uid"]] = given["title"]
        return 200, {"id": len(self.folders), "uid": given["uid"], "title": given["title"], "version": 1}

    def _get(self, uid: str) -> Answer:
        if uid not in self.boards:
            return 404, {"message": "Dashboard not found"}
        kept = self.boards[uid]
        meta = {"folderUid": kept.folder_uid, "version": kept.version, "provisioned": kept.provisioned}
        return 200, {"meta": meta, "dashboard": {**kept.model, "id": 7, "version": kept.version}}

    def _save(self, given: dict[str, Any]) -> Answer:
        self.saved.append(given)
        model, folder = given["dashboard"], given.get("folderUid") or ""
        if model.get("id") is not None:
            return 404, {"message": "Dashboard not found", "status": "not-found"}
        if folder and folder not in self.folders:
            return 400, {"message": "Folder not found", "traceID": ""}
        uid, kept = model["uid"], self.boards.get(model["uid"])
        if kept is not None and kept.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        twin = next(
            (
                other
                for other, one in self.boards.items()
                if other != uid and one.folder_uid == folder and one.model["title"] == model["title"]
            ),
            None,
        )
        if twin is not None and not given.get("overwrite"):
            text = "A dashboard with the same name in the folder already exists"
            return 412, {"message": text, "status": "name-exists"}
        if twin is not None:
            uid, kept = twin, self.boards[twin]
        if kept is not None and not given.get("overwrite") and model.get("version") != kept.version:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = kept.version + 1 if kept else 1
        messages = [*(kept.messages if kept else []), given.get("message", "")]
        clean = {key: value for key, value in model.items() if key not in ("id", "version")}
        self.boards[uid] = _Kept({**clean, "title": model["title"].strip()}, version, folder, messages)
        return 200, {"id": 3, "slug": "x", "status": "success", "uid": uid, "url": f"/d/{uid}/x", "version": version}


def _handler(double: GrafanaDouble) -> type[BaseHTTPRequestHandler]:
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
            words = (self.headers.get("Authorization") or "").split()
            token = words[1] if len(words) == 2 and words[0] == "Bearer" else None
            if self.path.startswith("/grafana/"):
                status, answer = double.answer(self.command, self.path.removeprefix("/grafana"), token, body)
            else:
                status, answer = 404, None
            content = b"" if answer is None else json.dumps(answer, sort_keys=True).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
