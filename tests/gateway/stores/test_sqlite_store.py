"""What is special to the embedded store: its file, its schema, and other programs beside it."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ports import Point, ReadingsQuery
from gateway.stores import sqlite_series, sqlite_store
from gateway.stores.sqlite_schema import APPLICATION_ID, STEPS, upgrade
from gateway.stores.sqlite_store import SqliteStore
from tests.gateway.stores.subjects import NOW_MS, StoreClock, Subject, air, expected, mark, sqlite_subject

EVERYTHING = ReadingsQuery(site="hall-1", point="p1", quantity="co2_ppm", from_ms=0, to_ms=2**53, limit=10_000)
HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    """The store on a new file, `store.sqlite3`."""
    made = sqlite_subject(tmp_path)
    yield made
    made.store.close()


def store_of(subject: Subject) -> SqliteStore:
    """The adapter itself."""
    assert isinstance(subject.store, SqliteStore)
    return subject.store


class TestTheFile:
    """It is opened late, guarded, and never mistaken for another."""

    def test_its_folder_is_made(self, tmp_path: Path) -> None:
        """A path in a folder that is not there yet is no mistake; making the adapter touches nothing."""
        path = tmp_path / "a" / "b" / "store.sqlite3"
        store = SqliteStore(path, clock=StoreClock())
        assert not path.parent.exists()
        store.prove([])
        assert path.exists()
        store.close()

    def test_settings_that_make_it_safe(self, subject: Subject) -> None:
        """Write-ahead log, and a sync with every commit."""
        subject.store.prove([])
        connection = store_of(subject)._open()
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL

    def test_a_path_that_cannot_be_written(self, tmp_path: Path) -> None:
        """It is named, and once it can be, the same adapter works."""
        blocker = tmp_path / "folder"
        blocker.write_text("a file where the folder should be", encoding="utf-8")
        store = SqliteStore(blocker / "store.sqlite3", clock=StoreClock())
        with pytest.raises(StoreUnavailable, match="folder"):
            store.prove([])
        blocker.unlink()
        store.prove([])
        store.close()

    def test_another_programs_database(self, tmp_path: Path) -> None:
        """It is refused before a byte of it has changed."""
        path = tmp_path / "other.db"
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE customer (name TEXT)")
            other.commit()
        before = path.read_bytes()
        store = SqliteStore(path, clock=StoreClock())
        with pytest.raises(StoreMisconfigured, match="another program"):
            store.write([air(co2_ppm=1.0)])
        assert path.read_bytes() == before

    def test_no_database_at_all(self, tmp_path: Path) -> None:
        """A damaged file is for a person to look at; the text says what to do, and the file stays."""
        path = tmp_path / "store.sqlite3"
        path.write_bytes(b"no database, but long enough to be looked at" * 100)
        store = SqliteStore(path, clock=StoreClock())
        with pytest.raises(StoreMisconfigured, match="damaged"):
            store.prove([])
        assert path.read_bytes().startswith(b"no database")

    def test_damaged_in_the_middle(self, subject: Subject, tmp_path: Path) -> None:
        """Readings that cannot be read raise; they are not left out."""
        subject.store.write([air(at_ms=NOW_MS + place, co2_ppm=float(place)) for place in range(10_000)])
        subject.store.close()
        path = tmp_path / "store.sqlite3"
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(size // 4096 // 2 * 4096)
            file.write(os.urandom(4096 * 8))
        with pytest.raises(StoreMisconfigured, match="damaged"):
            subject.store.readings(EVERYTHING)

    @pytest.mark.parametrize("call", ["write", "marks"])
    def test_removed_under_a_running_store(self, subject: Subject, tmp_path: Path, call: str) -> None:
        """Writing on into the removed file would lose everything: the next call fails, the one after has a new file."""
        subject.store.write([air(co2_ppm=1.0), mark("north", 9.0)])
        for file in tmp_path.glob("store.sqlite3*"):
            file.unlink()
        with pytest.raises(StoreUnavailable, match="removed or replaced"):
            if call == "write":
                subject.store.write([air(co2_ppm=2.0)])
            else:
                subject.store.marks()
        assert subject.store.write([air(co2_ppm=3.0)]) == []
        assert subject.store.marks() == {}
        assert subject.held("air") == expected(air(co2_ppm=3.0))

    def test_replaced_by_an_older_copy(self, subject: Subject, tmp_path: Path) -> None:
        """A restored copy is noticed, and shows the older mark."""
        subject.store.write([air(co2_ppm=1.0), mark("north", 1.0)])
        subject.store.close()
        path = tmp_path / "store.sqlite3"
        copy = path.read_bytes()
        subject.store.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0), mark("north", 2.0)])
        for file in tmp_path.glob("store.sqlite3*"):
            file.unlink()
        path.write_bytes(copy)
        with pytest.raises(StoreUnavailable):
            subject.store.write([air(at_ms=NOW_MS + 2, co2_ppm=3.0)])
        assert subject.store.marks() == {"north": 1}
        assert subject.held("air") == expected(air(co2_ppm=1.0))


class TestADiskThatIsFull:
    """Nothing of the batch is stored, and nothing is lost."""

    def test_the_file_may_not_grow(self, subject: Subject) -> None:
        """SQLite's own limit of pages stands for the disk: `StoreUnavailable`, old data intact, then all goes on."""
        first = [air(at_ms=NOW_MS + place, co2_ppm=1.0) for place in range(100)]
        assert subject.store.write(first) == []
        connection = store_of(subject)._open()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        second = [air(f"new{place % 50}", at_ms=NOW_MS + place, humidity_pct=1.0) for place in range(20_000)]
        with pytest.raises(StoreUnavailable, match="full"):
            subject.store.write(second)
        assert subject.held("air") == expected(*first)
        assert [reading.value for reading in subject.store.readings(EVERYTHING)] == [1.0] * 100
        assert subject.store.write(second) == []
        assert subject.held("air") == expected(*first, *second)

    def test_the_system_lets_nothing_be_written(self, tmp_path: Path) -> None:
        """A real limit of the system on the size of files, in another process: the error is ours, the data whole."""
        code = """
            import resource, signal, sys
            from pathlib import Path
            from gateway.errors import StoreUnavailable
            from gateway.stores.sqlite_store import SqliteStore
            from tests.gateway.stores.subjects import NOW_MS, StoreClock, air
            store = SqliteStore(Path(sys.argv[1]), clock=StoreClock())
            store.write([air(co2_ppm=1.0)])
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            size = 200_000
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            batch = [air(at_ms=NOW_MS + place, co2_ppm=2.0) for place in range(20_000)]
            for _ in range(3):
                try:
                    store.write(batch)
                except StoreUnavailable as error:
                    print("unavailable", type(error).__name__)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print(store.write(batch))
            store.close()
        """
        path = tmp_path / "store.sqlite3"
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), str(path)],
            capture_output=True, text=True, cwd=ROOT, check=True, timeout=120,
        )  # fmt: skip
        lines = [line for line in run.stdout.splitlines() if line.startswith(("unavailable", "["))]
        assert [line for line in lines if line != "[]"][-3:] == ["unavailable StoreUnavailable"] * 3
        assert lines[-1] == "[]"
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*), sum(value) FROM sample").fetchone() == (20_000, 40_000.0)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class TestOtherProcesses:
    """A file for one writer and any number of readers."""

    def test_another_process_reads_while_we_write(self, subject: Subject, tmp_path: Path) -> None:
        """It sees whole commits, through the view made for it."""
        subject.store.write([air(co2_ppm=1.0)])
        code = (
            "import sqlite3, sys; c = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True); "
            "print(c.execute('SELECT region, site, room, point, field, time, value FROM stored').fetchall())"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "store.sqlite3")]
        connection = store_of(subject)._open()
        connection.execute("BEGIN IMMEDIATE")
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        connection.execute("ROLLBACK")
        assert run.stdout.strip() == f"[('north', 'hall-1', 'lobby', 'p1', 'co2_ppm', {NOW_MS}, 1.0)]"

    def test_another_writer_holds_the_file(self, tmp_path: Path) -> None:
        """After `busy_timeout_s` it is `StoreUnavailable`; when the other has ended, the write works."""
        path = tmp_path / "store.sqlite3"
        store = SqliteStore(path, clock=StoreClock(), busy_timeout_s=0.1)
        store.prove([])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                store.write([air(co2_ppm=1.0)])
            assert store.readings(EVERYTHING) == []
            other.execute("ROLLBACK")
            assert store.write([air(co2_ppm=1.0)]) == []
        store.close()

    def test_two_adapters_write_the_same_series(self, subject: Subject) -> None:
        """The numbers of series are the file's, whoever made them."""
        other = subject.open()
        for step in range(5):
            for place, store in enumerate((subject.store, other)):
                batch = [air(f"p{number}", at_ms=NOW_MS + 2 * step + place, co2_ppm=1.0) for number in range(step + 1)]
                assert store.write(batch) == []
        other.close()
        points = [
            air(f"p{number}", at_ms=NOW_MS + 2 * step + place, co2_ppm=1.0)
            for step in range(5)
            for place in range(2)
            for number in range(step + 1)
        ]
        assert subject.held("air") == expected(*points)

    def test_killed_while_it_writes(self, tmp_path: Path) -> None:
        """What `write` has returned for is there after SIGKILL, and every batch is there as a whole or not at all."""
        code = """
            import sys
            from pathlib import Path
            from gateway.stores.sqlite_store import SqliteStore
            from tests.gateway.stores.subjects import NOW_MS, StoreClock, air
            store = SqliteStore(Path(sys.argv[1]), clock=StoreClock())
            for step in range(100_000):
                store.write([air(at_ms=NOW_MS + step * 100 + place, co2_ppm=float(step)) for place in range(100)])
                print(step, flush=True)
        """
        path = tmp_path / "store.sqlite3"
        for _ in range(3):
            command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
                assert run.stdout is not None
                written = [int(line) for line in (run.stdout.readline() for _ in range(20)) if line.strip().isdigit()]
                run.send_signal(signal.SIGKILL)
                written += [int(line) for line in run.stdout.read().splitlines() if line.isdigit()]
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                counts = dict(connection.execute("SELECT value, count(*) FROM sample GROUP BY value"))
            assert set(counts.values()) == {100}
            assert {float(step) for step in written} <= counts.keys()
            assert len(written) > 10


class TestQueries:
    """Bounded, and independent of the writer."""

    def test_no_more_than_the_limit_at_a_time(self, tmp_path: Path) -> None:
        """One query more than allowed waits, and is turned away in the end."""
        store = SqliteStore(tmp_path / "store.sqlite3", clock=StoreClock(), busy_timeout_s=0.1, max_readers=2)
        store.write([air(co2_ppm=1.0)])
        with store._readers.one(), store._readers.one(), pytest.raises(StoreUnavailable, match="2 queries"):
            store.readings(EVERYTHING)
        assert len(store.readings(EVERYTHING)) == 1
        assert len(store._readers._free) == 2
        store.close()

    def test_a_reader_cannot_write(self, subject: Subject) -> None:
        """Whatever a query might hold, it changes nothing."""
        subject.store.write([air(co2_ppm=1.0)])
        with store_of(subject)._readers.one() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM sample")

    def test_connections_are_kept_and_closed(self, subject: Subject) -> None:
        """Queries one after the other use one connection; `close` leaves none."""
        subject.store.write([air(co2_ppm=1.0)])
        for _ in range(5):
            subject.store.readings(EVERYTHING)
        assert len(store_of(subject)._readers._free) == 1
        subject.store.close()
        assert store_of(subject)._readers._free == []

    def test_a_day_of_ten_second_readings_stops_at_the_limit(self, subject: Subject) -> None:
        """The newest one is found without reading the day, and pages meet without gap or repeat."""
        times = range(NOW_MS, NOW_MS + 86_400_000, 10_000)
        subject.store.write([air(at_ms=when, co2_ppm=float(place)) for place, when in enumerate(times)])
        steps: list[int] = []
        with store_of(subject)._readers.one() as connection:
            connection.set_progress_handler(lambda: steps.append(1), 100)
        newest = ReadingsQuery(
            site="hall-1", point="p1", quantity="co2_ppm", from_ms=0, to_ms=2**53, limit=1, newest_first=True
        )
        assert [reading.value for reading in subject.store.readings(newest)] == [len(times) - 1.0]
        assert len(steps) < 20
        found, begin = [], 0
        while True:
            page = subject.store.readings(
                ReadingsQuery(site="hall-1", point="p1", quantity="co2_ppm", from_ms=begin, to_ms=2**53, limit=999)
            )
            if not page:
                break
            found += [reading.value for reading in page]
            begin = page[-1].time_ms + 1
        assert found == [float(place) for place in range(len(times))]


class TestSchema:
    """Versions, and what becomes of older and newer files."""

    def test_a_file_of_version_1(self, tmp_path: Path) -> None:
        """A file as version 1 wrote it is opened, read and written without loss (the file is kept as SQL text)."""
        path = tmp_path / "store.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((HERE / "schema_1.sql").read_text(encoding="utf-8"))
        store = SqliteStore(path, clock=StoreClock())
        store.prove(["north"])
        assert store.marks() == {"north": 42}
        found = [(reading.time_ms, reading.value, reading.suspect) for reading in store.readings(EVERYTHING)]
        assert found == [(NOW_MS, 612.5, False), (NOW_MS + 60_000, 9_000.0, True)]
        assert store.write([air(at_ms=NOW_MS + 1, co2_ppm=1.0)]) == []
        store.close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
            assert connection.execute("SELECT count(*) FROM sample").fetchone() == (6,)

    def test_a_newer_program_upgrades_without_loss(self, subject: Subject, tmp_path: Path) -> None:
        """Steps to come run on a file with data; what was in it is still there."""
        points = [air(at_ms=NOW_MS + place, co2_ppm=1.0) for place in range(100)]
        subject.store.write(points)
        subject.store.close()
        steps = [
            *STEPS,
            "ALTER TABLE series ADD COLUMN note TEXT; CREATE TABLE more (x);",
            "INSERT INTO more VALUES (';');",
        ]
        with closing(sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)) as connection:
            assert upgrade(connection, steps) == (len(STEPS), len(STEPS) + 2)
            assert upgrade(connection, steps) == (len(STEPS) + 2, len(STEPS) + 2)
            assert connection.execute("SELECT x FROM more").fetchall() == [(";",)]
        assert subject.held("air") == expected(*points)

    def test_an_upgrade_that_fails_changes_nothing(self, subject: Subject, tmp_path: Path) -> None:
        """It is one transaction: the older program can still open the file."""
        subject.store.write([air(co2_ppm=1.0)])
        subject.store.close()
        steps = [*STEPS, "CREATE TABLE more (x); DROP TABLE sample; CREATE TABLE more (x);"]
        with closing(sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)) as connection:
            with pytest.raises(sqlite3.OperationalError, match="already exists"):
                upgrade(connection, steps)
            assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert subject.store.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0)]) == []
        assert len(subject.store.readings(EVERYTHING)) == 2

    def test_a_newer_file_is_refused(self, subject: Subject, tmp_path: Path) -> None:
        """A program that does not know the schema touches nothing, and says what to do."""
        subject.store.write([air(co2_ppm=1.0)])
        subject.store.close()
        path = tmp_path / "store.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
        before = path.read_bytes()
        for call in (
            lambda: subject.store.write([air(co2_ppm=2.0)]),
            subject.store.marks,
            lambda: subject.store.prove([]),
        ):
            with pytest.raises(StoreMisconfigured, match="newer OpenHall"):
                call()
        assert path.read_bytes() == before

    def test_the_file_says_whose_it_is(self, subject: Subject, tmp_path: Path) -> None:
        """`file` and other tools see the application id."""
        subject.store.prove([])
        subject.store.close()
        header = (tmp_path / "store.sqlite3").read_bytes()[:100]
        assert int.from_bytes(header[68:72], "big") == APPLICATION_ID


def test_series_that_were_rolled_back_are_forgotten(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed commit takes the numbers of its new series with it; the repeat makes them again."""
    store = store_of(subject)
    store.write([air("old", co2_ppm=1.0)])
    real = sqlite_store._PUT_SAMPLE
    monkeypatch.setattr(sqlite_store, "_PUT_SAMPLE", "INSERT INTO nowhere VALUES (?, ?, ?, ?)")
    batch = [air(f"new{place}", co2_ppm=1.0) for place in range(10)]
    with pytest.raises(StoreUnavailable, match="nowhere"):
        store.write(batch)
    monkeypatch.setattr(sqlite_store, "_PUT_SAMPLE", real)
    store.write([Point("air", (("site", "x"),), NOW_MS, {"humidity_pct": 1.0})])
    store.write(batch)
    assert len(store.readings(ReadingsQuery(
        site="hall-1", point="new3", quantity="co2_ppm", from_ms=0, to_ms=2**53
    ))) == 1  # fmt: skip
    held = subject.held("air")
    assert len(held) == 12
    assert all(len(fields) == 1 for fields in held.values())


def test_the_cache_of_series_is_bounded(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """More series than it holds are still stored right."""
    monkeypatch.setattr(sqlite_series, "MAX_CACHED_SERIES", 10)
    points = [air(f"p{place}", co2_ppm=float(place)) for place in range(35)]
    for _ in range(2):
        assert subject.store.write(points) == []
    assert len(store_of(subject)._series) <= 10
    assert subject.held("air") == expected(*points)


def test_close_while_others_read(subject: Subject) -> None:
    """Queries under way end well or with `StoreUnavailable`; nothing is left open."""
    subject.store.write([air(at_ms=NOW_MS + place, co2_ppm=1.0) for place in range(1_000)])
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                assert len(subject.store.readings(EVERYTHING)) == 1_000
            except StoreUnavailable:
                continue
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        subject.store.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
