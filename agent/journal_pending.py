"""What the journal has taken in and not yet written: rows and marks, written together in one transaction.

Many small commits would write whole pages of an SD card for every pack; and what could not be written, because the disk
is full or broken, stays here, so that it can be sent all the same.
"""

from collections.abc import Callable
from dataclasses import replace

from agent.journal_rows import Row, RowClass
from telemetry.ranges import RangeSet
from telemetry.topics import Root


class Pending:
    """Rows by number, and marks for rows of the file.

    Attributes:
        rows: Not in the file yet, by number, lowest first.
        receipts: Numbers that were receipted.
        heard: Numbers that were heard.
        wanted: Numbers whose receipts are to be taken back.
        sent: Numbers handed to the network for the first time.
        since_s: Monotonic time of the oldest of all this, None if there is nothing.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.receipts = RangeSet()
        self.heard = RangeSet()
        self.wanted = RangeSet()
        self.sent: set[int] = set()
        self.since_s: float | None = None

    def __bool__(self) -> bool:
        return bool(self.rows or self.receipts or self.heard or self.wanted or self.sent)

    def touch(self, now_s: float) -> None:
        """Something was put in."""
        if self.since_s is None:
            self.since_s = now_s

    def settle(self) -> None:
        """After a transaction: the clock stops if nothing is left."""
        if not self:
            self.since_s = None

    def change(self, which: Callable[[Row], bool], **marks: bool) -> None:
        """Set marks of the rows for which `which` is true."""
        for sequence, row in list(self.rows.items()):
            if which(row):
                self.rows[sequence] = replace(row, **marks)  # type: ignore[arg-type]

    def values_at(self, root: Root, point: str, time_ms: int) -> dict[str, float]:
        """What the rows say of an air point at a time: value by quantity."""
        known: dict[str, float] = {}
        for row in self.rows.values():
            if row.time_ms == time_ms and row.row_class is RowClass.AIR and (row.root, row.point) == (root, point):
                known |= {value.name: float(value.value) for value in row.values}
        return known

    def is_taken(self, root: Root, point: str, time_ms: int) -> bool:
        """True if a point has a row at that time."""
        return any(row.time_ms == time_ms and (row.root, row.point) == (root, point) for row in self.rows.values())

    def marked(self, row: Row) -> Row:
        """A row of the file with what is not yet written in it."""
        receipted = row.receipted or (row.is_timed and row.sequence in self.receipts)
        if row.sequence in self.wanted:
            receipted = False
        heard = row.heard or row.sequence in self.heard
        if (receipted, heard) == (row.receipted, row.heard):
            return row
        return replace(row, receipted=receipted, heard=heard)


def first_part(numbers: RangeSet, width: int) -> list[tuple[int, int]]:
    """Ranges from the lower end of a set, together at most `width` wide: what one transaction may touch."""
    part: list[tuple[int, int]] = []
    for first, last in numbers:
        if width <= 0:
            break
        part.append((first, min(last, first + width - 1)))
        width -= part[-1][1] - first + 1
    return part
