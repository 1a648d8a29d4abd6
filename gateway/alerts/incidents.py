"""Incidents: alarms that the owner's emergency plan grades, and that have to be reported within a time. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from gateway.alerts.alarm import Alarm
from gateway.alerts.settings import GradeConfig


class Report(NamedTuple):
    """One report of an incident; `false`: there was none, the report before it was wrong."""

    id: int
    alarm_id: int
    reported_ms: int
    reported_by: str
    false: bool
    note: str


class Standing(StrEnum):
    """How an incident was reported."""

    DUE = "due"
    IN_TIME = "in-time"
    LATE = "late"
    MISSED = "missed"
    FALSE = "false"


class Incident(NamedTuple):
    """One alarm as the plan sees it. `due_ms`: until when it is to be reported."""

    alarm: Alarm
    grade: GradeConfig
    due_ms: int
    standing: Standing
    reports: tuple[Report, ...]


def grade_of(alarm: Alarm, grades: Sequence[GradeConfig]) -> GradeConfig | None:
    """The first grade that fits; None: the plan does not know such an incident."""
    for grade in grades:
        by_rule = not grade.rules or alarm.key.rule in grade.rules
        by_severity = not grade.severities or alarm.severity in grade.severities
        if by_rule and by_severity:
            return grade
    return None


def incident_of(alarm: Alarm, grades: Sequence[GradeConfig], reports: Iterable[Report], now_ms: int) -> Incident | None:
    """The incident that an alarm is now; None: it is none.

    The first report decides whether it was in time, whatever comes later; the last one whether there was an incident.
    """
    grade = grade_of(alarm, grades)
    if grade is None:
        return None
    own = tuple(sorted((one for one in reports if one.alarm_id == alarm.id), key=lambda one: (one.reported_ms, one.id)))
    due_ms = alarm.raised_ms + round(grade.report_within_s * 1000)
    if own and own[-1].false:
        standing = Standing.FALSE
    elif own:
        standing = Standing.IN_TIME if own[0].reported_ms <= due_ms else Standing.LATE
    else:
        standing = Standing.DUE if now_ms <= due_ms else Standing.MISSED
    return Incident(alarm, grade, due_ms, standing, own)


def remind_ms(incident: Incident) -> int:
    """From when on the branch's contact is reminded."""
    return max(incident.alarm.raised_ms, incident.due_ms - round(incident.grade.remind_before_s * 1000))
