"""What time brings to the journal: commits, syncs, rows that get their time, rows that are forgotten."""

from typing import Final

import structlog

from agent.errors import JournalError
from agent.journal_settings import JournalSettings
from agent.journal_store import JournalStore
from agent.journal_time import BATCH, place_boots, time_rows
from agent.timekeeper import Timekeeper
from telemetry.clock import to_ms

RETRY_S: Final = 5.0
"""After a refusal of the disk, seconds until the next attempt that nothing else asks for."""

BATCHES_AT_ONCE: Final = 10
"""Batches of 500 rows that get their time before the agent goes on, once the clock is trusted."""

BATCHES_A_TICK: Final = 4
"""Those that get it in one tick, after that."""

EXPIRY_S: Final = 60.0
EXPIRY_ROWS: Final = 2_000
"""Rows looked at a minute, which is more than ten a second."""

SHRINK_PAGES: Final = 256
"""Unused pages given back a minute, at most."""

NEVER: Final = float("inf")

log = structlog.get_logger(__name__)


class Upkeep:
    """When the journal's file is written, put on the disk, and tidied. Not thread-safe."""

    def __init__(self, store: JournalStore, time: Timekeeper, settings: JournalSettings) -> None:
        self._store = store
        self._time = time
        self._clock = time.clock
        self._settings = settings
        self._unsynced_s: float | None = None
        self._retry_s = 0.0
        self._expiry_s = 0.0
        self._expiry_after = 0
        self._is_timing = False

    def touch(self) -> None:
        """Something waits to be written."""
        if self._store.pending:
            self._store.pending.touch(self._clock.monotonic())

    def commit(self) -> bool:
        """Write what waits; False if the disk refuses."""
        now_s = self._clock.monotonic()
        if self._store.has_unwritten and self._unsynced_s is None:
            self._unsynced_s = now_s
        done = self._store.commit()
        if not done:
            self._retry_s = now_s + RETRY_S
        if self._time.is_trusted and self._store.take_untimed():
            # They waited in memory for the disk while the clock came to be trusted.
            self._is_timing = True
        return done

    def sync(self) -> bool:
        """Write what waits and put it on the disk; False if the disk refuses."""
        done = self.commit() and self._store.sync()
        self._unsynced_s = None if done else self._unsynced_s
        return done

    def tick(self) -> None:
        """Do what is due."""
        now_s = self._clock.monotonic()
        if self._is_timing and now_s >= self._retry_s:
            self._time_more(BATCHES_A_TICK)
        if self._due_of_pending() <= now_s:
            self.commit()
        if self._due_of_sync() <= now_s:
            self.sync()
        if now_s >= self._expiry_s:
            self._expiry_s = now_s + EXPIRY_S
            self.expire()

    def due(self) -> float:
        """Monotonic time of the next `tick` with something to do."""
        timing_s = self._retry_s if self._is_timing else NEVER
        return min(timing_s, self._expiry_s, self._due_of_pending(), self._due_of_sync())

    def place(self) -> None:
        """The clock is trusted: rows without time get theirs, the first 5,000 at once, calls first."""
        self.commit()
        self._is_timing = True
        self._time_more(BATCHES_AT_ONCE)

    def expire(self) -> int:
        """Forget what is receipted and old enough, of at most 2,000 rows; how many went."""
        self._store.file.keep_ballast()
        if not self._time.is_trusted or not self.commit():
            return 0
        before_ms = to_ms(self._clock.now() - self._settings.keep_days * 86_400)
        try:
            gone = self._expired(before_ms)
            self._store.forget(gone)
            self._store.file.shrink(min(SHRINK_PAGES, self._store.file.budget.wal_pages))
        except JournalError as error:
            log.debug("journal cannot forget", error=str(error))
            return 0
        self._store.counters.expired += len(gone)
        return len(gone)

    def _expired(self, before_ms: int) -> list[int]:
        ages = self._store.table.ages(self._expiry_after, EXPIRY_ROWS)
        old = [one for one in ages if one[2] is not None and one[2] < before_ms]
        # Rows lie in the order of their journalling: where all are young, the next look starts at the oldest again.
        self._expiry_after = ages[-1][0] if old and len(ages) == EXPIRY_ROWS else 0
        return [sequence for sequence, receipted, _ in old if receipted and not self._store.is_newest(sequence)]

    def _due_of_pending(self) -> float:
        since_s = self._store.pending.since_s
        return NEVER if since_s is None else max(since_s + self._settings.commit_interval_s, self._retry_s)

    def _due_of_sync(self) -> float:
        since_s = self._unsynced_s
        return NEVER if since_s is None else max(since_s + self._settings.fsync_interval_s, self._retry_s)

    def _time_more(self, batches: int) -> None:
        """Give rows their time and put that on the disk before anybody sees it: it is computed once (rule 6)."""
        done: list[int] = []
        try:
            place_boots(self._store, self._clock)
            for _ in range(batches):
                # A row with a time takes more room than one without: it is in two indexes more.
                self._store.with_room(lambda: done.append(time_rows(self._store, self._clock)))
                if not done or done[-1] < BATCH:
                    break
        except JournalError as error:
            log.debug("journal cannot give rows their time", error=str(error))
        self._is_timing = not done or done[-1] == BATCH
        if not done:
            self._retry_s = self._clock.monotonic() + RETRY_S
        elif sum(done):
            self._store.refresh_newest()
            self.sync()
