"""What a failing state database means and what to do, in words for whoever must mend it."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from gateway.errors import StateUnavailable

_DAMAGED: Final = (
    "it is damaged: stop the gateway, move this file and the two beside it (-wal, -shm) away, and restore the newest "
    "backup; with none start without a file: the branches are asked for all that they still hold, and what people "
    "entered here since the backup is to be entered again"
)
_ADVICE: Final = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: "the disk is full: free some space on it, the gateway goes on by itself",
    sqlite3.SQLITE_READONLY: "it cannot be written: let the gateway's user own the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: let the gateway's user own the file and its folder",
    sqlite3.SQLITE_PERM: "it cannot be opened: let the gateway's user own the file and its folder",
    sqlite3.SQLITE_BUSY: "another program holds it: end a command that hangs, or a copy under way",
    sqlite3.SQLITE_LOCKED: "another program holds it: end a command that hangs, or a copy under way",
    sqlite3.SQLITE_IOERR: "the disk does not read or write it: look at the system log, and at the disk",
}


def in_our_words(error: Exception, url: URL) -> StateUnavailable:
    """One sentence: which database, what is wrong, what to do; no statement, no password."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    code = getattr(cause, "sqlite_errorcode", None)
    advice = None if code is None else _ADVICE.get(code & 0xFF)
    return StateUnavailable(f"state database {_where(url)}: {words}" + (f"; {advice}" if advice else ""))


def _where(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return "in memory" if url.database in (None, "", ":memory:") else str(Path(str(url.database)).absolute())
    return url.render_as_string(hide_password=True)
