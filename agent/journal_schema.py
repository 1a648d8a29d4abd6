"""The tables of the journal's file, and the steps from each version to the next.

`PRAGMA user_version` counts the steps that a file has behind it. A step is never changed once it was released; a newer
program appends its own, and an older file is brought up in one transaction, so that a power cut leaves it as it was.
"""

import sqlite3
from typing import Final

APPLICATION_ID: Final = 0x4F48_414A
"""`OHAJ` in the file's header, so that `file(1)` and we know a journal from another database."""

_FIRST: Final = (
    # One row an opening (rule 1): its random id.
    "CREATE TABLE openings (id INTEGER PRIMARY KEY, jr TEXT NOT NULL UNIQUE)",
    # Boots that journalled without a trusted clock; `offset_ms` is the Unix time of their monotonic 0, once known.
    "CREATE TABLE boots (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, offset_ms INTEGER)",
    # What a pack keeps for ever beside its pair: topic root, point, room, kind ("" for air), names of its values.
    """CREATE TABLE labels (
        id INTEGER PRIMARY KEY, region TEXT NOT NULL, site TEXT NOT NULL, agent TEXT NOT NULL, point TEXT NOT NULL,
        room TEXT NOT NULL, kind TEXT NOT NULL, names TEXT NOT NULL,
        UNIQUE (region, site, agent, point, room, kind, names))""",
    # `class`: 0 call, 1 other facility state, 2 declaration, 3 air. `level`: seconds of a mean's slot, 0 for a reading.
    # `time_ms` is NULL until the clock is trusted; until then boot and monotonic time stand for it.
    """CREATE TABLE packs (
        sq INTEGER PRIMARY KEY, opening INTEGER NOT NULL, label INTEGER NOT NULL, class INTEGER NOT NULL,
        level INTEGER NOT NULL, time_ms INTEGER, journalled_ms INTEGER, boot INTEGER, mono_ms INTEGER,
        sent INTEGER NOT NULL, receipted INTEGER NOT NULL, heard INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX by_time ON packs (label, time_ms) WHERE time_ms IS NOT NULL",
    "CREATE INDEX owed ON packs (class, sq) WHERE receipted = 0 AND time_ms IS NOT NULL",
    "CREATE INDEX untimed ON packs (class, sq) WHERE time_ms IS NULL",
    "CREATE INDEX unheard ON packs (sq) WHERE class = 0 AND heard = 0",
)

STEPS: Final[tuple[tuple[str, ...], ...]] = (_FIRST,)
"""The statements of each step, the oldest first."""


def version_of(connection: sqlite3.Connection) -> int:
    """How many steps the file has behind it; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_foreign(connection: sqlite3.Connection) -> bool:
    """True if the file holds tables that are none of ours."""
    ours = int(connection.execute("PRAGMA application_id").fetchone()[0]) == APPLICATION_ID
    return not ours and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0


def upgrade(connection: sqlite3.Connection, steps: tuple[tuple[str, ...], ...]) -> int:
    """Bring the file to the newest version, in one transaction; how many steps that took."""
    missing = steps[version_of(connection) :]
    if not missing:
        return 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in missing:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return len(missing)
