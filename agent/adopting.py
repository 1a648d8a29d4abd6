"""`openhall-agent adopt-journal`: what the card of a dead Pi still owes goes out from the new one, under its own pairs.

The old file is copied and never written. Receipted packs stay behind: the store has them.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import build
from agent.care import care_file
from agent.clock_trust import why_trusted
from agent.config import AgentConfig
from agent.declaring import Dropped
from agent.errors import ConfigurationError, JournalError
from agent.journal_file import Budget, JournalFile
from agent.journal_note import Note, read_note
from agent.journal_opening import lost_tail
from agent.journal_rows import Moment, Row
from agent.journal_table import JournalTable
from telemetry.clock import Clock, SystemClock, to_ms
from telemetry.ranges import RangeSet
from telemetry.readings import DropReason

CHUNK: Final = 500
LARGE_BYTES: Final = 1 << 40
"""The copy is only read: no limit of ours is to make room in it."""

AT_MOST: Final = 5_000_000
"""Numbers looked through at most where the file's end cannot be read; a full journal has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What came of it.

    Attributes:
        packs: Taken over.
        known: Were here already.
        unreadable: Numbers that could not be read back; they are declared as lost.
        roots: Whose packs they are.
    """

    packs: int
    known: int
    unreadable: int
    roots: tuple[str, ...]


def adopt_journal(config: AgentConfig, old: Path, *, clock: Clock | None = None) -> Adopted:
    """Take the packs without receipt from an old journal into the agent's own.

    Args:
        config: Of the agent that will send them; it must not run.
        old: The old card's file; its log (`-wal`) and note are looked for beside it.
        clock: For tests.

    Raises:
        ConfigurationError: There is no such journal, it is another branch's, or the agent runs.
    """
    clock = clock or SystemClock()
    path = Path(config.journal.path)
    if not old.is_file():
        raise ConfigurationError([f"{old}: there is no such file; give the journal of the old card"])
    if path.exists() and old.resolve() == path.resolve():
        raise ConfigurationError([f"{old}: is this agent's own journal; give that of the old card"])
    with tempfile.TemporaryDirectory(prefix="openhall-adopt-") as folder:
        rows, unreadable, lost = _read(old, Path(folder), to_ms(clock.now()))
    foreign = sorted({str(row.root) for row in rows if row.root.site != config.site})
    if foreign:
        raise ConfigurationError([f"{old}: is of {foreign[0]}, this agent is of {config.site}; nothing was taken"])
    trusted = config.clock.trust == "always" or why_trusted() is not None
    journal = build.open_journal(
        config, path, build.root_of(config), clock=clock, rng=build.own_random(), trusted=trusted
    )
    try:
        if care_file(old).is_file() and not care_file(path).exists():
            # The sensors are the same ones: their hours go on.
            shutil.copyfile(care_file(old), care_file(path))
        taken = journal.adopt(rows, lost)
    except JournalError as error:
        raise ConfigurationError([f"$.journal.path: {error}"]) from error
    finally:
        journal.close()
        build.give_back(path)
    return Adopted(
        packs=taken,
        known=len(rows) - taken,
        unreadable=unreadable.size(),
        roots=tuple(sorted({str(row.root) for row in rows})),
    )


def _read(old: Path, folder: Path, now_ms: int) -> tuple[list[Row], RangeSet, list[Dropped]]:
    """The rows without receipt, the numbers that cannot be read, and what is to be declared as lost."""
    copy = folder / "journal"
    for suffix in ("", "-wal"):
        if old.with_name(old.name + suffix).exists():
            shutil.copyfile(old.with_name(old.name + suffix), copy.with_name(copy.name + suffix))
    note = read_note(old)
    try:
        file = JournalFile(copy, Budget(LARGE_BYTES))
        try:
            table = JournalTable(file)
            rows, unreadable = _rows_of(table, note.reserved if note else 0)
            end = Moment(now_ms)
            lost = [] if note is None or note.clean else _tail(note, table, end)
        finally:
            file.close()
    except (JournalError, OSError) as error:
        raise ConfigurationError([f"{old}: nothing was taken: {error}"]) from error
    lost += [_lost(note, rows, first, last, end) for first, last in unreadable]
    return rows, unreadable, [one for one in lost if one.journal]


def _rows_of(table: JournalTable, reserved: int) -> tuple[list[Row], RangeSet]:
    """Rows without receipt by number; where the file is damaged, all but what lies on the damaged pages."""
    unreadable, rows = RangeSet(), list[Row]()
    try:
        low, high = table.bounds()
    except JournalError:
        # One end is damaged: the numbers of the note bound the search.
        low, high = max(1, reserved - AT_MOST), reserved
    stretches = [(first, min(first + CHUNK - 1, high)) for first in range(low, high + 1, CHUNK)][::-1] if high else []
    while stretches:
        first, last = stretches.pop()
        try:
            rows += table.unreceipted(first, last)
        except JournalError:
            if first == last:
                unreadable.add(first, last)
                continue
            middle = (first + last) // 2
            stretches += [(middle + 1, last), (first, middle)]
    whole = [row for row in rows if row.values]
    for row in rows:
        if not row.values:
            unreadable.add(row.sequence, row.sequence)
    return whole, unreadable


def _tail(note: Note, table: JournalTable, end: Moment) -> list[Dropped]:
    try:
        return lost_tail(note, table, end)
    except JournalError:
        return []


def _lost(note: Note | None, rows: list[Row], first: int, last: int, end: Moment) -> Dropped:
    before = next((row for row in reversed(rows) if row.sequence < first), rows[0] if rows else None)
    journal = before.journal if before else (note.journal if note else "")
    begin = before.moment if before and before.is_timed else end
    return Dropped(journal=journal, reason=DropReason.CORRUPT, first=first, last=last, begin=begin, end=end)
