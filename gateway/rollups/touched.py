"""Which hours of which branches have changed since they were last summed up, in the state database."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, select

from gateway.rollups.hours import hour_of
from gateway.state.state import State, upsert
from gateway.state.tables import touched_hour

REMEMBERED: Final = 100_000
"""Hours known to be noted already; beyond, the oldest is noted again, which changes nothing."""

Hour = tuple[str, int]
"""Site, and begin of the hour in Unix ms."""


class Noted(NamedTuple):
    """One hour that is to be summed up; `turn` tells whether it was touched again meanwhile."""

    site: str
    hour_ms: int
    turn: int


class TouchedHours:
    """`note` belongs to the commit round; the others may be called from another thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._known: OrderedDict[Hour, None] = OrderedDict()
        self._turn = 0

    def note(self, connection: Connection, moments: Iterable[tuple[str, int]]) -> None:
        """Note the hours of sites and times in the caller's transaction; if that fails, call `forget`."""
        hours = {(site, hour_of(time_ms)) for site, time_ms in moments}
        with self._lock:
            new = [hour for hour in hours if hour not in self._known]
            if not new:
                return
            if not self._turn:
                self._turn = int(connection.execute(select(func.max(touched_hour.c.turn))).scalar() or 0)
            self._turn += 1
            for hour in new:
                self._known[hour] = None
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            turn = self._turn
        upsert(connection, touched_hour, [{"site": site, "hour_ms": hour, "turn": turn} for site, hour in new])

    def forget(self) -> None:
        """A transaction failed: what it noted is not noted."""
        with self._lock:
            self._known.clear()

    def ended(self, before_ms: int, limit: int) -> list[Noted]:
        """Hours that began before that, the oldest first. What touches one of them from now on is noted again.

        Raises:
            StateUnavailable: If the database cannot be read.
        """
        with self._state.read() as connection:
            rows = connection.execute(
                select(touched_hour.c.site, touched_hour.c.hour_ms)
                .where(touched_hour.c.hour_ms < before_ms)
                .order_by(touched_hour.c.hour_ms, touched_hour.c.site)
                .limit(limit)
            ).all()
            with self._lock:
                for site, hour_ms in rows:
                    self._known.pop((site, hour_ms), None)
        # Only now, that whoever touches one notes it again, its turn is read: a commit between the two is not lost.
        return self._with_turns([(site, hour_ms) for site, hour_ms in rows])

    def done(self, hours: Iterable[Noted]) -> None:
        """They are summed up; those that were touched meanwhile stay.

        Raises:
            StateUnavailable: They will be summed up again.
        """
        with self._state.write() as connection:
            for one in hours:
                connection.execute(
                    delete(touched_hour).where(
                        touched_hour.c.site == one.site,
                        touched_hour.c.hour_ms == one.hour_ms,
                        touched_hour.c.turn == one.turn,
                    )
                )

    def count(self) -> int:
        """How many wait, the hour under way included.

        Raises:
            StateUnavailable: If the database cannot be read.
        """
        with self._state.read() as connection:
            return int(connection.execute(select(func.count()).select_from(touched_hour)).scalar() or 0)

    def _with_turns(self, hours: list[Hour]) -> list[Noted]:
        found = []
        with self._state.read() as connection:
            for site, hour_ms in hours:
                turn = connection.execute(
                    select(touched_hour.c.turn).where(touched_hour.c.site == site, touched_hour.c.hour_ms == hour_ms)
                ).scalar()
                if turn is not None:
                    found.append(Noted(site, hour_ms, int(turn)))
        return found
