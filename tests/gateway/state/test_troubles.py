"""A state database that fails says which file, what is wrong and what to do."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from gateway import cli
from gateway.errors import StateUnavailable
from gateway.state.state import State
from gateway.state.troubles import in_our_words


def _filled(path: Path) -> Path:
    """A state database of many pages, closed."""
    file = path / "state.sqlite3"
    state = State.open(f"sqlite:///{file}")
    with state.write() as connection:
        for number in range(2_000):
            connection.execute(
                text("INSERT INTO journal (region, site, agent, journal) VALUES ('north', :site, 'pi', 'j')"),
                {"site": f"site-{number}"},
            )
    state.close()
    return file


def _no_database(file: Path) -> None:
    file.write_bytes(b"this is no database. " * 400)


def _overwritten(file: Path) -> None:
    body = file.read_bytes()
    file.write_bytes(body[:8192] + b"A" * (len(body) - 8192))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5_000])


@pytest.mark.parametrize("damage", [_no_database, _overwritten, _cut])
def test_damage_is_told_with_the_file_and_the_way_out(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """No words of SQLAlchemy, no statement; also for damage that shows only when a table is read."""
    file = _filled(tmp_path)
    damage(file)
    with pytest.raises(StateUnavailable) as caught:
        state = State.open(f"sqlite:///{file}")
        with state.read() as connection:
            connection.execute(text("SELECT count(*), max(site) FROM journal")).one()
    words = str(caught.value)
    assert str(file) in words
    assert "damaged" in words
    assert "restore the newest backup" in words
    assert "sqlite3." not in words
    assert "SELECT" not in words


def test_the_command_line_ends_with_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged state database is something outside that cannot be reached, not a fault of ours."""
    _no_database(_filled(tmp_path))
    config = tmp_path / "gateway.toml"
    config.write_text(
        'gateway = "g"\nregions = ["north"]\n[store]\nkind = "sqlite"\n'
        f'path = "{tmp_path / "readings.sqlite3"}"\n[state]\nurl = "sqlite:///{tmp_path / "state.sqlite3"}"\n'
        "[http]\nport = 0\n"
    )
    assert cli.main(["dead-letters", "list", "--config", str(config)]) == cli.UNREACHABLE
    assert cli.main(["run", "--config", str(config)]) == cli.UNREACHABLE
    told = capsys.readouterr().err
    assert told.count(f"state database {tmp_path / 'state.sqlite3'}: file is not a database; it is damaged") == 2
    assert "Traceback" not in told


def test_a_full_disk_is_called_that(tmp_path: Path) -> None:
    """And nothing of the transaction is kept; once there is room it goes through."""
    file = _filled(tmp_path)
    state = State.open(f"sqlite:///{file}")
    room = ["PRAGMA max_page_count = 1"]

    def limit(connection: Any, *_more: object) -> None:
        connection.execute(room[0])

    event.listen(state.engine, "checkout", limit)
    insert = text("INSERT INTO mark (region, n, time_ms, epoch) VALUES (:region, 1, 1, 1)")
    many = [{"region": f"r-{n}" + "x" * 20} for n in range(1_000)]
    with pytest.raises(StateUnavailable, match=f"{file}: .*the disk is full: free some space"), state.write() as one:
        one.execute(insert, many)
    room[0] = "PRAGMA max_page_count = 1000000"
    with state.write() as connection:
        connection.execute(insert, many)
    state.close()


def test_a_password_is_never_told() -> None:
    """The address of a server is, without it."""
    told = str(
        in_our_words(sqlite3.OperationalError("connection refused\nDETAIL"), make_url("postgresql://a:geheim@h/d"))
    )
    assert told == "state database postgresql://a:***@h/d: connection refused"


def test_an_error_without_words_is_named() -> None:
    """An empty message says at least its kind."""
    assert str(in_our_words(sqlite3.InterfaceError(""), make_url("sqlite://"))).endswith("in memory: InterfaceError")
