"""Every change of an alarm as a point in measurement `alert`, written behind the alarms and never before them."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import select

from gateway.alerts import alarm_rows
from gateway.alerts.alarm_rows import Change
from gateway.alerts.texts import Wording
from gateway.alerts.words import Reason
from gateway.ports import FieldValue, Point, Store
from gateway.state.state import State, upsert
from gateway.state.tables import alarm_note

POINTS_AT_ONCE: Final = 1_000
SERIES: Final = 100_000
_NOTE: Final = "history-written"
NONE: Final = "none"
"""A tag cannot be empty: what an alarm about a whole branch has for a room, a point and a quantity."""


class AlertHistory:
    """Writes what is new since it last wrote; where it was is in the state database."""

    def __init__(self, database: State, store: Store, wording: Wording, *, language: str = "en") -> None:
        self._database = database
        self._store = store
        self._say: Callable[[Change], Point] = lambda change: point_of(change, wording, language)
        self._written: int | None = None
        self._last_ms: dict[tuple[tuple[str, str], ...], int] = {}

    def round(self) -> int:
        """Write some changes; returns how many.

        Raises:
            StoreUnavailable: The next round tries again.
            StateUnavailable: Likewise; points written twice are the same points.
        """
        with self._database.read() as connection:
            if self._written is None:
                kept = connection.execute(select(alarm_note.c.value).where(alarm_note.c.name == _NOTE)).scalar()
                self._written = int(kept or 0)
            new = alarm_rows.changes(connection, after=self._written, limit=POINTS_AT_ONCE)
        if not new:
            return 0
        # A further step of escalation changes who is told, and no state: it is no point.
        points = [self._apart(self._say(change)) for change in new if change.reason is not Reason.ESCALATED]
        if points:
            self._store.write(points)
        with self._database.write() as connection:
            upsert(connection, alarm_note, [{"name": _NOTE, "value": str(new[-1].id)}])
        self._written = new[-1].id
        return len(new)

    def _apart(self, point: Point) -> Point:
        """Two changes of one series in the same ms, such as two missed calls, would overwrite each other."""
        if len(self._last_ms) > SERIES:
            self._last_ms.clear()
        time_ms = max(point.time_ms, self._last_ms.get(point.tags, 0) + 1)
        self._last_ms[point.tags] = time_ms
        return point._replace(time_ms=time_ms)


def point_of(change: Change, wording: Wording, language: str) -> Point:
    """The point of one change."""
    alarm = change.alarm
    place = alarm.place
    tags = (
        ("region", place.region),
        ("site", place.site or NONE),
        ("room", place.room or NONE),
        ("point", place.point or NONE),
        ("quantity", alarm.key.quantity or NONE),
        ("rule", alarm.key.rule),
        ("severity", alarm.severity.value),
    )
    fields: dict[str, FieldValue] = {
        "id": str(alarm.id),
        "state": alarm.state.value,
        "message": wording.sentence(alarm, language),
    }
    if alarm.value is not None:
        fields["value"] = float(alarm.value)
    return Point("alert", tags, alarm.changed_ms, fields)
