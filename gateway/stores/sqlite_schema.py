"""The tables of the embedded store, and the steps that bring an older file up to date."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from gateway.errors import StoreMisconfigured

APPLICATION_ID: Final = 0x4F485354
"""'OHST' in the file's header (offset 68), so that nobody takes another database for a store."""

# The key begins with the day: all that is written now lies in one small part of the tree, and stays fast at any size.
# `value` has no type, so that floats, texts and 0 or 1 stay what they are.
_STEP_1: Final = """
CREATE TABLE field (
    measurement TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('float', 'bool', 'string')),
    PRIMARY KEY (measurement, name)
) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    measurement TEXT NOT NULL,
    tags TEXT NOT NULL,
    field TEXT NOT NULL,
    UNIQUE (measurement, tags, field)
);
CREATE INDEX series_by_place
    ON series (json_extract(tags, '$.site'), json_extract(tags, '$.point'), measurement, field);
CREATE TABLE sample (
    day INTEGER NOT NULL,
    series INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value NOT NULL,
    PRIMARY KEY (day, series, time)
) WITHOUT ROWID;
CREATE TABLE mark (
    region TEXT PRIMARY KEY,
    n INTEGER NOT NULL,
    time INTEGER NOT NULL
) WITHOUT ROWID;
CREATE VIEW stored AS
    SELECT measurement, json_extract(tags, '$.region') AS region, json_extract(tags, '$.site') AS site,
           json_extract(tags, '$.room') AS room, json_extract(tags, '$.point') AS point,
           field, day, time, value
    FROM sample JOIN series ON series.id = sample.series;
"""

STEPS: Final[Sequence[str]] = (_STEP_1,)
"""Step n brings a file of version n - 1 to version n. A step that has been released never changes again."""


def upgrade(connection: sqlite3.Connection, steps: Sequence[str] = STEPS) -> tuple[int, int]:
    """Bring a file up to date, in one transaction: it is wholly the older or wholly the newer one.

    Args:
        connection: In autocommit mode.
        steps: All steps from an empty file on.

    Returns:
        The version found (0: an empty file) and the version now.

    Raises:
        StoreMisconfigured: If it is another program's file, or one that a newer OpenHall has written.
        sqlite3.Error: As SQLite raises it; nothing has changed then.
    """
    found = _version(connection)
    _check(connection, found, len(steps))
    if found == len(steps):
        return found, found
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)  # another process may have been faster
        for step in steps[found:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found, len(steps)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, found: int, known: int) -> None:
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if owner != APPLICATION_ID and (owner or tables):
        raise StoreMisconfigured("the file is a database of another program; give the store a path of its own")
    if found > known:
        raise StoreMisconfigured(
            f"the file has schema {found}, and this program knows up to {known}: a newer OpenHall has written it; "
            "upgrade this program, or give the store another path"
        )


def _statements(script: str) -> list[str]:
    # `executescript` would commit the transaction that makes an upgrade all or nothing.
    statements, start = [], 0
    for end, sign in enumerate(script):
        if sign == ";" and sqlite3.complete_statement(script[start : end + 1]):
            statements.append(script[start : end + 1])
            start = end + 1
    return statements
