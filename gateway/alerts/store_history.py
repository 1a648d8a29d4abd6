"""History for `rules test` out of a gateway's own store and state: air of every point, and what facilities said."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select

from gateway.alerts.census import AgentLife
from gateway.alerts.replay import Event, air_event
from gateway.alerts.rules import AIR_KIND
from gateway.errors import ConfigurationError
from gateway.ingest import directory_cards
from gateway.ingest.directory_cards import PointCard
from gateway.ports import ReadingsQuery, Store, StoredReading
from gateway.state.state import State
from gateway.state.tables import heard
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import Pack, Record
from telemetry.topics import Root

CHUNK_MS: Final = 6 * 3_600_000
PAGE: Final = 10_000


class StoreHistory:
    """Reads bit by bit: a year of many points does not have to fit into memory."""

    def __init__(self, state: State, store: Store, regions: Sequence[str], point: str | None) -> None:
        """Find the points.

        Raises:
            ConfigurationError: If `point` (SITE/POINT) is none that was ever heard of.
            StateUnavailable: If the state database does not answer.
        """
        self._state = state
        self._store = store
        with state.read() as connection:
            cards = directory_cards.load_points(connection, regions)
        self._cards = [card for card in cards if point in (None, f"{card.site}/{card.info.point}")]
        if point is not None and not self._cards:
            raise ConfigurationError(f"--point {point!r} was never heard of; /api/v1/sites/SITE/points lists those")

    @property
    def agents(self) -> list[AgentLife]:
        """Agents as their points are known; taken for online all the time."""
        found: dict[Root, list[PointCard]] = {}
        for card in self._cards:
            found.setdefault(Root(card.region, card.site, card.owner or "replay"), []).append(card)
        return [AgentLife(root, True, [card.info for card in cards]) for root, cards in found.items()]

    def air(self, from_ms: int, to_ms: int) -> list[Iterator[Event]]:
        """For each air point its readings, oldest first; the suspect ones decide nothing, but break a silence."""
        return [self._of(card, from_ms, to_ms) for card in self._cards if card.info.kind == AIR_KIND]

    def said(self, from_ms: int, to_ms: int) -> Iterator[Event]:
        """Facility states in the order in which they came, at the time at which they were told."""
        wanted = {(card.site, card.info.point) for card in self._cards}
        after = 0
        while True:
            page = select(heard).where(heard.c.id > after, heard.c.arrived_ms >= from_ms, heard.c.arrived_ms < to_ms)
            with self._state.read() as connection:
                rows = connection.execute(page.order_by(heard.c.id).limit(PAGE)).all()
            for row in rows:
                if (row.site, row.point) in wanted:
                    yield _said(row)
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    def _of(self, card: PointCard, from_ms: int, to_ms: int) -> Iterator[Event]:
        root = Root(card.region, card.site, card.owner or "replay")
        names = [name for name in card.info.quantities or WIRE_QUANTITIES if name in WIRE_QUANTITIES]
        sequence = 0
        for begin_ms in range(from_ms, to_ms, CHUNK_MS):
            by_time: dict[int, dict[str, float]] = {}
            suspect: dict[int, set[str]] = {}
            for name in names:
                for one in self._readings(card, name, begin_ms, min(to_ms, begin_ms + CHUNK_MS)):
                    by_time.setdefault(one.time_ms, {})[name] = one.value
                    if one.suspect:
                        suspect.setdefault(one.time_ms, set()).add(name)
            for at_ms, values in sorted(by_time.items()):
                sequence += 1
                doubted = suspect.get(at_ms, ())
                yield air_event(root, card.info.point, card.info.room, at_ms, values, sequence, doubted)

    def _readings(self, card: PointCard, quantity: str, from_ms: int, to_ms: int) -> Iterator[StoredReading]:
        while from_ms < to_ms:
            query = ReadingsQuery(
                site=card.site, point=card.info.point, quantity=quantity, from_ms=from_ms, to_ms=to_ms, limit=PAGE
            )
            found = self._store.readings(query)
            yield from found
            if len(found) < PAGE:
                return
            from_ms = found[-1].time_ms + 1


def _said(row: Any) -> Event:
    at_ms, words = row.arrived_ms, {"working": bool(row.working), "state": row.state}
    if row.reason:
        words["reason"] = row.reason
    pack = Pack(
        site=row.site,
        point=row.point,
        room=row.room,
        journal=row.journal,
        sequence=row.sequence,
        kind=row.kind,
        records=tuple(Record(name=name, time_ms=row.time_ms, value=value) for name, value in words.items()),
    )
    return Event(at_ms, Root(row.region, row.site, row.agent), pack)
