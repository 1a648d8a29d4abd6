"""The second stage: rounds that commit to the store, then to ledger and dead letters, then send receipts."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from sqlalchemy import Connection

from gateway.errors import LedgerChanged, StateUnavailable, StoreMisconfigured, StoreUnavailable
from gateway.ingest import calibrations
from gateway.ingest.doubting import Doubting
from gateway.ingest.items import AIR, FACILITY, AnyItem, air_of, refusals
from gateway.ingest.ledger import Ledger
from gateway.ingest.ledger_rows import DAY_MS
from gateway.ingest.letters import Letter
from gateway.ingest.marks import Marks
from gateway.ingest.minutes import MINUTE_MS
from gateway.ingest.parking import Parking
from gateway.ingest.queues import Limit, SharedQueue
from gateway.ingest.second_look import SecondLook, Stretch
from gateway.ingest.settings import IngestSettings
from gateway.metrics import Metrics
from gateway.ports import AnyPoint, PlainPoint, Point, Refused
from gateway.quality.single import SUSPECT_FIELDS
from gateway.rollups.touched import TouchedHours
from gateway.state.state import State
from gateway.stores.watched_store import WatchedStore
from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms
from telemetry.messages import Receipt
from telemetry.ranges import RangeSet
from telemetry.topics import Root

log = structlog.get_logger(__name__)

RANGES_A_RECEIPT: Final = 1_000
"""A receipt of so many ranges has less than 40 kB."""

THINGS_A_ROUND: Final = 5_000
TAKEN_AT_ONCE: Final = 64
MISCONFIGURED_WAIT_S: Final = 30.0
HOUR_S: Final = 3_600.0
LOOK_FOR_CHANGES_S: Final = 5.0


KeepEvidence = Callable[[Connection, Sequence[AnyItem]], object]
"""Keeps of a round's packs what is evidence, in the transaction that writes the ledger."""


class Committer:
    """Called from one thread (`put` from any).

    Attributes:
        storing: True while store and state take what they are given.
        trouble: While they do not: `store` or `state`, and what it said last; None before the first round.
    """

    def __init__(
        self,
        *,
        store: WatchedStore,
        state: State,
        ledger: Ledger,
        marks: Marks,
        lost: Callable[[list[str]], None],
        remember: Callable[[State], None],
        doubting: Doubting,
        series: Callable[[str], Iterable[tuple[str, str]]],
        touched: TouchedHours,
        publish: Callable[[Message], None],
        clock: Clock,
        settings: IngestSettings,
        metrics: Metrics,
        rng: random.Random,
        keep_evidence: KeepEvidence | None = None,
    ) -> None:
        """Make it.

        `lost` is told the regions whose store was found emptied or restored; `remember` writes whom the round's packs
        are from, before anything of it is receipted; `series` gives the points of a site with their quantities;
        `keep_evidence` keeps what acceptance cases rest on, in the transaction of the ledger.
        """
        self.storing = False
        self.trouble: tuple[str, str] | None = None
        self._store = store
        self._state = state
        self._doubting = doubting
        self._ledger = ledger
        self._marks = marks
        self._lost = lost
        self._remember = remember
        self._touched = touched
        self._publish = publish
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._rng = rng
        self._keep_evidence = keep_evidence
        self._queue = SharedQueue[AnyItem](
            {
                FACILITY: Limit(settings.waiting_facility_packs, settings.waiting_facility_bytes),
                AIR: Limit(settings.waiting_packs, settings.waiting_bytes),
            }
        )
        self._batch: list[AnyItem] = []
        self._set_aside: deque[AnyItem] = deque()
        self._compare_first = True
        self._failures = 0
        self._next_try_s = 0.0
        self._next_expiry_s = 0.0
        self._next_look_s = 0.0
        self.second_look = SecondLook(
            store=store, state=state, ledger=ledger, series=series, clock=clock, metrics=metrics
        )
        self._parking = Parking(state=state, clock=clock, settings=settings, metrics=metrics)

    def put(self, sort: str, item: AnyItem) -> bool:
        """Let `item` wait for its round; False if its share is full: the agent still owns it."""
        return self._queue.put(sort, item, len(item.body) + 200)

    def waiting(self) -> dict[str, tuple[int, int]]:
        """By share, how many packs wait for a round, and their bytes."""
        return self._queue.waiting()

    @property
    def in_hand(self) -> int:
        """How many packs are taken from the queue and not committed."""
        return len(self._batch) + len(self._set_aside)

    def warnings(self) -> list[str]:
        """What an operator should know of the dead letters."""
        return self._parking.warnings()

    def wait_s(self) -> float:
        """Seconds until a round can do anything; 0 if now."""
        return max(0.0, self._next_try_s - self._clock.monotonic())

    def prove(self) -> None:
        """Hold the store's marks against the ledger's, at start and after a failure (rule 10).

        Raises:
            StoreUnavailable, StateUnavailable: Not done; the next round does it first.
        """
        failures = self._store.failures
        stored = self._store.marks()
        if stored is not None:
            lost = self._marks.compare(stored)
            self._ledger.set_epochs(self._marks.read())
            if lost:
                self._metrics.store_losses.inc(len(lost))
                self._lost(lost)
        else:
            self._ledger.set_epochs(self._marks.read())
        self._compare_first = False
        self._store.settle(failures)

    def round(self) -> int:
        """Commit once; returns how many packs were dealt with, 0 if there were none or the store did not take them.

        Dealt with is also a pack that needs a dead letter for which there is no room: it is left to its agent.
        """
        if self.wait_s() > 0:
            return 0
        try:
            if self._compare_first or self._store.is_in_doubt:
                self.prove()
            self._expire()
            self._parking.weigh()
            if not self._batch:
                self._batch = self._take()
            dealt_with = len(self._batch)
            if not self._batch:
                self._look_for_changes()
            elif not self._commit():
                return 0
        except StoreUnavailable as error:
            self._store_failed(error)
            return 0
        except LedgerChanged as error:
            # Nothing failed: the same batch is recorded again in the next round.
            log.info("ledger is read again", why=str(error))
            return 0
        except StateUnavailable as error:
            self._state_failed(error)
            return 0
        except Exception:
            log.exception("fault of ours in a commit round", packs=len(self._batch))
            self._isolate()
            return 0
        self._succeeded()
        done, self._batch = self._batch, []
        self._send_receipts(done)
        self.second_look.step()
        return dealt_with

    # -- one round -----------------------------------------------------------------------------------------------------

    def _take(self) -> list[AnyItem]:
        batch: list[AnyItem] = []
        room = min(self._settings.round_points, THINGS_A_ROUND) - len(self._marks.regions)
        while room > 0 or not batch:
            if not self._set_aside:
                self._set_aside.extend(self._queue.take(min(max(room, 1), TAKEN_AT_ONCE)))
                if not self._set_aside:
                    break
            item = self._set_aside.popleft()
            room -= item.weight
            if room < 0 and batch:
                self._set_aside.appendleft(item)
                break
            batch.append(item)
        return batch

    def _commit(self) -> bool:
        """Write the batch to store and state; False if the store failed for somebody else meanwhile.

        Then the next round compares the marks first. For us nothing failed, so no branch is told that it did.
        """
        self._ledger.set_epochs(self._marks.read())
        self._leave({})
        places = [(item, point) for item in self._batch for point in item.points]
        too_old: list[tuple[AnyItem, AnyPoint]] = []
        if self._settings.retention_s is not None:
            before_ms = to_ms(self._clock.now() - self._settings.retention_s)
            too_old = [place for place in places if place[1].time_ms < before_ms]
            places = [place for place in places if place[1].time_ms >= before_ms]
        marks = self._marks.points() if places else []
        if self._store.is_in_doubt:
            return False
        doubts = self._doubting.judge(
            (point for _item, point in places), filter(None, (item.calibration for item in self._batch))
        )
        if doubts:
            self._write_doubts(doubts)
        refused = self._write([point for _item, point in places], marks)
        turned_down = [(*places[one.place], one.detail) for one in refused if one.place < len(places)]
        turned_down += [(*place, "older than the bucket keeps") for place in too_old]
        letters_of = refusals(turned_down)
        self._leave(letters_of)
        letters = [one for item in self._batch for one in item.letters]
        letters += [letters_of[id(item)] for item in self._batch if id(item) in letters_of]
        marks = [] if any(one.place >= len(places) for one in refused) else marks
        self._write_state(marks, letters, {id(point) for _item, point, _detail in turned_down})
        self._count(places, letters)
        return True

    def _write_doubts(self, points: list[Point]) -> None:
        for one in self._write(points, []):
            log.error("store refuses a doubt; it counts all the same", detail=one.detail)
        self._doubting.stored()

    def _leave(self, letters_of: dict[int, Letter]) -> None:
        """Drop from the batch what needs a letter with a pair for which there is no room: no ledger, no receipt."""
        needs = [[*item.letters, *([letters_of[id(item)]] if id(item) in letters_of else [])] for item in self._batch]
        admitted = self._parking.admit(needs)
        self._batch = [item for item, fits in zip(self._batch, admitted, strict=True) if fits]

    def _write(self, points: Sequence[AnyPoint], marks: Sequence[Point]) -> list[Refused]:
        """Write points and marks, the marks last; a pack larger than a round goes in several writes."""
        everything = [*points, *marks]
        refused: list[Refused] = []
        size = self._settings.round_points
        for at in range(0, len(everything), size):
            found = self._store.write(everything[at : at + size])
            refused += [Refused(at + one.place, one.detail) for one in found]
        for one in refused:
            if one.place >= len(points):
                log.error("store refuses the mark; a loss of the store cannot be found out", detail=one.detail)
        return refused

    def _write_state(self, marks: list[Point], letters: list[Letter], not_stored: set[int]) -> None:
        entries = []
        for item in self._batch:
            entry = item.entry
            if entry is not None and not_stored and any(id(point) in not_stored for point in item.points):
                kept = {point.time_ms // MINUTE_MS for point in item.points if id(point) not in not_stored}
                entry = entry._replace(minutes=sorted(kept))
            if entry is not None:
                entries.append(entry)
        self._remember(self._state)
        plan = self._ledger.record(entries)
        try:
            with self._state.write() as connection:
                self._marks.write(connection, marks)
                self._ledger.write(connection, plan)
                if self._keep_evidence is not None:
                    self._keep_evidence(connection, self._batch)
                self._touched.note(connection, air_of(self._batch))
                calibrations.keep(connection, filter(None, (item.calibration for item in self._batch)))
                outcome = self._parking.park(connection, letters)
        except StateUnavailable:
            self._ledger.forget()
            self._touched.forget()
            raise
        self._parking.parked(outcome)
        self.second_look.note(
            Stretch(entry.root, given_up.journal, given_up.from_ms, given_up.to_ms)
            for entry in entries
            if (given_up := entry.declaration) is not None
        )

    def _send_receipts(self, done: list[AnyItem]) -> None:
        """Several packs of one journal share a receipt."""
        pairs: dict[tuple[Root, str], list[int]] = {}
        for item in done:
            entry = item.entry
            if entry is not None and entry.sequence:
                pairs.setdefault((entry.root, entry.journal), []).append(entry.sequence)
        for (root, journal), sequences in pairs.items():
            spans = RangeSet((one, one) for one in sorted(sequences)).spans()
            for at in range(0, len(spans), RANGES_A_RECEIPT):
                receipt = Receipt(journal=journal, ranges=spans[at : at + RANGES_A_RECEIPT])
                self._publish(Message(topic=root.receipt, body=messages.encode(receipt)))
                self._metrics.receipts.inc()

    def _count(self, places: list[tuple[AnyItem, AnyPoint]], letters: list[Letter]) -> None:
        values = suspect = 0
        for _item, point in places:
            if isinstance(point, PlainPoint) and point.coloured is None:
                values += len(point.values)
            elif point.measurement == AIR:
                values += len(point.fields)
                if not SUSPECT_FIELDS.isdisjoint(point.fields):
                    suspect += len(SUSPECT_FIELDS.intersection(point.fields))
        self._metrics.readings_stored.inc(values)
        self._metrics.readings_suspect.inc(suspect)
        self._metrics.packs_committed.inc(sum(item.entry is not None for item in self._batch))
        for one in letters:
            self._metrics.dead_letters.labels(one.reason.value).inc()

    def _look_for_changes(self) -> None:
        """A command may have written into the ledger; where nothing is committed nobody else would see it."""
        now_s = self._clock.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_FOR_CHANGES_S
            self._ledger.set_epochs(self._marks.read())

    def _expire(self) -> None:
        now_s = self._clock.monotonic()
        if now_s >= self._next_expiry_s:
            self._next_expiry_s = now_s + HOUR_S
            self._ledger.expire(round(self._settings.ledger_keep_days * DAY_MS))

    def _isolate(self) -> None:
        """A fault of ours in a batch: halve it until the message that brings it about is alone, and leave that out."""
        self._metrics.faults.labels("keep").inc()
        self._ledger.forget()
        self._touched.forget()
        if len(self._batch) > 1:
            half = len(self._batch) // 2
            self._set_aside.extendleft(reversed(self._batch[half:]))
            del self._batch[half:]
        elif self._batch:
            log.error("this message brings about a fault of ours and is left out", topic=self._batch[0].topic)
            self._batch = []
        else:
            self._next_try_s = self._clock.monotonic() + self._settings.store_retry_s

    # -- well and unwell -----------------------------------------------------------------------------------------------

    def _succeeded(self) -> None:
        if not self.storing:
            log.info("store takes readings", after_failures=self._failures)
        self.storing, self.trouble, self._failures = True, None, 0

    def _store_failed(self, error: StoreUnavailable) -> None:
        self._metrics.store_failures.inc()
        self.trouble = ("store", str(error))
        self._compare_first = True
        longest = self._settings.store_retry_at_most_s
        least = MISCONFIGURED_WAIT_S if isinstance(error, StoreMisconfigured) else 0.0
        asked = min(error.retry_after_s or 0.0, 10 * longest)
        self._failed("store does not take readings", error, max(min(least, longest), asked))

    def _state_failed(self, error: StateUnavailable) -> None:
        self._metrics.state_failures.inc()
        self.trouble = ("state", str(error))
        self._failed("state database does not take the ledger", error, 0.0)

    def _failed(self, event: str, error: Exception, least_s: float) -> None:
        tell = log.warning if not self._failures else log.debug
        doubled = self._settings.store_retry_s * 2 ** min(self._failures, 20)
        wait_s = max(least_s, min(doubled, self._settings.store_retry_at_most_s) * self._rng.uniform(0.5, 1.0))
        tell(event, error=str(error), wait_s=round(wait_s, 3), waiting=len(self._queue) + self.in_hand)
        self.storing = False
        self._failures += 1
        self._next_try_s = self._clock.monotonic() + wait_s
