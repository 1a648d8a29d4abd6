"""The bodies about an alarm's history. Times are Unix seconds."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.alerts.alarm_rows import Change
from gateway.alerts.outbox import Status, stage_of
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Tell
from gateway.board.alert_phrases import REASONS, STAGES, TELLS
from telemetry.clock import to_seconds


class AlertChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an alarm.

    Attributes:
        time: When.
        state: What it became.
        reason: Why, a word of the list in the documentation.
        words: The same in the language of the request.
        who: Who did it; null where nobody did.
        note: The reason that was given with it, or what holds the alarm back; null where there is none.
        until: Until when it is put aside; null where it is not.
        value: What was measured; null where nothing is.
    """

    time: float
    state: str
    reason: str
    words: str
    who: str | None
    note: str | None
    until: float | None
    value: float | None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is told of an alarm, once.

    Attributes:
        person: Their short name.
        name: As people call them; the short name where the configuration no longer knows them.
        tell: `rise`, `missed-call`, `clear`, `taken`, `report-due`.
        words: What of, in the language of the request.
        channel: The channel that took it, or is tried now; null if none did and none will.
        stage: How far it is known to have come: `waiting`, `sent`, `delivered`, `read`; or `failed`, `cancelled`.
        stage_words: The same in the language of the request.
        queued: When it was to be told.
        sent: When the channel took it; null until then.
        delivered: When the channel said that it is with the person; null where it never says so.
        read: When the person opened or answered it; null where that is not known.
        attempts: How often the channel was tried.
        detail: What went wrong last, or why it was called off; null where nothing did.
    """

    person: str
    name: str
    tell: str
    words: str
    channel: str | None
    stage: str
    stage_words: str
    queued: float
    sent: float | None
    delivered: float | None
    read: float | None
    attempts: int
    detail: str | None


class AlertHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Every change of one alarm and everything that was told of it, oldest first.

    Attributes:
        id: Of the alarm.
        changes: What changed.
        told: Who was or is to be told.
        next: Where the changes go on; null at the end.
    """

    id: str
    changes: list[AlertChange]
    told: list[Notice]
    next: str | None = None


def change_of(change: Change, language: str) -> AlertChange:
    """A change as the API shows it."""
    alarm = change.alarm
    note = alarm.shelf.reason if alarm.shelf is not None else (alarm.silence.why if alarm.silence is not None else "")
    return AlertChange(
        time=to_seconds(alarm.changed_ms),
        state=alarm.state.value,
        reason=change.reason.value,
        words=REASONS[change.reason].in_language(language),
        who=change.who or None,
        note=note or None,
        until=None if alarm.shelf is None else to_seconds(alarm.shelf.until_ms),
        value=alarm.value,
    )


def notice_of(row: Mapping[str, Any], config: AlertsConfig, language: str) -> Notice:
    """A row of what is told, as the API shows it."""
    person = config.people.get(row["person"])
    is_told = row["status"] == Status.TOLD.value
    channels = () if person is None else person.channels
    tried = channels[row["channel"]] if row["channel"] < len(channels) else None
    stage = stage_of(row)
    # The column holds the channel's name once it was told, and what went wrong until then.
    return Notice(
        person=row["person"],
        name=row["person"] if person is None else person.name,
        tell=row["tell"],
        words=TELLS[Tell(row["tell"])].in_language(language),
        channel=row["detail"] if is_told else tried,
        stage=stage.value,
        stage_words=STAGES[stage].in_language(language),
        queued=to_seconds(row["queued_ms"]),
        sent=to_seconds(row["ended_ms"]) if is_told and row["ended_ms"] is not None else None,
        delivered=_seconds(row["delivered_ms"]),
        read=_seconds(row["read_ms"]),
        attempts=row["attempts"] + is_told,
        detail=None if is_told else row["detail"] or None,
    )


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else to_seconds(ms)
