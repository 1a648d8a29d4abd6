"""Alarms, their history and what has not lasted long enough, as rows of the state database."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, select

from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.conditions import Condition
from gateway.alerts.rules import Place
from gateway.alerts.words import Reason, State
from gateway.state import alert_tables, tables
from gateway.state.state import upsert


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A condition with what an alarm needs to know of it."""

    condition: Condition
    place: Place
    detail: str = ""
    value: float | None = None


class Change(NamedTuple):
    """One change of an alarm: what it was then, and why."""

    id: int
    alarm: Alarm
    reason: Reason
    who: str


def put_alarm(connection: Connection, alarm: Alarm, reason: Reason | None, who: str = "") -> Alarm:
    """Keep an alarm as it is now, and with a reason the change in its history; a new one gets its id."""
    if alarm.id == 0:
        row_id = connection.execute(tables.alarm.insert().values(**_row(alarm)).returning(tables.alarm.c.id))
        alarm = msgspec.structs.replace(alarm, id=int(row_id.scalar_one()))
    connection.execute(tables.alarm.update().where(tables.alarm.c.id == alarm.id).values(**_row(alarm)))
    if reason is not None:
        connection.execute(
            tables.alarm_change.insert().values(
                alarm_id=alarm.id,
                time_ms=alarm.changed_ms,
                state=alarm.state.value,
                reason=reason.value,
                who=who,
                body=_text(alarm),
            )
        )
    return alarm


def load_open(connection: Connection) -> list[Alarm]:
    """Every alarm that has not ended."""
    rows = connection.execute(select(tables.alarm.c.id, tables.alarm.c.body).where(tables.alarm.c.open))
    return [_alarm(row) for row in rows]


def list_alarms(
    connection: Connection,
    *,
    state: State | None = None,
    site: str | None = None,
    before: int | None = None,
    above: int | None = None,
    limit: int = 1_000,
    ids: Iterable[int] | None = None,
    only_open: bool = False,
) -> list[Alarm]:
    """Alarms, the newest first; without a state all, those that ended among them."""
    table = tables.alarm
    wanted = select(table.c.id, table.c.body).order_by(table.c.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(table.c.open == (state is not State.NORMAL), table.c.state == state.value)
    if only_open:
        wanted = wanted.where(table.c.open)
    if site is not None:
        wanted = wanted.where(table.c.site == site)
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    if above is not None:
        wanted = wanted.where(table.c.id > above)
    if ids is not None:
        wanted = wanted.where(table.c.id.in_(list(ids)))
    return [_alarm(row) for row in connection.execute(wanted)]


def changes(connection: Connection, *, after: int = 0, limit: int = 1_000, alarm_id: int | None = None) -> list[Change]:
    """What changed, oldest first, with ids above `after`; of one alarm or of all."""
    table = tables.alarm_change
    wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
    if alarm_id is not None:
        wanted = wanted.where(table.c.alarm_id == alarm_id)
    return [_change(row) for row in connection.execute(wanted)]


def changes_between(
    connection: Connection, from_ms: int, to_ms: int, reasons: Iterable[Reason], *, limit: int
) -> list[Change]:
    """What changed from one time to another (exclusive) for some reasons, oldest first; the newest where too many."""
    table = tables.alarm_change
    wanted = (
        select(table)
        .where(table.c.time_ms >= from_ms, table.c.time_ms < to_ms, table.c.reason.in_([one.value for one in reasons]))
        .order_by(table.c.time_ms.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [_change(row) for row in reversed(connection.execute(wanted).all())]


def raised_between(connection: Connection, from_ms: int, to_ms: int, *, limit: int) -> list[Alarm]:
    """Alarms that rose from one time to another (exclusive), as they are now, oldest first."""
    table = tables.alarm
    wanted = select(table.c.id, table.c.body).where(table.c.raised_ms >= from_ms, table.c.raised_ms < to_ms)
    return [_alarm(row) for row in connection.execute(wanted.order_by(table.c.id).limit(limit))]


def put_conditions(connection: Connection, kept: Iterable[tuple[Key, Kept | None]]) -> None:
    """Keep conditions, and forget those that are None."""
    table = tables.condition
    put: list[dict[str, Any]] = []
    for key, one in kept:
        words = {"rule": key.rule, "region": key.region, "site": key.site, "point": key.point, "quantity": key.quantity}
        if one is None:
            connection.execute(delete(table).where(*(table.c[name] == word for name, word in words.items())))
        else:
            put.append({**words, "body": _text(one)})
    upsert(connection, table, put)


def load_conditions(connection: Connection) -> dict[Key, Kept]:
    """Every condition that was kept."""
    found = {}
    for row in connection.execute(select(tables.condition)):
        key = Key(row.rule, row.region, row.site, row.point, row.quantity)
        found[key] = msgspec.json.decode(row.body, type=Kept)
    return found


def expire(connection: Connection, before_ms: int) -> None:
    """Forget alarms that ended before, with their history and what was told of them."""
    table = tables.alarm
    ended = select(table.c.id).where(table.c.open.is_(False), table.c.changed_ms < before_ms)
    for child in (tables.alarm_change, tables.notice, alert_tables.incident_report):
        connection.execute(delete(child).where(child.c.alarm_id.in_(ended)))
    connection.execute(delete(table).where(table.c.open.is_(False), table.c.changed_ms < before_ms))


def _change(row: Any) -> Change:
    alarm = msgspec.structs.replace(msgspec.json.decode(row.body, type=Alarm), id=row.alarm_id)
    return Change(row.id, alarm, Reason(row.reason), row.who)


def _row(alarm: Alarm) -> dict[str, Any]:
    return {
        "open": alarm.is_open,
        "state": alarm.state.value,
        "region": alarm.key.region,
        "site": alarm.key.site,
        "rule": alarm.key.rule,
        "raised_ms": alarm.raised_ms,
        "changed_ms": alarm.changed_ms,
        "body": _text(alarm),
    }


def _alarm(row: Any) -> Alarm:
    return msgspec.structs.replace(msgspec.json.decode(row.body, type=Alarm), id=row.id)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
