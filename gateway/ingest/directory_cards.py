"""What the directory keeps of each agent and point, and its rows in the state database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, select, tuple_
from sqlalchemy import delete as delete_from

from gateway.ingest.minutes import Held
from gateway.ingest.presence import Life
from gateway.quality.doubts import advice_on
from gateway.quality.reasons import Reason
from gateway.quality.single import is_suspect
from gateway.state.state import upsert
from gateway.state.tables import agent as agent_table
from gateway.state.tables import journal as journal_table
from gateway.state.tables import point as point_table
from telemetry import messages
from telemetry.errors import MalformedError
from telemetry.messages import PointInfo, Presence
from telemetry.ranges import RangeSet, Span
from telemetry.readings import SENSOR_KIND, Flag, Record
from telemetry.topics import Root

CHUNK: Final = 200
REMOVED: Final = b""
"""In place of a presence, as on the topic: the agent is gone for good, though the ledger still has its journals."""


class LiveValue(NamedTuple):
    """The newest value of one quantity, in its own unit."""

    value: float
    time_ms: int
    suspect: bool
    simulated: bool


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state of a facility point; `sequence` counts in the journal of `agent`."""

    agent: str
    sequence: int
    working: bool
    state: str
    reason: str
    time_ms: int


class _PointBody(msgspec.Struct, frozen=True, kw_only=True):
    owner: str | None
    info: PointInfo
    state: LiveState | None


class _HeldBody(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    oldest_ms: int | None
    journals: dict[str, list[Span]]


@dataclass(slots=True, kw_only=True)
class AgentCard:
    """One agent. `changed`: something that must outlive the gateway is not yet written."""

    root: Root
    life: Life = field(default_factory=Life)
    presence: Presence | None = None
    held: Held | None = None
    last_seen_ms: int = 0
    changed: bool = True

    def row(self) -> dict[str, Any]:
        """Its row; when it was last heard counts in monotonic time and does not outlive the gateway."""
        life = Life(boots=self.life.boots, over=self.life.over)
        held = None
        if self.held is not None:
            journals = {name: ranges.spans() for name, ranges in self.held.journals.items()}
            held = _HeldBody(at_ms=self.held.at_ms, oldest_ms=self.held.oldest_ms, journals=journals)
        return {
            "region": self.root.region,
            "site": self.root.site,
            "agent": self.root.agent,
            "last_seen_ms": self.last_seen_ms,
            "life": msgspec.json.encode(life).decode(),
            "presence": messages.encode(self.presence) if self.presence is not None else None,
            "held": msgspec.json.encode(held).decode() if held is not None else None,
        }


@dataclass(slots=True, kw_only=True)
class PointCard:
    """One point.

    Attributes:
        owner: The agent whose presence lists it, None if none does.
        values: The newest of each quantity, but for what `plain` tells.
        plain: Of the newest usual pack (see `plain_air`) time, quantities and values: a thousand of them come for each
            time that somebody looks, so they are taken into `values` then.
        settled: The one of them that was.
    """

    region: str
    site: str
    info: PointInfo
    owner: str | None = None
    values: dict[str, Record | LiveValue] = field(default_factory=dict)
    plain: tuple[int, tuple[str, ...], list[float]] | None = None
    settled: tuple[int, tuple[str, ...], list[float]] | None = None
    state: LiveState | None = None
    recalled: bool = False
    changed: bool = True

    def newest(self) -> dict[str, Record | LiveValue]:
        """The newest value of each quantity, the newest usual pack taken in."""
        plain = self.plain
        if plain is None or plain is self.settled:
            return self.values
        self.settled = plain
        time_ms, quantities, values = plain
        for name, value in zip(quantities, values, strict=True):
            newest = self.values.get(name)
            if newest is None or newest.time_ms <= time_ms:
                self.values[name] = LiveValue(value, time_ms, False, False)
        return self.values

    def live_values(self) -> dict[str, LiveValue]:
        """The newest value of each quantity: of a record that came, or recalled from the store."""
        return {name: one if isinstance(one, LiveValue) else _shown(one) for name, one in self.newest().items()}

    def is_at(self, room: str, kind: str) -> None:
        """Its packs say where it is and of what kind; they know it better than the presence.

        A sensor's fault is a state of the point that it measures, which stays what it is.
        """
        if kind == SENSOR_KIND:
            kind = self.info.kind
        if self.info.room != room or self.info.kind != kind:
            self.info = msgspec.structs.replace(self.info, room=room, kind=kind)
            self.changed = True

    def own(self, owner: str, info: PointInfo) -> None:
        """An agent's presence lists it."""
        if self.owner != owner or self.info != info:
            self.owner, self.info, self.changed = owner, info, True

    def row(self) -> dict[str, Any]:
        """Its row; values are not in it, the store has them."""
        body = _PointBody(owner=self.owner, info=self.info, state=self.state)
        return {
            "site": self.site,
            "point": self.info.point,
            "region": self.region,
            "body": msgspec.json.encode(body).decode(),
        }


def load_agents(connection: Connection, regions: Iterable[str]) -> list[AgentCard]:
    """Every agent of these regions that was ever seen and not removed."""
    cards = []
    for row in connection.execute(select(agent_table).where(agent_table.c.region.in_(list(regions)))):
        if row.presence == REMOVED:
            continue
        card = AgentCard(root=Root(row.region, row.site, row.agent), last_seen_ms=row.last_seen_ms, changed=False)
        card.life = msgspec.json.decode(row.life, type=Life)
        if row.presence is not None:
            card.presence = _presence(row.presence)
        if row.held is not None:
            held = msgspec.json.decode(row.held, type=_HeldBody)
            journals = {name: RangeSet(spans) for name, spans in held.journals.items()}
            card.held = Held(held.at_ms, journals, held.oldest_ms)
        cards.append(card)
    return cards


def load_unlisted(connection: Connection, regions: Iterable[str]) -> list[AgentCard]:
    """Agents of which the ledger has a journal and nothing else is known: neither a row nor that they were removed."""
    columns = (journal_table.c.region, journal_table.c.site, journal_table.c.agent)
    listed = select(agent_table.c.agent).where(
        agent_table.c.region == columns[0], agent_table.c.site == columns[1], agent_table.c.agent == columns[2]
    )
    wanted = select(*columns).distinct().where(columns[0].in_(list(regions)), ~listed.exists())
    return [AgentCard(root=Root(*row)) for row in connection.execute(wanted)]


def load_points(connection: Connection, regions: Iterable[str]) -> list[PointCard]:
    """Every point of these regions that was ever seen and not removed."""
    cards = []
    for row in connection.execute(select(point_table).where(point_table.c.region.in_(list(regions)))):
        body = msgspec.json.decode(row.body, type=_PointBody)
        cards.append(
            PointCard(
                region=row.region, site=row.site, info=body.info, owner=body.owner, state=body.state, changed=False
            )
        )
    return cards


def save(
    connection: Connection,
    agents: list[dict[str, Any]],
    points: list[dict[str, Any]],
    gone_agents: list[Root],
    gone_points: list[tuple[str, str]],
) -> None:
    """Write rows, and delete those of what is gone; of an agent that the ledger knows, that it is gone is kept."""
    agent_key = tuple_(agent_table.c.region, agent_table.c.site, agent_table.c.agent)
    for at in range(0, len(gone_agents), CHUNK):
        doomed = [(root.region, root.site, root.agent) for root in gone_agents[at : at + CHUNK]]
        connection.execute(delete_from(agent_table).where(agent_key.in_(doomed)))
        _note_removed(connection, doomed)
    point_key = tuple_(point_table.c.site, point_table.c.point)
    for at in range(0, len(gone_points), CHUNK):
        connection.execute(delete_from(point_table).where(point_key.in_(gone_points[at : at + CHUNK])))
    upsert(connection, agent_table, agents)
    upsert(connection, point_table, points)


def _note_removed(connection: Connection, doomed: list[tuple[str, str, str]]) -> None:
    columns = (journal_table.c.region, journal_table.c.site, journal_table.c.agent)
    found = connection.execute(select(*columns).distinct().where(tuple_(*columns).in_(doomed)))
    life = msgspec.json.encode(Life()).decode()
    rows = [{**row._mapping, "last_seen_ms": 0, "life": life, "presence": REMOVED, "held": None} for row in found]
    upsert(connection, agent_table, rows)


Flaws = Mapping[str, frozenset[Reason]]


def doubted(card: PointCard, flaws: Flaws) -> tuple[dict[str, LiveValue], LiveState | None]:
    """The newest values and the state of a point; a sensor that the gateway doubts is in fault, with advice."""
    values = card.live_values()
    if not flaws:
        return values, card.state
    for quantity in flaws.keys() & values.keys():
        values[quantity] = values[quantity]._replace(suspect=True)
    if card.state is not None and not card.state.working:
        return values, card.state
    newest_ms = max((values[name].time_ms for name in flaws.keys() & values.keys()), default=0)
    fault = LiveState(agent="", sequence=0, working=False, state="fault", reason=advice_on(flaws), time_ms=newest_ms)
    return values, fault


def _shown(record: Record) -> LiveValue:
    assert isinstance(record.value, float)
    suspect = is_suspect(record.name, record.value, record.flags)
    return LiveValue(record.value, record.time_ms, suspect, Flag.SIMULATED in record.flags)


def _presence(body: bytes) -> Presence | None:
    try:
        return messages.decode(body, Presence)
    except MalformedError:
        return None
