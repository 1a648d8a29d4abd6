"""The figures of ISA-18.2: computed by hand, bounded whatever comes, and the limits that make noise of them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.alarm_rows import Change
from gateway.alerts.kpis import HOUR_MS, TEN_MINUTES_MS, Kpis, Telling, chatters, figures, noise, percentiles
from gateway.alerts.records import kpis_of
from gateway.alerts.rules import Place
from gateway.alerts.settings import NoiseConfig
from gateway.alerts.words import Reason, Severity, When
from tests.gateway.alerts.desk import CALL, CO2, Desk

DAY_MS = 24 * HOUR_MS
QUICK = {**CO2, "for_s": 0, "recover_for_s": 0}


def change(at_ms: int, reason: Reason = Reason.RAISED, **words: Any) -> Change:
    given: dict[str, Any] = {
        "id": 1,
        "key": Key("co2", "north", "b1", "p", "co2_ppm"),
        "place": Place("north", "b1"),
        "when": When.THRESHOLD,
        "severity": Severity.WARNING,
        "since_ms": at_ms,
        "raised_ms": at_ms,
        "changed_ms": at_ms,
    }
    return Change(0, Alarm(**{**given, **words}), reason, "")


def of(changes: list[Change], told: list[Telling] | None = None, standing: list[int] | None = None) -> Kpis:
    return figures(changes, told or [], standing or [], from_ms=0, to_ms=DAY_MS)


def test_rates_are_of_one_responder() -> None:
    """Li is told 12 in a day, Wang 36: 24 on average, 1 an hour; Wang has 1.5."""
    told = [Telling("li", n * HOUR_MS) for n in range(12)] + [Telling("wang", n * HOUR_MS // 2) for n in range(36)]
    found = of([], told)
    assert (found.responders, found.per_responder_hour) == (2, 1.0)
    assert (found.busiest, found.busiest_hour) == ("wang", 1.5)
    assert found.peak_ten_minutes == 1


def test_a_flood_is_more_than_ten_in_ten_minutes_until_there_are_fewer_than_five() -> None:
    counts = [10, 11, 7, 5, 4, 0, 11, 0]
    told = [Telling("li", place * TEN_MINUTES_MS + one) for place, count in enumerate(counts) for one in range(count)]
    found = of([], told)
    assert (found.floods, found.peak_ten_minutes) == (2, 11)
    assert found.flood_share == 4 / 144


@pytest.mark.parametrize(
    ("minutes", "expected"), [([0, 30, 60], True), ([0, 30, 61], False), ([0, 60], False), ([0, 50, 90, 100], True)]
)
def test_three_rises_within_an_hour_are_chatter(minutes: list[int], expected: bool) -> None:
    assert chatters([minute * 60_000 for minute in minutes]) is expected


def test_causes_are_ranked_and_severities_shared() -> None:
    other = Key("lift", "north", "b2", "lift", "")
    changes = [change(n) for n in range(3)] + [change(9, key=other, severity=Severity.CRITICAL)]
    found = of(changes)
    assert [(one.rule, one.rises) for one in found.worst] == [("co2", 3), ("lift", 1)]
    assert [one.rule for one in found.chattering] == ["co2"]
    assert found.severities == {"critical": 0.25, "warning": 0.75}


def test_what_lasts_for_more_than_a_day_is_stale() -> None:
    found = of([], standing=[-1, 0, DAY_MS - 1])
    assert (found.standing, found.stale) == (3, 1)


def test_percentiles_are_figures_that_were_there() -> None:
    assert percentiles([]).p50 is None
    found = percentiles(float(n) for n in range(1, 101))
    assert (found.count, found.p50, found.p90, found.p95, found.most) == (100, 50.0, 90.0, 95.0, 100.0)
    assert percentiles([7.0]).p95 == 7.0


def test_answers_and_ends_of_a_real_engine() -> None:
    """Rises at 0, answered after a minute, over after five; rises again, over by itself after two, answered later."""
    desk = Desk([QUICK], clear_wait_s=0)
    begin = desk.now_ms
    desk.air(1_200.0)
    desk.pass_time(60, step_s=60)
    desk.acknowledge()
    desk.pass_time(240, step_s=60)
    desk.air(800.0)
    desk.pass_time(600, step_s=60)
    desk.air(1_200.0)
    desk.pass_time(120, step_s=60)
    desk.air(800.0)
    desk.pass_time(60, step_s=60)
    desk.acknowledge()
    found = kpis_of(desk.database, from_ms=begin, to_ms=desk.now_ms + 1, standing=desk.engine.open_alarms())
    assert (found.alarms, found.standing) == (2, 0)
    assert (found.acknowledge_s.count, found.acknowledge_s.p50, found.acknowledge_s.most) == (2, 60.0, 180.0)
    assert (found.clear_s.count, found.clear_s.p50, found.clear_s.most) == (2, 120.0, 300.0)
    told = [person for _minute, person, tell in desk.heard() if tell == "rise"]
    assert (found.responders, told) == (1, ["resp", "resp"])


def test_what_a_window_or_a_shelf_holds_back_is_no_noise() -> None:
    window = {"why": "x", "site": "b001", "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    desk = Desk([QUICK, CALL], window=[window])
    begin = desk.now_ms
    desk.air(1_200.0)
    desk.state("called")
    desk.settle()
    found = kpis_of(desk.database, from_ms=begin, to_ms=begin + 1, standing=desk.engine.open_alarms())
    assert (found.alarms, found.standing, [one.rule for one in found.worst]) == (1, 1, ["call"])


def test_every_limit_that_is_broken_is_named_and_one_that_is_met_is_not() -> None:
    quiet = of([])
    assert noise(quiet, NoiseConfig()) == []
    loud = msgspec.structs.replace(
        quiet,
        busiest="li",
        busiest_hour=6.5,
        flood_share=0.02,
        stale=5,
        chattering=of([change(n) for n in range(3)]).worst,
    )
    found = noise(loud, NoiseConfig())
    assert [fault.split(" ")[0] for fault in found] == ["li", "2.00%", "1", "5"]
    assert "co2" in found[2]
    assert all("上限" in fault for fault in noise(loud, NoiseConfig(), "zh-CN"))
    assert noise(loud, NoiseConfig(per_responder_hour=6.5, flood_share=0.02, chattering=1, stale=5)) == []


@given(
    told=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, DAY_MS - 1)), max_size=60),
    rises=st.lists(st.integers(0, DAY_MS - 1), max_size=30).map(sorted),
)
def test_whatever_comes_figures_stay_in_their_bounds(told: list[tuple[str, int]], rises: list[int]) -> None:
    found = of([change(at) for at in rises], [Telling(*one) for one in sorted(told, key=lambda one: one[1])])
    assert 0 <= found.flood_share <= 1
    assert found.busiest_hour >= found.per_responder_hour * (1 - 1e-9)
    assert found.busiest_hour * 24 == pytest.approx(max((sum(p == q for q, _ in told) for p in "abc"), default=0))
    assert sum(one.rises for one in found.worst) == found.alarms == len(rises)
    assert found.floods <= found.peak_ten_minutes
    assert not found.severities or sum(found.severities.values()) == pytest.approx(1)
