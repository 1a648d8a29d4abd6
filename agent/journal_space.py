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


def steps(table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
    """What to do next for more room, until nothing but calls and the newest state of each point is left.

    The caller carries out each step before it asks for the next, and stops asking once there is room.

    Args:
        table: The rows.
        is_newest: True for the number of the newest state of a facility point, which always stays (rule 7).
    """
    yield from _receipted(table, is_newest)
    for slot_s in SLOTS_S:
        yield from _thinned(table.never_sent_air, slot_s)
        yield from _thinned(table.untimed_air, slot_s)
    while rows := table.owed_air(BATCH, sent=True):
        yield Step([], rows)
    # What is left is means of air that was never sent.
    while rows := table.owed_air(BATCH, sent=False):
        yield Step([], rows)
    yield from _superseded(table, is_newest)


def _receipted(table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
    after = 0
    while numbers := table.receipted(after, BATCH):
        after = numbers[-1]
        if gone := [number for number in numbers if not is_newest(number)]:
            yield Step(gone, [])


def _thinned(fetch: Callable[[int, int, int], list[Row]], slot_s: int) -> Iterator[Step]:
    after = 0
    while rows := fetch(slot_s, after, BATCH):
        is_cut = len(rows) == BATCH
        means = means_of(rows, slot_s, is_cut=is_cut)
        replaced = [row for mean in means for row in mean.replaced]
        # A point's last slot was left for the next look, which begins at the lowest number that was left.
        if not means:
            after = rows[-1].sequence
        elif is_cut:
            gone = {row.sequence for row in replaced}
            after = max(after, min((row.sequence for row in rows if row.sequence not in gone), default=after + 1) - 1)
        if means:
            yield Step([], replaced, DropReason.THINNED, means)
        if not is_cut:
            return


def _superseded(table: JournalTable, is_newest: Callable[[int], bool]) -> Iterator[Step]:
    after = 0
    while rows := table.owed_states(after, BATCH):
        after = rows[-1].sequence
        if gone := [row for row in rows if not is_newest(row.sequence)]:
            yield Step([], gone)
