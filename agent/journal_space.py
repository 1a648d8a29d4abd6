"""Rule 8: what goes when space runs out, in order."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from agent.journal_rows import Row
from agent.journal_table import JournalTable
from agent.thinning import SLOTS_S, Mean, means_of
from telemetry.readings import DropReason

BATCH: Final = 500
"""Rows looked at, and so at most deleted, in one transaction: it keeps the write-ahead log short."""


class Step(NamedTuple):
    """One thing to do for more room, in one transaction.

    Attributes:
        forgotten: Receipted rows that go without a word.
        dropped: Rows that are given up and declared.
        reason: Why.
        means: New packs in the place of some that are dropped.
    """

    forgotten: list[int]
    dropped: list[Row]
    reason: DropReason = DropReason.DISK_FULL
    means: list[Mean] = []  # noqa: RUF012 - never changed


class Space:
    """Finds what goes next, and remembers where it looked: a journal of half a million rows may be full for days."""

    def __init__(self) -> None:
        self._after: dict[str, int] = {}

    def receipts_came(self) -> None:
        """Rows that could not be forgotten may be now."""
        self._after.pop("receipted", None)

    def packs_went(self) -> None:
        """Rows that were never sent are sent now."""
        self._after.pop("sent", None)

    def look_again(self) -> None:
        """Rows were rewritten: look from the start."""
        self._after.clear()

    def steps(self, table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
        """What to do next for more room, until nothing but calls and the newest state of each point is left.

        The caller carries out each step before it asks for the next, and stops asking once there is room. A step may be
        empty: then it was a look that found nothing.

        Args:
            table: The rows.
            is_newest: True for the number of the newest state of a facility point, which always stays (rule 7).
        """
        yield from self._receipted(table, is_newest)
        for slot_s in SLOTS_S:
            yield from self._thinned(f"timed {slot_s}", table.never_sent_air, slot_s)
            yield from self._thinned(f"untimed {slot_s}", table.untimed_air, slot_s)
        yield from self._sent(table)
        # What is left is means of air that was never sent.
        while rows := table.oldest_air(BATCH):
            yield Step([], rows)
        yield from self._superseded(table, is_newest)

    def _receipted(self, table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
        while numbers := table.receipted(self._after.get("receipted", 0), BATCH):
            yield Step([number for number in numbers if not is_newest(number)], [])
            self._after["receipted"] = numbers[-1]

    def _thinned(self, name: str, fetch: Callable[[int, int, int], list[Row]], slot_s: int) -> Iterator[Step]:
        while rows := fetch(slot_s, self._after.get(name, 0), BATCH):
            is_cut = len(rows) == BATCH
            means = means_of(rows, slot_s, is_cut=is_cut)
            replaced = [row for mean in means for row in mean.replaced]
            yield Step([], replaced, DropReason.THINNED, means)
            after = rows[-1].sequence
            if means and is_cut:
                # A point's last slot was left for the next look, which begins at the lowest number that was left.
                gone = {row.sequence for row in replaced}
                after = min((row.sequence for row in rows if row.sequence not in gone), default=after + 1) - 1
            self._after[name] = after
            if not is_cut:
                return

    def _sent(self, table: JournalTable) -> Iterator[Step]:
        while rows := table.sent_air(self._after.get("sent", 0), BATCH):
            yield Step([], rows)
            self._after["sent"] = rows[-1].sequence

    def _superseded(self, table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
        while rows := table.owed_states(self._after.get("states", 0), BATCH):
            yield Step([], [row for row in rows if not is_newest(row.sequence)])
            self._after["states"] = rows[-1].sequence
        # A state is superseded by a newer one: the next look begins at the oldest again.
        self._after.pop("states", None)
