"""The life of one alarm after ISA-18.2 and IEC 62682: a pure state machine.

State and `now` in, new state and a named reason out.

```
                 raise                        acknowledge
   normal ──────────────→ unacknowledged ──────────────────→ acknowledged
     ↑                      │    ↑                                │
     │               return │    │ raise again                    │ return
     │ acknowledge          ↓    │                                ↓
     └──────────── returned-unacknowledged                      normal

   any ─→ shelved, suppressed by design, out of service ─→ back by itself: told while it lasts, else normal
```

An alarm that somebody's call for help raised passes through every silence. An alarm that was put on a shelf, or rose in
a silence, stays one alarm however often it comes and goes there.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from gateway.alerts.rules import Place
from gateway.alerts.words import Reason, Severity, State, Tell, When


class Key(NamedTuple):
    """What an alarm is about: while one is open, the same cause raises no other.

    `pair` is empty but for a missed call, of which each is an alarm of its own.
    """

    rule: str
    region: str
    site: str
    point: str
    quantity: str
    pair: str = ""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody put the alarm aside."""

    by: str
    reason: str
    until_ms: int


class SilenceKind(StrEnum):
    """Why an alarm is held back by design."""

    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window, a graver cause, or something out of service holds the alarm back."""

    kind: SilenceKind
    why: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm from its rise to its end. Times are Unix milliseconds.

    Attributes:
        id: 0 until it is kept.
        key: What it is about.
        place: Where.
        when: What its rule watches.
        severity: How grave.
        since_ms: Since when things are as they are; for a call, when it was pressed.
        raised_ms: When the alarm rose.
        changed_ms: Its last change; strictly rising.
        active: What it tells of lasts.
        acknowledged_by: Who has it, "" as long as nobody.
        acknowledged_ms: Since when.
        returned_ms: When it was over.
        closed_ms: When it ended.
        shelf: Put aside.
        silence: Held back by design.
        value: The value that raised it, or the state's number where there is one.
        limit: The limit it broke.
        detail: The facility's state and reason, or what is dark, for people.
        simulated: A simulated sensor told it.
        occurrence: Counts what people are told of it as a rise: a second one after they were told it was over.
        asked_ms: Since when an answer is awaited; the deadlines of escalation count from here.
        step: The next step of escalation.
        due_ms: When that is told; None: there is no other step.
        paused_ms: Since when nobody is asked because it is over or held back.
        missed: It was over before it was first heard.
    """

    id: int = 0
    key: Key
    place: Place
    when: When
    severity: Severity
    since_ms: int
    raised_ms: int
    changed_ms: int
    active: bool = True
    acknowledged_by: str = ""
    acknowledged_ms: int | None = None
    returned_ms: int | None = None
    closed_ms: int | None = None
    shelf: Shelf | None = None
    silence: Silence | None = None
    value: float | None = None
    limit: float | None = None
    detail: str = ""
    simulated: bool = False
    occurrence: int = 1
    asked_ms: int = 0
    step: int = 0
    due_ms: int | None = None
    paused_ms: int | None = None
    missed: bool = False

    @property
    def is_emergency(self) -> bool:
        """True if no silence may hold it back."""
        return self.when is When.CALL

    @property
    def is_open(self) -> bool:
        """True until it ends."""
        return self.closed_ms is None

    @property
    def is_silent(self) -> bool:
        """True while nobody is told of it."""
        return self.shelf is not None or self.silence is not None

    @property
    def state(self) -> State:
        """Where it stands."""
        if not self.is_open:
            return State.NORMAL
        if self.shelf is not None:
            return State.SHELVED
        if self.silence is not None:
            return State(self.silence.kind.value)
        if self.acknowledged_by:
            return State.ACKNOWLEDGED
        return State.UNACKNOWLEDGED if self.active else State.RETURNED


class Step(NamedTuple):
    """What came of an event: the alarm as it is now, why, and what people are to be told."""

    alarm: Alarm
    reason: Reason
    tell: Tell | None = None

    @property
    def changed(self) -> bool:
        """False if nothing came of it."""
        return self.reason not in UNCHANGED


UNCHANGED = frozenset(
    {
        Reason.NOTHING_CHANGES,
        Reason.ALREADY_ACKNOWLEDGED,
        Reason.IS_CLOSED,
        Reason.EMERGENCIES_ARE_NOT_SILENCED,
    }
)


def rise(alarm: Alarm, now_ms: int, silence: Silence | None) -> Step:
    """A new alarm, which asks for an answer at once; in a silence it is listed and asks nobody."""
    alarm = msgspec.structs.replace(alarm, raised_ms=now_ms, changed_ms=now_ms)
    if alarm.missed:
        alarm = msgspec.structs.replace(alarm, active=False, returned_ms=now_ms)
        return Step(alarm, Reason.MISSED_CALL, Tell.MISSED)
    if silence is not None and not alarm.is_emergency:
        return Step(msgspec.structs.replace(alarm, silence=silence), Reason.RAISED_IN_SILENCE)
    return Step(_asking(alarm, now_ms), Reason.RAISED)


def rise_again(alarm: Alarm, now_ms: int, since_ms: int, *, told_it_is_over: bool) -> Step:
    """It rises while it is open: again after it was over, or a call pressed anew.

    Args:
        alarm: As it is.
        now_ms: Now.
        since_ms: Since when it lasts this time.
        told_it_is_over: People heard that it was over, so they must hear that it is not.
    """
    was_answered = bool(alarm.acknowledged_by)
    if not alarm.is_open or (alarm.active and not (alarm.when is When.CALL and was_answered)):
        return Step(alarm, Reason.NOTHING_CHANGES)
    new = _changed(alarm, now_ms, active=True, returned_ms=None, since_ms=since_ms)
    if alarm.is_silent:
        on_shelf = alarm.shelf is not None
        return Step(new, Reason.RAISED_ON_THE_SHELF if on_shelf else Reason.RAISED_IN_SILENCE)
    if was_answered or told_it_is_over:
        return Step(_asking_anew(new, now_ms), Reason.CALLED_AGAIN if was_answered else Reason.RAISED_AGAIN)
    return Step(_resumed(new, now_ms), Reason.RAISED_AGAIN)


def renewed(alarm: Alarm, news: Alarm) -> Alarm:
    """What the cause tells now, in place of what it told when the alarm first rose."""
    return msgspec.structs.replace(
        alarm, value=news.value, limit=news.limit, detail=news.detail, simulated=news.simulated
    )


def come_back(alarm: Alarm, now_ms: int) -> Step:
    """What it tells of is over."""
    if not alarm.active or not alarm.is_open:
        return Step(alarm, Reason.NOTHING_CHANGES)
    new = _paused(_changed(alarm, now_ms, active=False, returned_ms=now_ms), now_ms)
    if alarm.is_silent:
        return Step(new, Reason.RETURNED_IN_SILENCE)
    if alarm.acknowledged_by:
        return Step(msgspec.structs.replace(new, closed_ms=new.changed_ms), Reason.CLOSED, Tell.CLEAR)
    return Step(new, Reason.RETURNED, Tell.CLEAR)


def acknowledge(alarm: Alarm, now_ms: int, by: str) -> Step:
    """Somebody has it. An alarm that is over ends with it; one on a shelf stays there."""
    if not alarm.is_open:
        return Step(alarm, Reason.IS_CLOSED)
    if alarm.acknowledged_by:
        return Step(alarm, Reason.ALREADY_ACKNOWLEDGED)
    new = _changed(alarm, now_ms, acknowledged_by=by, acknowledged_ms=now_ms, due_ms=None)
    if not alarm.active and not alarm.is_silent:
        return Step(msgspec.structs.replace(new, closed_ms=new.changed_ms), Reason.CLOSED)
    return Step(new, Reason.ACKNOWLEDGED, Tell.TAKEN)


def shelve(alarm: Alarm, now_ms: int, shelf: Shelf) -> Step:
    """Put it aside until a time; it comes back by itself."""
    if not alarm.is_open:
        return Step(alarm, Reason.IS_CLOSED)
    if alarm.is_emergency:
        return Step(alarm, Reason.EMERGENCIES_ARE_NOT_SILENCED)
    return Step(_paused(_changed(alarm, now_ms, shelf=shelf), now_ms), Reason.SHELVED)


def unshelve(alarm: Alarm, now_ms: int, silence: Silence | None) -> Step:
    """Take it back before its time; while it lasts it is told anew, unless something else holds it back."""
    if not alarm.is_open:
        return Step(alarm, Reason.IS_CLOSED)
    if alarm.shelf is None:
        return Step(alarm, Reason.NOTHING_CHANGES)
    return _off_the_shelf(_changed(alarm, now_ms, shelf=None, silence=silence), now_ms)


def pass_time(alarm: Alarm, now_ms: int, silence: Silence | None, *, returned_keep_ms: int) -> Step:
    """Time passes: shelves end, silences begin and end, what is long over ends."""
    if not alarm.is_open:
        return Step(alarm, Reason.NOTHING_CHANGES)
    if alarm.shelf is not None:
        if now_ms < alarm.shelf.until_ms:
            return Step(alarm, Reason.NOTHING_CHANGES)
        return _off_the_shelf(_changed(alarm, now_ms, shelf=None, silence=silence), now_ms)
    if silence != alarm.silence and not alarm.is_emergency:
        if silence is not None:
            out = silence.kind is SilenceKind.OUT_OF_SERVICE
            reason = Reason.TAKEN_OUT_OF_SERVICE if out else Reason.SUPPRESSED
            return Step(_paused(_changed(alarm, now_ms, silence=silence), now_ms), reason)
        return _released(_changed(alarm, now_ms, silence=None), now_ms)
    is_grave = alarm.is_emergency or alarm.severity in (Severity.CRITICAL, Severity.EMERGENCY)
    if not is_grave and alarm.returned_ms is not None and now_ms - alarm.returned_ms >= returned_keep_ms:
        new = _changed(alarm, now_ms)
        return Step(msgspec.structs.replace(new, closed_ms=new.changed_ms, due_ms=None), Reason.EXPIRED)
    return Step(alarm, Reason.NOTHING_CHANGES)


def escalate(alarm: Alarm, now_ms: int, waits_ms: tuple[int, ...]) -> Step:
    """An answer is due: the next step is told; after the last one there is no other.

    Args:
        alarm: As it is; `step` of the answer is one more, so that the step to be told is `step - 1`.
        now_ms: Now.
        waits_ms: When each step is due after the alarm began to ask, rising.
    """
    if alarm.due_ms is None or now_ms < alarm.due_ms or alarm.state is not State.UNACKNOWLEDGED:
        return Step(alarm, Reason.NOTHING_CHANGES)
    if alarm.step >= len(waits_ms):
        return Step(msgspec.structs.replace(alarm, due_ms=None), Reason.NOTHING_CHANGES)
    step = alarm.step + 1
    due_ms = alarm.asked_ms + waits_ms[step] if step < len(waits_ms) else None
    return Step(_changed(alarm, now_ms, step=step, due_ms=due_ms), Reason.ESCALATED, Tell.RISE)


def postpone(alarm: Alarm, until_ms: int) -> Alarm:
    """People are told only from that time on; all later deadlines move with it. Not a change of state."""
    if alarm.due_ms is None or alarm.due_ms >= until_ms:
        return alarm
    asked_ms = alarm.asked_ms + until_ms - alarm.due_ms
    return msgspec.structs.replace(alarm, asked_ms=asked_ms, due_ms=until_ms)


def hurry(alarm: Alarm, now_ms: int) -> Alarm:
    """Nobody of the last step can be reached: the next one is due at once, the later ones after it."""
    if alarm.due_ms is None or alarm.due_ms <= now_ms:
        return alarm
    asked_ms = alarm.asked_ms - (alarm.due_ms - now_ms)
    return msgspec.structs.replace(alarm, asked_ms=asked_ms, due_ms=now_ms)


def close(alarm: Alarm, now_ms: int) -> Step:
    """What it is about is gone for good: a point or an agent taken away, a rule taken out."""
    if not alarm.is_open:
        return Step(alarm, Reason.IS_CLOSED)
    tell = Tell.CLEAR if alarm.active and not alarm.is_silent else None
    new = _changed(alarm, now_ms, active=False, due_ms=None)
    return Step(msgspec.structs.replace(new, closed_ms=new.changed_ms), Reason.GONE, tell)


def _off_the_shelf(alarm: Alarm, now_ms: int) -> Step:
    """Still held by a silence, over, or told anew: whoever had it put it aside."""
    if alarm.silence is not None:
        return Step(alarm, Reason.SHELF_ENDED)
    if not alarm.active:
        return Step(msgspec.structs.replace(alarm, closed_ms=alarm.changed_ms, due_ms=None), Reason.SHELF_ENDED)
    return Step(_asking_anew(alarm, now_ms), Reason.SHELF_ENDED)


def _released(alarm: Alarm, now_ms: int) -> Step:
    """Over, somebody's, told for the first time, or told on where it was interrupted."""
    if not alarm.active:
        return Step(msgspec.structs.replace(alarm, closed_ms=alarm.changed_ms, due_ms=None), Reason.RELEASED)
    if alarm.acknowledged_by:
        return Step(alarm, Reason.RELEASED)
    return Step(_resumed(alarm, now_ms) if alarm.step else _asking(alarm, now_ms), Reason.RELEASED)


def _asking(alarm: Alarm, now_ms: int) -> Alarm:
    """From now on an answer is awaited; the first step is told by the escalation that is due at once."""
    return msgspec.structs.replace(alarm, asked_ms=now_ms, step=0, due_ms=now_ms, paused_ms=None)


def _asking_anew(alarm: Alarm, now_ms: int) -> Alarm:
    new = msgspec.structs.replace(
        alarm, acknowledged_by="", acknowledged_ms=None, occurrence=alarm.occurrence + 1, returned_ms=None
    )
    return _asking(new, now_ms)


def _paused(alarm: Alarm, now_ms: int) -> Alarm:
    return alarm if alarm.paused_ms is not None else msgspec.structs.replace(alarm, paused_ms=now_ms)


def _resumed(alarm: Alarm, now_ms: int) -> Alarm:
    """The steps told so far stay told, and the deadlines move by the pause."""
    pause_ms = max(0, now_ms - (now_ms if alarm.paused_ms is None else alarm.paused_ms))
    due_ms = None if alarm.due_ms is None else alarm.due_ms + pause_ms
    return msgspec.structs.replace(alarm, asked_ms=alarm.asked_ms + pause_ms, due_ms=due_ms, paused_ms=None)


def _changed(alarm: Alarm, now_ms: int, **fields: object) -> Alarm:
    # Strictly rising, so that each change is a point of its own in the store, whatever the clock does.
    return msgspec.structs.replace(alarm, changed_ms=max(now_ms, alarm.changed_ms + 1), **fields)
