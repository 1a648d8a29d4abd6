"""The state database: made, upgraded without loss, refused where it is newer or not ours."""

import sqlite3
import threading
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import Connection, select, text

from gateway.errors import StateRefused, StateUnavailable
from gateway.state import tables
from gateway.state.state import State, upsert


def url(path: Path) -> str:
    return f"sqlite:///{path / 'state.sqlite3'}"


def version_of(path: Path) -> int:
    with sqlite3.connect(path / "state.sqlite3") as connection:
        return int(connection.execute("SELECT version FROM schema_version").fetchone()[0])


def test_a_new_database_has_todays_version(tmp_path: Path) -> None:
    """And opening it again changes nothing."""
    State.open(url(tmp_path)).close()
    State.open(url(tmp_path)).close()
    assert version_of(tmp_path) == tables.SCHEMA_VERSION


def test_what_was_committed_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL with synchronous=FULL."""
    state = State.open(url(tmp_path))
    with state.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    state.close()


def test_an_older_file_is_upgraded_without_loss(tmp_path: Path) -> None:
    """Rows of the older version are there afterwards, with the new column, and the version is the new one."""
    state = State.open(url(tmp_path))
    with state.write() as connection:
        upsert(connection, tables.mark, [{"region": "north", "n": 7, "time_ms": 5, "epoch": 1}])
    state.close()

    def add_note(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE mark ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"))

    def add_table(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE later (id INTEGER PRIMARY KEY)"))

    version = tables.SCHEMA_VERSION
    steps = MappingProxyType({version: add_note, version + 1: add_table})
    newer = State.open(url(tmp_path), steps=steps, to_version=version + 2)
    with newer.read() as connection:
        row = connection.execute(text("SELECT region, n, note FROM mark")).one()
        assert tuple(row) == ("north", 7, "none")
    newer.close()
    assert version_of(tmp_path) == version + 2


def test_a_failed_upgrade_leaves_the_older_file(tmp_path: Path) -> None:
    """All steps are one transaction."""
    State.open(url(tmp_path)).close()

    def fail(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER PRIMARY KEY)"))
        connection.execute(text("this is no SQL"))

    version = tables.SCHEMA_VERSION
    with pytest.raises(StateUnavailable):
        State.open(url(tmp_path), steps=MappingProxyType({version: fail}), to_version=version + 1)
    assert version_of(tmp_path) == version
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_every_older_version_has_a_step() -> None:
    """From 1 to today without a hole."""
    from gateway.state.upgrades import STEPS

    assert sorted(STEPS) == list(range(1, tables.SCHEMA_VERSION))


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """An older program must not write into what it does not understand; it says both versions."""
    State.open(url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(StateRefused, match="99"):
        State.open(url(tmp_path))
    assert version_of(tmp_path) == 99


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    """A table with one of our names and no version; a file that is no database; a version table without a row."""
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.execute("CREATE TABLE mark (x)")
    with pytest.raises(StateRefused, match="mark"):
        State.open(url(tmp_path))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "state.sqlite3").write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(StateUnavailable):
        State.open(url(tmp_path / "other"))
    (tmp_path / "empty").mkdir()
    State.open(url(tmp_path / "empty")).close()
    with sqlite3.connect(tmp_path / "empty" / "state.sqlite3") as connection:
        connection.execute("DELETE FROM schema_version")
    with pytest.raises(StateRefused, match="empty"):
        State.open(url(tmp_path / "empty"))


@pytest.mark.parametrize("address", ["nonsense", "oracel://x", "sqlite:////nowhere/at/all/state.sqlite3"])
def test_a_wrong_address_is_named(address: str) -> None:
    """The error says which, and what one looks like."""
    with pytest.raises(StateRefused):
        State.open(address)


def test_an_error_inside_a_transaction_keeps_nothing(tmp_path: Path) -> None:
    """Also one that is not the database's."""
    state = State.open(url(tmp_path))
    rows = [{"region": "north", "n": 7, "time_ms": 5, "epoch": 1}]
    with pytest.raises(ZeroDivisionError), state.write() as connection:
        upsert(connection, tables.mark, rows)
        raise ZeroDivisionError
    with pytest.raises(StateUnavailable), state.write() as connection:
        upsert(connection, tables.mark, rows)
        connection.execute(text("SELECT nothing FROM nowhere"))
    with state.read() as connection:
        assert connection.execute(select(tables.mark)).all() == []
    state.close()


def test_an_upsert_overwrites_all_but_what_is_kept(tmp_path: Path) -> None:
    """The key and the columns named in `keep` stay."""
    state = State.open(url(tmp_path))
    with state.write() as connection:
        upsert(connection, tables.mark, [{"region": "north", "n": 1, "time_ms": 1, "epoch": 1}])
        upsert(connection, tables.mark, [{"region": "north", "n": 2, "time_ms": 2, "epoch": 9}], keep=("epoch",))
        upsert(connection, tables.mark, [])
        assert connection.execute(select(tables.mark)).one() == ("north", 2, 2, 1)
    state.close()


@pytest.mark.parametrize("in_memory", [True, False])
def test_threads_take_turns(tmp_path: Path, in_memory: bool) -> None:
    """Eight threads count to 25 each in one row; nothing is lost and nobody waits for ever."""
    state = State.open("sqlite://" if in_memory else url(tmp_path))
    with state.write() as connection:
        upsert(connection, tables.mark, [{"region": "north", "n": 0, "time_ms": 0, "epoch": 0}])

    def count() -> None:
        for _ in range(25):
            with state.read() as connection:
                connection.execute(select(tables.mark)).all()
            with state.write() as connection:
                connection.execute(tables.mark.update().values(n=tables.mark.c.n + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with state.read() as connection:
        assert connection.execute(select(tables.mark.c.n)).scalar() == 200
    state.close()


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    """A command line verb writes while the gateway runs: two states on one file."""
    one, two = State.open(url(tmp_path)), State.open(url(tmp_path))
    for number in range(20):
        state = one if number % 2 else two
        with state.write() as connection:
            upsert(connection, tables.mark, [{"region": f"r{number}", "n": 1, "time_ms": 0, "epoch": 0}])
    with two.read() as connection:
        assert len(connection.execute(select(tables.mark)).all()) == 20
    one.close()
    two.close()
