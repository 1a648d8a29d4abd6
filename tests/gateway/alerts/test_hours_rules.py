"""Rules that count only at times: a branch that is not open when it should be, and limits while people are there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alerts.conditions import Condition, Edge, Timing, observe_while
from gateway.alerts.words import State
from tests.gateway.alerts.desk import CO2, Desk

HOURS = "Mo-Fr 09:00-12:00,13:00-17:00"
SHUTTER = {"name": "not-open", "severity": "critical", "when": "opening-hours", "kind": "shutter", "for_s": 900}
COLD = {**CO2, "name": "stuffy", "for_s": 600, "recover_for_s": 0, "during": "open"}


def shanghai(text: str) -> float:
    return datetime.fromisoformat(f"{text}+08:00").timestamp()


def desk_at(text: str, rules: list[dict[str, Any]], **alerts: Any) -> Desk:
    return Desk(rules, start_s=shanghai(text), hours=HOURS, holidays="", **alerts)


def shut(desk: Desk, state: str) -> None:
    desk.state(state, kind="shutter", point="shutter")
    desk.settle()


def local(desk: Desk) -> str:
    return desk.engine._book.routing.opening("b001").local(desk.now_ms).strftime("%a %H:%M")


def test_a_branch_that_stays_shut_alarms_a_quarter_of_an_hour_after_it_should_have_opened() -> None:
    desk = desk_at("2026-11-23 20:00", [SHUTTER])  # a Monday evening
    shut(desk, "closed")
    desk.pass_time(13 * 3_600, step_s=600)
    desk.pass_time(14 * 60, step_s=60)
    assert (local(desk), desk.open) == ("Tue 09:14", [])
    desk.pass_time(60, step_s=60)
    assert (local(desk), desk.states) == ("Tue 09:15", [State.UNACKNOWLEDGED])
    assert desk.alarm.since_ms == round(shanghai("2026-11-24 09:00") * 1000)
    assert desk.heard()[0][1:] == ("resp", "rise")
    shut(desk, "open")
    assert desk.states == [State.RETURNED]


def test_it_is_over_when_the_branch_may_be_shut_and_rises_again_after_the_pause() -> None:
    desk = desk_at("2026-11-24 09:00", [SHUTTER])
    shut(desk, "closed")
    desk.pass_time(16 * 60, step_s=60)
    desk.acknowledge()
    desk.pass_time(3 * 3_600 - 16 * 60, step_s=300)
    assert (local(desk), desk.open) == ("Tue 12:00", [])
    desk.pass_time(3_600 + 14 * 60, step_s=120)
    assert desk.open == []
    desk.pass_time(60, step_s=60)
    assert (local(desk), desk.states) == ("Tue 13:15", [State.UNACKNOWLEDGED])


def test_a_restart_in_the_morning_does_not_count_the_night(tmp_path: Path) -> None:
    desk = desk_at("2026-11-23 20:00", [SHUTTER])
    desk.url = f"sqlite:///{tmp_path / 's'}"
    desk.start(reopen=True)
    shut(desk, "closed")
    desk.clock.advance(13 * 3_600 + 60)
    desk.start(reopen=True)
    desk.settle()
    assert (local(desk), desk.open) == ("Tue 09:01", [])
    desk.pass_time(14 * 60, step_s=60)
    assert desk.states == [State.UNACKNOWLEDGED]
    desk.database.close()


@pytest.mark.parametrize(
    ("day", "settings_", "alarms"),
    [
        ("2026-11-28", {}, 0),  # a Saturday
        ("2026-11-24", {"closed_on": ["2026-11-24"]}, 0),
        ("2026-11-28", {"open_on": ["2026-11-28"]}, 1),
        ("2026-11-24", {"hours": ""}, 0),  # whose hours nobody gave
    ],
)
def test_days_count_as_the_calendar_and_the_configuration_say(day: str, settings_: dict[str, Any], alarms: int) -> None:
    desk = Desk([SHUTTER], start_s=shanghai(f"{day} 08:00"), **{"hours": HOURS, "holidays": "", **settings_})
    shut(desk, "closed")
    desk.pass_time(2 * 3_600, step_s=300)
    assert len(desk.open) == alarms


def test_a_limit_that_counts_while_people_are_there_waits_from_the_opening_on() -> None:
    desk = desk_at("2026-11-24 08:30", [COLD])
    desk.breathe(1_200.0, 30)
    assert (local(desk), desk.open) == ("Tue 09:00", [])
    desk.breathe(1_200.0, 10)
    assert desk.open == []
    desk.air(1_200.0)
    assert desk.states == [State.UNACKNOWLEDGED]
    desk.acknowledge()
    for _ in range(17):
        desk.air(1_200.0)
        desk.pass_time(600, step_s=600)
    desk.air(1_200.0)
    assert (local(desk), desk.open) == ("Tue 12:00", [])


def test_a_silence_at_night_is_none_and_by_day_lasts_from_the_opening_on() -> None:
    silent = {"name": "silent", "severity": "warning", "when": "no-data", "for_s": 600, "during": "open"}
    desk = desk_at("2026-11-24 06:00", [silent])
    desk.online(["b001"])
    desk.pass_time(3 * 3_600 + 9 * 60, step_s=180)
    assert (local(desk), desk.open) == ("Tue 09:09", [])
    desk.pass_time(120, step_s=60)
    assert [alarm.key.rule for alarm in desk.open] == ["silent"]


TIMES = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 90)), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(words=TIMES, for_s=st.integers(0, 200))
def test_it_never_rises_before_it_counted_for_so_long(words: list[tuple[bool, bool, int]], for_s: int) -> None:
    """At a rise it has stood and counted for all of `for_s`; while the rule does not count it is over."""
    condition: Condition | None = None
    at = stood = counted = 0
    firing = False
    for stands, counts, wait in words:
        at += wait
        stood, counted = (stood if stands else at), (counted if counts else at)
        condition, edge = observe_while(
            condition, stands=stands, at_ms=at, timing=Timing(for_s, 0), counts_ms=counted if counts else None
        )
        if edge is Edge.RAISE:
            assert stands and counts and at - max(stood, counted) >= for_s
            assert not firing
        firing = (firing or edge is Edge.RAISE) and edge is not Edge.RETURN
        assert not (firing and not counts)


def test_since_when_a_branch_is_open_or_shut() -> None:
    opening = desk_at("2026-11-23 20:00", [SHUTTER]).engine._book.routing.opening("b001")

    def since(text: str) -> tuple[bool, str]:
        is_open, ms = opening.since_ms(round(shanghai(text) * 1000))
        return is_open, opening.local(ms).strftime("%a %H:%M")

    assert since("2026-11-24 10:00") == (True, "Tue 09:00")
    assert since("2026-11-24 12:30") == (False, "Tue 12:00")
    assert since("2026-11-24 08:59") == (False, "Mon 17:00")
    assert since("2026-11-29 10:00") == (False, "Fri 17:00")
    assert opening.local(0).tzinfo is not UTC
