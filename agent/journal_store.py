"""The journal's rows with all that keeps them safe: transactions that survive a full, a broken and a lying disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from agent.declaring import dropped_of
from agent.errors import JournalError
from agent.journal_counters import JournalCounters
from agent.journal_errors import JournalCorruptError, JournalFullError
from agent.journal_file import JournalFile
from agent.journal_held import Held
from agent.journal_note import read_note
from agent.journal_notes import Notes
from agent.journal_numbers import Numbers
from agent.journal_opening import begin_anew, lost_with_file
from agent.journal_pending import Pending, first_part
from agent.journal_rows import Label, Moment, Row, RowClass, Value
from agent.journal_space import Space, Step
from agent.journal_table import JournalTable
from telemetry.readings import CALIBRATION_KIND, DropReason
from telemetry.topics import Root

MARKS_A_TRANSACTION: Final = 5_000
"""Numbers whose marks are written in one transaction: a receipt for a whole journal must not fill the disk."""

MAX_STEPS: Final = 64
"""Steps for more room at one call."""

MAX_MEMORY_ROWS: Final = 2_000
"""Rows kept in memory while the disk takes none; then the oldest air is given up, and declared once there is room."""

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class JournalStore:
    """One open file, the rows waiting for it, and what is known of both.

    Attributes:
        file: The file.
        table: Its rows.
        numbers: The source of new numbers.
        pending: What is not written yet.
        notes: What is to be declared.
        held: The numbers of all rows, written or not.
        newest: The newest state of each facility point, by root and point.
        counters: See there.
        is_failing: True while the disk does not take what is to be written.
        has_news: Rows are to be sent that nobody handed in: declarations, means, rows with a new time, rows asked for.
    """

    def __init__(
        self,
        file: JournalFile,
        table: JournalTable,
        numbers: Numbers,
        counters: JournalCounters,
        *,
        root: Root,
        now: Callable[[], Moment],
        on_sync: Callable[[], None] | None,
    ) -> None:
        self.numbers = numbers
        self.counters = counters
        self.pending = Pending()
        self.newest: dict[tuple[Root, str], Row] = {}
        self.is_failing = False
        self.has_news = False
        self._wrote_untimed = False
        self.on_sync = on_sync
        self.notes = Notes(root)
        self.held = Held()
        self._now = now
        self.begin(file, table)

    def begin(self, file: JournalFile, table: JournalTable) -> None:
        """Go on with another file."""
        self.file = file
        self.table = table
        self.space = Space()
        self.held.begin(table.held())
        self.newest = {(row.root, row.point): row for row in table.newest_states()}
        self._newest_numbers = {row.sequence for row in self.newest.values()}
        self._unreceipted = table.unreceipted_count()
        self.notes.close_all()

    def new_row(
        self,
        row_class: RowClass,
        label: Label,
        values: tuple[Value, ...],
        moment: Moment,
        *,
        level: int = 0,
        journalled_ms: int | None = None,
    ) -> Row:
        """A row with a number of its own, in no file yet."""
        return Row(
            journal=self.numbers.journal,
            sequence=self.numbers.take(),
            label=label,
            row_class=row_class,
            values=values,
            moment=moment,
            level=level,
            journalled_ms=journalled_ms,
        )

    def reserve(self, count: int) -> None:
        """Make sure of so many numbers."""
        self.numbers.reserve(count, self.table.owed_ranges, self._before_note)

    def put(self, row: Row) -> None:
        """Take in a new row."""
        self.pending.rows[row.sequence] = row
        self.held.add(row.journal, row.sequence)
        if row.row_class.is_facility and row.kind != CALIBRATION_KIND:
            self._set_newest(row)

    @property
    def has_unwritten(self) -> bool:
        """True if a commit has something to do."""
        return bool(self.pending or self.notes)

    def take_untimed(self) -> bool:
        """True if rows without a time were written since the last call."""
        wrote, self._wrote_untimed = self._wrote_untimed, False
        return wrote

    @property
    def unreceipted_count(self) -> int:
        """Rows without a receipt, written or not."""
        return self._unreceipted + sum(not row.receipted for row in self.pending.rows.values())

    def is_newest(self, sequence: int) -> bool:
        """True for the number of the newest state of a facility point."""
        return sequence in self._newest_numbers

    def commit(self) -> bool:
        """Write what is pending; False if the disk takes it not, and then it stays pending."""
        if not self.has_unwritten:
            return True
        try:
            written = self.with_room(self._write_pending)
        except JournalError as error:
            self.fail("journal cannot be written", error)
            self._shed(MAX_MEMORY_ROWS)
            return False
        if not written:
            self._shed(0)
            self.fail("journal is full and nothing more can go", None)
        elif self.is_failing:
            self.is_failing = False
            log.info("journal is written again", path=str(self.file.path))
        return written

    def sync(self) -> bool:
        """Write what is pending and put it on the disk; False if the disk refuses."""
        return self.commit() and self._sync_file()

    def _before_note(self) -> None:
        self._sync_file()

    def _sync_file(self) -> bool:
        try:
            self.file.sync()
        except JournalError as error:
            self.fail("journal cannot be put on the disk", error)
            return False
        if self.on_sync is not None:
            self.on_sync()
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, numbers included."""
        saved = self.numbers.next
        try:
            with self.file.transaction():
                yield
        except BaseException:
            self.numbers.next = saved
            with suppress(JournalError):
                self.table.forget()
            raise

    def make_room(self, pages: int) -> bool:
        """Give up what rule 8 lets go first, until at most `pages` are in use; False if there was not enough.

        Of a journal far too large not everything goes at one call, which would take minutes.

        Raises:
            JournalError: If the disk takes not even that.
        """
        for count, step in enumerate(self.space.steps(self.table, self.is_newest)):
            if self.file.used_pages <= pages or count == MAX_STEPS:
                return True
            if step.forgotten or step.dropped:
                self.apply(step)
        return self.file.used_pages <= pages

    def apply(self, step: Step) -> None:
        """Carry out one step for more room, declarations included."""
        gone = step.forgotten + [row.sequence for row in step.dropped]
        self.reserve(len(step.means) + 64)
        with self.transaction():
            self.table.delete(gone)
            means = [self._mean_row(mean.label, mean.values, mean.moment, mean.slot_s) for mean in step.means]
            self.table.insert(means)
            notes = self.notes.write(dropped_of(step.dropped, step.reason), self.table, self._note_row)
        self._took(means)
        self._took(notes)
        self.notes.opened(notes)
        self.counters.declarations += len(notes)
        for sequence in gone:
            self.held.drop(sequence)
        self._unreceipted -= len(step.dropped)
        self.counters.forgotten += len(step.forgotten)
        self.counters.means += len(means)
        if step.means:
            self.counters.thinned += len(step.dropped)
        else:
            self.counters.dropped += len(step.dropped)

    def give_up(self, rows: list[Row], reason: DropReason) -> None:
        """Delete rows and declare them."""
        self.apply(Step([], rows, reason))

    def refresh_newest(self) -> None:
        """The newest states were rewritten in the file."""
        self.newest = {(row.root, row.point): row for row in self.table.newest_states()}
        self.has_news = True
        self.space.look_again()

    def forget(self, sequences: list[int]) -> None:
        """Delete receipted rows."""
        with self.transaction():
            self.table.delete(sequences)
        for sequence in sequences:
            self.held.drop(sequence)

    def read(self, query: Callable[[], _T], otherwise: _T) -> _T:
        """What the file answers; `otherwise` if it cannot be read now."""
        try:
            return query()
        except JournalCorruptError as error:
            try:
                self.start_over(error)
            except JournalError as second:
                self.fail("journal cannot be begun anew", second)
        except JournalError as error:
            self.fail("journal cannot be read", error)
        return otherwise

    def with_room(self, write: Callable[[], None]) -> bool:
        """Call what writes, making room as often as that helps; False if it does not help.

        Raises:
            JournalError: If the disk refuses for another reason.
        """
        target = self.file.budget.low_pages
        for attempt in range(8):
            try:
                if self.file.used_pages > self.file.budget.high_pages and not self.make_room(target):
                    # Calls and newest states alone are left: the rest of the space is theirs, and the declarations'.
                    self._shed(0)
                write()
            except JournalCorruptError as error:
                self.start_over(error)
            except JournalFullError:
                self.counters.full += 1
                if not self._find_room(attempt):
                    return False
            else:
                return True
        return False

    def _find_room(self, attempt: int) -> bool:
        """After a write that found no room: True if another one may find some.

        Others may have filled the disk. So first the reserve is given back and the log folded in, which takes no row
        from anybody; then rows go, whose pages the next write uses again.
        """
        freed = self.file.drop_ballast()
        used = self.file.used_pages
        with suppress(JournalFullError):
            self.file.fold()
            freed = freed or attempt == 0
        if attempt > 0:
            with suppress(JournalFullError):
                self.make_room(min(self.file.budget.low_pages, used - 4))
        return freed or self.file.used_pages < used

    def _write_pending(self) -> None:
        pending = self.pending
        rows = list(pending.rows.values())
        undeclared = self.notes.waiting
        receipts = first_part(pending.receipts, MARKS_A_TRANSACTION)
        wanted = first_part(pending.wanted, MARKS_A_TRANSACTION)
        heard = first_part(pending.heard, MARKS_A_TRANSACTION)
        self.reserve(len(undeclared) + 1)
        with self.transaction():
            self.table.insert(rows)
            receipted = sum(self.table.receipt(*span) for span in receipts)
            resent = sum(self.table.unreceipt(*span) for span in wanted)
            for span in heard:
                self.table.hear(*span)
            self.table.mark_sent(sorted(pending.sent))
            notes = self.notes.write(undeclared, self.table, self._note_row)
        if pending.sent:
            self.space.packs_went()
        pending.rows.clear()
        pending.sent.clear()
        self.notes.done()
        for numbers, part in ((pending.receipts, receipts), (pending.wanted, wanted), (pending.heard, heard)):
            for first, last in part:
                numbers.remove(first, last)
        pending.settle()
        self._unreceipted += sum(not row.receipted for row in rows) - receipted + resent
        self.has_news = self.has_news or resent > 0
        if receipted or heard:
            self.space.receipts_came()
        self._wrote_untimed = self._wrote_untimed or not all(row.is_timed for row in rows)
        self.counters.resent += resent
        self._took(notes)
        self.notes.opened(notes)
        self.counters.declarations += len(notes)

    def _note_row(self, label: Label, values: tuple[Value, ...], moment: Moment | None) -> Row:
        moment = moment or self._now()
        return self.new_row(
            RowClass.NOTE, label, values, moment, journalled_ms=moment.ms if moment.is_absolute else None
        )

    def _mean_row(self, label: Label, values: tuple[Value, ...], moment: Moment, slot_s: int) -> Row:
        while moment.is_absolute and self.table.is_taken(label.root, label.point, moment.ms):
            moment = moment._replace(ms=moment.ms + 1)
        now = self._now()
        journalled_ms = now.ms if now.is_absolute and moment.is_absolute else None
        return self.new_row(RowClass.AIR, label, values, moment, level=slot_s, journalled_ms=journalled_ms)

    def _took(self, rows: list[Row]) -> None:
        """New rows are in the file."""
        for row in rows:
            self.held.add(row.journal, row.sequence)
            self._unreceipted += 1
            self.has_news = True
            self._wrote_untimed = self._wrote_untimed or not row.is_timed

    def _set_newest(self, row: Row) -> None:
        known = self.newest.get((row.root, row.point))
        if known is not None:
            self._newest_numbers.discard(known.sequence)
        self.newest[row.root, row.point] = row
        self._newest_numbers.add(row.sequence)

    def _shed(self, most: int) -> None:
        """Keep at most so many rows of air in memory; what goes is declared once there is room."""
        air = [row for row in self.pending.rows.values() if row.row_class is RowClass.AIR]
        gone = air[: max(len(air) - most, 0)]
        for row in gone:
            del self.pending.rows[row.sequence]
            self.held.drop(row.sequence)
        self.notes.add(dropped_of(gone, DropReason.DISK_FULL))
        self.counters.dropped += len(gone)

    def fail(self, event: str, error: JournalError | None) -> None:
        """The disk refused; the first time of a streak is a warning."""
        self.counters.failures += 1
        write = log.debug if self.is_failing else log.warning
        write(event, path=str(self.file.path), error=str(error) if error else "")
        self.is_failing = True

    def start_over(self, error: JournalCorruptError) -> None:
        """Set a damaged file aside; go on with a new one and with what is in memory."""
        self.file.close()
        note = read_note(self.file.path)
        file, table = begin_anew(self.file.path, self.file.budget, self.counters, error)
        rows = {row.sequence: row for row in self.newest.values()} | self.pending.rows
        self.pending = Pending()
        self.begin(file, table)
        self.numbers.renew()
        for sequence in sorted(rows):
            # The newest states are in memory and are kept under their own pairs: rule 7 needs them.
            self.put(replace(rows[sequence], receipted=False))
        if note is not None:
            self.notes.add(lost_with_file(note, self._now()))
