"""A local HTTP server that answers as InfluxDB 2.7.12 was recorded to answer.

InfluxDB 2 cannot be installed from the registries that tests use. What is imitated: `/ping`, `/api/v2/write` with all
its refusals, and of InfluxQL over `/query` what OpenHall asks. Points are kept in memory, with InfluxDB's identity
(series and time) and its types of fields.

    with Influx2Double(token="secret", buckets=("openhall",)) as server:
        server.faults.append(Fault(status=503, headers={"Retry-After": "7"}))
"""

import base64
import gzip
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

VERSION = "v2.7.12"
FieldValue = float | bool | str
SeriesKey = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one request instead of an answer.

    Attributes:
        status: Answered with it, `headers` and `body`; 0: see the next two.
        reset: The connection is reset.
        hang_s: Nothing is answered for so long.
        when: Only a request whose body holds these bytes; the fault waits for one.
        keep: True: it never wears out.
        path: Only requests to it.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"code":"unavailable","message":"come back later"}'
    reset: bool = False
    hang_s: float = 0.0
    when: bytes = b""
    keep: bool = False
    path: str = "/api/v2/write"


class ParseError(ValueError):
    """A line that is none."""


def parse_line(line: str) -> tuple[SeriesKey, int, dict[str, FieldValue]]:
    """One line of line protocol.

    Raises:
        ParseError: With InfluxDB's words.
    """
    # A backslash escapes only comma, space and equals sign; before anything else it is a backslash.
    parts = re.fullmatch(r'((?:\\[,= ]|[^ ])+) ((?:"(?:\\.|[^"\\])*"|\\[,= ]|[^ "])+) (-?\d+)', line, re.DOTALL)
    if parts is None:
        raise ParseError("missing fields")
    head, *tags = _split(parts[1], ",")
    pairs = []
    for tag in tags:
        name, _, value = _cut(tag)
        if not value:
            raise ParseError("missing tag value")
        pairs.append((_plain(name), _plain(value)))
    fields = {}
    for text in _split(parts[2], ","):
        name, _, value = _cut(text)
        fields[_plain(name)] = _value(value)
    when = int(parts[3])
    if abs(when) > 9_223_372_036_854:
        raise ParseError("time outside range -9223372036854775806 - 9223372036854775806")
    return (_plain(head), tuple(sorted(pairs))), when, fields


def _split(text: str, sign: str) -> list[str]:
    return re.findall(rf'(?:"(?:\\.|[^"\\])*"|\\[,= ]|[^{sign}])+', text, re.DOTALL)


def _cut(text: str) -> tuple[str, str, str]:
    match = re.match(r"((?:\\[,= ]|[^=])+)=(.*)", text, re.DOTALL)
    if match is None:
        raise ParseError("missing field value")
    return match[1], "=", match[2]


def _plain(word: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", word)


def _value(text: str) -> FieldValue:
    if text in {"true", "false"}:
        return text == "true"
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text) is None:
        raise ParseError("invalid number")
    return float(text)


def _kind(value: FieldValue) -> str:
    return {bool: "boolean", str: "string"}.get(type(value), "float")


class Influx2Double:
    """The server; a context manager.

    Args:
        token: What requests must show; empty: nothing is asked for.
        org: The one organisation.
        buckets: Those that exist.
        version: As `/ping` names it; 1.8 and later 1.x take `user:password` in the form of HTTP's Basic scheme.

    Attributes:
        points: By bucket, series and time: the fields.
        faults: Taken from the left, one a request that it fits.
        requests: Method, path and length of the body of every request, oldest first.
        retention_s: By bucket; absent: for ever.
        clock_offset_s: How far its `Date` header is ahead.
    """

    def __init__(
        self,
        *,
        token: str = "",
        org: str = "openhall",
        buckets: tuple[str, ...] = ("openhall", "openhall_long", "openhall_evidence"),
        version: str = VERSION,
    ) -> None:
        self.version = version
        self.token = token
        self.org = org
        self.points: dict[str, dict[SeriesKey, dict[int, dict[str, FieldValue]]]] = {name: {} for name in buckets}
        self._kinds: dict[tuple[str, str], dict[str, str]] = {}
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, str, int]] = []
        self.retention_s: dict[str, int] = {}
        self.clock_offset_s = 0.0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def authorization(self) -> str:
        """The header that is asked for."""
        if self.version.startswith("1."):
            return "Basic " + base64.b64encode(self.token.encode()).decode()
        return f"Token {self.token}"

    def posts(self) -> int:
        """How many bodies of lines have been sent to it."""
        return sum(1 for method, path, _ in self.requests if method == "POST" and path == "/api/v2/write")

    def write(self, bucket: str, body: bytes) -> tuple[int, dict[str, str]]:
        """Take in lines as InfluxDB 2.7.12 does; the status and the JSON body of the answer."""
        parsed, wrong = [], []
        # A line break inside quotes belongs to the text.
        for line in re.findall(r'(?:"(?:\\.|[^"\\])*"|[^"\n])+', body.decode(), re.DOTALL):
            try:
                parsed.append(parse_line(line))
            except ParseError as error:
                wrong.append(f"unable to parse '{line}': {error}")
        if wrong:
            return 400, {"code": "invalid", "message": "\n".join(wrong)}
        conflict, dropped = self._keep(bucket, parsed)
        lost = "failure writing points to database: partial write:"
        if conflict:
            return 422, {"code": "unprocessable entity", "message": f"{lost} {conflict} dropped=1"}
        if dropped:
            hours = self.retention_s[bucket] // 3600
            text = f"{lost} dropped {dropped} points outside retention policy of duration {hours}h0m0s"
            return 422, {"code": "unprocessable entity", "message": text}
        return 204, {}

    def _keep(self, bucket: str, parsed: list[tuple[SeriesKey, int, dict[str, FieldValue]]]) -> tuple[str, int]:
        conflict, dropped = "", 0
        held = self.points[bucket]
        oldest = (time.time() - self.retention_s.get(bucket, 10**11)) * 1000  # noqa: TID251
        for key, when, fields in parsed:
            if when < oldest:
                dropped += 1
                continue
            clash = self._clash(bucket, key[0], fields)
            if clash:
                conflict = conflict or clash
                continue
            held.setdefault(key, {}).setdefault(when, {}).update(fields)
        return conflict, dropped

    def _clash(self, bucket: str, measurement: str, fields: dict[str, FieldValue]) -> str:
        known = self.kinds(bucket, measurement)
        # A refused line has no part in the types, so they are taken over when all of its fields fit.
        for name, value in fields.items():
            if known.get(name, _kind(value)) != _kind(value):
                return (
                    f'field type conflict: input field "{name}" on measurement "{measurement}" is type '
                    f"{_kind(value)}, already exists as type {known[name]}"
                )
        known.update({name: _kind(value) for name, value in fields.items()})
        return ""

    def kinds(self, bucket: str, measurement: str) -> dict[str, str]:
        """The fields of a measurement and their types."""
        return self._kinds.setdefault((bucket, measurement), {})

    def query(self, bucket: str, statement: str) -> list[dict[str, Any]] | str:
        """The series that answer one InfluxQL statement, or the error that stands in an HTTP 200.

        Raises:
            ParseError: If it is none of what the server knows.
        """
        if statement == "SHOW DATABASES" and self.version.startswith("1."):
            return [{"name": "databases", "columns": ["name"], "values": [[name] for name in self.points]}]
        if match := re.fullmatch(r'SHOW RETENTION POLICIES ON "(.+)"', statement):
            duration = f"{self.retention_s.get(match[1], 0) // 3600}h0m0s" if match[1] in self.retention_s else "0s"
            columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
            known = match[1] in self.points
            rows = [{"columns": columns, "values": [["autogen", duration, "168h0m0s", 1, True]]}]
            return rows if known else f"database not found: {match[1]}"
        if bucket not in self.points:
            return f"database not found: {bucket}"
        if match := re.fullmatch(r'SHOW FIELD KEYS FROM "(.+)"', statement):
            kinds = self.kinds(bucket, match[1])
            rows = [[name, kind] for name, kind in sorted(kinds.items())]
            return [{"name": match[1], "columns": ["fieldKey", "fieldType"], "values": rows}] if rows else []
        match = re.fullmatch(
            r"SELECT (.+) FROM (\w+) WHERE (.+?)(?: GROUP BY (\w+))?(?: ORDER BY time (ASC|DESC) LIMIT (\d+))?",
            statement,
        )
        if match is None:
            raise ParseError(f"error parsing query: found {statement.split()[0]}, expected SELECT, SHOW")
        return self._select(bucket, match)

    def _select(self, bucket: str, match: re.Match[str]) -> list[dict[str, Any]]:
        names = [name.strip('"') for name in match[1].split(", ")]
        groups: dict[str, list[list[Any]]] = {}
        for (measurement, tags), times in self.points[bucket].items():
            for when, fields in times.items():
                if measurement != match[2] or not _fits(match[3], dict(tags), when):
                    continue
                row = [fields.get(name) for name in names]
                if any(value is not None for value in row):
                    groups.setdefault(dict(tags)[match[4]] if match[4] else "", []).append([when, *row])
        found = []
        for group, rows in sorted(groups.items()):
            rows.sort(key=lambda row: row[0], reverse=match[5] == "DESC")
            kept = rows[: int(match[6])] if match[6] else rows
            series: dict[str, Any] = {"name": match[2], "columns": ["time", *names], "values": kept}
            found.append({**series, "tags": {match[4]: group}} if match[4] else series)
        return found


def _fits(conditions: str, tags: dict[str, str], when: int) -> bool:
    tests = {"=": "__eq__", "<>": "__ne__", ">=": "__ge__", "<": "__lt__"}
    for condition in conditions.split(" AND "):
        match = re.fullmatch(r"(\w+) (=|<>|>=|<) (?:'(.*)'|(-?\d+)ms)", condition)
        if match is None:
            raise ParseError(f"error parsing query: found {condition}")
        known: Any = when if match[1] == "time" else tags.get(match[1], "")
        given: Any = int(match[4]) if match[1] == "time" else re.sub(r"\\(.)", r"\1", match[3])
        if not getattr(known, tests[match[2]])(given):
            return False
    return True


class _Handler(BaseHTTPRequestHandler):
    double: ClassVar[Influx2Double]
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = time.time() if timestamp is None else timestamp  # noqa: TID251
        return super().date_time_string(now + self.double.clock_offset_s)

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _handle(self, body: bytes) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.double.requests.append((self.command, url.path, len(body)))
        if url.path == "/api/v2/write" and self.headers.get("Content-Encoding") == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                self._answer(500, {"code": "internal error", "message": "unexpected EOF"})
                return
        if self._fail(url.path, body):
            return
        with self.double.lock:
            status, answer = self._route(url.path, query, body)
        self._answer(status, answer)

    def _fail(self, path: str, body: bytes) -> bool:
        fault = next((each for each in self.double.faults if each.path == path and each.when in body), None)
        if fault is None:
            return False
        if not fault.keep:
            self.double.faults.remove(fault)
        if fault.hang_s:
            time.sleep(fault.hang_s)
        if fault.status:
            self._send(fault.status, fault.body, fault.headers)
        elif fault.reset or fault.hang_s:
            # Closing with a linger of 0 sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            self.wfile = _Nowhere()  # type: ignore[assignment]
        return True

    def _route(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/ping":
            return 204, None
        if self.double.token and self.headers.get("Authorization") != self.double.authorization:
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if path == "/api/v2/write" and self.command == "POST":
            return self._write(query, body)
        if path == "/query":
            return self._query(query)
        return 404, {"code": "not found", "message": "path not found"}

    def _write(self, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        bucket = query.get("bucket", "")
        if query.get("org") != self.double.org:
            return 404, {"code": "not found", "message": f'organization name "{query.get("org")}" not found'}
        if bucket not in self.double.points:
            return 404, {"code": "not found", "message": f'bucket "{bucket}" not found'}
        if query.get("precision") not in {"ns", "us", "ms", "s"}:
            return 400, {"code": "invalid", "message": "invalid precision; valid precision units are ns, us, ms, and s"}
        return self.double.write(bucket, body)

    def _query(self, query: dict[str, str]) -> tuple[int, Any]:
        try:
            found = self.double.query(query.get("db", ""), query["q"])
        except ParseError as error:
            return 400, {"code": "invalid", "message": str(error)}
        result: dict[str, Any] = {"statement_id": 0}
        if isinstance(found, str):
            result["error"] = found
        elif found:
            result["series"] = found
        return 200, {"results": [result]}

    def _answer(self, status: int, answer: Any) -> None:
        self._send(status, b"" if answer is None or status == 204 else json.dumps(answer).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("X-Influxdb-Version", self.double.version)
        self.send_header("X-Influxdb-Build", "OSS")
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Nowhere:
    """Where the answer to a connection goes that has been reset."""

    closed = False

    def write(self, body: bytes) -> int:
        return len(body)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
