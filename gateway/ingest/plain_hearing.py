"""Recognises the usual message and hears it, in far less time than the long way takes.

What the long way has heard once it learns: from then on a message of the same point that differs from the last one in
time, number and values alone needs no more than to have these compared. Whatever is not as expected goes the long way,
which decides everything anew; a property holds the two ways together.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from gateway.ingest.arrived import Arrived
from gateway.ingest.directory import Directory
from gateway.ingest.intake import Intake, Reader
from gateway.ingest.ledger import Entry
from gateway.ingest.minutes import MINUTE_MS
from gateway.ingest.plain_air import Lane, PlainAir
from gateway.ingest.signatures import Signatures, Verdict
from gateway.ports import AirSeries, Alerts
from telemetry.ids import is_journal_id
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import MAX_SEQUENCE
from telemetry.senml_plain import VERSION, plain_records
from telemetry.senml_records import ABSOLUTE_FROM_MS
from telemetry.topics import Channel

Slots = tuple[tuple[str, str, float, float], ...]


class PlainHearer:
    """Called from the thread that hears."""

    def __init__(
        self,
        *,
        reader: Reader,
        directory: Directory,
        signatures: Signatures,
        flaws: Callable[[str, str], Mapping[str, object]],
        points: int,
    ) -> None:
        """Make it; it knows no point yet.

        Args:
            reader: Knows what is late and what is too far ahead.
            directory: Who is there.
            signatures: Whose word it is.
            flaws: Why the newest readings of a point (site, point) are in doubt, by quantity.
            points: So many points are remembered.
        """
        self._reader = reader
        self._directory = directory
        self._signatures = signatures
        self._flaws = flaws
        self._points = points
        self._lanes: dict[str, Lane] = {}
        self.heard = 0
        """Messages that went the short way."""

    def hear(self, message: Arrived) -> PlainAir | None:
        """What this message leaves to be committed, being heard; None if it has to go the long way: nothing is done."""
        topic, body, retained, arrived_ms, _arrived_s, oversize = message
        raw = None if retained or oversize is not None else plain_records(body)
        if raw is None:
            return None
        first = raw[0]
        lane, base_s, journal, sequence = self._lanes.get(first.bn or ""), first.bt, first.jr, first.sq
        if lane is None or topic != lane.topic or base_s is None or first.bver != VERSION or first.rm != lane.room:
            return None
        at_ms = base_s * 1000
        if not (
            arrived_ms - lane.late_ms <= at_ms <= arrived_ms + self._reader.future_ms
            and max(lane.newest_ms + 1, ABSOLUTE_FROM_MS) <= at_ms
            and 1 <= sequence <= MAX_SEQUENCE
            and len(raw) == len(lane.slots)
        ):
            return None
        first.bn = first.bt = first.bver = None
        values = []
        for one, (quantity, unit, low, high) in zip(raw, lane.slots, strict=True):
            value = one.v
            if (
                one.n != quantity
                or one.u != unit
                or not low <= value <= high
                or one.qf is not None
                or one.t != 0.0
                or one.bn is not None
                or one.bt is not None
                or one.bver is not None
            ):
                return None
            values.append(value)
        return self._heard(lane, message, round(at_ms), journal, sequence, values)

    def _heard(
        self, lane: Lane, message: Arrived, time_ms: int, journal: str, sequence: int, values: list[float]
    ) -> PlainAir | None:
        root, body, card = lane.root, message.body, lane.card
        if (
            card.info is not lane.info
            or lane.removals != self._directory.removals
            or self._flaws(root.site, lane.point)
        ):
            return None
        if journal != lane.journal:
            if not is_journal_id(journal):
                return None
            lane.journal = journal
        # What is not signed, and was not, need not be held against keys that are the same.
        if (
            lane.judged.verdict is not Verdict.UNSIGNED or lane.ring is not self._signatures.ring or b'"sg"' in body
        ) and self._signatures.judge(root, body) != lane.judged:
            return None
        if not lane.calm.passes(time_ms, message.arrived_s):
            return None
        self.heard += 1
        self._signatures.note(root, lane.judged)
        lane.newest_ms = time_ms
        lane.agent.life.message(message.arrived_s)
        lane.agent.last_seen_ms = message.arrived_ms
        card.plain = (time_ms, lane.series.quantities, values)
        entry = Entry(root, journal, sequence, time_ms, time_ms, (time_ms // MINUTE_MS,))
        return PlainAir(lane.series, time_ms, values, None, lane, body, message.arrived_ms, entry)

    def learn(self, channel: Channel, topic: str, intake: Intake, alerts: Alerts) -> None:
        """A pack went the long way: if it was a usual one, the next of its point need not."""
        pack = intake.newest
        if pack is None or intake.letters or intake.see is not pack or intake.judged is None or intake.pair is None:
            return
        root = channel.root
        name = f"{pack.site}/{pack.point}/"
        found = self._directory.cards(root, pack.point)
        full = len(self._lanes) >= self._points and name not in self._lanes
        if pack.relative or len(intake.points) != 1 or any(one.flags for one in pack.records) or found is None or full:
            return
        point = intake.points[0]
        calm = alerts.calm_air(root, pack.room, pack.point)
        if calm is None:
            return
        quantities = tuple(record.name for record in pack.records)
        slots = _slots(quantities, tuple(calm.bands.get(name, EVERYTHING) for name in quantities))
        if any(low > high for _quantity, _unit, low, high in slots):
            return
        agent, card = found
        self._lanes[name] = Lane(
            topic=topic,
            root=root,
            point=pack.point,
            room=pack.room,
            series=AirSeries(point.tags, quantities),
            slots=slots,
            journal=pack.journal,
            newest_ms=pack.records[0].time_ms,
            agent=agent,
            card=card,
            info=card.info,
            removals=self._directory.removals,
            late_ms=self._reader.late_limit_ms(pack),
            calm=calm,
            ring=self._signatures.ring,
            judged=intake.judged,
        )


EVERYTHING: Final = (-math.inf, math.inf)


@lru_cache(maxsize=10_000)
def _slots(quantities: tuple[str, ...], calm: tuple[tuple[float, float], ...]) -> Slots:
    """Many points of a fleet have the same."""
    found = []
    for name, (least, most) in zip(quantities, calm, strict=True):
        row = WIRE_QUANTITIES[name]
        found.append((name, row.unit, max(row.low, least), min(row.high, most)))
    return tuple(found)
