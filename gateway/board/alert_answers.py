"""The bodies about alarms that the API takes and gives. Times are Unix seconds."""

from collections.abc import Sequence

import msgspec

from gateway.alerts.alarm import Alarm
from gateway.alerts.incidents import Incident
from gateway.alerts.parts import AlertDesk
from gateway.alerts.records import incidents_of
from gateway.alerts.texts import Wording
from telemetry.clock import to_seconds


class IncidentState(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner's emergency plan asks of an alarm.

    Attributes:
        grade: The plan's.
        due: Until when it is to be reported.
        standing: `due`, `in-time`, `late`, `missed`, `false`.
    """

    grade: str
    due: float
    standing: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm.

    Attributes:
        id: Its id.
        rule: The rule that raised it.
        severity: `info`, `warning`, `critical`, `emergency`.
        state: As in ISA-18.2: `unacknowledged`, `acknowledged`, `returned-unacknowledged`, `shelved`, `suppressed`,
            `out-of-service`; `normal` once it has ended.
        region: Where, as the next three; null for what is about more than that.
        site: The branch.
        room: The room.
        point: The point, or the agent.
        quantity: What is beyond its limit; null where nothing is measured.
        since: Since when things are so; for a call, when it was pressed.
        value: What was measured when it rose; null where nothing is.
        message: What happened, in the language of the request.
        where: The branch, room and point as people call them.
        acknowledged_by: Who has it; null while nobody has.
        acknowledged: Since when; null while nobody has.
        shelved_until: Until when it is put aside; null where it is not.
        shelved_by: Who put it aside; null where it is not.
        held_back: Why it is put aside, or what holds it back; null where nothing does.
        raised: When the alarm rose.
        returned: When it was over; null while it lasts.
        ended: When the alarm ended; null while it is open.
        advice: What to do now, in the language of the request.
        simulated: Whether a simulated sensor told it.
        incident: What the emergency plan asks; null where it asks nothing.
    """

    id: str
    rule: str
    severity: str
    state: str
    region: str
    site: str | None
    room: str | None
    point: str | None
    quantity: str | None
    since: float
    value: float | None
    message: str
    where: str
    acknowledged_by: str | None
    acknowledged: float | None
    shelved_until: float | None
    shelved_by: str | None
    held_back: str | None
    raised: float
    returned: float | None
    ended: float | None
    advice: str
    simulated: bool
    incident: IncidentState | None = None


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms, the newest first."""

    alerts: list[Alert]
    next: str | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has it; `by` is who, the program's own name unless given."""

    by: str = ""


class Shelving(msgspec.Struct, frozen=True, kw_only=True):
    """Put it aside.

    Attributes:
        reason: Why; must be given.
        until: Until when, RFC 3339 or Unix seconds; either this or
        for_s: for how many seconds.
        by: Who does it, the program's own name unless given.
    """

    reason: str = ""
    until: str | float | None = None
    for_s: float | None = None
    by: str = ""


def alerts_of(desk: AlertDesk, alarms: Sequence[Alarm], language: str, now_ms: int) -> list[Alert]:
    """Alarms as the API shows them.

    Raises:
        StateUnavailable: If the plan grades alarms, and the database does not say which were reported.
    """
    incidents: dict[int, Incident] = {}
    if desk.config.grade:
        with desk.database.read() as connection:
            found = incidents_of(connection, alarms, desk.config.grade, now_ms)
        incidents = {one.alarm.id: one for one in found}
    return [_alert(alarm, desk.wording, language, incidents.get(alarm.id)) for alarm in alarms]


def _alert(alarm: Alarm, wording: Wording, language: str, incident: Incident | None) -> Alert:
    return Alert(
        id=str(alarm.id),
        rule=alarm.key.rule,
        severity=alarm.severity.value,
        state=alarm.state.value,
        region=alarm.place.region,
        site=alarm.place.site or None,
        room=alarm.place.room or None,
        point=alarm.place.point or None,
        quantity=alarm.key.quantity or None,
        since=to_seconds(alarm.since_ms),
        value=alarm.value,
        message=wording.sentence(alarm, language),
        where=wording.where(alarm, language),
        acknowledged_by=alarm.acknowledged_by or None,
        acknowledged=None if alarm.acknowledged_ms is None else to_seconds(alarm.acknowledged_ms),
        shelved_until=None if alarm.shelf is None else to_seconds(alarm.shelf.until_ms),
        shelved_by=None if alarm.shelf is None else alarm.shelf.by,
        held_back=_held_back(alarm),
        raised=to_seconds(alarm.raised_ms),
        returned=None if alarm.returned_ms is None else to_seconds(alarm.returned_ms),
        ended=None if alarm.closed_ms is None else to_seconds(alarm.closed_ms),
        advice=wording.advice(alarm, language) if alarm.active else "",
        simulated=alarm.simulated,
        incident=None
        if incident is None
        else IncidentState(
            grade=incident.grade.name, due=to_seconds(incident.due_ms), standing=incident.standing.value
        ),
    )


def _held_back(alarm: Alarm) -> str | None:
    if alarm.shelf is not None:
        return alarm.shelf.reason
    return None if alarm.silence is None else alarm.silence.why
