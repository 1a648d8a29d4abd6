"""Many branches as the wire knows them: each with a topic, a journal and numbers of its own, and what it has receipted.

The bodies are made once by our own encoder; what differs from pack to pack, time and number, is put in when it is sent.
"""

import random
from collections.abc import Sequence
from typing import Final

from bench.mqtt_wire import publish_head
from telemetry import messages, senml
from telemetry.messages import Health, PointInfo, Presence
from telemetry.ranges import RangeSet, Span
from telemetry.readings import Pack, Record
from telemetry.topics import Root

REGION: Final = "north"
ROOM: Final = {
    "co2_ppm": 700.0,
    "temperature_c": 22.0,
    "humidity_pct": 45.0,
    "pm1_ug_m3": 8.0,
    "pm2_5_ug_m3": 12.0,
    "pm10_ug_m3": 20.0,
    "hcho_ug_m3": 30.0,
    "tvoc_ug_m3": 150.0,
    "nh3_ug_m3": 25.0,
    "no2_ug_m3": 40.0,
    "o3_ug_m3": 50.0,
    "co_ug_m3": 1_000.0,
}
"""What a well equipped hall measures while its air is good: nearly all of a fleet, nearly all the time."""

NOISE: Final = 0.02
"""From one reading to the next; a value that jumped would be in doubt, and no fleet's are all the time."""

QUANTITIES: Final = tuple(ROOM)

ROOMFULS: Final = 64
"""So many different sets of values are drawn, so that no number is printed or compressed twice as easily."""

_TIME_MS: Final = 1_700_000_000_001
_NUMBER: Final = 987_654_321
_CUT: Final = (b"1700000000.001", b"987654321")


class Branch:
    """One agent: what it sends, and what came back."""

    __slots__ = ("_before", "_between", "journal", "last_ms", "receipted", "root", "sent", "topic")

    def __init__(self, number: int) -> None:
        self.root = Root(REGION, f"site-{number:05}", "agent-1")
        self.topic = self.root.readings
        self.journal = f"b{number:07}"
        self.receipted = RangeSet()
        self.sent = 0
        self.last_ms = 0
        self._before, self._between, _ = _split(_body(self, [1.0] * len(QUANTITIES)))

    def publish(self, packet: int, now_ms: int, values: bytes) -> bytes:
        """The PUBLISH of its next pack, measured now; two packs of one millisecond are put one apart.

        Args:
            packet: Its packet id.
            now_ms: Unix milliseconds.
            values: One of `Fleet.values`.
        """
        self.sent += 1
        self.last_ms = now_ms if now_ms > self.last_ms else self.last_ms + 1
        whole, part = divmod(self.last_ms, 1000)
        body = b"%b%d.%03d%b%d%b" % (self._before, whole, part, self._between, self.sent, values)
        return publish_head(self.topic, len(body)) + packet.to_bytes(2, "big") + body

    def presence(self, packet: int, boot: str) -> bytes:
        """The PUBLISH that says that it lives."""
        info = PointInfo(point="hall-air", room="hall", period_s=30.0, quantities=list(QUANTITIES))
        body = messages.encode(Presence(online=True, boot=boot, version="bench", points=[info]))
        return publish_head(self.root.presence, len(body), retain=True) + packet.to_bytes(2, "big") + body

    def health(self, packet: int) -> bytes:
        """The PUBLISH of its own numbers; with QoS 1, since the load has no other."""
        held: dict[str, list[Span]] = {self.journal: [(1, self.sent)]} if self.sent else {}
        body = messages.encode(Health(memory_mb=30.0, disk_free_mb=5000.0, clock_ok=1, reconnects=0, held=held))
        return publish_head(self.root.health, len(body)) + packet.to_bytes(2, "big") + body

    @property
    def is_whole(self) -> bool:
        """True if every pack that it sent is receipted."""
        return self.receipted.spans() == ([(1, self.sent)] if self.sent else [])


class Fleet:
    """All branches, and values for their packs."""

    def __init__(self, agents: int, *, seed: int = 1) -> None:
        rng = random.Random(seed)
        self.branches = [Branch(number) for number in range(agents)]
        self.by_receipt = {branch.root.receipt.encode(): branch for branch in self.branches}
        # What follows the number, room and values, is no branch's own.
        self.values = [_split(_body(self.branches[0], draw(rng)))[2] for _ in range(ROOMFULS)]

    def sent(self) -> int:
        """Packs sent."""
        return sum(branch.sent for branch in self.branches)

    def is_whole(self) -> bool:
        """True if every pack sent is receipted."""
        return all(branch.is_whole for branch in self.branches)

    def pack_bytes(self) -> int:
        """The length of a body."""
        return len(_body(self.branches[0], [612.3] * len(QUANTITIES)))


def draw(rng: random.Random) -> list[float]:
    """What one room measures, in the order of `QUANTITIES`; one or two decimals, as sensors give."""
    return [round(value * rng.uniform(1 - NOISE, 1 + NOISE), rng.choice((1, 2))) for value in ROOM.values()]


def _body(branch: Branch, values: Sequence[float]) -> bytes:
    records = [Record(name=n, time_ms=_TIME_MS, value=v) for n, v in zip(QUANTITIES, values, strict=True)]
    pack = Pack(
        site=branch.root.site,
        point="hall-air",
        room="hall",
        journal=branch.journal,
        sequence=_NUMBER,
        records=tuple(records),
    )
    return senml.encode(pack)


def _split(body: bytes) -> tuple[bytes, bytes, bytes]:
    before, _, rest = body.partition(_CUT[0])
    between, _, after = rest.partition(_CUT[1])
    return before, between, after
