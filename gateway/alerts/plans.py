"""What people planned ahead: who hands over to whom, and where work is done. Rows, and what of them counts now.

The configuration has absences and windows of its own; what is planned here comes from the board and the API, is kept in
the state database, and goes before them.
"""

import threading
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, update

from gateway.alerts.errors import PlanRefused
from gateway.alerts.settings import AlertsConfig
from gateway.state.alert_tables import hand_over as hand_overs_table
from gateway.state.alert_tables import window as windows_table
from gateway.state.state import State
from telemetry.ids import is_id

DAY_MS: Final = 86_400_000
LONGEST_MS: Final = 366 * DAY_MS
"""Nothing is planned for longer, and nothing begins later than that: a mistyped year would silence a branch."""

AT_ONCE: Final = 5_000
"""So many hand-overs, and so many windows, that have not ended."""

WORDS: Final = 200


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody hands their turns over. `until_ms` exclusive; `ended_ms`: taken back before."""

    id: int = 0
    person: str
    stands_in: str
    from_ms: int
    until_ms: int
    why: str = ""
    made_by: str = ""
    made_ms: int = 0
    ended_ms: int | None = None
    ended_by: str = ""

    def counts_at(self, now_ms: int) -> bool:
        """True while the other one is told."""
        return self.from_ms <= now_ms < self.until_ms and (self.ended_ms is None or now_ms < self.ended_ms)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance, renovation, or something out of service; at least one of the four places is given.

    `until_ms` exclusive; None: until somebody ends it.
    """

    id: int = 0
    why: str
    region: str | None = None
    site: str | None = None
    room: str | None = None
    point: str | None = None
    from_ms: int
    until_ms: int | None = None
    out_of_service: bool = False
    made_by: str = ""
    made_ms: int = 0
    ended_ms: int | None = None
    ended_by: str = ""

    def counts_at(self, now_ms: int) -> bool:
        """True while it holds back."""
        ends = [end for end in (self.until_ms, self.ended_ms) if end is not None]
        return self.from_ms <= now_ms and all(now_ms < end for end in ends)


class Plans:
    """What is planned, in memory and in the state database. Used from several threads; reading takes no lock."""

    def __init__(self, database: State, config: AlertsConfig) -> None:
        """Remember where; nothing is read before `look`.

        Args:
            database: Where the rows are.
            config: Whose people hand over.
        """
        self.hand_overs: tuple[HandOver, ...] = ()
        self.windows: tuple[Window, ...] = ()
        self._database = database
        self._config = config
        self._lock = threading.Lock()

    def look(self, now_ms: int) -> None:
        """Take in what has not ended, also what another process planned.

        Raises:
            StateUnavailable: What was known before still counts.
        """
        with self._lock:
            with self._database.read() as connection:
                found = _found(connection, now_ms)
            self.hand_overs, self.windows = found

    def hand_over(self, plan: HandOver, now_ms: int) -> HandOver:
        """Let somebody be stood in for from one moment to another; returns it with its id.

        Raises:
            PlanRefused: Naming what cannot mean anything.
            StateUnavailable: Nothing was planned.
        """
        people = self._config.people
        for name, what in ((plan.person, "person"), (plan.stands_in, "stands_in")):
            if name not in people:
                known = ", ".join(sorted(people)) or "none; [alerts.people] is empty"
                raise PlanRefused(f"{what}: {name[:64]!r} is nobody of [alerts.people]; known: {known}")
        if plan.person == plan.stands_in:
            raise PlanRefused("stands_in: is the same person; name somebody else")
        _check_times(plan.from_ms, plan.until_ms, now_ms)
        new = msgspec.structs.replace(plan, why=_words(plan.why), made_by=_words(plan.made_by), made_ms=now_ms)
        return msgspec.structs.replace(new, id=self._insert(hand_overs_table, new, now_ms))

    def end_hand_over(self, plan_id: int, by: str, now_ms: int) -> HandOver | None:
        """Take it back from now on; None if there is none. One that has ended stays as it is.

        Raises:
            StateUnavailable: It was not taken back.
        """
        row = self._end(hand_overs_table, plan_id, by, now_ms)
        return None if row is None else HandOver(**row)

    def plan_window(self, plan: Window, now_ms: int) -> Window:
        """Hold back what rises at a place for a time; returns it with its id.

        Raises:
            PlanRefused: Naming what cannot mean anything.
            StateUnavailable: Nothing was planned.
        """
        place = {name: getattr(plan, name) for name in ("region", "site", "room", "point")}
        if not any(place.values()):
            raise PlanRefused("is for some place: give region, site, room or point")
        if (plan.room or plan.point) and not plan.site:
            raise PlanRefused("site: is missing; a room and a point are those of a branch")
        for name, word in place.items():
            if word is not None and not is_id(word):
                raise PlanRefused(f"{name}: {word[:64]!r} is no id; they look like east-001")
        if not plan.why.strip():
            raise PlanRefused("why: is missing; whoever finds an alarm held back wants to know the reason")
        if plan.until_ms is None and not plan.out_of_service:
            raise PlanRefused("until: is missing; only what is out of service may have no end")
        _check_times(plan.from_ms, plan.until_ms, now_ms)
        new = msgspec.structs.replace(plan, why=_words(plan.why), made_by=_words(plan.made_by), made_ms=now_ms)
        return msgspec.structs.replace(new, id=self._insert(windows_table, new, now_ms))

    def end_window(self, plan_id: int, by: str, now_ms: int) -> Window | None:
        """End it now; None if there is none. One that has ended stays as it is.

        Raises:
            StateUnavailable: It was not ended.
        """
        row = self._end(windows_table, plan_id, by, now_ms)
        return None if row is None else Window(**row)

    def all_hand_overs(self, *, person: str | None = None, after: int = 0, limit: int = 1_000) -> list[HandOver]:
        """Those that have ended among them, oldest first, with ids above `after`; of one person either way.

        Raises:
            StateUnavailable: If the database does not answer.
        """
        table = hand_overs_table
        wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        if person is not None:
            wanted = wanted.where(or_(table.c.person == person, table.c.stands_in == person))
        with self._database.read() as connection:
            return [HandOver(**row._mapping) for row in connection.execute(wanted)]

    def all_windows(self, *, after: int = 0, limit: int = 1_000) -> list[Window]:
        """Those that have ended among them, oldest first, with ids above `after`.

        Raises:
            StateUnavailable: If the database does not answer.
        """
        table = windows_table
        wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        with self._database.read() as connection:
            return [Window(**row._mapping) for row in connection.execute(wanted)]

    def expire(self, before_ms: int) -> int:
        """Forget what ended before that time; returns how much.

        Raises:
            StateUnavailable: It is tried again.
        """
        count = 0
        with self._database.write() as connection:
            for table in (hand_overs_table, windows_table):
                ended = or_(table.c.ended_ms < before_ms, table.c.until_ms < before_ms)
                count += int(connection.execute(delete(table).where(ended)).rowcount)
        return count

    def _insert(self, table: Any, plan: HandOver | Window, now_ms: int) -> int:
        values = msgspec.structs.asdict(plan)
        del values["id"]
        with self._lock:
            with self._database.write() as connection:
                plan_id = self._insert_within(connection, table, values, now_ms)
                found = _found(connection, now_ms)
            self.hand_overs, self.windows = found
        return plan_id

    def _insert_within(self, connection: Connection, table: Any, values: dict[str, Any], now_ms: int) -> int:
        running = select(func.count()).select_from(table).where(*_running(table, now_ms))
        if (connection.execute(running).scalar() or 0) >= AT_ONCE:
            raise PlanRefused(f"{AT_ONCE} are planned already; end some of them first")
        return int(connection.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

    def _end(self, table: Any, plan_id: int, by: str, now_ms: int) -> dict[str, Any] | None:
        with self._lock:
            with self._database.write() as connection:
                connection.execute(
                    update(table)
                    .where(table.c.id == plan_id, *_running(table, now_ms))
                    .values(ended_ms=now_ms, ended_by=_words(by))
                )
                row = connection.execute(select(table).where(table.c.id == plan_id)).first()
                found = _found(connection, now_ms)
            self.hand_overs, self.windows = found
        return None if row is None else dict(row._mapping)


def _found(connection: Connection, now_ms: int) -> tuple[tuple[HandOver, ...], tuple[Window, ...]]:
    def rows(table: Any) -> list[dict[str, Any]]:
        wanted = select(table).where(*_running(table, now_ms)).order_by(table.c.id)
        return [dict(row._mapping) for row in connection.execute(wanted)]

    return (
        tuple(HandOver(**row) for row in rows(hand_overs_table)),
        tuple(Window(**row) for row in rows(windows_table)),
    )


def _running(table: Any, now_ms: int) -> tuple[Any, ...]:
    return table.c.ended_ms.is_(None), or_(table.c.until_ms.is_(None), table.c.until_ms > now_ms)


def _check_times(from_ms: int, until_ms: int | None, now_ms: int) -> None:
    if from_ms > now_ms + LONGEST_MS or (until_ms is not None and until_ms - from_ms > LONGEST_MS):
        raise PlanRefused("until: lies more than a year ahead; check the year")
    if until_ms is not None and until_ms <= from_ms:
        raise PlanRefused("until: lies before from; exchange them")
    if until_ms is not None and until_ms <= now_ms:
        raise PlanRefused("until: lies in the past; nobody can be told otherwise any more")


def _words(text: str) -> str:
    return text.replace("\0", "\ufffd").strip()[:WORDS]
