"""The uplink: what goes to the network, when, in which order, until a gateway says that it has it (rules 4 to 6).

It knows no socket, no thread and no clock but the port: who has a connection asks `poll` for the next messages and
tells `receive` what came.
"""

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from agent.journal import Journal, Row, RowClass
from agent.uplink_gateways import Gateways, Hurry
from agent.uplink_messages import Seal, age_ms, message_of
from agent.uplink_waits import Lane, Waits
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms
from telemetry.errors import MalformedError
from telemetry.messages import GatewayStatus, Receipt, decode
from telemetry.ranges import RangeSet
from telemetry.topics import GATEWAY_STATUS_FILTER, gateway_of, parse

FACILITY_WINDOW: Final = 256
"""Facility packs in flight, calls and others each: a bound for memory, none of ours; a new state always goes."""

NOTE_WINDOW: Final = 16
"""Of the backlog's window, the part that declarations may take."""

LIVE_WINDOW: Final = 1_000
"""Live air in flight; beyond it air goes as backlog. Ten packs a second need 600 for the first wait of 60 s."""

MAX_MESSAGES: Final = 512
"""Messages given by one `poll`."""

log = structlog.get_logger(__name__)


class UplinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The waits of rule 4 and the late limit of section 2, with the contract's defaults.

    Attributes:
        resend_min_s: An unreceipted pack is sent again after so long; the wait doubles up to the next one.
        resend_max_s: The longest such wait.
        call_min_s: The same for a call that nobody has heard yet.
        call_max_s: The longest wait between two sendings of an unheard call.
        gateway_boot_spread_s: After a new boot of a gateway all goes again, and health, at moments drawn from so long.
        backlog_window: Backlog packs in flight at most.
        late_s: Air older than this, and than so many periods, is backlog.
        late_periods: As above.
    """

    resend_min_s: float = 60.0
    resend_max_s: float = 900.0
    call_min_s: float = 5.0
    call_max_s: float = 60.0
    gateway_boot_spread_s: float = 30.0
    backlog_window: int = 64
    late_s: float = 120.0
    late_periods: float = 3.0


@dataclass(slots=True, kw_only=True)
class UplinkCounters:
    """What happened since start.

    Attributes:
        sent: Messages given to be sent, the resent included.
        resent: Of these, packs that were sent before.
        receipts: Receipt messages taken in.
        malformed: Messages that could not be read.
        foreign: Messages on a topic that is not for this.
        hurried: Times that a gateway's status made all due.
    """

    sent: int = 0
    resent: int = 0
    receipts: int = 0
    malformed: int = 0
    foreign: int = 0
    hurried: int = 0


class Uplink:
    """Decides what to send. Not thread-safe: one thread calls.

    Attributes:
        counters: What happened since start.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        settings: UplinkSettings,
        clock: Clock,
        rng: random.Random,
        periods: Mapping[str, float] | None = None,
        seal: Seal | None = None,
    ) -> None:
        """An uplink without a connection.

        Args:
            journal: Where the packs are.
            settings: The waits.
            clock: Where time comes from.
            rng: Where the spread after a gateway's boot comes from.
            periods: Seconds between two readings of a point, where known: slow points are late later.
            seal: Signs each pack as it goes out; None: they go unsigned.
        """
        self.counters = UplinkCounters()
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._seal = seal
        self._periods = dict(periods or {})
        self._gateways = Gateways()
        self._connected = False
        self._was_trusted = journal.trusted
        self._fresh: deque[Row] = deque(maxlen=FACILITY_WINDOW)
        self._live: deque[Row] = deque()
        self._live_waits = self._waits_for_receipts()
        calls = Waits(settings.call_min_s, settings.call_max_s)
        self._calls = Lane(calls, FACILITY_WINDOW, journal.owed.unheard_calls)
        self._states = Lane(self._waits_for_receipts(), FACILITY_WINDOW, journal.owed.facility)
        self._notes = Lane(self._waits_for_receipts(), NOTE_WINDOW, journal.owed.notes)
        self._air = Lane(self._waits_for_receipts(self._live_waits), settings.backlog_window, journal.owed.air)
        self._lanes = (self._calls, self._states, self._notes, self._air)

    # -- the connection ------------------------------------------------------------------------------------------------

    @property
    def trusted(self) -> bool:
        """Whether the wall clock is believed (rule 6)."""
        return self._journal.trusted

    @property
    def subscriptions(self) -> list[str]:
        """Topic filters that `receive` is for: the receipts of every root in the journal, and the gateways' status."""
        return [*(root.receipt for root in self._journal.roots), GATEWAY_STATUS_FILTER]

    @property
    def is_gateway_online(self) -> bool:
        """Whether a gateway of the region calls itself online, by what was last heard of it."""
        return self._gateways.is_any_online

    @property
    def is_gateway_missing(self) -> bool:
        """Whether gateways of the region are known and none of them is online and storing."""
        return self._gateways.is_missing

    def set_period(self, point: str, period_s: float) -> None:
        """How far apart the readings of a point are from now on."""
        self._periods[point] = period_s

    def connected(self) -> None:
        """A connection stands: all that is unreceipted is due (rule 4)."""
        self._connected = True
        self._all_due()

    def disconnected(self) -> None:
        """The connection is gone; what was sent may or may not have arrived."""
        self._connected = False
        self._gateways.disconnected()
        self._fresh.clear()
        self._live.clear()

    def trust_clock(self) -> None:
        """From now on the wall clock is believed: what went out in relative time goes again with its own (rule 6)."""
        self._journal.trust_clock()

    # -- what comes ----------------------------------------------------------------------------------------------------

    def added(self, row: Row) -> None:
        """A pack was journalled; if it is live it goes out at once."""
        if not self._connected:
            return
        if row.row_class.is_facility:
            self._fresh.append(row)
            self._lane_of(row).wake()
        elif self._is_late(row) or len(self._live) + len(self._live_waits) >= LIVE_WINDOW:
            self._air.wake()
        else:
            self._live.append(row)

    def receive(self, topic: str, body: bytes) -> None:
        """Take in a receipt or a gateway's status. Nothing it holds raises; what cannot be read is counted."""
        try:
            gateway = gateway_of(topic)
            if gateway is not None:
                self._take_status(gateway, body)
            elif parse(topic).name == "receipt":
                self._take_receipt(decode(body, Receipt))
            else:
                self.counters.foreign += 1
        except MalformedError as error:
            self.counters.malformed += 1
            log.debug("message refused", topic=topic[:200], error=str(error))

    # -- what goes -----------------------------------------------------------------------------------------------------

    def poll(self) -> list[Message]:
        """All that is to be sent now: calls, other states, live air, backlog. Journalled as sent on return."""
        self._journal.tick()
        if not self._connected:
            return []
        self._notice()
        now_s = self._clock.monotonic()
        rows = self._pick(now_s)
        messages: list[Message] = []
        sent: list[Row] = []
        mono_ms = to_ms(now_s)
        for row in rows:
            try:
                message = message_of(
                    row,
                    is_newest=self._journal.is_newest(row),
                    boot=self._clock.boot_id,
                    mono_ms=mono_ms,
                    seal=self._seal,
                )
            except ValueError as error:
                log.debug("pack cannot be sent", sequence=row.sequence, error=str(error))
                self._journal.give_up(row)
                continue
            messages.append(message)
            sent.append(row)
        if sent:
            self._journal.mark_sent(sent)
            self._let_go()
        self.counters.sent += len(sent)
        self.counters.resent += sum(row.sent for row in sent)
        return messages

    def next_due(self) -> float | None:
        """Monotonic time of the next `poll` with something to do, sending or not."""
        due_s = self._journal.due()
        if not self._connected:
            return due_s
        now_s = self._clock.monotonic()
        if self._fresh or self._live or self._was_trusted != self._journal.trusted:
            return now_s
        is_full = self._backlog_room() <= 0
        lanes_s = (
            self._calls.next_due(now_s),
            self._states.next_due(now_s),
            self._notes.next_due(now_s, is_full=is_full),
            self._air.next_due(now_s, is_full=is_full),
        )
        return min(due_s, self._live_waits.next_due(), *lanes_s)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _waits_for_receipts(self, before: Waits | None = None) -> Waits:
        return Waits(self._settings.resend_min_s, self._settings.resend_max_s, before=before)

    def _lane_of(self, row: Row) -> Lane:
        if row.row_class is RowClass.CALL and not row.heard:
            return self._calls
        return {RowClass.NOTE: self._notes, RowClass.AIR: self._air}.get(row.row_class, self._states)

    def _all_due(self) -> None:
        self._fresh.clear()
        self._live_waits.clear()
        for lane in self._lanes:
            lane.waits.clear()
            lane.wake()
        self._live.clear()
        for sequence in self._journal.owed.newest_air(LIVE_WINDOW):
            row = self._journal.row(sequence)
            if row is not None and not self._is_late(row):
                self._live.append(row)

    def _notice(self) -> None:
        """See what the journal learned: that the clock is trusted, what was asked for again, what was declared."""
        if self._journal.trusted and not self._was_trusted:
            self._was_trusted = True
            self._all_due()
        self._let_go()
        hurried = self._journal.take_hurried()
        if hurried:
            self._settle(hurried)
            for lane in self._lanes:
                lane.wake()
        if self._journal.take_news():
            for lane in self._lanes:
                lane.wake()

    def _let_go(self) -> None:
        """What the journal has no more leaves the windows: its receipt, if there is one, would name nothing there."""
        gone = self._journal.take_gone()
        if gone:
            self._settle(gone)

    def _settle(self, numbers: RangeSet) -> None:
        self._live_waits.settle(numbers)
        for lane in self._lanes:
            lane.waits.settle(numbers)

    def _pick(self, now_s: float) -> list[Row]:
        """What is to be sent now, in order; all of it waits for its answer from now on."""
        picked: dict[int, Row] = {}
        fresh = [self._fresh.popleft() for _ in range(len(self._fresh))]
        for lane in self._lanes:
            lane.refresh(now_s)
        self._take(self._calls, [row for row in fresh if self._lane_of(row) is self._calls], now_s, picked)
        self._take(self._states, [row for row in fresh if self._lane_of(row) is self._states], now_s, picked)
        self._take_live(now_s, picked)
        if len(picked) < MAX_MESSAGES:
            for lane in (self._notes, self._air):
                self._take(lane, [], now_s, picked, limit=self._backlog_room())
        return list(picked.values())

    def _backlog_room(self) -> int:
        return self._settings.backlog_window - len(self._notes.waits) - len(self._air.waits)

    def _take(
        self, lane: Lane, fresh: list[Row], now_s: float, picked: dict[int, Row], *, limit: int | None = None
    ) -> None:
        for row in fresh:
            picked[row.sequence] = row
            lane.waits.start(row.sequence, now_s)
        for sequence in lane.take(busy=lambda one: one in picked or one in self._live_waits, limit=limit):
            owed = self._journal.row(sequence)
            if owed is not None:
                picked[sequence] = owed
                lane.waits.start(sequence, now_s)

    def _take_live(self, now_s: float, picked: dict[int, Row]) -> None:
        for sequence in self._live_waits.leave(now_s):
            again = self._journal.row(sequence)
            if again is not None and not again.receipted:
                self._live.append(again)
        while self._live and len(picked) < MAX_MESSAGES:
            row = self._live.popleft()
            if row.sequence in picked or row.sequence in self._air.waits:
                continue
            if self._is_late(row):
                self._air.wake()
                continue
            picked[row.sequence] = row
            if row.is_timed:
                self._live_waits.start(row.sequence, now_s)

    def _is_late(self, row: Row) -> bool:
        limit_ms = 1000 * max(self._settings.late_s, self._settings.late_periods * self._periods.get(row.point, 0.0))
        if row.time_ms is None:
            return age_ms(row, self._clock.boot_id, to_ms(self._clock.monotonic())) > limit_ms
        # Rows with a time while the clock is not trusted are of an earlier boot.
        return not self._journal.trusted or to_ms(self._clock.now()) - row.time_ms > limit_ms

    def _take_receipt(self, receipt: Receipt) -> None:
        self.counters.receipts += 1
        if receipt.heard:
            self._journal.heard(receipt.journal, receipt.heard)
            numbers = self._journal.clipped(receipt.journal, receipt.heard)
            # Heard is not receipted: such a call goes on in the slower waits, counted from its last sending.
            for sequence, sent_s in self._calls.waits.settle(numbers).items():
                row = self._journal.row(sequence)
                if row is not None and row.is_timed and not row.receipted:
                    self._states.waits.start(sequence, sent_s)
        if receipt.ranges:
            self._journal.receipt(receipt.journal, receipt.ranges)
            numbers = self._journal.clipped(receipt.journal, receipt.ranges)
            for waits in (self._live_waits, self._states.waits, self._notes.waits, self._air.waits):
                waits.settle(numbers)

    def _take_status(self, gateway: str, body: bytes) -> None:
        if not body:
            self._gateways.forget(gateway)
            return
        hurry = self._gateways.hear(gateway, decode(body, GatewayStatus), self._journal.root.region)
        if hurry is Hurry.NOTHING:
            return
        self.counters.hurried += 1
        now_s = self._clock.monotonic()
        due_s = now_s + self._rng.uniform(0.0, self._settings.gateway_boot_spread_s)
        self._live_waits.hurry(due_s)
        for lane in self._lanes:
            lane.waits.hurry(now_s if lane is self._calls and hurry is Hurry.NEW_BOOT else due_s)
