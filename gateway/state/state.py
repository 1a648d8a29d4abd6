"""The state database behind SQLAlchemy Core: opened, upgraded, and written by one transaction at a time."""

import contextlib
import functools
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from gateway.errors import StateRefused
from gateway.state.troubles import in_our_words
from gateway.state.upgrades import STEPS, Step, bring_up

BUSY_TIMEOUT_MS: Final = 10_000
"""How long SQLite waits for another process (a command line verb) that is writing."""


class State:
    """One state database. Used from several threads; writers take turns.

    Attributes:
        engine: SQLAlchemy's, for those who must look into it; write through `write`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = threading.Lock()
        # One connection shared by all threads (a database in memory) allows no reading beside a writer.
        self._shared = isinstance(engine.pool, StaticPool)

    @classmethod
    def open(cls, url: str, *, steps: "MappingProxyType[int, Step]" = STEPS, to_version: int | None = None) -> "State":
        """Open the database at an SQLAlchemy address, made or upgraded where needed.

        A SQLite file is kept in WAL mode with `synchronous=FULL`: what a transaction committed survives a power cut.

        Args:
            url: `sqlite:///state.sqlite3`, `sqlite://` (in memory), `postgresql+psycopg://…`.
            steps: Upgrade steps; tests bring their own.
            to_version: The version to upgrade to; today's unless given.

        Raises:
            StateRefused: If the address is none, the database is newer than this program, or not a gateway's.
            StateUnavailable: If it cannot be opened now.
        """
        state = cls(_engine(url))
        try:
            with state.write() as connection:
                bring_up(connection, steps=steps, to=to_version)
        except BaseException:
            state.close()
            raise
        return state

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed on leaving; on any error nothing of it is kept.

        Raises:
            StateUnavailable: If the database did not carry it out.
        """
        with self._turn, self._translated():
            connection = self.engine.connect().execution_options(openhall_writes=True)
            with connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database.

        Raises:
            StateUnavailable: If it cannot be read.
        """
        with (
            self._turn if self._shared else contextlib.nullcontext(),
            self._translated(),
            self.engine.connect() as connection,
        ):
            yield connection

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise in_our_words(error, self.engine.url) from error


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Sequence[str] = ()
) -> None:
    """Insert rows; of those whose primary key is there, overwrite all columns but the key and `keep`."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, tuple(rows[0]), tuple(keep)), list(rows))


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those of which a unique key is there stay as they are."""
    if rows:
        connection.execute(_insert_missing(connection.dialect.name, table), list(rows))


# Building a statement costs more than SQLite takes to carry it out; there are a few for each table.
@functools.lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, names: tuple[str, ...], keep: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in key and name not in keep}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


@functools.lru_cache(maxsize=256)
def _insert_missing(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


def _insert(dialect: str, table: Table) -> Any:
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table)


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return create_engine(address)
        in_memory = address.database in (None, "", ":memory:")
        if not in_memory and not Path(str(address.database)).absolute().parent.is_dir():
            raise StateRefused(f"the folder of the state database {address.database} does not exist; make it")
        if in_memory:
            # The one connection is shared by all threads, one after another.
            engine = create_engine(address, poolclass=StaticPool, connect_args={"check_same_thread": False})
        else:
            engine = create_engine(address)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StateRefused(f"{url!r} is no address of a database: {error}; try sqlite:///state.sqlite3") from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(dbapi_connection: Any, _record: object) -> None:
    # Transactions are begun by `_begin_sqlite`; left to itself, sqlite3 begins them late and without the write lock.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("openhall_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
