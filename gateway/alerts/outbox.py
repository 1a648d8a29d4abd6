"""What people are to be told, and what they were told: the record that makes notifications durable and tells each once.

A notice is one thing told to one person: its key is a hash of alarm, occurrence and what is told, and (key, person) is
unique. Several notices to one person go out as one message, a batch. A batch is written down as `sending` before the
channel is asked and as `told` after it answered; what a crash leaves as `sending` goes out again with the same key.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.alerts.alarm import Alarm
from gateway.alerts.retries import next_try
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Severity, Tell
from gateway.state.state import State
from gateway.state.tables import notice as table

BATCH_NOTICES: Final = 20
"""So many alarms are told in one message; a person reads no more."""

LOOKED_AT: Final = 2_000
"""Notices looked at in one round; the graver come first."""

_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(Severity))}


class Status(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    SENDING = "sending"
    RESTING = "resting"
    """No channel took it; all of them are tried again later."""
    TOLD = "told"
    FAILED = "failed"
    CANCELLED = "cancelled"


_TO_TELL: Final = (Status.WAITING.value, Status.RESTING.value)
_NOT_YET: Final = (*_TO_TELL, Status.SENDING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One message to one person by one channel.

    Attributes:
        key: The same whenever this batch goes out.
        repeat: It may have arrived already.
        ids: Its notices.
        alarms: Their alarms.
        channel: The place of the channel among the person's.
        attempts: How often it was tried.
        queued_ms: When the oldest of it was first to be told.
        tired: All channels failed before.
    """

    key: str
    person: str
    tell: Tell
    severity: Severity
    repeat: bool
    ids: tuple[int, ...]
    alarms: tuple[int, ...]
    channel: int
    attempts: int
    queued_ms: int = 0
    tired: bool = False

    @property
    def is_urgent(self) -> bool:
        """True if it waits for nobody."""
        return self.severity is Severity.EMERGENCY


def key_of(alarm: Alarm, tell: Tell) -> str:
    """The hash of what is told: the same for everybody who is told the same."""
    words = f"{alarm.id}|{alarm.occurrence}|{tell.value}"
    return hashlib.sha256(words.encode("ascii")).hexdigest()


def queue(
    connection: Connection, alarm: Alarm, tell: Tell, people: Iterable[str], *, now_ms: int, not_before_ms: int
) -> int:
    """Let people be told; whoever was told the same, or is about to be, is not told again. Returns how many are new."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    count = 0
    for person in people:
        row = {
            "alarm_id": alarm.id,
            "key": key_of(alarm, tell),
            "person": person,
            "tell": tell.value,
            "step": alarm.step,
            "severity": (Severity.EMERGENCY if alarm.is_emergency else alarm.severity).value,
            "status": Status.WAITING.value,
            "queued_ms": now_ms,
            "not_before_ms": not_before_ms,
            "channel": 0,
            "attempts": 0,
            "detail": "",
        }
        again = {name: row[name] for name in ("status", "queued_ms", "not_before_ms", "channel", "attempts")}
        statement = insert(table).values(**row)
        # What was called off before it went out may be called for again.
        statement = statement.on_conflict_do_update(
            index_elements=["key", "person"], set_=again, where=table.c.status == Status.CANCELLED.value
        )
        count += max(0, connection.execute(statement).rowcount)
    return count


def called_off(connection: Connection, alarm: Alarm, tells: Sequence[Tell], why: str, now_ms: int) -> None:
    """Whoever was not told yet need not be told any more. What may have arrived already is not called off."""
    connection.execute(
        update(table)
        .where(
            table.c.alarm_id == alarm.id,
            table.c.tell.in_([tell.value for tell in tells]),
            table.c.status.in_(_TO_TELL),
            table.c.batch.is_(None),
        )
        .values(status=Status.CANCELLED.value, ended_ms=now_ms, detail=why)
    )


def heard_of(connection: Connection, alarm: Alarm, tells: Sequence[Tell]) -> list[str]:
    """The people who were told that of this occurrence, or may have been."""
    rows = connection.execute(
        select(table.c.person)
        .where(
            table.c.alarm_id == alarm.id,
            table.c.key.in_([key_of(alarm, tell) for tell in tells]),
            (table.c.status.in_([Status.TOLD.value, Status.SENDING.value])) | table.c.batch.is_not(None),
        )
        .order_by(table.c.id)
    )
    return list(dict.fromkeys(row.person for row in rows))


def is_hopeless(connection: Connection, alarm: Alarm) -> bool:
    """True if of the last step nobody was reached and nobody can be."""
    rows = connection.execute(
        select(table.c.status).where(
            table.c.alarm_id == alarm.id, table.c.key == key_of(alarm, Tell.RISE), table.c.step == alarm.step
        )
    ).all()
    return bool(rows) and all(row.status in (Status.FAILED.value, Status.RESTING.value) for row in rows)


class Outbox:
    """What waits to be told; used by the delivery."""

    def __init__(self, state: State, config: AlertsConfig) -> None:
        self._state = state
        self._config = config
        self._last_told: dict[str, int] = {}

    def resume(self) -> int:
        """After a start: what was under way may or may not have arrived, and goes out again; returns how many."""
        with self._state.write() as connection:
            found = connection.execute(
                update(table).where(table.c.status == Status.SENDING.value).values(status=Status.WAITING.value)
            )
            return int(found.rowcount)

    def due(self, now_ms: int) -> list[Batch]:
        """Messages that are to go out now, the graver first; nothing of it is changed."""
        with self._state.read() as connection:
            rows = connection.execute(
                select(table)
                .where(table.c.status.in_(_TO_TELL))
                .order_by(table.c.not_before_ms, table.c.id)
                .limit(LOOKED_AT)
            ).all()
            urgent = connection.execute(
                select(table).where(
                    table.c.status.in_(_TO_TELL),
                    table.c.severity == Severity.EMERGENCY.value,
                    table.c.not_before_ms <= now_ms,
                )
            ).all()
            grouped: dict[tuple[Any, ...], list[Any]] = {}
            for row in {row.id: row for row in (*urgent, *rows)}.values():
                grouped.setdefault(_group(row), []).append(row)
            batches = [batch for group in grouped.values() for batch in self._ripe(connection, group, now_ms)]
        return sorted(batches, key=lambda batch: (_RANK[batch.severity], batch.ids[0]))

    def begin(self, batch: Batch) -> Batch | None:
        """Write down that a batch is under way; None if all of it was called off meanwhile."""
        with self._state.write() as connection:
            found = connection.execute(
                update(table)
                .where(table.c.id.in_(batch.ids), table.c.status.in_(_TO_TELL))
                .values(status=Status.SENDING.value, batch=batch.key)
                .returning(table.c.id, table.c.alarm_id)
            ).all()
        if not found:
            return None
        rows = sorted((row.id, row.alarm_id) for row in found)
        return replace(batch, ids=tuple(row[0] for row in rows), alarms=tuple(dict.fromkeys(row[1] for row in rows)))

    def told(self, batch: Batch, channel: str, now_ms: int, *, delivered: bool = False) -> None:
        """The channel took it: this is our record of it; `delivered`: it is with the person already."""
        delivered_ms = now_ms if delivered else None
        self._end(batch, status=Status.TOLD.value, ended_ms=now_ms, detail=channel, delivered_ms=delivered_ms)
        self._last_told[batch.person] = now_ms

    def failed(
        self, batch: Batch, error: str, now_ms: int, *, channels: int, refused: bool, in_doubt: bool, wait_s: float
    ) -> bool:
        """The channel did not take it: again later, or by the next one. True if for now no channel is left.

        Args:
            batch: What was not told.
            error: Why, for the record.
            now_ms: Now.
            channels: How many channels the person has.
            refused: It will never take it.
            in_doubt: It may have taken it all the same: then the key stays, and the message is marked as a repeat.
            wait_s: How long the channel asked us to wait, 0 if it did not.
        """
        then = next_try(
            self._config,
            attempts=batch.attempts,
            channel=batch.channel,
            channels=channels,
            urgent=batch.is_urgent,
            refused=refused,
            wait_s=wait_s,
            age_ms=now_ms - batch.queued_ms,
        )
        if then.gives_up:
            self._end(batch, status=Status.FAILED.value, ended_ms=now_ms, detail=error[:500])
            return True
        tired = then.rests or batch.tired
        self._end(
            batch,
            status=(Status.RESTING if tired else Status.WAITING).value,
            not_before_ms=now_ms + then.wait_ms,
            channel=then.channel,
            attempts=then.attempts,
            batch=batch.key if in_doubt or batch.repeat else None,
            detail=error[:500],
        )
        return then.rests and not batch.tired

    def counts(self) -> dict[str, int]:
        """How many wait and are under way."""
        with self._state.read() as connection:
            rows = connection.execute(
                select(table.c.status, func.count().label("n"))
                .where(table.c.status.in_(_NOT_YET))
                .group_by(table.c.status)
            )
            return {row.status: row.n for row in rows}

    def _ripe(self, connection: Connection, rows: Sequence[Any], now_ms: int) -> list[Batch]:
        ripe = [row for row in rows if row.not_before_ms <= now_ms]
        if not ripe:
            return []
        first = ripe[0]
        fresh = first.batch is None and not first.attempts and first.status == Status.WAITING.value
        if fresh and first.tell == Tell.RISE.value:
            # Whoever is told now is told all that waits for them, ripe or not.
            ripe = list(rows)
        if first.batch is not None:
            return [_batch(ripe, key=first.batch)]
        if Severity(first.severity) in (Severity.INFO, Severity.WARNING) and not self._may_speak(
            connection, first.person, now_ms
        ):
            return []
        return [_batch(ripe[at : at + BATCH_NOTICES]) for at in range(0, len(ripe), BATCH_NOTICES)]

    def _may_speak(self, connection: Connection, person: str, now_ms: int) -> bool:
        if person not in self._last_told:
            told = select(func.max(table.c.ended_ms)).where(
                table.c.person == person, table.c.status == Status.TOLD.value
            )
            self._last_told[person] = connection.execute(told).scalar() or 0
        since_ms = now_ms - self._last_told[person]
        # A clock that was set back must not silence anybody.
        return since_ms < 0 or since_ms >= round(self._config.group_interval_s * 1000)

    def _end(self, ended: Batch, **values: object) -> None:
        with self._state.write() as connection:
            connection.execute(update(table).where(table.c.id.in_(ended.ids)).values(**values))


def rows_of_batch(connection: Connection, key: str, person: str) -> list[int]:
    """The alarms that a message told of."""
    rows = connection.execute(
        select(table.c.alarm_id).where(table.c.batch == key, table.c.person == person).order_by(table.c.id)
    )
    return list(dict.fromkeys(row.alarm_id for row in rows))


def told_of(connection: Connection, alarm_id: int) -> list[Mapping[str, Any]]:
    """Everything about one alarm that was or is to be told, oldest first."""
    wanted = select(table).where(table.c.alarm_id == alarm_id).order_by(table.c.id)
    return [dict(row._mapping) for row in connection.execute(wanted)]


def told_to(
    connection: Connection, person: str, *, before: int | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """What one person was or is to be told, the newest first, with ids below `before`."""
    wanted = select(table).where(table.c.person == person).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    return [dict(row._mapping) for row in connection.execute(wanted)]


def mark_delivered(connection: Connection, batch: str, person: str, now_ms: int) -> int:
    """The channel says that a message reached the person; returns of how many notices that is news."""
    return _mark(connection, batch, person, delivered_ms=now_ms)


def mark_read(connection: Connection, batch: str, person: str, now_ms: int) -> int:
    """The person opened or answered a message; returns of how many notices that is news."""
    return _mark(connection, batch, person, read_ms=now_ms)


def _mark(connection: Connection, batch: str, person: str, **values: int) -> int:
    (name,) = values
    found = connection.execute(
        update(table).where(table.c.batch == batch, table.c.person == person, table.c[name].is_(None)).values(**values)
    )
    return int(found.rowcount)


class Stage(StrEnum):
    """How far a notice came, as people are shown it."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"


def stage_of(row: Mapping[str, Any]) -> Stage:
    """How far the notice of a row came: of sent, delivered and read the last that is known."""
    if row["read_ms"] is not None:
        return Stage.READ
    if row["delivered_ms"] is not None:
        return Stage.DELIVERED
    known = {Status.TOLD: Stage.SENT, Status.FAILED: Stage.FAILED, Status.CANCELLED: Stage.CANCELLED}
    return known.get(Status(row["status"]), Stage.WAITING)


def _group(row: Any) -> tuple[Any, ...]:
    if row.batch is not None:
        return (row.batch, row.person)
    urgent = row.severity == Severity.EMERGENCY.value
    tired = row.status == Status.RESTING.value
    return (row.person, row.channel, row.tell, row.alarm_id if urgent else 0, row.attempts > 0, tired)


def _batch(rows: Sequence[Any], key: str | None = None) -> Batch:
    first = rows[0]
    words = "|".join([first.person, *sorted(row.key for row in rows)])
    return Batch(
        key=key or hashlib.sha256(words.encode("ascii")).hexdigest(),
        person=first.person,
        tell=Tell(first.tell),
        severity=min((Severity(row.severity) for row in rows), key=_RANK.__getitem__),
        repeat=key is not None,
        ids=tuple(row.id for row in rows),
        alarms=tuple(dict.fromkeys(row.alarm_id for row in rows)),
        channel=first.channel,
        attempts=first.attempts,
        queued_ms=min(row.queued_ms for row in rows),
        tired=first.status == Status.RESTING.value,
    )
