"""What figures and scorecards are made of, out of the state database; and reports of incidents into it."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from gateway.alerts import alarm_rows, outbox
from gateway.alerts.alarm import Alarm
from gateway.alerts.errors import ReportRefused
from gateway.alerts.incidents import Incident, Report, incident_of
from gateway.alerts.kpis import COUNTED, Kpis, Telling, figures
from gateway.alerts.scorecard import Scorecard, month_bounds, scorecard
from gateway.alerts.settings import AlertsConfig, GradeConfig
from gateway.alerts.words import Tell
from gateway.state.alert_tables import incident_report
from gateway.state.state import State
from gateway.state.tables import notice

ROWS: Final = 500_000
"""So many changes, and so many notices, are counted; of more the newest."""

REPORTS: Final = 100
"""Reports of one incident; whoever sends more has a fault."""

AT_ONCE: Final = 500
LETTERS: Final = 500


def kpis_of(database: State, *, from_ms: int, to_ms: int, standing: Iterable[Alarm] = ()) -> Kpis:
    """The figures of some time.

    Args:
        database: Where changes and notices are.
        from_ms: Its beginning.
        to_ms: Its end, exclusive.
        standing: Alarms that have not ended, where the end is now; of an earlier time nobody knows.

    Raises:
        StateUnavailable: If the database does not answer.
    """
    with database.read() as connection:
        changes = alarm_rows.changes_between(connection, from_ms, to_ms, COUNTED, limit=ROWS)
        told = _tellings(connection, from_ms, to_ms, limit=ROWS)
    lasting = [alarm.raised_ms for alarm in standing if alarm.active and not alarm.is_silent]
    return figures(changes, told, lasting, from_ms=from_ms, to_ms=to_ms)


def open_alarms(database: State) -> list[Alarm]:
    """Alarms that have not ended, for a program that has no engine.

    Raises:
        StateUnavailable: If the database does not answer.
    """
    with database.read() as connection:
        return alarm_rows.load_open(connection)


def scorecard_of(database: State, config: AlertsConfig, month: str, now_ms: int) -> Scorecard:
    """The scorecard of a month such as `2026-11`.

    Raises:
        ValueError: If it is no month.
        StateUnavailable: If the database does not answer.
    """
    bounds_ms = month_bounds(month, config.time_zone)
    with database.read() as connection:
        alarms = alarm_rows.raised_between(connection, *bounds_ms, limit=ROWS)
        incidents = incidents_of(connection, alarms, config.grade, now_ms)
    contacts = {site: place.contact for site, place in config.sites.items() if place.contact}
    return scorecard(alarms, incidents, contacts, month=month, bounds_ms=bounds_ms)


def _tellings(connection: Connection, from_ms: int, to_ms: int, *, limit: int) -> list[Telling]:
    """Who was told of a rise, and when, oldest first; the newest where too many."""
    wanted = (
        select(notice.c.person, notice.c.ended_ms)
        .where(
            notice.c.status == outbox.Status.TOLD.value,
            notice.c.tell.in_([Tell.RISE.value, Tell.MISSED.value]),
            notice.c.ended_ms >= from_ms,
            notice.c.ended_ms < to_ms,
        )
        .order_by(notice.c.ended_ms.desc(), notice.c.id.desc())
        .limit(limit)
    )
    return [Telling(row.person, row.ended_ms) for row in reversed(connection.execute(wanted).all())]


def incidents_of(
    connection: Connection, alarms: Sequence[Alarm], grades: Sequence[GradeConfig], now_ms: int
) -> list[Incident]:
    """Those of the alarms that the plan grades, with their reports."""
    reports = reports_of(connection, [alarm.id for alarm in alarms]) if grades else {}
    found = (incident_of(alarm, grades, reports.get(alarm.id, ()), now_ms) for alarm in alarms)
    return [incident for incident in found if incident is not None]


def reports_of(connection: Connection, alarm_ids: Sequence[int]) -> dict[int, list[Report]]:
    """The reports of some alarms."""
    table, found = incident_report, dict[int, list[Report]]()
    for at in range(0, len(alarm_ids), AT_ONCE):
        wanted = select(table).where(table.c.alarm_id.in_(alarm_ids[at : at + AT_ONCE])).order_by(table.c.id)
        for row in connection.execute(wanted):
            found.setdefault(row.alarm_id, []).append(Report(**row._mapping))
    return found


def report(
    database: State, config: AlertsConfig, alarm_id: int, *, by: str, note: str, false: bool, now_ms: int
) -> Incident | None:
    """Write down that an incident was reported, or that its report was false; None if there is no such alarm.

    Raises:
        ReportRefused: If the plan does not grade it, nobody says who reports, or a false report was never made.
        StateUnavailable: It is not written down.
    """
    if not by.strip():
        raise ReportRefused("by: is missing; a report says who made it")
    with database.write() as connection:
        found = alarm_rows.list_alarms(connection, ids=[alarm_id], limit=1)
        if not found:
            return None
        incidents = incidents_of(connection, found, config.grade, now_ms)
        if not incidents:
            raise ReportRefused(f"alert {alarm_id} is no incident: no grade of [[alerts.grade]] fits it")
        reports = incidents[0].reports
        if false and not reports:
            raise ReportRefused("false: there is no report yet that could be false")
        if len(reports) >= REPORTS:
            raise ReportRefused(f"alert {alarm_id} has {REPORTS} reports already; no further one is taken")
        words = {"reported_by": by, "note": note}
        row = {name: word.replace("\0", "\ufffd").strip()[:LETTERS] for name, word in words.items()}
        connection.execute(incident_report.insert().values(alarm_id=alarm_id, reported_ms=now_ms, false=false, **row))
        return incidents_of(connection, found, config.grade, now_ms)[0]


def encode(answer: Kpis | Scorecard) -> str:
    """As the command line shows it with `--json`."""
    return msgspec.json.encode(answer).decode()
