"""How complete each branch's time is, and who comes first."""

import pytest

from gateway.ingest import completeness, ledger_rows
from gateway.ingest.completeness import Survey, completeness_of
from gateway.ingest.minutes import Interval, Status
from telemetry.messages import PointInfo
from telemetry.readings import Declaration, DropReason
from telemetry.topics import Root
from tests.gateway.ingest.hall import ROOT, Hall

MINUTE = 60_000


def interval(first: int, last: int, status: Status, reason: str = "") -> Interval:
    return Interval(first * MINUTE, last * MINUTE, status, reason)


def test_minutes_are_counted_by_what_the_ledger_says() -> None:
    """Those of which nothing is known are the rest; the share is that of what is expected."""
    found = completeness_of(
        "a",
        0,
        [
            interval(0, 60, Status.THERE),
            interval(60, 70, Status.OWED),
            interval(70, 75, Status.LOST, "corrupt"),
            interval(75, 77, Status.LOST, "unknown"),
        ],
        0,
        100 * MINUTE,
    )
    assert (found.minutes, found.expected, found.there, found.owed) == (100, 100, 60, 10)
    assert found.lost == {"corrupt": 5, "unknown": 2}
    assert found.unknown == 23
    assert found.share == 0.6


def test_a_branch_counts_from_its_first_minute() -> None:
    """One that was opened yesterday lacks nothing of last week; one that was never there is owed from what it says."""
    week = 7 * 1440 * MINUTE
    found = completeness_of("a", week - 10 * MINUTE, [Interval(week - 10 * MINUTE, week, Status.THERE)], 0, week)
    assert (found.minutes, found.share) == (10, 1.0)
    silent = completeness_of("b", None, [Interval(week - 5 * MINUTE, week, Status.OWED)], 0, week)
    assert (silent.minutes, silent.owed, silent.share) == (5, 5, 0.0)
    nothing = completeness_of("c", None, [], 0, week)
    assert (nothing.minutes, nothing.share) == (0, 1.0)


def test_a_slow_sensor_is_not_taken_for_a_hole() -> None:
    """A reading every five minutes makes a fifth of the minutes, and all that is expected."""
    there = [interval(minute, minute + 1, Status.THERE) for minute in range(0, 60, 5)]
    found = completeness_of("a", 0, there, 0, 60 * MINUTE, period_s=300.0)
    assert (found.minutes, found.expected, found.there, found.share) == (60, 12, 12, 1.0)
    assert completeness_of("a", 0, there, 0, 60 * MINUTE, period_s=20.0).share == 0.2


def test_the_survey_says_of_each_site_what_the_ledger_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the sites are read in several parts; the least complete is the first, equals by id."""
    monkeypatch.setattr(ledger_rows, "CHUNK", 4)
    hall = Hall()
    roots = [Root("north", f"b{number:03}", "pi-1") for number in range(10)]
    for root in roots:
        hall.presence("boot-1", root=root)
    for minute in range(30):
        for number, root in enumerate(roots):
            if minute % (number // 2 + 1) == 0:
                hall.air(minute + 1, 600.0 + minute, root=root, journal=f"j{number}")
        hall.keep()
        hall.clock.advance(60)
    begin, end = hall.now_ms - 30 * MINUTE, hall.now_ms
    survey = Survey(hall.ingest.ledger, hall.ingest.directory.shortest_period_s, hall.clock)
    sites = [root.site for root in roots]
    found = survey.worst_first(sites, begin, end)
    assert [one.site for one in found[-2:]] == ["b000", "b001"]
    assert [one.site for one in found[:2]] == ["b008", "b009"]
    assert sorted(one.share for one in found) == [one.share for one in found]
    begin, end = begin // MINUTE * MINUTE, end // MINUTE * MINUTE
    for one in found:
        intervals = hall.ingest.ledger.intervals(one.site, begin, end)
        assert one.there == sum((to - at) // MINUTE for at, to, status, _ in intervals if status == "there")
        assert one.owed == sum((to - at) // MINUTE for at, to, status, _ in intervals if status == "owed")


def test_lost_and_owed_are_told_by_reason() -> None:
    """As declared by the branch; what it still holds is owed."""
    hall = Hall()
    hall.presence("boot-1")
    hall.air(1, age_s=1_200)
    now = hall.now_ms
    hall.declare(
        9,
        Declaration(
            journal="j1", reason=DropReason.DISK_FULL, first=2, last=4, from_ms=now - 900_000, to_ms=now - 700_000
        ),
    )
    hall.keep()
    survey = Survey(hall.ingest.ledger, hall.ingest.directory.shortest_period_s, hall.clock)
    (found,) = survey.worst_first([ROOT.site], now - 3_600_000, now)
    assert found.there == 1
    assert list(found.lost) == ["disk_full"]
    assert found.minutes == 20


def test_the_answer_is_worked_out_once_a_minute_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many people look at the same list; after a minute it is new."""
    hall = Hall()
    hall.presence("boot-1", points=[PointInfo(point="hall-air", room="hall", period_s=20.0)])
    hall.air(1)
    hall.keep()
    hall.clock.advance(120)
    asked = []
    survey_of = hall.ingest.ledger.survey
    monkeypatch.setattr(hall.ingest.ledger, "survey", lambda *words: asked.append(words) or survey_of(*words))
    survey = Survey(hall.ingest.ledger, hall.ingest.directory.shortest_period_s, hall.clock)
    end = hall.now_ms
    first = survey.worst_first([ROOT.site], 0, end)
    assert survey.worst_first([ROOT.site], 0, end) is first
    assert len(asked) == 1
    hall.clock.advance(completeness.KEEP_S)
    assert survey.worst_first([ROOT.site], 0, end) == first
    assert len(asked) == 2
    for number in range(20):
        survey.worst_first([ROOT.site], number * MINUTE, end)
    assert len(survey._kept) <= completeness.ANSWERS_KEPT
