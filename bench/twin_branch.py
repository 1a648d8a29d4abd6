"""One branch of the fleet twin: what it measures, holds, sends and is answered. Pure: no socket, no clock.

It follows the journal's rules as far as a gateway can see them: pairs, receipts, sending again, `held`, `resend`. What
it ever measured it remembers outside of all faults, so that the store can be held against it at the end.
"""

import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bench.fleet import QUANTITIES
from telemetry import messages, senml
from telemetry.errors import MalformedError
from telemetry.messages import Command, GatewayStatus, Health, PointInfo, Presence, Receipt, Reply
from telemetry.ranges import RangeSet, Span
from telemetry.readings import Declaration, DropReason, Pack, Record
from telemetry.topics import Root

POINT: Final = "hall-air"
AGAIN_S: Final = 20.0
"""An unreceipted pack is sent again after this, and later after twice as long. The contract's 60 s are too long for a
run of five minutes; so is its 15 minutes at most."""

AGAIN_AT_MOST_S: Final = 60.0
WINDOW: Final = 64
SPREAD_S: Final = 5.0
"""After a new boot of the gateway everything is sent again within this (the contract: 30 s)."""

HEALTH_EVERY_S: Final = 60.0
UNSYNCED: Final = 3
"""A power cut takes at most that many packs that were never sent."""

BLOCK: Final = 16
"""Numbers reserved ahead, which are declared after a power cut, since nobody knows whether they were used."""

HOSTILE: Final = (b"{", b'[{"n":"co2_ppm"}]', b"[]", b"\xff\xfe", b'[{"bn":"x/y/","bver":9,"n":"co2_ppm","v":1}]')

Pair = tuple[str, int]


class Out(NamedTuple):
    """One message to be published."""

    topic: str
    body: bytes
    retain: bool = False
    packs: int = 0


@dataclass(slots=True)
class Waiting:
    """One unreceipted pack.

    Attributes:
        time_ms: When it was measured.
        values: Which of the fleet's sets of values.
        due_s: When it is to be sent, in the monotonic time of the run.
        wait_s: How long until it is sent again after that.
        sent: Whether it ever was.
        declaration: What it declares, if it does.
    """

    time_ms: int
    values: int
    due_s: float
    wait_s: float = AGAIN_S
    sent: bool = False
    declaration: Declaration | None = None


@dataclass(slots=True)
class TwinBranch:
    """One agent of the twin. Every `now_s` is monotonic, every `now_ms` Unix time.

    Attributes:
        number: Makes its site id, and its numbers its own.
        rooms: Sets of values that a room may have, in the order of `QUANTITIES`.
        rng: Draws everything that is left to chance.
        region: Its region.
        period_s: Seconds between two packs.
        measured: By pair, when and which set of values: what the store must end with.
        vanished: Packs that a power cut took before anybody saw them.
        duplicates: Receipts of packs that were receipted already: they were sent twice.
        powered: Whether it has power.
        greeted: Whether it said on this connection that it lives.
        clock_off_ms: How far its clock is off.
    """

    number: int
    rooms: Sequence[Sequence[float]]
    rng: random.Random
    region: str
    period_s: float
    root: Root = field(init=False)
    journal: str = ""
    boot: str = ""
    sequence: int = 0
    waiting: "OrderedDict[Pair, Waiting]" = field(default_factory=OrderedDict)
    measured: dict[Pair, tuple[int, int]] = field(default_factory=dict)
    vanished: int = 0
    duplicates: int = 0
    powered: bool = True
    greeted: bool = False
    clock_off_ms: int = 0
    next_measure_s: float = 0.0
    next_health_s: float = 0.0
    _gateway_boot: str = ""
    _journals: int = 0
    _last_ms: int = 0
    _times: set[int] = field(default_factory=set)
    _answered: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = Root(self.region, f"site-{self.number:05}", "agent-1")
        self.sequence = 1_000 * self.number
        self._open()

    # -- its life ------------------------------------------------------------------------------------------------------

    def cut_power(self, now_ms: int) -> None:
        """Without a word: what was never sent may be gone from the disk, and is declared when it is back."""
        self.powered = False
        tail = [pair for pair, one in reversed(self.waiting.items()) if not one.sent and pair[0] == self.journal]
        lost = tail[: self.rng.randint(0, UNSYNCED)]
        for pair in lost:
            del self.waiting[pair]
            del self.measured[pair]
        self.vanished += len(lost)
        first = min((sequence for _journal, sequence in lost), default=self.sequence + 1)
        declared = Declaration(
            journal=self.journal,
            reason=DropReason.CORRUPT.value,
            first=first,
            last=self.sequence + BLOCK,
            from_ms=self._last_ms,
            to_ms=max(now_ms, self._last_ms),
        )
        self.sequence += BLOCK
        self._open()
        self.sequence += 1
        self.waiting[self.journal, self.sequence] = Waiting(self._moment(now_ms), 0, 0.0, declaration=declared)

    def connect(self) -> Out:
        """The will for the CONNECT that is made now; its boot is new."""
        self.powered = True
        self.boot = f"{self.rng.getrandbits(48):012x}"
        return Out(self.root.presence, messages.encode(Presence(online=False, boot=self.boot)), retain=True)

    def connected(self, now_s: float) -> Out:
        """It is back: presence, and everything unreceipted is due."""
        for one in self.waiting.values():
            one.due_s = now_s + self.rng.uniform(0.0, SPREAD_S)
        info = PointInfo(point=POINT, room="hall", period_s=self.period_s, quantities=list(QUANTITIES))
        presence = Presence(online=True, boot=self.boot, version="twin", points=[info])
        return Out(self.root.presence, messages.encode(presence), retain=True)

    def measure(self, now_s: float, now_ms: int) -> None:
        """One pack more, if it is time."""
        if now_s < self.next_measure_s:
            return
        self.next_measure_s = now_s + self.period_s
        if not self.powered:
            return
        self.sequence += 1
        pair = (self.journal, self.sequence)
        time_ms, values = self._moment(now_ms), self.rng.randrange(len(self.rooms))
        self.measured[pair] = (time_ms, values)
        self.waiting[pair] = Waiting(time_ms, values, now_s)

    # -- what it sends -------------------------------------------------------------------------------------------------

    def due(self, now_s: float) -> list[Out]:
        """What is to be published now; at most a window of packs."""
        found = []
        for (journal, sequence), one in self.waiting.items():
            if one.due_s > now_s:
                continue
            found.append(Out(self.root.readings, self._body(journal, sequence, one), packs=1))
            one.sent = True
            one.due_s = now_s + one.wait_s * self.rng.uniform(0.9, 1.1)
            one.wait_s = min(one.wait_s * 2, AGAIN_AT_MOST_S)
            if len(found) >= WINDOW:
                break
        if now_s >= self.next_health_s:
            self.next_health_s = now_s + HEALTH_EVERY_S * self.rng.uniform(0.9, 1.1)
            found.append(Out(self.root.health, self._health()))
        return found

    def hostile(self) -> Out:
        """Something that nobody should send."""
        return Out(self.root.readings, self.rng.choice(HOSTILE))

    # -- what it hears -------------------------------------------------------------------------------------------------

    def hear(self, topic: str, body: bytes, now_s: float) -> list[Out]:
        """Take a message in; what it answers."""
        try:
            if topic == self.root.receipt:
                self._receipt(messages.decode(body, Receipt))
            elif topic.startswith("openhall/v1/gateway/"):
                self._gateway(messages.decode(body, GatewayStatus), now_s)
            elif topic.endswith("/command/resend"):
                return [self._resend(messages.decode(body, Command), now_s)]
        except MalformedError as error:
            raise RuntimeError(f"the gateway sent something malformed on {topic}: {error}") from error
        return []

    def _receipt(self, receipt: Receipt) -> None:
        for first, last in receipt.ranges:
            for sequence in range(first, last + 1):
                if self.waiting.pop((receipt.journal, sequence), None) is None:
                    self.duplicates += 1

    def _gateway(self, status: GatewayStatus, now_s: float) -> None:
        if not status.online or self.region not in status.regions or status.boot == self._gateway_boot:
            return
        self._gateway_boot = status.boot
        for one in self.waiting.values():
            one.due_s = min(one.due_s, now_s + self.rng.uniform(0.0, SPREAD_S))

    def _resend(self, command: Command, now_s: float) -> Out:
        known = self._answered.get(command.id)
        if known is None:
            sent, missing = 0, RangeSet()
            for first, last in command.ranges or ():
                for sequence in range(first, last + 1):
                    pair = (command.journal or "", sequence)
                    if pair in self.measured:
                        time_ms, values = self.measured[pair]
                        self.waiting.setdefault(pair, Waiting(time_ms, values, now_s, sent=True)).due_s = now_s
                        sent += 1
                    elif pair not in self.waiting:
                        missing.add(sequence, sequence)
            result = {"sent": sent, "missing": missing.spans()}
            known = self._answered[command.id] = messages.encode(Reply(id=command.id, ok=True, result=result))
        return Out(self.root.reply(command.id), known)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._journals += 1
        self.journal = f"t{self.number:05}-{self._journals}"

    def _moment(self, now_ms: int) -> int:
        # A clock that is put back does not measure the same millisecond twice.
        time_ms = now_ms + self.clock_off_ms
        if time_ms in self._times:
            time_ms = self._last_ms + 1
        self._times.add(time_ms)
        self._last_ms = max(self._last_ms, time_ms)
        return time_ms

    def _body(self, journal: str, sequence: int, one: Waiting) -> bytes:
        if one.declaration is not None:
            pack = Pack(
                site=self.root.site,
                point=self.root.agent,
                room="hall",
                journal=journal,
                sequence=sequence,
                records=one.declaration.records(one.time_ms),
            )
            return senml.encode(pack)
        named = zip(QUANTITIES, self.rooms[one.values], strict=True)
        pack = Pack(
            site=self.root.site,
            point=POINT,
            room="hall",
            journal=journal,
            sequence=sequence,
            records=tuple(Record(name=name, time_ms=one.time_ms, value=value) for name, value in named),
        )
        return senml.encode(pack)

    def _health(self) -> bytes:
        held: dict[str, list[Span]] = {}
        for journal, sequence in (*self.measured, *self.waiting):
            held.setdefault(journal, []).append((sequence, sequence))
        spans = {journal: _within_limit(RangeSet(numbers)) for journal, numbers in held.items()}
        oldest_ms = min((one.time_ms for one in self.waiting.values()), default=None)
        return messages.encode(
            Health(
                memory_mb=30.0,
                disk_free_mb=5_000.0,
                journal_packs=len(self.waiting),
                journal_oldest=None if oldest_ms is None else oldest_ms / 1000,
                clock_ok=1,
                reconnects=0,
                held=spans,
            )
        )


def _within_limit(numbers: RangeSet) -> list[Span]:
    """Rule 9: beyond 32 ranges one span, lowest to highest."""
    spans = numbers.spans()
    return spans if len(spans) <= 32 else [(spans[0][0], spans[-1][1])]
