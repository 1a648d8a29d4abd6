"""What of the journal is to be sent: numbers of packs by lane, lowest first, what is not yet written included."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from agent.journal_rows import Row, RowClass
from agent.journal_store import JournalStore
from agent.timekeeper import Timekeeper
from telemetry.ranges import RangeSet

RELATIVE_STATE_MS: Final = 55 * 60 * 1000
"""Relative times more than an hour back are dead letters, calls excepted (contract, section 2); 5 min for the way."""


class Owed:
    """Numbers of packs that a lane of the uplink has to send, each method a lane of its own."""

    def __init__(self, store: JournalStore, time: Timekeeper, lock: threading.RLock) -> None:
        self._store = store
        self._time = time
        self._lock = lock

    def unheard_calls(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of calls that nobody has heard yet, with a time or without."""
        with self._lock:
            pending = self._store.pending
            found = self._numbers(self._store.table.unheard_calls, after, limit, pending.heard)
            return self._with_pending(found, after, limit, lambda row: row.row_class is RowClass.CALL and not row.heard)

    def facility(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of facility packs without a receipt, unheard calls left out.

        While the clock is not trusted also states of this boot that nobody has heard, less than 55 minutes old.
        """
        table, pending = self._store.table, self._store.pending
        boot, since_ms = self._time.clock.boot_id, self._relative_since_ms()
        with self._lock:
            found = self._numbers(partial(table.owed, RowClass.STATE), after, limit, pending.receipts)
            found += self._numbers(partial(table.owed, RowClass.CALL, heard=True), after, limit, pending.receipts)
            if not self._time.is_trusted:
                found += self._numbers(partial(table.untimed_states, boot, since_ms), after, limit, pending.heard)
            return self._with_pending(found, after, limit, lambda row: _is_owed_facility(row, since_ms))

    def notes(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of declarations without a receipt that have a time."""
        with self._lock:
            table, pending = self._store.table, self._store.pending
            return self._numbers(partial(table.owed, RowClass.NOTE), after, limit, pending.receipts)

    def air(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of air without a receipt that has a time."""
        with self._lock:
            table, pending = self._store.table, self._store.pending
            found = self._numbers(partial(table.owed, RowClass.AIR), after, limit, pending.receipts)
            return self._with_pending(found, after, limit, _is_owed_air)

    def newest_air(self, limit: int) -> list[int]:
        """The highest numbers of such air, lowest first."""
        with self._lock:
            nothing: list[int] = []
            found = self._store.read(lambda: self._store.table.newest_owed(RowClass.AIR, limit), nothing)
            receipts = self._store.pending.receipts
            found = [one for one in found if one not in receipts]
            return self._with_pending(found, 0, 2 * limit, _is_owed_air)[-limit:]

    def _numbers(self, query: Callable[[int, int], list[int]], after: int, limit: int, without: RangeSet) -> list[int]:
        """The first `limit` numbers of a query that are not in `without`; fewer only if there are no more."""
        nothing: list[int] = []
        left: list[int] = []
        while True:
            found = self._store.read(partial(query, after, limit), nothing)
            left += [one for one in found if one not in without]
            if len(left) >= limit or len(found) < limit:
                return left[:limit]
            after = found[-1]

    def _with_pending(self, found: list[int], after: int, limit: int, which: Callable[[Row], bool]) -> list[int]:
        rows = self._store.pending.rows
        found += [row.sequence for row in rows.values() if row.sequence > after and which(row)]
        return sorted(set(found))[:limit]

    def _relative_since_ms(self) -> int:
        return round(self._time.clock.monotonic() * 1000) - RELATIVE_STATE_MS


def _is_owed_air(row: Row) -> bool:
    return row.row_class is RowClass.AIR and row.is_timed and not row.receipted


def _is_owed_facility(row: Row, since_ms: int) -> bool:
    if not row.row_class.is_facility or row.receipted or (row.row_class is RowClass.CALL and not row.heard):
        return False
    if row.is_timed:
        return True
    return row.row_class is RowClass.STATE and not row.heard and row.moment.ms >= since_ms
