"""What the store has counts as there, whatever was declared (rule 8): what an agent gives up is looked up in the store.

A gateway may die between store and ledger, and the branch lose its power before the journal was on its disk: then the
store has a reading of which nobody else knows, and the branch, back again, declares it as lost.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import structlog

from gateway.errors import StateUnavailable, StoreUnavailable, StoreWriteOnly
from gateway.ingest import ledger_rows
from gateway.ingest.ledger import Entry, Ledger
from gateway.ingest.minutes import MINUTE_MS, Status
from gateway.metrics import Metrics
from gateway.ports import ReadingsQuery, Store
from gateway.state.state import State
from telemetry.clock import Clock, to_ms
from telemetry.ranges import RangeSet
from telemetry.topics import Root

log = structlog.get_logger(__name__)

LOOKS_WAITING: Final = 10_000
"""Stretches that wait to be looked up; of more, the oldest are not, and count as lost."""

ROWS_A_LOOK: Final = 10_000
LOOK_EVERY_S: Final = 0.2
"""One query so often at most: a thousand branches that come back at once must not hold up what arrives."""

AFTER_FAILURE_S: Final = 10.0


RESUMED_MS: Final = ledger_rows.DAY_MS


class Stretch(NamedTuple):
    """What a declaration says was given up: of whom, and between which Unix milliseconds, both included."""

    root: Root
    journal: str
    from_ms: int
    to_ms: int


class _Look(NamedTuple):
    """One query of a stretch; `from_ms` moves on where the answer was cut."""

    stretch: Stretch
    point: str
    quantity: str
    from_ms: int


class SecondLook:
    """Called from the thread that commits; one query a call, so that nothing waits long.

    Attributes:
        left_out: Stretches that found no room.
    """

    def __init__(
        self,
        *,
        store: Store,
        state: State,
        ledger: Ledger,
        series: Callable[[str], Iterable[tuple[str, str]]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Make it; `series` gives the points of a site that measure, with each of their quantities."""
        self.left_out = 0
        self._store = store
        self._state = state
        self._ledger = ledger
        self._series = series
        self._clock = clock
        self._metrics = metrics
        self._waiting: deque[Stretch] = deque()
        self._looks: deque[_Look] = deque()
        self._next_s = 0.0

    def __len__(self) -> int:
        """How many stretches wait."""
        return len(self._waiting) + bool(self._looks)

    def resume(self, keep_ms: int = RESUMED_MS) -> None:
        """At start: what was given up lately may have been waiting when an earlier gateway died.

        Raises:
            StateUnavailable: The state database cannot be read.
        """
        since_ms = to_ms(self._clock.now()) - keep_ms
        with self._state.read() as connection:
            rows = ledger_rows.declared_since(connection, since_ms, LOOKS_WAITING)
        self.note(Stretch(root, journal, from_ms, to_ms) for root, journal, from_ms, to_ms in rows)

    def note(self, stretches: Iterable[Stretch]) -> None:
        """These were given up: look them up."""
        for stretch in stretches:
            if len(self._waiting) >= LOOKS_WAITING:
                self._waiting.popleft()
                self.left_out += 1
            self._waiting.append(stretch)

    def step(self) -> None:
        """Ask the store once, if there is something to ask and it is time. Never raises."""
        now_s = self._clock.monotonic()
        if now_s < self._next_s or not (self._looks or self._waiting):
            return
        self._next_s = now_s + LOOK_EVERY_S
        try:
            self._step()
        except StoreWriteOnly:
            self._waiting.clear()
            self._looks.clear()
        except (StoreUnavailable, StateUnavailable) as error:
            self._next_s = now_s + AFTER_FAILURE_S
            log.debug("what was given up cannot be looked up now", error=str(error))
        except Exception:
            self._metrics.faults.labels("second-look").inc()
            log.exception("fault of ours while looking up what was given up; the rest of it counts as lost")
            self._looks.clear()

    def _step(self) -> None:
        if not self._looks:
            self._begin()
        if self._looks:
            more = self._look(self._looks[0])
            self._looks.popleft()
            if more is not None:
                self._looks.appendleft(more)

    def _begin(self) -> None:
        """Make the queries of the next stretch, if anything of it counts as lost."""
        stretch = self._waiting[0]
        if self._lost(stretch):
            begin = stretch.from_ms // MINUTE_MS * MINUTE_MS
            self._looks.extend(_Look(stretch, *one, begin) for one in self._series(stretch.root.site))
        self._waiting.popleft()

    def _look(self, look: _Look) -> _Look | None:
        """Take one answer in; what is left to ask if it was cut."""
        stretch = look.stretch
        lost = self._lost(stretch)
        if not lost:
            return None
        first = max(look.from_ms, (lost.lowest() or 0) * MINUTE_MS)
        end = ((lost.highest() or 0) + 1) * MINUTE_MS
        rows = self._store.readings(
            ReadingsQuery(
                site=stretch.root.site,
                point=look.point,
                quantity=look.quantity,
                from_ms=first,
                to_ms=end,
                limit=ROWS_A_LOOK,
            )
        )
        found = sorted({minute for row in rows if (minute := row.time_ms // MINUTE_MS) in lost})
        if found:
            self._found(stretch, found)
        return look._replace(from_ms=rows[-1].time_ms + 1) if len(rows) == ROWS_A_LOOK else None

    def _lost(self, stretch: Stretch) -> RangeSet:
        """The minutes of a stretch that count as lost."""
        begin, end = stretch.from_ms // MINUTE_MS * MINUTE_MS, (stretch.to_ms // MINUTE_MS + 1) * MINUTE_MS
        intervals = self._ledger.intervals(stretch.root.site, begin, end)
        return RangeSet(
            (one.from_ms // MINUTE_MS, -(-one.to_ms // MINUTE_MS) - 1) for one in intervals if one.status is Status.LOST
        )

    def _found(self, stretch: Stretch, minutes: list[int]) -> None:
        plan = self._ledger.record([Entry(stretch.root, stretch.journal, 0, minutes=minutes)])
        try:
            with self._state.write() as connection:
                self._ledger.write(connection, plan)
        except Exception:
            self._ledger.forget()
            raise
        self._metrics.minutes_found.inc(len(minutes))
        log.info("store has what was given up", site=stretch.root.site, minutes=len(minutes))
