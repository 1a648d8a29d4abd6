"""Hand-overs and windows that people plan: who is told instead, what is held back, and what cannot mean anything."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.alerts import plans as planning
from gateway.alerts.duties import Duty, duties
from gateway.alerts.errors import PlanRefused
from gateway.alerts.outbox import Stage, mark_read, stage_of, told_of, told_to
from gateway.alerts.plans import HandOver, Plans, Window
from gateway.alerts.routing import Routing
from gateway.alerts.words import State
from tests.gateway.alerts.desk import CALL, CO2, Desk

HOUR_MS = 3_600_000
NOW = {**CO2, "for_s": 0, "recover_for_s": 0}


def hand_over(desk: Desk, person: str = "resp", stands_in: str = "reg", *, after_h: float = 0, hours: float = 1) -> Any:
    begin = desk.now_ms + round(after_h * HOUR_MS)
    plan = HandOver(person=person, stands_in=stands_in, from_ms=begin, until_ms=begin + round(hours * HOUR_MS))
    return desk.plans.hand_over(plan, desk.now_ms)


def window(desk: Desk, *, after_h: float = 0, hours: float | None = 1, **words: Any) -> Window:
    begin = desk.now_ms + round(after_h * HOUR_MS)
    until = None if hours is None else begin + round(hours * HOUR_MS)
    given = {"site": "b001", "why": "painting", **words}
    return desk.plans.plan_window(Window(from_ms=begin, until_ms=until, **given), desk.now_ms)


def test_whoever_took_over_is_told_until_the_hand_over_ends() -> None:
    desk = Desk([CALL])
    hand_over(desk, after_h=1, hours=2)
    for expected in ("resp", "reg", "reg", "resp"):
        desk.told.clear()
        desk.state("called")
        desk.settle()
        assert desk.heard()[0][1:] == (expected, "rise"), desk.minutes
        desk.acknowledge()
        desk.state("cleared")
        desk.settle()
        desk.pass_time(3_600, step_s=600)


def test_a_hand_over_is_taken_back_and_survives_a_restart(tmp_path: Path) -> None:
    desk = Desk([CALL], url=f"sqlite:///{tmp_path / 's'}")
    plan = hand_over(desk)
    desk.start(reopen=True)
    assert [one.id for one in desk.plans.hand_overs] == [plan.id]
    ended = desk.plans.end_hand_over(plan.id, "resp", desk.now_ms + 1)
    assert ended is not None
    assert (ended.ended_ms, ended.ended_by) == (desk.now_ms + 1, "resp")
    assert desk.plans.hand_overs == ()
    again = desk.plans.end_hand_over(plan.id, "somebody", desk.now_ms + 5)
    assert again == ended
    assert desk.plans.end_hand_over(99, "resp", desk.now_ms) is None
    assert desk.plans.all_hand_overs(person="reg") == [ended]
    assert desk.plans.all_hand_overs(person="dep") == []
    desk.state("called")
    desk.settle()
    assert desk.heard()[0][1] == "resp"
    desk.database.close()


def test_hand_overs_chain_and_a_circle_ends_where_it_began() -> None:
    desk = Desk([CALL])
    hand_over(desk, "resp", "dep")
    hand_over(desk, "dep", "reg")
    routing = Routing(desk.config, desk.plans)
    today = date(2026, 9, 21)
    assert routing.present("resp", desk.now_ms, today) == "reg"
    hand_over(desk, "reg", "resp")
    assert routing.present("resp", desk.now_ms, today) == "resp"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"person": "nobody"}, "person: 'nobody' is nobody"),
        ({"stands_in": "resp"}, "same person"),
        ({"until_ms": 0}, "before from"),
        ({"from_ms": 0, "until_ms": 1}, "in the past"),
        ({"until_ms": 4_000_000_000_000}, "more than a year"),
    ],
)
def test_a_hand_over_that_cannot_be_is_refused_by_its_field(change: dict[str, Any], words: str) -> None:
    desk = Desk([CALL])
    plan = HandOver(person="resp", stands_in="dep", from_ms=desk.now_ms, until_ms=desk.now_ms + HOUR_MS)
    with pytest.raises(PlanRefused, match=words):
        desk.plans.hand_over(msgspec.structs.replace(plan, **change), desk.now_ms)
    assert desk.plans.all_hand_overs() == []


def test_a_planned_window_holds_back_and_tells_when_it_ends_but_calls_pass() -> None:
    desk = Desk([NOW, CALL])
    window(desk, after_h=1, hours=1)
    desk.pass_time(3_600, step_s=600)
    desk.air(1_200.0)
    desk.state("called")
    desk.settle()
    assert set(desk.states) == {State.SUPPRESSED, State.UNACKNOWLEDGED}
    assert {message.tell for *_rest, message in desk.told} == {"rise"}
    assert {message.alarms[0]["rule"] for *_rest, message in desk.told} == {"call"}
    desk.acknowledge_all()
    desk.pass_time(3_600, step_s=600)
    assert "co2" in {message.alarms[0]["rule"] for *_rest, message in desk.told}


def test_a_window_that_is_ended_early_releases_at_once_and_out_of_service_needs_no_end() -> None:
    desk = Desk([NOW])
    plan = window(desk, hours=None, out_of_service=True)
    desk.air(1_200.0)
    desk.settle()
    assert desk.states == [State.OUT_OF_SERVICE]
    desk.pass_time(40 * 86_400, step_s=864_000)
    assert desk.states == [State.OUT_OF_SERVICE]
    desk.plans.end_window(plan.id, "resp", desk.now_ms)
    desk.settle()
    assert desk.states == [State.UNACKNOWLEDGED]
    assert [one.ended_by for one in desk.plans.all_windows()] == ["resp"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"site": None}, "is for some place"),
        ({"site": None, "room": "hall"}, "site: is missing"),
        ({"site": "B 1"}, "site: 'B 1' is no id"),
        ({"why": " "}, "why: is missing"),
        ({"hours": None}, "until: is missing"),
        ({"hours": -1}, "before from"),
        ({"after_h": 9_000}, "more than a year"),
    ],
)
def test_a_window_that_cannot_be_is_refused_by_its_field(words: dict[str, Any], said: str) -> None:
    desk = Desk([CALL])
    with pytest.raises(PlanRefused, match=said):
        window(desk, **words)


def test_plans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "AT_ONCE", 2)
    desk = Desk([CALL])
    for _ in range(2):
        hand_over(desk)
    with pytest.raises(PlanRefused, match="2 are planned already"):
        hand_over(desk)


def test_what_another_process_planned_counts_within_seconds() -> None:
    desk = Desk([NOW])
    other = Plans(desk.database, desk.config)
    other.plan_window(Window(why="x", site="b001", from_ms=desk.now_ms, until_ms=desk.now_ms + HOUR_MS), desk.now_ms)
    desk.pass_time(10)
    desk.air(1_200.0)
    assert desk.states == [State.SUPPRESSED]


def test_what_ended_long_ago_is_forgotten_and_what_has_no_end_is_not() -> None:
    desk = Desk([CALL])
    hand_over(desk)
    window(desk)
    endless = window(desk, hours=None, out_of_service=True)
    later = desk.now_ms + 10 * HOUR_MS
    assert desk.plans.expire(desk.now_ms) == 0
    assert desk.plans.expire(later) == 2
    assert desk.plans.all_hand_overs() == []
    assert [one.id for one in desk.plans.all_windows()] == [endless.id]


def test_my_rota_joins_days_and_shows_who_stands_in() -> None:
    rota = {"site": "b001", "first": "2026-09-21", "each_days": 7, "people": ["resp", "dep"]}
    desk = Desk([CALL], rota=[rota])
    noon = 1_790_136_000_000  # 2026-09-23 in Shanghai, midday
    plan = HandOver(person="resp", stands_in="reg", from_ms=noon - HOUR_MS, until_ms=noon + HOUR_MS)
    desk.plans.hand_over(plan, desk.now_ms)
    routing = Routing(desk.config, desk.plans)
    found = duties(desk.config, routing, first=date(2026, 9, 20), days=12)
    week = [(duty.person, duty.named, duty.first.day, duty.last.day) for duty in found]
    assert week == [("resp", "resp", 21, 22), ("reg", "resp", 23, 23), ("resp", "resp", 24, 27), ("dep", "dep", 28, 1)]
    mine = duties(desk.config, routing, first=date(2026, 9, 20), days=12, person="reg")
    assert mine == [Duty("reg", "resp", None, "b001", date(2026, 9, 23), date(2026, 9, 23))]


def test_sent_delivered_and_read_are_told_apart() -> None:
    desk = Desk([CALL])
    desk.channels["sms"].delivers = True
    desk.channels["chat"].refuses_person = "dep"
    desk.state("called")
    desk.settle()
    desk.pass_time(70)
    alarm_id = desk.alarm.id
    with desk.database.write() as connection:
        rows = told_of(connection, alarm_id)
        assert [(row["person"], stage_of(row)) for row in rows] == [("resp", Stage.SENT), ("dep", Stage.DELIVERED)]
        assert mark_read(connection, rows[0]["batch"], "resp", desk.now_ms) == 1
        assert mark_read(connection, rows[0]["batch"], "resp", desk.now_ms + 1) == 0
        (row,) = told_to(connection, "resp")
        assert (stage_of(row), row["read_ms"]) == (Stage.READ, desk.now_ms)
