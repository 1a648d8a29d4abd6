"""The first adapter of the port to alarms: it writes down what was heard, each pair once."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.state.state import State
from gateway.state.tables import heard as table
from telemetry.messages import Health
from telemetry.readings import Pack
from telemetry.topics import Root

DAY_MS: Final = 86_400_000


class Heard(NamedTuple):
    """One facility state that was heard. `id` grows with the order of arrival; times are Unix milliseconds."""

    id: int
    region: str
    site: str
    agent: str
    journal: str
    sequence: int
    point: str
    room: str
    kind: str
    working: bool
    state: str
    reason: str
    time_ms: int
    arrived_ms: int

    @property
    def root(self) -> Root:
        """The agent that told it."""
        return Root(self.region, self.site, self.agent)


def record(connection: Connection, root: Root, pack: Pack, arrived_ms: int) -> bool:
    """Write a facility state down in the caller's transaction; True if its pair was new."""
    row = {
        "region": root.region,
        "site": root.site,
        "agent": root.agent,
        "journal": pack.journal,
        "sequence": pack.sequence,
        "point": pack.point,
        "room": pack.room,
        "kind": pack.kind or "",
        "working": bool(pack.value_of("working")),
        "state": str(pack.value_of("state")),
        "reason": str(pack.value_of("reason") or "").replace("\0", "\ufffd"),
        "time_ms": state_ms(pack),
        "arrived_ms": arrived_ms,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return connection.execute(insert(table).values(row).on_conflict_do_nothing()).rowcount == 1


def is_newest(connection: Connection, site: str, point: str, sequence: int) -> bool:
    """True if no state of the point with a higher sequence number was heard, whatever the order of arrival."""
    highest = select(func.max(table.c.sequence)).where(table.c.site == site, table.c.point == point)
    return (connection.execute(highest).scalar() or 0) <= sequence


def state_ms(pack: Pack) -> int:
    """When a facility came into its state."""
    return next(record.time_ms for record in reversed(pack.records) if record.name == "state")


class AlertRecorder:
    """Records facility states in the state database; `seen` counts live air and keeps nothing of it."""

    def __init__(self, state: State, *, keep_days: float = 400.0) -> None:
        """Make it.

        Args:
            state: Where it writes.
            keep_days: How long what was heard is kept; the newest state of each point is kept for ever.
        """
        self.seen = 0
        self._state = state
        self._keep_days = keep_days
        self._expired_ms = 0

    def hear(self, root: Root, pack: Pack, arrived_ms: int) -> bool:
        """Write the state down and commit; True if its pair was new.

        Raises:
            StateUnavailable: It was not written down: it was not heard.
        """
        if arrived_ms - self._expired_ms > DAY_MS:
            self._expired_ms = arrived_ms
            self.expire(arrived_ms - round(self._keep_days * DAY_MS))
        with self._state.write() as connection:
            return record(connection, root, pack, arrived_ms)

    def see(self, root: Root, pack: Pack, arrived_ms: int) -> None:
        """Count live air."""
        del root, pack, arrived_ms
        self.seen += 1

    def calm_air(self, root: Root, room: str, point: str) -> "_Counted":
        """Nothing begins here, whatever the air."""
        del root, room, point
        return _Counted(self)

    def health(self, root: Root, health: Health, arrived_ms: int) -> None:
        """Keep nothing of it."""
        del root, health, arrived_ms

    def heard(self, *, after: int = 0, limit: int = 1_000, site: str | None = None) -> list[Heard]:
        """What was heard, in order of arrival, with ids above `after`, at most `limit`."""
        wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        if site is not None:
            wanted = wanted.where(table.c.site == site)
        with self._state.read() as connection:
            return [Heard(**row._mapping) for row in connection.execute(wanted)]

    def newest(self, site: str, point: str) -> Heard | None:
        """The newest state of a point: the one with the highest sequence number, whatever came last."""
        wanted = select(table).where(table.c.site == site, table.c.point == point)
        with self._state.read() as connection:
            row = connection.execute(wanted.order_by(table.c.sequence.desc(), table.c.id.desc()).limit(1)).first()
        return Heard(**row._mapping) if row is not None else None

    def expire(self, before_ms: int) -> int:
        """Forget what was heard before that time, but the newest state of each point; returns how much."""
        newer = table.alias()
        outdone = exists().where(
            newer.c.site == table.c.site, newer.c.point == table.c.point, newer.c.sequence > table.c.sequence
        )
        with self._state.write() as connection:
            return connection.execute(delete(table).where(table.c.arrived_ms < before_ms, outdone)).rowcount


class _Counted:
    """The port `CalmAir` of one who only counts."""

    def __init__(self, recorder: AlertRecorder) -> None:
        self.bands: Mapping[str, tuple[float, float]] = {}
        self._recorder = recorder

    def passes(self, time_ms: int, arrived_s: float) -> bool:
        """Count it."""
        del time_ms, arrived_s
        self._recorder.seen += 1
        return True
