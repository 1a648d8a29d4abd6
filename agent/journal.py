"""The journal: every pack lies here before it goes to the network, until a gateway says that it has it.

One SQLite file in WAL mode. No socket, no thread of its own; all methods may be called from any thread, one at a time.
The rules are those of the contract's "ten rules of the journal".
"""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from agent.errors import JournalError
from agent.journal_answers import Answerable
from agent.journal_checks import checked_air, checked_state
from agent.journal_counters import JournalCounters
from agent.journal_file import Budget
from agent.journal_opening import open_files
from agent.journal_owed import Owed
from agent.journal_rows import Label, Moment, Row, RowClass, Value, class_of
from agent.journal_settings import JournalSettings
from agent.journal_store import MAX_MEMORY_ROWS, JournalStore
from agent.journal_upkeep import Upkeep
from agent.timekeeper import Timekeeper
from telemetry.clock import Clock
from telemetry.ids import require_id
from telemetry.messages import MAX_RANGES
from telemetry.ranges import RangeSet, Span
from telemetry.readings import CALIBRATION_KIND, DropReason, Flag
from telemetry.topics import Root

__all__ = ["Journal", "JournalSettings", "Row", "RowClass"]

MAX_UNWRITTEN: Final = 256
"""Rows that wait in memory for the next commit, at most."""

log = structlog.get_logger(__name__)


class Journal(Answerable):
    """Packs with their pairs, receipts and times; opened with `Journal.open`.

    Attributes:
        settings: As opened.
        counters: What happened since.
        owed: What is to be sent.
    """

    def __init__(self, store: JournalStore, *, root: Root, time: Timekeeper, settings: JournalSettings) -> None:
        self.settings = settings
        self.counters = store.counters
        self._store = store
        self._root = root
        self._time = time
        self._clock = time.clock
        self._lock = threading.RLock()
        self.owed = Owed(store, time, self._lock)
        self._upkeep = Upkeep(store, time, settings)
        super().__init__(store, self._lock, self._upkeep)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        root: Root,
        clock: Clock,
        rng: random.Random,
        settings: JournalSettings,
        trusted: bool,
        on_sync: Callable[[], None] | None = None,
    ) -> "Journal":
        """Open or create the journal at `path`, with its note, log and reserve beside it.

        Args:
            path: The SQLite file; its folder must exist.
            root: Topic root of all that is journalled from now on.
            clock: Where time comes from.
            rng: Where the journal's id comes from; seeded by the system except in tests.
            settings: See there.
            trusted: Whether the wall clock may be believed now (rule 6).
            on_sync: Called whenever the file is known to be on the disk, `files` says what that is.

        Raises:
            JournalError: The file is in use, newer than this program, or the disk refuses it.
        """
        time = Timekeeper(clock, is_trusted=trusted)
        counters = JournalCounters()
        budget = Budget(int(settings.max_mb * 1_000_000))
        opened = open_files(path, budget=budget, time=time, rng=rng, counters=counters, block=settings.block)
        try:
            store = JournalStore(
                opened.file, opened.table, opened.numbers, counters, root=root, now=time.now, on_sync=on_sync
            )
            store.reserve(1)
            with suppress(JournalError), store.transaction():
                store.table.forget_unused(store.numbers.journal)
            with suppress(JournalError):
                store.table.forget()
            store.notes.add(opened.lost)
            journal = cls(store, root=root, time=time, settings=settings)
            if trusted:
                journal._upkeep.place()
            journal.sync()
        except BaseException:
            opened.file.close()
            raise
        return journal

    # -- what it knows -------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """This opening's journal id (rule 1)."""
        return self._store.numbers.journal

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._store.file.path

    @property
    def root(self) -> Root:
        """Topic root of all that is journalled now."""
        return self._root

    @property
    def trusted(self) -> bool:
        """Whether the wall clock is believed."""
        return self._time.is_trusted

    @property
    def unreceipted_count(self) -> int:
        """How many packs have no receipt."""
        with self._lock:
            self.commit()
            return self._store.unreceipted_count

    @property
    def oldest_unreceipted_ms(self) -> int | None:
        """Unix milliseconds of the oldest of them that has a time; None if there is none."""
        with self._lock:
            self.commit()
            return self._store.read(self._store.table.oldest_unreceipted_ms, None)

    @property
    def size_bytes(self) -> int:
        """Bytes on the disk."""
        with self._lock:
            return self._store.file.size_bytes

    @property
    def is_failing(self) -> bool:
        """True while the disk does not take what is journalled; it is sent from memory then."""
        return self._store.is_failing

    @property
    def roots(self) -> list[Root]:
        """All topic roots of its packs, the present one too: receipts come to each (rule 1)."""
        with self._lock:
            return sorted({self._root, *self._store.table.roots()})

    def held(self) -> dict[str, list[Span]]:
        """By journal id, the ranges of all packs it has, receipted or not (rule 9)."""
        with self._lock:
            return self._store.held.spans(MAX_RANGES)

    def last_state(self, point: str) -> Row | None:
        """The newest state of a facility point under the present root; None if it never had one."""
        with self._lock:
            return self._store.newest.get((self._root, point))

    def points_with_state(self) -> list[str]:
        """Every facility point that has a newest state under the present root, whether or not it is still there."""
        with self._lock:
            return sorted(point for root, point in self._store.newest if root == self._root)

    def row(self, sequence: int) -> Row | None:
        """One pack with all its marks; None if it is not held."""
        with self._lock:
            pending = self._store.pending
            row = pending.rows.get(sequence)
            if row is not None:
                return row
            row = self._store.read(lambda: self._store.table.row(sequence), None)
            return pending.marked(row) if row is not None else None

    def is_newest(self, row: Row) -> bool:
        """True if no newer state of its facility point is known."""
        return self._store.is_newest(row.sequence)

    # -- what is measured ----------------------------------------------------------------------------------------------

    def add_air(
        self,
        point: str,
        room: str,
        values: Mapping[str, float],
        *,
        flags: Mapping[str, tuple[Flag, ...]] | None = None,
        time_ms: int | None = None,
    ) -> Row | None:
        """Journal what was measured at an air point at one time.

        A value that the journal has already, or that contradicts one it has for the same quantity and millisecond, is
        refused and counted; so is one that no quantity of the table has, or that is not finite. The others go on.

        Args:
            point: The point's id.
            room: Its room's id.
            values: By quantity, in its unit.
            flags: What the sensor knows, by quantity.
            time_ms: Unix milliseconds; None: now, or if the clock is not trusted, a time since boot (rule 6).

        Returns:
            The pack with what was new; None if nothing was.
        """
        require_id(point, "point")
        require_id(room, "room")
        with self._lock:
            moment = self._time.now() if time_ms is None else Moment(time_ms)
            good = checked_air(values, flags or {})
            self.counters.malformed += len(values) - len(good)
            news = self._news(point, moment, good)
            if not news:
                return None
            names = tuple(value.name for value in news)
            label = Label(root=self._root, point=point, room=room, kind="", names=names)
            return self._add(RowClass.AIR, label, tuple(news), moment)

    def add_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> Row | None:
        """Journal the state of a facility point; it is on the disk on return.

        Args:
            point: The point's id.
            room: Its room's id.
            kind: What it is; a call's begins with `call-`.
            working: Whether it does what it is there for.
            state: One of the contract's words; of a call `called`, `cleared` or `test`.
            reason: Why, cut after 200 characters.

        Returns:
            The pack; None if nothing differs from the point's last one (rule 7).

        Raises:
            ValueError: If an id or the state is none.
        """
        require_id(point, "point")
        require_id(room, "room")
        values = checked_state(kind, working, state, reason)
        names = tuple(value.name for value in values)
        label = Label(root=self._root, point=point, room=room, kind=kind, names=names)
        with self._lock:
            last = self.last_state(point)
            if last is not None and last.label == label and _plain(last.values) == _plain(values):
                return None
            moment = self._time.now()
            while moment.is_absolute and self._is_taken(point, moment.ms):
                # Two states of one point at one time would be one in the store.
                moment = moment._replace(ms=moment.ms + 1)
            return self._add(class_of(kind), label, values, moment)

    def add_calibration(self, point: str, room: str, words: Mapping[str, float | bool | str]) -> Row:
        """Journal how a sensor was calibrated (`CalibrationRecord.values`), no state of its point; on the disk then."""
        require_id(point, "point")
        require_id(room, "room")
        label = Label(root=self._root, point=point, room=room, kind=CALIBRATION_KIND, names=tuple(words))
        with self._lock:
            return self._add(RowClass.STATE, label, tuple(Value(*word) for word in words.items()), self._time.now())

    # -- what is to be sent --------------------------------------------------------------------------------------------

    def take_news(self) -> bool:
        """True if since the last call rows came to be owed that nobody handed in; see `JournalStore.has_news`."""
        with self._lock:
            news, self._store.has_news = self._store.has_news, False
            return news

    def take_gone(self) -> RangeSet:
        """Numbers of packs that the journal has no more since the last call; nobody need wait for an answer to them."""
        with self._lock:
            return self._store.held.take_gone()

    def mark_sent(self, rows: Iterable[Row]) -> None:
        """These packs are about to be handed to the network; all that waits is in the file on return."""
        with self._lock:
            pending = self._store.pending
            for row in rows:
                if row.row_class is RowClass.NOTE:
                    self._store.notes.sent(row.sequence)
                if row.sequence in pending.rows:
                    pending.rows[row.sequence] = replace(pending.rows[row.sequence], sent=True)
                elif not row.sent:
                    pending.sent.add(row.sequence)
            self._upkeep.touch()
            self.commit()

    def give_up(self, row: Row) -> None:
        """A pack that cannot be read back or sent: it is deleted and declared."""
        with self._lock:
            self.commit()
            self.counters.unreadable += 1
            log.error("pack cannot be sent and is given up", journal=row.journal, sequence=row.sequence)
            with suppress(JournalError):
                self._store.give_up([row], DropReason.CORRUPT)

    # -- time, disk, space ---------------------------------------------------------------------------------------------

    def trust_clock(self) -> None:
        """From now on the wall clock is believed; rows without time get theirs, once (rule 6)."""
        with self._lock:
            if self._time.is_trusted:
                return
            self._time.is_trusted = True
            self._upkeep.place()

    def commit(self) -> bool:
        """Write what waits to the file: it survives the end of this process. False if the disk refuses."""
        with self._lock:
            return self._upkeep.commit()

    def sync(self) -> bool:
        """Write what waits and put it on the disk: it survives a power cut. False if the disk refuses."""
        with self._lock:
            return self._upkeep.sync()

    def tick(self) -> None:
        """What time brings: commits, syncs, expiry, and the next part of long work."""
        with self._lock:
            self._upkeep.tick()

    def due(self) -> float:
        """Monotonic time of the next `tick` with something to do."""
        with self._lock:
            return self._upkeep.due()

    def expire(self) -> int:
        """Forget receipted packs journalled more than `keep_days` ago, 2,000 rows at a time; how many went (rule 3)."""
        with self._lock:
            return self._upkeep.expire()

    def files(self) -> list[Path]:
        """The file and its log: a copy of both, made in `on_sync`, is what a power cut leaves at worst."""
        return [self._store.file.path, self._store.file.wal_path]

    def close(self) -> None:
        """Write, sync, note that this was an orderly end, and let the files go."""
        with self._lock:
            if self.sync():
                with suppress(JournalError):
                    self._store.numbers.close(self._store.table.owed_ranges())
            self._store.file.close()

    def abandon(self) -> None:
        """Let the files go as the end of the process would: what is not committed is lost."""
        with self._lock:
            self._store.file.close()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _news(self, point: str, moment: Moment, values: list[Value]) -> list[Value]:
        """The values that are neither known nor contradict what is known."""
        if not moment.is_absolute or not values:
            return values
        nothing: dict[str, float] = {}
        known = self._store.read(lambda: self._store.table.values_at(self._root, point, moment.ms), nothing)
        known |= self._store.pending.values_at(self._root, point, moment.ms)
        for value in values:
            if value.name in known and known[value.name] == value.value:
                self.counters.repeated += 1
            elif value.name in known:
                self.counters.refused += 1
                log.debug("second value refused", point=point, quantity=value.name, time_ms=moment.ms)
        return [value for value in values if value.name not in known]

    def _is_taken(self, point: str, time_ms: int) -> bool:
        return self._store.pending.is_taken(self._root, point, time_ms) or self._store.read(
            lambda: self._store.table.is_taken(self._root, point, time_ms), False
        )

    def _add(self, row_class: RowClass, label: Label, values: tuple[Value, ...], moment: Moment) -> Row:
        self._store.reserve(1)
        now = self._time.now()
        journalled_ms = now.ms if now.is_absolute else None
        row = self._store.new_row(row_class, label, values, moment, journalled_ms=journalled_ms)
        self._store.put(row)
        self._upkeep.touch()
        if row_class.is_facility or self.settings.fsync == "always":
            self.sync()
        elif len(self._store.pending.rows) >= (MAX_MEMORY_ROWS if self.is_failing else MAX_UNWRITTEN):
            self.commit()
        return row


def _plain(values: Iterable[Value]) -> dict[str, object]:
    return {value.name: value.value for value in values}
