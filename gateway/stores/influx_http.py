"""Requests to an InfluxDB, and its answers in our words."""

import json
import re
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from gateway.errors import GatewayError, StoreMisconfigured, StoreUnavailable
from gateway.stores.influx_settings import InfluxSettings
from telemetry.clock import Clock

MAX_RETRY_AFTER_S: Final = 3_600.0
_BODY_TO_BLAME: Final = frozenset({400, 413, 422})
_FOR_THE_OPERATOR: Final = frozenset({401, 403, 404})


class BodyRefusedError(GatewayError):
    """The server will not take this body (400, 413, 422); `detail` has its words. Never leaves this package."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.detail = detail


class ServerFaultError(StoreUnavailable):
    """The server answered 500: its fault, or that of a body it cannot digest."""


class MissingBucketError(StoreMisconfigured):
    """The bucket or database is not there (404, or a query's error): never made, or lost by the server."""


@dataclass(frozen=True, slots=True)
class Server:
    """What answers at the other end.

    Attributes:
        version: As it names itself, such as `1.6.7~rc0` or `v2.7.12`; empty if it does not.
        major: 1, 2 or 3; 2 where it does not say.
        v2_write: False: it knows only `/write` (before 1.8).
        clock_s: Its wall clock as Unix seconds, None if it does not say.
    """

    version: str
    major: int
    v2_write: bool
    clock_s: float | None


class Series(NamedTuple):
    """One series of an answer to InfluxQL."""

    name: str
    tags: Mapping[str, str]
    columns: list[str]
    values: list[list[Any]]


class InfluxHttp:
    """One InfluxDB over HTTP with `influxdb-client`, which neither batches nor retries here.

    Connects at the first request and asks for the version; after 401, 403 or 404 the next request reads the token
    file and asks again. May be used from several threads.
    """

    def __init__(self, settings: InfluxSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._client: Any = None  # the client library is only partly typed
        self._server: Server | None = None

    def server(self) -> Server:
        """Who is there.

        Raises:
            StoreUnavailable: If nobody is; StoreMisconfigured if the token file cannot be read or does not fit.
        """
        return self._connected()[1]

    def write(self, bucket: str, body: bytes) -> None:
        """Send one body of lines. On return it is stored.

        Raises:
            BodyRefusedError: If something in it is at fault.
            ServerFaultError: If the answer is 500.
            StoreUnavailable: If it may work later; StoreMisconfigured if somebody has to do something.
        """
        client, server = self._connected()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self._settings.gzip:
            headers["Content-Encoding"] = "gzip"
            packer = zlib.compressobj(level=1, wbits=31)
            body = packer.compress(body) + packer.flush()
        if server.v2_write:
            path, query = "/api/v2/write", [("org", self._settings.org), ("bucket", bucket), ("precision", "ms")]
            if self._settings.write_only:
                query.append(("db", bucket))  # VictoriaMetrics makes a label of it and does not look at `bucket`
        else:
            path, query = "/write", [("db", bucket), ("precision", "ms")]
        self._call(client, "POST", path, query, headers, body)

    def query(self, statement: str, *, columns: int, bucket: str | None = None, change: bool = False) -> list[Series]:
        """The series that one InfluxQL statement answers, times in Unix ms.

        Args:
            statement: One statement.
            columns: How many the answer has, `time` included; 0: any number.
            bucket: The database it is about, None if it names it.
            change: True for a statement that changes something, which the server takes by POST only.

        Raises:
            StoreUnavailable: As in `write`; also if the statement is refused, since all are ours and fixed.
        """
        client, _ = self._connected()
        query = [("q", statement), ("epoch", "ms")]
        if bucket is not None:
            query.append(("db", bucket))
        try:
            answer, _ = self._call(client, "POST" if change else "GET", "/query", query, {}, None)
        except BodyRefusedError as error:
            raise StoreUnavailable(f"{self._settings.url} refused {statement!r}: {error.detail}") from error
        return self._series_of(statement, answer, columns)

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            client, self._client, self._server = self._client, None, None
        if client is not None:
            client.close()

    def _connected(self) -> tuple[Any, Server]:
        with self._lock:
            if self._client is None or self._server is None:
                token = self._token()
                client: Any = InfluxDBClient(
                    url=self._settings.url,
                    token=token or "",
                    org=self._settings.org,
                    timeout=round(self._settings.timeout_s * 1000),
                    retries=False,
                    connection_pool_maxsize=8,
                    ssl_ca_cert=None if self._settings.ca_file is None else str(self._settings.ca_file),
                )
                server = self._ping(client)
                if server.major == 1 and token:
                    self._use_basic(client, token)
                self._client, self._server = client, server
            return self._client, self._server

    def _token(self) -> str | None:
        file = self._settings.token_file
        if file is None:
            return None
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StoreMisconfigured(f"$.store.token_file: {file} cannot be read ({error})") from error
        if not token or not token.isascii() or not token.isprintable():
            raise StoreMisconfigured(f"$.store.token_file: {file} must hold one line of ASCII, the token")
        return token

    def _use_basic(self, client: Any, token: str) -> None:
        if ":" not in token:
            raise StoreMisconfigured(
                f"$.store.token_file: InfluxDB 1.x asks for user:password, and {self._settings.token_file} has no colon"
            )
        words = urllib3.make_headers(basic_auth=token)
        client.api_client.set_default_header("Authorization", words["authorization"])

    def _ping(self, client: Any) -> Server:
        try:
            _, headers = self._call(client, "GET", "/ping", [], {}, None)
        except (BodyRefusedError, StoreMisconfigured):
            if not self._settings.write_only:
                raise
            headers = {}
        version = str(headers.get("X-Influxdb-Version", ""))
        numbers = re.match(r"v?(\d+)\.(\d+)", version)
        major, minor = (int(numbers[1]), int(numbers[2])) if numbers else (2, 0)
        date = headers.get("Date")
        return Server(version, major, (major, minor) >= (1, 8), None if date is None else _unix_of(str(date)))

    def _call(
        self,
        client: Any,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: bytes | None,
    ) -> tuple[object, Mapping[str, str]]:
        try:
            content, _, answered = client.api_client.call_api(
                path, method, query_params=query, header_params=headers, body=body, response_type="object"
            )
        except ApiException as error:
            raise self._ours(path, error) from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise StoreUnavailable(f"{self._settings.url}{path}: {_first_line(error)}") from error
        return content, answered

    def _ours(self, path: str, error: ApiException) -> GatewayError:
        status, detail = int(error.status or 0), _detail_of(error)
        text = f"{self._settings.url}{path} answered {status}: {detail}"
        if status in _BODY_TO_BLAME:
            return BodyRefusedError(status, detail)
        if status in _FOR_THE_OPERATOR:
            self.close_later()
            kind = MissingBucketError if status == 404 else StoreMisconfigured
            return kind(f"{text}. {_ADVICE[status]}")
        if status == 500:
            return ServerFaultError(text)
        wait_s = self._retry_after_s(error.headers)
        if status == 0 or status == 408 or status == 429 or status > 500:
            return StoreUnavailable(text, retry_after_s=wait_s)
        return StoreMisconfigured(f"{text}. Is this the address of an InfluxDB?", retry_after_s=wait_s)

    def close_later(self) -> None:
        """Connect anew with the next request; requests that are under way go on."""
        with self._lock:
            self._client = self._server = None

    def _retry_after_s(self, headers: Mapping[str, str] | None) -> float | None:
        given = None if headers is None else headers.get("Retry-After")
        if given is None:
            return None
        if re.fullmatch(r"\d{1,9}(\.\d+)?", given):
            wait_s = float(given)
        else:
            until_s = _unix_of(given)
            if until_s is None:
                return None
            wait_s = until_s - self._clock.now()
        return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)

    def _series_of(self, statement: str, answer: object, columns: int) -> list[Series]:
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            raise self._not_an_answer(statement)
        found = []
        for result in answer["results"]:
            # InfluxDB answers HTTP 200 to a query that failed; the error stands in the result.
            if "error" in result:
                raise self._query_error(statement, str(result["error"]))
            for series in result.get("series", ()):
                width, rows = len(series.get("columns", ())), series.get("values", [])
                if (columns and width != columns) or any(len(row) != width for row in rows):
                    raise self._not_an_answer(statement)
                found.append(Series(series.get("name", ""), series.get("tags", {}), series["columns"], rows))
        return found

    def _not_an_answer(self, statement: str) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._settings.url} does not answer {statement!r} as InfluxDB does; "
            "if it only takes writes, set $.store.write_only"
        )

    def _query_error(self, statement: str, words: str) -> StoreUnavailable:
        text = f"{self._settings.url} answered {statement!r} with the error: {words}"
        if "database not found" not in words and "bucket" not in words:
            return StoreUnavailable(text)
        self.close_later()
        return MissingBucketError(f"{text}. {_ADVICE[404]}")


_ADVICE: Final = {
    401: "Look at $.store.token_file: the token is unknown, or 1.x wants user:password.",
    403: "Give the user or token of $.store.token_file the right to read and write the buckets.",
    404: "Make the bucket or database, or look at $.store.bucket_prefix and $.store.org.",
}


def _detail_of(error: ApiException) -> str:
    """What the server said, without the page around it; at most 500 characters."""
    text = error.body if isinstance(error.body, str) else str(error.reason)
    try:
        said = json.loads(text)
        text = str(said.get("message") or said.get("error") or text)  # InfluxDB 2 and 3, or 1.x
    except (ValueError, AttributeError):
        text = text or str(error.reason)
    return " ".join(text.split())[:500]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300] or type(error).__name__


def _unix_of(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
