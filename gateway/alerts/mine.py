"""The open alarms that concern one person: those they were told of, and those they have."""

import msgspec
from sqlalchemy import Connection, or_, select

from gateway.alerts.alarm import Alarm
from gateway.alerts.outbox import Status
from gateway.alerts.words import Reason
from gateway.state.tables import alarm as table
from gateway.state.tables import alarm_change, notice

_TOLD = (Status.TOLD.value, Status.SENDING.value, Status.WAITING.value, Status.RESTING.value)


def alarms_of(
    connection: Connection, person: str, name: str, *, before: int | None = None, limit: int = 1_000
) -> list[Alarm]:
    """The newest first, with ids below `before`.

    Args:
        connection: To the state database.
        person: Their short name.
        name: As people call them, which is how they acknowledge.
        before: Where the page before ended.
        limit: At most so many.
    """
    told = select(notice.c.alarm_id).where(notice.c.person == person, notice.c.status.in_(_TOLD))
    # Whoever took an alarm once stands in its history; whether they have it still the alarm itself says.
    took = select(alarm_change.c.alarm_id).where(
        alarm_change.c.who.in_((person, name)), alarm_change.c.reason == Reason.ACKNOWLEDGED.value
    )
    wanted = (
        select(table.c.id, table.c.body)
        .where(table.c.open, or_(table.c.id.in_(told), table.c.id.in_(took)))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    return [
        msgspec.structs.replace(msgspec.json.decode(row.body, type=Alarm), id=row.id)
        for row in connection.execute(wanted)
    ]
