"""What gateways say of a journal's packs: committed, heard, or to be sent again (rules 3 and 9)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from threading import RLock
from typing import Final

from agent.declaring import Dropped
from agent.journal_rows import Row
from agent.journal_store import JournalStore
from agent.journal_upkeep import Upkeep
from telemetry.messages import ResendResult
from telemetry.ranges import RangeSet, Span

MAX_MISSING: Final = 1_000
"""Ranges named as missing in one answer; a gateway asks again for the rest."""


class Answerable:
    """The side of a journal that gateways speak to."""

    def __init__(self, store: JournalStore, lock: "RLock", upkeep: Upkeep) -> None:
        self.counters = store.counters
        self._store = store
        self._lock = lock
        self._upkeep = upkeep
        self._hurried = RangeSet()

    def receipt(self, journal: str, ranges: Iterable[Span]) -> None:
        """Packs that a gateway has committed: they may be forgotten (rule 3)."""
        with self._lock:
            if journal not in self._store.held:
                self.counters.unknown_receipts += 1
            pending = self._store.pending
            for first, last in self._clipped(journal, ranges):
                pending.receipts.add(first, last)
                pending.wanted.remove(first, last)
            pending.change(lambda row: row.is_timed and row.sequence in pending.receipts, receipted=True)
            self._upkeep.touch()

    def heard(self, journal: str, ranges: Iterable[Span]) -> None:
        """Facility packs that somebody was told about; that frees nothing (rule 3)."""
        with self._lock:
            pending = self._store.pending
            for first, last in self._clipped(journal, ranges):
                pending.heard.add(first, last)
            pending.change(lambda row: row.sequence in pending.heard, heard=True)
            self._upkeep.touch()

    def resend(self, journal: str, ranges: Iterable[Span]) -> ResendResult:
        """Take the receipts of packs back, so that they are sent until receipted again.

        Returns:
            How many packs that are, and what of the ranges is not held: the first 1,000 ranges of it.
        """
        with self._lock:
            asked = RangeSet(ranges)
            held = self._store.held.of(journal)
            there = asked & held
            self._want(there)
            return ResendResult(sent=there.size(), missing=(asked - held).spans()[:MAX_MISSING])

    def resend_between(self, from_ms: int, to_ms: int) -> ResendResult:
        """As `resend`, for what was measured from `from_ms` until before `to_ms`; what is missing is not known."""
        with self._lock:
            self._upkeep.commit()
            there = self._store.read(lambda: self._store.table.between(from_ms, to_ms), RangeSet())
            self._want(there)
            return ResendResult(sent=there.size(), missing=[])

    def clipped(self, journal: str, ranges: Iterable[Span]) -> RangeSet:
        """The ranges within the numbers that the journal has under this id; none of an unknown id."""
        with self._lock:
            return RangeSet(self._clipped(journal, ranges))

    def take_hurried(self) -> RangeSet:
        """Numbers asked for by `resend` since the last call: they are due at once."""
        with self._lock:
            hurried, self._hurried = self._hurried, RangeSet()
            return hurried

    def adopt(self, rows: Iterable[Row], lost: Iterable[Dropped]) -> int:
        """Take in packs of another journal as they are, and declare what is lost of it; how many were new.

        A number that is here already is left out: it is the same pack, taken in before.

        Raises:
            JournalError: If the disk refuses; then none of the packs that are left was taken in.
        """
        taken = 0
        with self._lock:
            self._upkeep.commit()
            for some in _chunks(rows):
                fresh = [row for row in some if self._store.table.row(row.sequence) is None]
                with self._store.transaction():
                    self._store.table.insert(fresh)
                taken += len(fresh)
            self._store.begin(self._store.file, self._store.table)
            self._store.notes.add(lost)
            self._upkeep.touch()
            self._upkeep.sync()
        return taken

    def _clipped(self, journal: str, ranges: Iterable[Span]) -> list[Span]:
        """The ranges within what this journal id has; each opening's numbers are a stretch of their own."""
        held = self._store.held.of(journal)
        if not held:
            return []
        low, high = held.lowest() or 0, held.highest() or 0
        return [(max(first, low), min(last, high)) for first, last in ranges if first <= high and last >= low]

    def _want(self, numbers: RangeSet) -> None:
        pending = self._store.pending
        for first, last in numbers:
            pending.receipts.remove(first, last)
            pending.wanted.add(first, last)
            self._hurried.add(first, last)
        pending.change(lambda row: row.sequence in numbers, receipted=False)
        self._upkeep.touch()
        self._upkeep.commit()


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Five hundred at a time, so that no transaction is long."""
    left = iter(rows)
    while some := list(islice(left, 500)):
        yield some
