"""The embedded store: one SQLite file, written by one connection and read by several."""

import errno
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Final

import structlog

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ports import AnyPoint, Point, ReadingsQuery, Refused, StoredReading, Summary
from gateway.stores.points import MAX_TIME_MS, MIN_TIME_MS, PROBE_REGION, Counters, Tags, UnstorableError
from gateway.stores.sqlite_readers import Readers
from gateway.stores.sqlite_schema import upgrade
from gateway.stores.sqlite_series import DAY_MS, Row, SeriesTable, mark_row_of
from gateway.stores.sqlite_summaries import counted, summaries
from telemetry.clock import Clock, to_ms

_PUT_SAMPLE: Final = (
    "INSERT INTO sample VALUES (?, ?, ?, ?) ON CONFLICT (day, series, time) DO UPDATE SET value = excluded.value"
)
_PUT_MARK: Final = (
    "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (region) DO UPDATE SET n = excluded.n, time = excluded.time"
)

log = structlog.get_logger(__name__)


class SqliteStore:
    """The `Store` port on a SQLite file (WAL, synchronous=FULL); any other process may read it at the same time.

    Nothing is opened before the first call, and after a failed write the file is opened anew: a disk that comes back
    later is enough.

        store = SqliteStore(Path("/var/lib/openhall/store.db"), clock=SystemClock())
        store.prove(["north"])
        tags = (("region", "north"), ("site", "hall-1"), ("room", "hall"), ("point", "p1"))
        refused = store.write([Point("air", tags, 1_700_000_000_000, {"co2_ppm": 612.0})])

    Args:
        path: The file; it and its folder are made if missing.
        clock: Dates the mark that `prove` writes.
        busy_timeout_s: How long a write waits for another writing process.
        max_readers: How many queries run at the same time; further ones wait up to `busy_timeout_s`.
    """

    def __init__(self, path: Path, *, clock: Clock, busy_timeout_s: float = 5.0, max_readers: int = 8) -> None:
        self.path = path
        self.counters = Counters()
        self._clock = clock
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._readers = Readers(path, limit=max_readers, busy_timeout_s=busy_timeout_s)
        self._series = SeriesTable()

    def prove(self, regions: Sequence[str]) -> None:
        """Open and upgrade the file, write a mark, read it back through a second connection and compare.

        Raises:
            StoreUnavailable: If the file cannot be opened or written now.
            StoreMisconfigured: If it is no store of ours, or a newer one's.
        """
        n = to_ms(self._clock.now())
        self.write([Point("mark", (("region", PROBE_REGION),), n, {"n": float(n)})])
        with self._reading() as connection:
            row = connection.execute("SELECT n FROM mark WHERE region = ?", (PROBE_REGION,)).fetchone()
        if row is None or row[0] != n:
            raise StoreUnavailable(f"{self.path}: wrote the mark {n} and read back {row and row[0]}")
        marks = self.marks()
        log.info("store proved", path=str(self.path), marks={region: marks.get(region) for region in regions})

    def write(self, points: Sequence[AnyPoint]) -> list[Refused]:
        """Commit all points but the refused in one transaction, synced to disk.

        Raises:
            StoreUnavailable: If the disk is full, the file locked, gone or replaced: nothing of the batch is stored.
            StoreMisconfigured: If the file is damaged, no store of ours, or a newer one's.
        """
        if not points:
            return []
        with self._lock, self._translated():
            connection = self._open()
            try:
                connection.execute("BEGIN IMMEDIATE")
                refused = self._put(connection, points)
                connection.execute("COMMIT")
            except BaseException:
                # Closing rolls back, and the series made meanwhile must be forgotten with their rows.
                self._forget()
                raise
            self.counters.commits += 1
            self.counters.points += len(points) - len(refused)
            self.counters.refused += len(refused)
            return refused

    def marks(self) -> dict[str, int]:
        """The newest mark of each region."""
        with self._reading() as connection:
            rows = connection.execute("SELECT region, n FROM mark WHERE region <> ?", (PROBE_REGION,)).fetchall()
        return dict(rows)

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """Readings of one series, good and suspect merged; days without data cost nothing."""
        with self._reading() as connection:
            series = connection.execute(
                "SELECT id, field <> ? FROM series WHERE json_extract(tags, '$.site') = ? "
                "AND json_extract(tags, '$.point') = ? AND measurement = 'air' AND field IN (?, ?)",
                (query.quantity, query.site, query.point, query.quantity, f"{query.quantity}_suspect"),
            ).fetchall()
            found: list[StoredReading] = []
            if not series or query.limit <= 0 or query.from_ms >= query.to_ms:
                return found
            for day in _days(connection, query):
                found += _readings_of_day(connection, series, day, query, query.limit - len(found))
                if len(found) >= query.limit:
                    break
            return found

    def summaries(self, site: str, from_ms: int, to_ms: int) -> list[Summary]:
        """The good air of a branch summed up by SQLite, day by day where it spans several."""
        with self._reading() as connection:
            return summaries(connection, site, from_ms, to_ms)

    def counted(self, site: str, hour_ms: int) -> set[tuple[Tags, str]]:
        """What `air_1h` says of a branch's hour with a count above 0."""
        with self._reading() as connection:
            return counted(connection, site, hour_ms)

    def keeps_ms(self) -> int | None:
        """For ever."""
        return None

    def close(self) -> None:
        """Close every connection; the last one folds the WAL into the file."""
        with self._lock:
            self._forget()

    def _put(self, connection: sqlite3.Connection, points: Sequence[AnyPoint]) -> list[Refused]:
        rows: list[Row] = []
        marks: list[tuple[str, int, int]] = []
        refused: list[Refused] = []
        for place, point in enumerate(points):
            try:
                if point.measurement == "mark":
                    marks.append(mark_row_of(point))
                else:
                    rows += self._series.rows_of(connection, point)
            except UnstorableError as error:
                refused.append(Refused(place, str(error)))
        # In the order of the key the tree is walked once; of two rows with one key the later in the batch wins.
        rows.sort(key=itemgetter(0, 1, 2))
        connection.executemany(_PUT_SAMPLE, rows)
        connection.executemany(_PUT_MARK, marks)
        return refused

    def _open(self) -> sqlite3.Connection:
        if self._writer is not None:
            if _inode_of(self.path) == self._inode:
                return self._writer
            # SQLite would go on writing into the file that has been removed, and all of it would be lost.
            self._forget()
            raise StoreUnavailable(f"{self.path} was removed or replaced while it was open; opening what is there now")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            found, now = upgrade(connection)  # first of all: it refuses other programs' files before they are touched
            _keep_a_log(connection)
        except BaseException:
            connection.close()
            raise
        if found != now:
            log.info("store upgraded", path=str(self.path), from_version=found, to_version=now)
        self._writer, self._inode = connection, _inode_of(self.path)
        return connection

    def _forget(self) -> None:
        self._readers.close()
        writer, self._writer, self._inode = self._writer, None, None
        self._series.forget()
        if writer is not None:
            writer.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            if self._writer is None or _inode_of(self.path) != self._inode:
                with self._lock:
                    self._open()
            with self._readers.one() as connection:
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Every error of SQLite and of the file system becomes one of ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.counters.failures += 1
            raise _ours(self.path, error) from error
        except StoreUnavailable:
            self.counters.failures += 1
            raise


def _ours(path: Path, error: Exception) -> StoreUnavailable:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreMisconfigured(
            f"{path} is damaged ({error}): move it away and restore the newest copy, or start with an empty one; "
            "the branches send again what they still hold"
        )
    if (code is not None and code & 0xFF == sqlite3.SQLITE_FULL) or getattr(error, "errno", None) == errno.ENOSPC:
        return StoreUnavailable(
            f"{path}: the disk is full ({error}): free some space on it; what waits is written then, and the branches "
            "keep the rest"
        )
    return StoreUnavailable(f"{path}: {error}")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreMisconfigured(f"no write-ahead log is possible here (mode {mode}): put the store on a local disk")
    # Bounds what the log keeps on disk once a large transaction is folded into the file.
    connection.execute("PRAGMA journal_size_limit = 67108864")


def _inode_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _days(connection: sqlite3.Connection, query: ReadingsQuery) -> Iterator[int]:
    """The days that hold anything at all, in the order asked for: from each one seek to the next that exists."""
    first, last = max(query.from_ms, MIN_TIME_MS) // DAY_MS, min(query.to_ms, MAX_TIME_MS) // DAY_MS
    if query.newest_first:
        following, day = "SELECT max(day) FROM sample WHERE day <= ?", last
    else:
        following, day = "SELECT min(day) FROM sample WHERE day >= ?", first
    while True:
        found = connection.execute(following, (day,)).fetchone()[0]
        if found is None or not first <= found <= last:
            return
        yield found
        day = found - 1 if query.newest_first else found + 1


def _readings_of_day(
    connection: sqlite3.Connection, series: list[tuple[int, int]], day: int, query: ReadingsQuery, limit: int
) -> list[StoredReading]:
    order = "DESC" if query.newest_first else "ASC"
    found: list[StoredReading] = []
    for number, suspect in series:
        rows = connection.execute(
            "SELECT time, value FROM sample WHERE day = ? AND series = ? AND time >= ? AND time < ? "
            f"ORDER BY time {order} LIMIT ?",
            (day, number, max(query.from_ms, MIN_TIME_MS), min(query.to_ms, MAX_TIME_MS), limit),
        )
        found += [StoredReading(time_ms, value, bool(suspect)) for time_ms, value in rows]
    found.sort(key=lambda reading: reading.time_ms, reverse=query.newest_first)
    return found[:limit]
