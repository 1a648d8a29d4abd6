"""What the contacts of a room said, from what was heard of facility points; calls among them are not looked at."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from gateway.acceptance.closure import State
from gateway.acceptance.plan import Room
from gateway.state.tables import heard

MAX_STATES: Final = 100_000
FAULT: Final = "fault"


def states_of(
    connection: Connection,
    site: str,
    room: Room,
    wanted: Mapping[str, str],
    *,
    points: Collection[str] | None,
    from_ms: int,
    to_ms: int,
) -> list[State]:
    """The states of a room's contacts from a time on, in the order of time, each point's last one before among them.

    Args:
        connection: To the state database.
        site: The branch.
        room: The room.
        wanted: The kinds that matter.
        points: The contacts; None: those whose agent says that they are in a room of this name.
        from_ms: Unix milliseconds.
        to_ms: Exclusive.
    """
    if not wanted:
        return []
    own = [heard.c.site == site, heard.c.kind.in_(sorted(wanted))]
    own.append(heard.c.room == room.name if points is None else heard.c.point.in_(sorted(points)))
    before = (
        select(heard.c.point, func.max(heard.c.sequence).label("sequence"))
        .where(*own, heard.c.time_ms < from_ms)
        .group_by(heard.c.point)
        .subquery()
    )
    last = select(heard).join(
        before, (heard.c.point == before.c.point) & (heard.c.sequence == before.c.sequence) & (heard.c.site == site)
    )
    within = select(heard).where(*own, heard.c.time_ms >= from_ms, heard.c.time_ms < to_ms).limit(MAX_STATES)
    found = {row.id: row for statement in (last, within) for row in connection.execute(statement)}
    return in_order(list(found.values()))


def in_order(found: Sequence[object]) -> list[State]:
    """Rows of `heard` as states in the order of time; a contact that does not work says nothing of its door."""
    rows = sorted(found, key=lambda row: (row.time_ms, row.sequence))  # type: ignore[attr-defined]
    return [
        State(
            time_ms=row.time_ms,  # type: ignore[attr-defined]
            point=row.point,  # type: ignore[attr-defined]
            kind=row.kind,  # type: ignore[attr-defined]
            state=row.state if row.working else FAULT,  # type: ignore[attr-defined]
        )
        for row in rows
    ]
