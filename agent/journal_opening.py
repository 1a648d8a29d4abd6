"""How a journal is opened, whatever the last end left of it (rules 1 and 8)."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from agent.declaring import Dropped
from agent.journal_counters import JournalCounters
from agent.journal_errors import JournalCorruptError
from agent.journal_file import Budget, JournalFile, set_aside
from agent.journal_note import Note, read_note
from agent.journal_numbers import BLOCK, Numbers
from agent.journal_rows import Moment
from agent.journal_table import JournalTable
from agent.timekeeper import Timekeeper
from telemetry.clock import to_ms
from telemetry.readings import DropReason

KEEP_ASIDE: Final = 2
"""Damaged files that stay beside the journal, the newest not counted: they take space and are rarely looked at."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open file, the source of numbers, and what is to be declared as lost."""

    file: JournalFile
    table: JournalTable
    numbers: Numbers
    lost: list[Dropped]


def open_files(
    path: Path,
    *,
    budget: Budget,
    time: Timekeeper,
    rng: random.Random,
    counters: JournalCounters,
    block: int = BLOCK,
) -> Opened:
    """Open the file at `path` with its note; a damaged one is set aside and a new one begun.

    Raises:
        JournalError: If neither can be done: the file is in use, newer than this program, or the disk refuses.
    """
    note = read_note(path)
    was_clean = note is not None and note.clean
    is_gone = False
    try:
        file = JournalFile(path, budget, is_suspect=not was_clean)
        table = _table_of(file)
    except JournalCorruptError as error:
        file, table = begin_anew(path, budget, counters, error)
        is_gone = True
    is_gone = is_gone or file.is_new
    clock = time.clock
    end = time.now() if note is not None and note.boot == clock.boot_id else time.boot_start()
    lost = []
    if note is not None and is_gone:
        lost = lost_with_file(note, end)
    elif note is not None and not note.clean:
        lost = lost_tail(note, table, end)
    last = table.highest()
    first = max(note.reserved if note else 0, last.sequence if last else 0) + 1
    if is_gone or (not was_clean and time.is_trusted):
        # After a disorderly end the note may be older than the numbers used, if the disk refused a newer one.
        first = max(first, to_ms(clock.now()))
    numbers = Numbers(path, first=first, boot=clock.boot_id, rng=rng, block=block)
    return Opened(file=file, table=table, numbers=numbers, lost=lost)


def _table_of(file: JournalFile) -> JournalTable:
    try:
        return JournalTable(file)
    except BaseException:
        file.close()
        raise


def begin_anew(
    path: Path, budget: Budget, counters: JournalCounters, error: JournalCorruptError
) -> tuple[JournalFile, JournalTable]:
    """Set a damaged file aside and begin a new one.

    Raises:
        JournalError: If that cannot be done.
    """
    aside = set_aside(path, KEEP_ASIDE)
    counters.corrupt += 1
    log.error("journal is damaged, it was set aside and a new one begun", kept=str(aside), error=str(error))
    file = JournalFile(path, budget)
    return file, JournalTable(file)


def lost_with_file(note: Note, end: Moment) -> list[Dropped]:
    """What a file took with it that nobody had receipted, as far as the note knows."""
    return [
        _lost(one.journal, one.first, one.last, end if one.from_ms is None else Moment(one.from_ms), end)
        for one in note.owed
    ]


def lost_tail(note: Note, table: JournalTable, end: Moment) -> list[Dropped]:
    """Numbers that may have been used after the last row that is there: a power cut takes what was not on the disk."""
    last = table.highest(note.journal)
    first = max(note.first, last.sequence + 1 if last else 0)
    if first > note.reserved:
        return []
    return [_lost(note.journal, first, note.reserved, last.moment if last else end, end)]


def _lost(journal: str, first: int, last: int, begin: Moment, end: Moment) -> Dropped:
    return Dropped(journal=journal, reason=DropReason.CORRUPT, first=first, last=last, begin=begin, end=end)
