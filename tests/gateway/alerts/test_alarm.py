"""The life of an alarm: every transition on a time line, and what no order of events may bring about."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts import alarm as life
from gateway.alerts.alarm import Alarm, Key, Shelf, Silence, SilenceKind, Step
from gateway.alerts.rules import Place
from gateway.alerts.words import Reason, Severity, State, Tell, When

MINUTE = 60_000
DAY = 1_440 * MINUTE
WAITS = (0, 5 * MINUTE, 15 * MINUTE)
WINDOW = Silence(kind=SilenceKind.SUPPRESSED, why="renovation")
OUT = Silence(kind=SilenceKind.OUT_OF_SERVICE, why="taken down")


def fresh(when: When = When.THRESHOLD, severity: Severity = Severity.WARNING, **more: Any) -> Alarm:
    return Alarm(
        key=Key("r", "north", "b001", "hall-air", "co2_ppm"),
        place=Place("north", "b001", "hall", "hall-air", "air"),
        when=when,
        severity=severity,
        since_ms=0,
        raised_ms=0,
        changed_ms=0,
        **more,
    )


def risen(when: When = When.THRESHOLD, severity: Severity = Severity.WARNING) -> Alarm:
    """Raised at minute 0, and its first step told."""
    step = life.rise(fresh(when, severity), 0, None)
    told = life.escalate(step.alarm, 0, WAITS)
    assert (step.reason, told.reason, told.tell, told.alarm.step) == (Reason.RAISED, Reason.ESCALATED, Tell.RISE, 1)
    return told.alarm


def at(minute: float) -> int:
    return round(minute * MINUTE)


def passed(alarm: Alarm, minute: float, silence: Silence | None = None) -> Step:
    return life.pass_time(alarm, at(minute), silence, returned_keep_ms=DAY)


def shelved(alarm: Alarm, minute: float, until: float) -> Step:
    return life.shelve(alarm, at(minute), Shelf(by="li", reason="known", until_ms=at(until)))


def test_raised_acknowledged_over() -> None:
    alarm = risen()
    assert alarm.state is State.UNACKNOWLEDGED
    step = life.acknowledge(alarm, at(2), "li")
    assert (step.reason, step.tell, step.alarm.state) == (Reason.ACKNOWLEDGED, Tell.TAKEN, State.ACKNOWLEDGED)
    assert life.escalate(step.alarm, at(60), WAITS).reason is Reason.NOTHING_CHANGES
    step = life.come_back(step.alarm, at(9))
    assert (step.reason, step.tell, step.alarm.state) == (Reason.CLOSED, Tell.CLEAR, State.NORMAL)


def test_a_second_answer_and_one_after_the_end_change_nothing() -> None:
    had = life.acknowledge(risen(), at(2), "li").alarm
    step = life.acknowledge(had, at(3), "wang")
    assert (step.reason, step.changed, step.alarm) == (Reason.ALREADY_ACKNOWLEDGED, False, had)
    ended = life.come_back(had, at(9)).alarm
    for step in (life.acknowledge(ended, at(10), "li"), shelved(ended, 10, 20), life.close(ended, at(10))):
        assert (step.reason, step.changed, step.alarm) == (Reason.IS_CLOSED, False, ended)


def test_over_before_anybody_had_it() -> None:
    step = life.come_back(risen(), at(2))
    assert (step.reason, step.tell, step.alarm.state) == (Reason.RETURNED, Tell.CLEAR, State.RETURNED)
    assert life.escalate(step.alarm, at(60), WAITS).reason is Reason.NOTHING_CHANGES
    step = life.acknowledge(step.alarm, at(3), "li")
    assert (step.reason, step.tell, step.alarm.state) == (Reason.CLOSED, None, State.NORMAL)


def test_what_is_over_and_nobodys_ends_by_itself_but_grave_ones_do_not() -> None:
    for severity, reason in ((Severity.WARNING, Reason.EXPIRED), (Severity.CRITICAL, Reason.NOTHING_CHANGES)):
        over = life.come_back(risen(severity=severity), at(2)).alarm
        assert passed(over, 2 + 1_439).reason is Reason.NOTHING_CHANGES
        assert passed(over, 2 + 1_440).reason is reason


def test_steps_are_told_at_their_deadlines_to_the_last() -> None:
    alarm, told = risen(), []
    for minute in range(60):
        step = life.escalate(alarm, at(minute), WAITS)
        if step.tell is not None:
            told.append((minute, step.alarm.step))
        alarm = step.alarm
    assert told == [(5, 2), (15, 3)]
    assert alarm.due_ms is None
    assert alarm.state is State.UNACKNOWLEDGED


def test_rising_again_goes_on_where_it_was_told_to_be_going() -> None:
    """Nobody heard of the pause: three of the five minutes were left."""
    over = life.come_back(risen(), at(2)).alarm
    step = life.rise_again(over, at(10), at(9), told_it_is_over=False)
    assert (step.reason, step.tell, step.alarm.occurrence) == (Reason.RAISED_AGAIN, None, 1)
    assert (step.alarm.step, step.alarm.due_ms, step.alarm.state) == (1, at(13), State.UNACKNOWLEDGED)


def test_rising_again_after_people_heard_it_was_over_is_told_anew() -> None:
    over = life.come_back(risen(), at(2)).alarm
    step = life.rise_again(over, at(10), at(9), told_it_is_over=True)
    assert (step.reason, step.alarm.occurrence, step.alarm.step, step.alarm.due_ms) == (
        Reason.RAISED_AGAIN,
        2,
        0,
        at(10),
    )


def test_rising_while_it_lasts_is_nothing_but_a_call_that_is_pressed_again() -> None:
    """A call that somebody has and that is pressed again asks again."""
    assert not life.rise_again(risen(), at(1), at(1), told_it_is_over=False).changed
    taken = life.acknowledge(risen(), at(1), "li").alarm
    assert not life.rise_again(taken, at(2), at(2), told_it_is_over=False).changed
    call = life.acknowledge(risen(When.CALL, Severity.EMERGENCY), at(1), "li").alarm
    step = life.rise_again(call, at(2), at(2), told_it_is_over=False)
    assert (step.reason, step.alarm.state, step.alarm.occurrence) == (Reason.CALLED_AGAIN, State.UNACKNOWLEDGED, 2)


def test_a_shelf_ends_by_itself_and_is_told_anew_while_it_lasts() -> None:
    step = shelved(risen(), 2, 30)
    assert (step.reason, step.alarm.state) == (Reason.SHELVED, State.SHELVED)
    assert life.escalate(step.alarm, at(20), WAITS).reason is Reason.NOTHING_CHANGES
    assert passed(step.alarm, 29.9).reason is Reason.NOTHING_CHANGES
    back = passed(step.alarm, 30)
    assert (back.reason, back.alarm.state, back.alarm.occurrence) == (Reason.SHELF_ENDED, State.UNACKNOWLEDGED, 2)
    assert back.alarm.due_ms == at(30)


def test_a_shelf_is_ended_before_its_time() -> None:
    alarm = shelved(risen(), 2, 30).alarm
    back = life.unshelve(alarm, at(5), None)
    assert (back.reason, back.alarm.state, back.alarm.due_ms) == (Reason.SHELF_ENDED, State.UNACKNOWLEDGED, at(5))
    assert life.unshelve(back.alarm, at(6), None).reason is Reason.NOTHING_CHANGES
    held = life.unshelve(alarm, at(5), WINDOW)
    assert (held.alarm.state, held.tell) == (State.SUPPRESSED, None)
    over = life.unshelve(life.come_back(alarm, at(4)).alarm, at(5), None).alarm
    assert over.state is State.NORMAL
    assert life.unshelve(over, at(6), None).reason is Reason.IS_CLOSED


def test_on_the_shelf_it_may_come_and_go_and_stays_one_alarm() -> None:
    alarm = shelved(risen(), 2, 30).alarm
    step = life.come_back(alarm, at(5))
    assert (step.reason, step.tell, step.alarm.state) == (Reason.RETURNED_IN_SILENCE, None, State.SHELVED)
    step = life.rise_again(step.alarm, at(6), at(6), told_it_is_over=True)
    assert (step.reason, step.tell, step.alarm.state) == (Reason.RAISED_ON_THE_SHELF, None, State.SHELVED)
    gone = life.come_back(step.alarm, at(7)).alarm
    assert passed(gone, 30).alarm.state is State.NORMAL


def test_a_shelf_that_ends_in_a_window_stays_held_back() -> None:
    step = passed(shelved(risen(), 2, 30).alarm, 30, WINDOW)
    assert (step.reason, step.alarm.state, step.tell) == (Reason.SHELF_ENDED, State.SUPPRESSED, None)


def test_what_rises_in_a_window_is_listed_and_told_when_it_ends() -> None:
    step = life.rise(fresh(), 0, WINDOW)
    assert (step.reason, step.alarm.state, step.alarm.due_ms) == (Reason.RAISED_IN_SILENCE, State.SUPPRESSED, None)
    back = passed(step.alarm, 30)
    assert (back.reason, back.alarm.state, back.alarm.due_ms) == (Reason.RELEASED, State.UNACKNOWLEDGED, at(30))
    over = life.come_back(step.alarm, at(3)).alarm
    assert passed(over, 30).alarm.state is State.NORMAL


def test_a_silence_interrupts_and_goes_on_where_it_was() -> None:
    for silence, reason, state in (
        (WINDOW, Reason.SUPPRESSED, State.SUPPRESSED),
        (OUT, Reason.TAKEN_OUT_OF_SERVICE, State.OUT_OF_SERVICE),
    ):
        step = passed(risen(), 2, silence)
        assert (step.reason, step.alarm.state) == (reason, state)
        assert passed(step.alarm, 3, silence).reason is Reason.NOTHING_CHANGES
        back = passed(step.alarm, 10)
        assert (back.reason, back.alarm.step, back.alarm.due_ms, back.alarm.occurrence) == (
            Reason.RELEASED,
            1,
            at(13),
            1,
        )


def test_one_that_somebody_has_stays_his_through_a_silence() -> None:
    taken = life.acknowledge(risen(), at(1), "li").alarm
    back = passed(passed(taken, 2, WINDOW).alarm, 10)
    assert (back.reason, back.alarm.state) == (Reason.RELEASED, State.ACKNOWLEDGED)


def test_a_call_passes_through_every_silence() -> None:
    step = life.rise(fresh(When.CALL, Severity.EMERGENCY), 0, WINDOW)
    assert (step.reason, step.alarm.state) == (Reason.RAISED, State.UNACKNOWLEDGED)
    assert passed(step.alarm, 1, WINDOW).reason is Reason.NOTHING_CHANGES
    assert shelved(step.alarm, 1, 2).reason is Reason.EMERGENCIES_ARE_NOT_SILENCED


def test_a_missed_call_is_told_once_and_awaits_somebody() -> None:
    step = life.rise(fresh(When.CALL, Severity.EMERGENCY, missed=True), at(5), None)
    assert (step.reason, step.tell, step.alarm.state) == (Reason.MISSED_CALL, Tell.MISSED, State.RETURNED)
    assert life.escalate(step.alarm, at(60), WAITS).reason is Reason.NOTHING_CHANGES


def test_what_is_gone_ends() -> None:
    step = life.close(risen(), at(1))
    assert (step.reason, step.tell, step.alarm.state) == (Reason.GONE, Tell.CLEAR, State.NORMAL)
    for again in (
        life.close(step.alarm, at(2)),
        life.acknowledge(step.alarm, at(2), "li"),
        shelved(step.alarm, 2, 9),
    ):
        assert again.reason is Reason.IS_CLOSED


def test_the_night_moves_all_deadlines() -> None:
    alarm = life.postpone(life.rise(fresh(), 0, None).alarm, at(600))
    assert life.escalate(alarm, at(599), WAITS).reason is Reason.NOTHING_CHANGES
    told = life.escalate(alarm, at(600), WAITS).alarm
    assert (told.step, told.due_ms) == (1, at(605))


def test_a_dead_channel_brings_the_next_step_forward() -> None:
    alarm = life.hurry(risen(), at(1))
    told = life.escalate(alarm, at(1), WAITS)
    assert (told.tell, told.alarm.step, told.alarm.due_ms) == (Tell.RISE, 2, at(11))
    assert life.hurry(told.alarm, at(20)) is told.alarm


EVENTS = ("again", "over", "acknowledge", "shelve", "unshelve", "window", "no-window", "pass")


@pytest.mark.parametrize("when", [When.THRESHOLD, When.CALL])
@given(events=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(EVENTS), st.booleans()), max_size=40))
def test_no_order_of_events_breaks_it(when: When, events: list[tuple[int, str, bool]]) -> None:
    """Changes have times of their own; nobody is told in a silence; an alarm that asks always has its next step."""
    alarm, now = risen(when, Severity.CRITICAL), 0
    told_steps: dict[int, list[int]] = {alarm.occurrence: [1]}
    for minutes, event, flag in events:
        now += minutes
        before = alarm
        step = _happen(alarm, at(now), event, flag)
        assert step.changed or step.tell is None
        assert not step.changed or step.alarm.changed_ms > before.changed_ms
        alarm = step.alarm
        while (told := life.escalate(alarm, at(now), WAITS)).tell is not None:
            assert not told.alarm.is_silent
            assert told.alarm.active
            told_steps.setdefault(told.alarm.occurrence, []).append(told.alarm.step)
            alarm = told.alarm
        if not before.is_open:
            assert not step.changed
        if when is When.CALL:
            assert not alarm.is_silent
        assert msgspec.json.decode(msgspec.json.encode(alarm), type=Alarm) == alarm
    # No step is told twice of one occurrence, and none is left out.
    for steps in told_steps.values():
        assert steps == list(range(1, len(steps) + 1))
    if alarm.state is State.UNACKNOWLEDGED:
        while (told := life.escalate(alarm, alarm.due_ms or 0, WAITS)).tell is not None:
            alarm = told.alarm
        assert alarm.step == len(WAITS)


def _happen(alarm: Alarm, now_ms: int, event: str, flag: bool) -> Step:
    match event:
        case "again":
            return life.rise_again(alarm, now_ms, now_ms, told_it_is_over=flag)
        case "over":
            return life.come_back(alarm, now_ms)
        case "acknowledge":
            return life.acknowledge(alarm, now_ms, "li")
        case "shelve":
            return life.shelve(alarm, now_ms, Shelf(by="li", reason="x", until_ms=now_ms + 30 * MINUTE))
        case "unshelve":
            return life.unshelve(alarm, now_ms, WINDOW if flag else None)
        case "window":
            silence = OUT if flag else WINDOW
        case _:
            silence = None
    return life.pass_time(alarm, now_ms, silence, returned_keep_ms=DAY)
