"""The load: packs of a whole fleet over one connection, as fast as they are receipted, or at a steady pace.

It keeps a bounded number of packs without an answer, as branches do (rule 4), so that what is measured is what the
whole chain sustains and not how deep its queues are.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bench.fleet import Branch, Fleet
from bench.mqtt_wire import PUBACK, PUBLISH, Link, heard_of
from telemetry import messages
from telemetry.clock import SystemClock, to_ms
from telemetry.messages import Receipt

UNACKNOWLEDGED: Final = 2_000
"""PUBLISH packets without a PUBACK, at most."""

UNRECEIPTED: Final = 20_000
"""Packs without a receipt, at most; the contract lets every branch have 64."""

AT_ONCE: Final = 64
IDLE_S: Final = 0.002
MARK_S: Final = 0.1
UNSENT_BYTES: Final = 262_144
HEALTH_PERIOD_S: Final = 60.0
STALL_S: Final = 60.0
"""If nothing at all comes for so long, something is broken and the run fails."""

PACKET_IDS: Final = 65_535


class StalledError(RuntimeError):
    """Packs were sent and are not answered."""


@dataclass(slots=True)
class Run:
    """What a run of the load saw.

    Attributes:
        packs: How many were sent.
        began_s: Monotonic time of the first.
        ended_s: Monotonic time of the last receipt; of the last PUBACK if none were awaited.
        own_cpu_s: Processor time of the load itself.
        delays_ms: From the sending of each pack to its receipt; only where asked for.
        marks: Monotonic times and how many packs were receipted by then.
    """

    packs: int
    began_s: float = 0.0
    ended_s: float = 0.0
    own_cpu_s: float = 0.0
    delays_ms: list[float] = field(default_factory=list)
    marks: list[tuple[float, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first pack to the last receipt."""
        return self.ended_s - self.began_s

    def mark(self, at_s: float, receipted: int) -> None:
        """Note how many packs were receipted by then, some ten times a second."""
        if not self.marks or at_s - self.marks[-1][0] >= MARK_S:
            self.marks.append((at_s, receipted))

    def slowest_packs_s(self, window_s: float = 5.0) -> float:
        """Packs receipted a second in the worst such window; of a shorter run the average."""
        worst = self.packs / self.seconds
        earlier: deque[tuple[float, int]] = deque()
        for at_s, count in self.marks:
            earlier.append((at_s, count))
            while earlier and at_s - earlier[0][0] >= window_s:
                first_s, first = earlier.popleft()
                worst = min(worst, (count - first) / (at_s - first_s))
        return worst


class Load:
    """One run over one connection.

    Args:
        fleet: Who sends.
        port: Of the broker.
        receipts: True: a gateway answers with receipts; False: only the broker's PUBACKs are awaited.
        timed: Whether the delay of each pack is kept.
    """

    def __init__(self, fleet: Fleet, port: int, *, receipts: bool = True, timed: bool = False) -> None:
        self._fleet = fleet
        self._receipts = receipts
        self._timed = timed
        self._link = Link(port, "bench-load", ["openhall/v1/+/+/+/receipt"] if receipts else [])
        self._packet = 0
        self._unacknowledged = 0
        self._sent = 0
        self._receipted = 0
        self._sent_at: dict[tuple[Branch, int], float] = {}
        self._run = Run(0)
        self._clock = SystemClock()
        self._news_s = time.monotonic()

    def introduce(self) -> None:
        """Say for every branch that it lives."""
        for branch in self._fleet.branches:
            self._send(branch.presence(self._next_packet(), "boot-1"))
            while self._unacknowledged >= UNACKNOWLEDGED:
                self._take(0.1)
        self._until(lambda: not self._unacknowledged)

    def flood(self, packs: int) -> Run:
        """Send that many packs as fast as they are answered.

        Raises:
            StalledError: If the answers stop.
        """
        return self._work(packs, None)

    def pace(self, packs: int, packs_s: float) -> Run:
        """Send that many packs, so many a second.

        Raises:
            StalledError: As `flood`.
        """
        return self._work(packs, packs_s)

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self, packs: int, packs_s: float | None) -> Run:
        run = self._run = Run(packs)
        cpu_s, earlier = time.process_time(), self._receipted
        sent = healths = 0
        now_s = run.began_s = time.monotonic()
        while sent < packs:
            room = min(self._room(), packs - sent)
            if packs_s is not None:
                room = min(room, int((now_s - run.began_s) * packs_s) + 1 - sent)
            for at in range(sent, sent + room):
                self._send_pack(at, now_s)
            sent += max(room, 0)
            due = int((now_s - run.began_s) / HEALTH_PERIOD_S * len(self._fleet.branches))
            for at in range(healths, due):
                self._send(self._fleet.branches[at % len(self._fleet.branches)].health(self._next_packet()))
            healths = due
            self._take(0.0 if room > 0 else IDLE_S)
            run.mark(now_s, self._receipted - earlier)
            now_s = time.monotonic()
        self._until(lambda: not self._unacknowledged and not self._awaited())
        run.ended_s = time.monotonic()
        run.mark(run.ended_s, self._receipted - earlier)
        run.own_cpu_s = time.process_time() - cpu_s
        return run

    def _room(self) -> int:
        room = min(AT_ONCE, UNACKNOWLEDGED - self._unacknowledged)
        if self._link.unsent > UNSENT_BYTES:
            return 0
        return min(room, UNRECEIPTED - self._awaited()) if self._receipts else room

    def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._take(0.05)

    def _send_pack(self, at: int, now_s: float) -> None:
        branches, values = self._fleet.branches, self._fleet.values
        branch = branches[at % len(branches)]
        self._send(branch.publish(self._next_packet(), to_ms(self._clock.now()), values[at % len(values)]))
        self._sent += 1
        if self._timed:
            self._sent_at[branch, branch.sent] = now_s

    def _send(self, packet: bytes) -> None:
        self._link.send(packet)
        self._unacknowledged += 1

    def _next_packet(self) -> int:
        self._packet = self._packet % PACKET_IDS + 1
        return self._packet

    def _take(self, wait_s: float) -> None:
        frame = None
        for frame in self._link.turn(wait_s):
            if frame.kind == PUBACK:
                self._unacknowledged -= 1
            elif frame.kind == PUBLISH:
                heard = heard_of(frame)
                self._link.acknowledge(heard)
                self._receipt(heard.topic, heard.body)
        now_s = time.monotonic()
        if frame is not None or not (self._unacknowledged or self._awaited()):
            self._news_s = now_s
        elif now_s - self._news_s > STALL_S:
            words = f"{self._unacknowledged} packets without PUBACK, {self._awaited():,} packs without receipt"
            raise StalledError(f"nothing came for {STALL_S:g} s: {words}")

    def _awaited(self) -> int:
        return self._sent - self._receipted if self._receipts else 0

    def _receipt(self, topic: bytes, body: bytes) -> None:
        branch = self._fleet.by_receipt[topic]
        for first, last in messages.decode(body, Receipt).ranges:
            branch.receipted.add(first, last)
            self._receipted += last - first + 1
            if self._timed:
                now_s = time.monotonic()
                for number in range(first, last + 1):
                    sent_s = self._sent_at.pop((branch, number), None)
                    if sent_s is not None:
                        self._run.delays_ms.append((now_s - sent_s) * 1000)
