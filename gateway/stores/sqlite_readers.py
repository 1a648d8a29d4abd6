"""A bounded pool of reading connections to one SQLite file."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import StoreUnavailable


class Readers:
    """Connections that only read; each is used by one thread at a time and kept for the next.

    Args:
        path: The file, which must exist when a connection is taken.
        limit: How many may be out at the same time.
        busy_timeout_s: How long to wait for one of them, and for SQLite's own locks.
    """

    def __init__(self, path: Path, *, limit: int, busy_timeout_s: float) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._free: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(limit)
        self._limit = limit
        self._life = 0

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection for one query.

        Raises:
            StoreUnavailable: If all are busy and stay so.
        """
        if not self._slots.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(f"{self._limit} queries are running already; ask again later, or for less")
        try:
            with self._lock:
                life = self._life
                connection = self._free.pop() if self._free else None
            if connection is None:
                connection = self._connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            with self._lock:
                if life == self._life:
                    self._free.append(connection)
                    return
            connection.close()
        finally:
            self._slots.release()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        return connection

    def close(self) -> None:
        """Close the idle ones now and those in use when they come back; a later `one` opens new ones."""
        with self._lock:
            self._life += 1
            free, self._free = self._free, []
        for connection in free:
            connection.close()
