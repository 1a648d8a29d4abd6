"""Messages that could not be taken in, whole or in part, on their way into the table of dead letters."""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.state.tables import dead_letter as table
from telemetry.errors import Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.topics import Root

KEPT_BYTES: Final = 65_536
"""Of an oversized body this much is kept, with its whole length and hash."""

DETAIL_CHARACTERS: Final = 1_000
TOPIC_CHARACTERS: Final = 500


class Letter(NamedTuple):
    """One message, or what of it shares one reason, on its way into the table.

    Attributes:
        received_ms: When it came, by the gateway's clock.
        topic: Where it came on.
        root: Whose topic it is, None if nobody's.
        journal: With `sequence` the pair, where it could be read.
        sequence: As above.
        reason: Why.
        detail: What exactly, in words.
        body: The message, or its beginning.
        length: Bytes of the whole message.
        sha256: Of the whole message, in hexadecimal.
    """

    received_ms: int
    topic: str
    root: Root | None
    journal: str | None
    sequence: int | None
    reason: Reason
    detail: str
    body: bytes
    length: int
    sha256: str


def letter(
    topic: str,
    body: bytes,
    reason: Reason,
    detail: str,
    *,
    received_ms: int,
    root: Root | None = None,
    pair: tuple[str, int] | None = None,
) -> Letter:
    """A letter about a message that is here as a whole; an oversized body is cut, its length and hash are not."""
    kept = body if len(body) <= MAX_BODY_BYTES else body[:KEPT_BYTES]
    digest = hashlib.sha256(body).hexdigest()
    journal, sequence = pair or (None, None)
    detail = detail[:DETAIL_CHARACTERS]
    return Letter(
        received_ms, topic[:TOPIC_CHARACTERS], root, journal, sequence, reason, detail, kept, len(body), digest
    )


def park(connection: Connection, letters: Sequence[Letter]) -> None:
    """Put letters into the table; one that is there already (same topic, reason and body) is counted there."""
    if not letters:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    again = {"times": table.c.times + 1, "detail": statement.excluded.detail}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["topic", "reason", "sha256"], set_=again),
        [
            {
                "received_ms": one.received_ms,
                # NUL cannot stand in a text column of PostgreSQL, a lone surrogate in none.
                "topic": _text(one.topic),
                "site": one.root.site if one.root else None,
                "journal": one.journal,
                "sequence": one.sequence,
                "reason": one.reason.value,
                "detail": _text(one.detail),
                "length": one.length,
                "sha256": one.sha256,
                "times": 1,
                "body": one.body,
            }
            for one in letters
        ],
    )


class Load(NamedTuple):
    """How much the table holds."""

    letters: int
    bytes: int

    def plus(self, more: "Load") -> "Load":
        """Both together."""
        return Load(self.letters + more.letters, self.bytes + more.bytes)


def load_of(connection: Connection, *, paired: bool, after: int = 0) -> Load:
    """How many letters with a pair, or without, of an id above `after`, and how many bytes of bodies they have."""
    which = table.c.journal.is_not(None) if paired else table.c.journal.is_(None)
    size = func.coalesce(func.sum(func.length(table.c.body)), 0)
    count, size = connection.execute(select(func.count(), size).where(table.c.id > after, which)).one()
    return Load(int(count), int(size))


def last_id(connection: Connection) -> int:
    """The highest id in the table, 0 if it is empty."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


def key(one: Letter) -> tuple[str, str, str]:
    """What tells two letters apart: topic, reason, hash of the body."""
    return _text(one.topic), one.reason.value, one.sha256


def present(connection: Connection, letters: Sequence[Letter]) -> set[tuple[str, str, str]]:
    """The keys of those letters that the table has already."""
    wanted = {key(one) for one in letters}
    query = select(table.c.id).where(
        table.c.topic == bindparam("b_topic"),
        table.c.reason == bindparam("b_reason"),
        table.c.sha256 == bindparam("b_sha256"),
    )
    found = set()
    for topic, reason, sha256 in wanted:
        row = connection.execute(query, {"b_topic": topic, "b_reason": reason, "b_sha256": sha256}).first()
        if row is not None:
            found.add((topic, reason, sha256))
    return found


def shrink(connection: Connection, *, letters: int, size: int) -> int:
    """Delete letters without a pair, oldest first, until at most `letters` of them of at most `size` bytes are left.

    A letter with a pair was receipted: it is the only copy and stays.

    Returns:
        How many were deleted.
    """
    load = load_of(connection, paired=False)
    if load.letters <= letters and load.bytes <= size:
        return 0
    # A tenth more than must go, so that a flood does not count the table at every round.
    target = Load(letters - letters // 10, size - size // 10)
    doomed: list[dict[str, int]] = []
    rows = connection.execute(
        select(table.c.id, func.length(table.c.body)).where(table.c.journal.is_(None)).order_by(table.c.id)
    )
    left, left_bytes = load
    for one, length in rows:
        if left <= target.letters and left_bytes <= target.bytes:
            break
        doomed.append({"b_id": one})
        left, left_bytes = left - 1, left_bytes - length
    rows.close()
    connection.execute(delete(table).where(table.c.id == bindparam("b_id")), doomed)
    return len(doomed)


def _text(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
