"""The part of the page behind a link that is about incidents: by when each is to be reported, and that it was."""

from collections.abc import Sequence
from html import escape
from typing import Final

from gateway.alerts.alarm import Alarm
from gateway.alerts.errors import ReportRefused
from gateway.alerts.incidents import Incident, Standing
from gateway.alerts.parts import AlertDesk
from gateway.alerts.phrases import Pair
from gateway.alerts.records import incidents_of, report

DUE: Final = Pair("Incident of grade {grade}: to be reported by {time}.", "{grade} 级事件：请于 {time} 前上报。")
OVERDUE: Final = Pair(
    "Incident of grade {grade}: it was to be reported by {time}. Report it now.",
    "{grade} 级事件：应于 {time} 前上报，现已超时，请立即上报。",
)
REPORTED: Final = Pair(
    "Incident of grade {grade}: reported by {who} at {time}.", "{grade} 级事件：{who} 已于 {time} 上报。"
)
FALSE: Final = Pair("Reported by mistake: there was no incident.", "系误报，已撤销。")
NOTE: Final = Pair("To whom, and its number", "上报对象及编号")
BUTTON: Final = Pair("I have reported it", "已上报")
NOTED: Final = Pair("Noted: it is reported.", "已记录上报。")
ACTION: Final = "report"
NOTE_LETTERS: Final = 200


def report_part(desk: AlertDesk, alarms: Sequence[Alarm], name_field: str, language: str, now_ms: int) -> str:
    """What is to be reported of these alarms, and a form where anything is; "" where the plan grades none.

    Raises:
        StateUnavailable: If the database does not answer.
    """
    incidents = _incidents(desk, alarms, now_ms)
    if not incidents:
        return ""
    lines = "".join(f"<p>{escape(_line(desk, one, language))}</p>" for one in incidents)
    form = ""
    if any(_is_owed(one) for one in incidents):
        note = f'<label>{escape(NOTE.in_language(language))} <input name="note" maxlength="{NOTE_LETTERS}"></label>'
        words = escape(BUTTON.in_language(language))
        button = f'<button type="submit" class="second" name="action" value="{ACTION}">{words}</button>'
        form = f'<form method="post">{name_field}{note}{button}</form>'
    return f'<section class="reports">{lines}{form}</section>'


def reported(desk: AlertDesk, alarms: Sequence[Alarm], who: str, note: str, now_ms: int) -> int:
    """Note that everything of these alarms that is still to be reported was; returns how many incidents.

    Raises:
        StateUnavailable: Those before it are noted.
    """
    count = 0
    for incident in _incidents(desk, alarms, now_ms):
        if _is_owed(incident):
            try:
                report(desk.database, desk.config, incident.alarm.id, by=who, note=note, false=False, now_ms=now_ms)
            except ReportRefused:
                continue
            count += 1
    return count


def _incidents(desk: AlertDesk, alarms: Sequence[Alarm], now_ms: int) -> list[Incident]:
    if not desk.config.grade:
        return []
    with desk.database.read() as connection:
        return incidents_of(connection, alarms, desk.config.grade, now_ms)


def _is_owed(incident: Incident) -> bool:
    return incident.standing in (Standing.DUE, Standing.MISSED)


def _line(desk: AlertDesk, incident: Incident, language: str) -> str:
    words = {"grade": incident.grade.name, "time": desk.wording.time(incident.due_ms)}
    if _is_owed(incident):
        return (DUE if incident.standing is Standing.DUE else OVERDUE).in_language(language).format(**words)
    first = incident.reports[0]
    words |= {"who": first.reported_by, "time": desk.wording.time(first.reported_ms)}
    mistaken = f" {FALSE.in_language(language)}" if incident.standing is Standing.FALSE else ""
    return REPORTED.in_language(language).format(**words) + mistaken
