"""Incidents: graded by the plan, reported in time, late, missed or falsely, reminded of, and counted by month."""

from datetime import datetime
from typing import Any

import pytest

from gateway.alerts.errors import ReportRefused
from gateway.alerts.incidents import Standing
from gateway.alerts.keeper import Keeper
from gateway.alerts.records import report, scorecard_of
from gateway.alerts.routing import Routing
from gateway.alerts.scorecard import as_csv, month_bounds
from gateway.alerts.words import Severity
from tests.gateway.alerts.desk import ALERTS, CALL, CO2, Desk

HOUR_S = 3_600
QUICK = {**CO2, "for_s": 0, "recover_for_s": 0}
GRADES = [
    {"name": "II", "severities": ["emergency"], "report_within_s": 2 * HOUR_S},
    {"name": "III", "rules": ["co2"], "report_within_s": 24 * HOUR_S, "remind_before_s": HOUR_S},
]
SITES = {"b001": {**ALERTS["sites"]["b001"], "contact": ["reg"]}, "b002": {"contact": ["city"]}}


def desk(**alerts: Any) -> Desk:
    return Desk([QUICK, CALL], **{"grade": GRADES, "sites": SITES, **alerts})


def keeper(desk: Desk) -> Keeper:
    return Keeper(
        desk.database,
        desk.config,
        engine=desk.engine,
        routing=Routing(desk.config, desk.plans),
        notifiers=desk.channels,
        clock=desk.clock,
    )


def call(desk: Desk) -> int:
    desk.state("called")
    desk.settle()
    return desk.alarm.id


def say(desk: Desk, alarm: int, *, false: bool = False) -> Standing:
    found = report(desk.database, desk.config, alarm, by="li", note="fell", false=false, now_ms=desk.now_ms)
    assert found is not None
    return found.standing


@pytest.mark.parametrize(("after_s", "standing"), [(2 * HOUR_S, Standing.IN_TIME), (2 * HOUR_S + 1, Standing.LATE)])
def test_a_report_is_in_time_up_to_its_deadline(after_s: int, standing: Standing) -> None:
    d = desk()
    alarm = call(d)
    d.clock.advance(after_s)
    assert say(d, alarm) is standing
    d.clock.advance(9_999)
    assert say(d, alarm) is standing, "a later report changes nothing"
    assert say(d, alarm, false=True) is Standing.FALSE
    assert say(d, alarm) is standing, "it was one after all"


def test_what_cannot_be_reported_is_refused() -> None:
    d = desk(grade=GRADES[:1])
    alarm = call(d)
    with pytest.raises(ReportRefused, match="no report yet"):
        say(d, alarm, false=True)
    with pytest.raises(ReportRefused, match="by: is missing"):
        report(d.database, d.config, alarm, by=" ", note="", false=False, now_ms=0)
    d.acknowledge()
    d.state("cleared")
    d.air(1_200.0)
    with pytest.raises(ReportRefused, match="is no incident"):
        say(d, d.alarm.id)
    assert report(d.database, d.config, 99, by="li", note="", false=False, now_ms=0) is None


def test_the_contact_is_reminded_once_before_the_deadline_unless_it_was_reported() -> None:
    d = desk()
    alarm = call(d)
    d.acknowledge()
    minute = keeper(d)
    d.told.clear()
    for _ in range(89):
        d.pass_time(60, step_s=60)
        minute.round()
    assert d.heard() == []
    for _ in range(60):
        d.pass_time(60, step_s=60)
        minute.round()
        d.deliver()
    ((at, person, tell),) = d.heard()
    assert (at, person, tell) == (90.0, "reg", "report-due")
    message = d.told[0][-1]
    assert "Report is due" in message.title
    assert "Report by: 2026-09-22 00:13:20 (II)" in message.text
    assert f"I have reported it: {message.link}" in message.text
    assert alarm
    other = desk()
    say(other, call(other))
    other.acknowledge()
    other.told.clear()
    other.pass_time(100 * 60, step_s=600)
    keeper(other).round()
    other.deliver()
    assert other.heard() == []


def test_a_month_is_counted_by_branch() -> None:
    d = Desk([QUICK, CALL], start_s=datetime.fromisoformat("2026-11-01T00:00:00+08:00").timestamp() - 60)
    d.config = desk().config
    before = call(d)
    d.acknowledge()
    d.state("cleared")
    d.clock.advance(60)
    alarms = []
    for _ in range(4):
        alarms.append(call(d))
        d.clock.advance(120)
        d.acknowledge()
        d.state("cleared")
        d.clock.advance(480)
    say(d, before)
    for alarm in alarms[:3]:
        say(d, alarm)
    say(d, alarms[1], false=True)
    d.clock.advance(3 * HOUR_S)
    d.air(1_200.0)
    d.settle()
    card = scorecard_of(d.database, d.config, "2026-11", d.now_ms)
    branch, quiet = sorted(card.branches, key=lambda one: -one.alarms)
    assert (branch.region, branch.site, branch.contact) == ("north", "b001", ["reg"])
    counts = (branch.alarms, branch.answered, branch.incidents, branch.in_time, branch.late, branch.missed)
    assert counts == (5, 4, 4, 2, 0, 1)
    assert (branch.due, branch.false, branch.grades) == (1, 1, {"II": 3, "III": 1})
    assert branch.acknowledge_s.p50 == 120.0
    assert (quiet.site, quiet.alarms, quiet.contact) == ("b002", 0, ["city"])
    (october, _b002) = sorted(scorecard_of(d.database, d.config, "2026-10", d.now_ms).branches, key=lambda o: -o.alarms)
    assert october.alarms == 1
    lines = as_csv(card).splitlines()
    assert lines[0].startswith("region,site,alarms,answered,incidents,in_time,late,missed,due,false,")
    assert "north,b001,5,4,4,2,0,1,1,1,120.0,120.0,reg" in lines


def test_months_begin_on_the_branchs_clock_and_others_are_refused() -> None:
    begin, end = month_bounds("2026-12", "Asia/Shanghai")
    assert datetime.fromtimestamp(begin / 1000).astimezone().timestamp() * 1000 == begin
    assert begin == round(datetime.fromisoformat("2026-12-01T00:00:00+08:00").timestamp() * 1000)
    assert end == round(datetime.fromisoformat("2027-01-01T00:00:00+08:00").timestamp() * 1000)
    for word in ("2026-13", "2026-1", "november", "", "2026-11-01"):
        with pytest.raises(ValueError, match="is no month"):
            month_bounds(word, "Asia/Shanghai")


def test_the_first_grade_that_fits_counts() -> None:
    d = desk(grade=[{"name": "all", "report_within_s": 3_600, "remind_before_s": 0}, *GRADES])
    alarm = call(d)
    assert d.alarm.severity is Severity.EMERGENCY
    found = report(d.database, d.config, alarm, by="li", note="", false=False, now_ms=d.now_ms)
    assert found is not None
    assert found.grade.name == "all"
