"""What can be wrong with the journal's file; the branch says what the journal does about it.

```
JournalError
├── JournalInUseError     another program has it open: tell the operator
├── JournalNewerError     written by a newer program: tell the operator
├── JournalFullError      make room, then try again
├── JournalCorruptError   set the file aside, go on with a new one
└── JournalDiskError      the disk does not take or give it: keep rows in memory, try again later
```
"""

import sqlite3
from pathlib import Path
from typing import Final

from agent.errors import JournalError


class JournalInUseError(JournalError):
    """Another program has the file open."""


class JournalNewerError(JournalError):
    """The file was written by a newer version of this program."""


class JournalFullError(JournalError):
    """Neither the file nor the disk has room for what was to be written; nothing of it was."""


class JournalCorruptError(JournalError):
    """The file is damaged, or is none of ours."""


class JournalDiskError(JournalError):
    """The disk refused to read or write."""


_BY_CODE: Final[dict[int, type[JournalError]]] = {
    sqlite3.SQLITE_FULL: JournalFullError,
    sqlite3.SQLITE_CORRUPT: JournalCorruptError,
    sqlite3.SQLITE_NOTADB: JournalCorruptError,
    sqlite3.SQLITE_BUSY: JournalInUseError,
    sqlite3.SQLITE_LOCKED: JournalInUseError,
}
_ADVICE: Final[dict[type[JournalError], str]] = {
    JournalFullError: "free space on its disk or raise max_mb",
    JournalCorruptError: "it will be set aside and a new one begun",
    JournalInUseError: "another program has it open; stop that one or give this one another path",
    JournalDiskError: "look at the disk, its mount options and the rights on the folder",
}


def translated(error: sqlite3.Error, path: Path) -> JournalError:
    """Our error for one of SQLite's; it names the file and what to do."""
    # An extended code has the plain one in its lowest byte (sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
    kind = _BY_CODE.get(code, JournalDiskError)
    return kind(f"{path}: {error}; {_ADVICE[kind]}")
