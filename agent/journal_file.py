"""The journal's SQLite file: how it is opened, written, put on the disk, and kept within its space."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog

from agent.errors import JournalError
from agent.journal_errors import JournalCorruptError, JournalNewerError, translated
from agent.journal_note import sync_folder
from agent.journal_schema import STEPS, is_foreign, upgrade, version_of

PAGE_BYTES: Final = 4096
CACHE_KIB: Final = 1024
MAX_CHECKED_PAGES: Final = 16_384
"""A file of more than 64 MB is not looked through at start: on an SD card that takes a minute. Damage shows later."""

BALLAST_SUFFIX: Final = ".reserve"

log = structlog.get_logger(__name__)


class Budget:
    """How the journal's bytes on the disk are shared out.

    Attributes:
        wal_pages: Length at which the write-ahead log is folded into the file; it may grow to twice that.
        ballast_bytes: Size of a file that is there to be deleted when the disk is full.
        limit_pages: The most the file may have; SQLite holds it (`max_page_count`).
        high_pages: With more pages in use room is made before the next write: the rest is reserved for declarations.
        low_pages: Room is made down to that many.
    """

    def __init__(self, total_bytes: int) -> None:
        pages = max(total_bytes // PAGE_BYTES, 192)
        self.wal_pages = min(max(pages // 16, 32), 1000)
        self.ballast_bytes = min(max(pages // 32, 16), 256) * PAGE_BYTES
        # One transaction may take the log beyond the length at which it is folded, by 64 pages as the tests show.
        wal_pages = max(2 * self.wal_pages, self.wal_pages + 80)
        self.limit_pages = pages - wal_pages - self.ballast_bytes // PAGE_BYTES - 4
        self.high_pages = self.limit_pages - min(max(self.limit_pages // 16, 8), 256)
        self.low_pages = self.high_pages - min(max(self.high_pages // 64, 4), 64)


class JournalFile:
    """One open file, held exclusively. Not thread-safe."""

    def __init__(self, path: Path, budget: Budget, *, is_suspect: bool = False) -> None:
        """Open or create the file and bring it to the newest version.

        Args:
            path: Where it is.
            budget: How large it may be.
            is_suspect: It was not closed in order: look through all of it first, if it is not too large for that.

        Raises:
            JournalInUseError: Another program has it open.
            JournalNewerError: A newer program wrote it; it is left as it is.
            JournalCorruptError: It is damaged, or another program's.
            JournalDiskError: The disk refuses.
            JournalFullError: The disk is full.
        """
        self.path = path
        self.budget = budget
        self.is_new = not path.exists() or path.stat().st_size == 0
        self._wal: int | None = None
        self._unsynced = False
        refuse_newer(path)
        try:
            # Autocommit: transactions are ours. The journal guards itself against two threads at once.
            self._connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise translated(error, path) from error
        try:
            self._prepare(is_suspect)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, is_suspect: bool) -> None:
        with self._errors():
            run = self._connection.execute
            run("PRAGMA locking_mode = EXCLUSIVE")
            run("PRAGMA auto_vacuum = INCREMENTAL")
            if is_foreign(self._connection):
                raise JournalCorruptError(f"{self.path}: is another program's database")
            run("PRAGMA journal_mode = WAL")
            # A commit writes but does not wait for the disk; `sync` does. A checkpoint always syncs.
            run("PRAGMA synchronous = NORMAL")
            run("PRAGMA secure_delete = OFF")
            run(f"PRAGMA cache_size = -{CACHE_KIB}")
            run(f"PRAGMA wal_autocheckpoint = {self.budget.wal_pages}")
            run(f"PRAGMA journal_size_limit = {2 * self.budget.wal_pages * PAGE_BYTES}")
            if is_suspect and 0 < self.pages <= MAX_CHECKED_PAGES and not self.is_new:
                found = run("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise JournalCorruptError(f"{self.path}: is damaged: {found}")
            steps = upgrade(self._connection, STEPS)
            if steps and not self.is_new:
                log.info("journal brought to a newer version", path=str(self.path), version=len(STEPS))
            if steps:
                # An empty file with a log beside it would be taken for a new one, and the log deleted.
                run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            run(f"PRAGMA max_page_count = {max(self.budget.limit_pages, self.pages)}")
        self._unsynced = True
        with suppress(OSError):
            sync_folder(self.path.parent)
        self.keep_ballast()

    # -- reading and writing -------------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._errors():
            return self._connection.execute(sql, parameters).fetchall()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Carry out one statement, inside a transaction; how many rows it changed."""
        with self._errors():
            return self._connection.execute(sql, parameters).rowcount

    def write_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> int:
        """Carry out one statement for each of many parameters; how many rows that changed."""
        with self._errors():
            return self._connection.executemany(sql, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. On leaving it is in the file; `sync` puts it on the disk.

        Raises:
            JournalError: Of the kind that says what to do; nothing was written then.
        """
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back already (sqlite.org/lang_transaction.html).
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                raise
        self._unsynced = True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    # -- the disk ------------------------------------------------------------------------------------------------------

    @property
    def wal_path(self) -> Path:
        """The write-ahead log beside the file."""
        return self.path.with_name(self.path.name + "-wal")

    def sync(self) -> None:
        """Put everything committed on the disk.

        Raises:
            JournalError: If the disk refuses; it may or may not be there then.
        """
        if not self._unsynced:
            return
        # Commits since the last checkpoint lie in the log alone. Closing a handle on the log drops no lock of ours,
        # as one on the file itself would.
        try:
            if self._wal is None and self.wal_path.exists():
                self._wal = os.open(self.wal_path, os.O_RDONLY)
            if self._wal is not None:
                os.fsync(self._wal)
        except OSError as error:
            refusal = sqlite3.OperationalError(str(error))
            raise translated(refusal, self.wal_path) from error
        self._unsynced = False

    def fold(self) -> None:
        """Take the log into the file, so that the log is used from its start again."""
        with self._errors():
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    @property
    def pages(self) -> int:
        """Pages of the file."""
        return int(self.rows("PRAGMA page_count")[0][0])

    @property
    def used_pages(self) -> int:
        """Pages of the file that hold something."""
        return self.pages - int(self.rows("PRAGMA freelist_count")[0][0])

    def shrink(self, pages: int) -> None:
        """Give up to `pages` unused pages back, if more than a quarter of a large file is unused."""
        total, used = self.pages, self.used_pages
        if total > self.budget.limit_pages or (total > 1024 and total - used > total // 4):
            with self._errors():
                # It yields a row without columns for each page, which only a script steps through.
                self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")
                self._unsynced = True

    @property
    def size_bytes(self) -> int:
        """Bytes on the disk: file, log, ballast."""
        paths = (self.path, self.wal_path, self._ballast_path)
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def _ballast_path(self) -> Path:
        return self.path.with_name(self.path.name + BALLAST_SUFFIX)

    def keep_ballast(self) -> None:
        """Lay the ballast down where it is missing and the disk has room."""
        path = self._ballast_path
        if path.exists():
            return
        try:
            with path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.budget.ballast_bytes)
        except OSError as error:
            path.unlink(missing_ok=True)
            log.debug("no room for the journal's reserve", path=str(path), error=str(error))

    def drop_ballast(self) -> bool:
        """Delete the ballast to make room on a full disk; False if there was none."""
        if not self._ballast_path.exists():
            return False
        with suppress(OSError):
            self._ballast_path.unlink()
            return True
        return False

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Fold the log in and let the file go. Never raises."""
        if self._wal is not None:
            os.close(self._wal)
            self._wal = None
        with suppress(sqlite3.Error):
            self._connection.close()


def refuse_newer(path: Path) -> None:
    """Look at the file's version without touching it, as opening it would.

    Raises:
        JournalNewerError: A newer program wrote it.
    """
    if not path.exists():
        return
    # The log beside it is not looked at: an upgrade ends with folding it in.
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as look:
        version = version_of(look)
        if version > len(STEPS) and not is_foreign(look):
            raise JournalNewerError(
                f"{path}: has version {version}, this program knows up to {len(STEPS)};"
                " install the newer program again, or give this one another path"
            )


def set_aside(path: Path, keep: int) -> Path:
    """Rename a damaged file, its log with it, to a free name beside it; of older ones the newest `keep` stay.

    Raises:
        JournalError: If it cannot be renamed.
    """
    earlier = sorted(path.parent.glob(f"{path.name}.corrupt-[0-9][0-9][0-9][0-9]"))
    number = int(earlier[-1].name[-4:]) + 1 if earlier else 1
    aside = path.with_name(f"{path.name}.corrupt-{number % 10_000:04}")
    try:
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
        for old in earlier[: max(len(earlier) - keep, 0)]:
            for suffix in ("-wal", "-shm", ""):
                old.with_name(old.name + suffix).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise JournalError(f"{path}: is damaged and cannot be set aside: {error}; rename it by hand") from error
    return aside
