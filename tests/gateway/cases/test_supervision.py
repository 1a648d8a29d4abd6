"""Time lines of a sampling that goes wrong: what is noted, with which minute, and what it does to the verdict."""

from typing import Any

import pytest

from gateway.cases.words import Risk
from gateway.errors import StoreUnavailable, StoreWriteOnly
from gateway.ports import ReadingsQuery, StoredReading
from telemetry.messages import PointInfo
from telemetry.readings import Flag
from tests.gateway.cases.renovation import POINTS, Renovation

HOUR = 3600.0


def at_risk(renovation: Renovation, case: str) -> dict[str, dict[str, Any]]:
    """What endangers the sampling after the supervisor looked, by its word; but for kinds without a contact."""
    renovation.branches.cases.supervisor.round()
    found = renovation.get(f"cases/{case}")["at_risk"]
    return {one["risk"]: one for one in found if one["risk"] != Risk.CONTACT_UNHEARD}


def trail(renovation: Renovation, case: str) -> list[tuple[str, str]]:
    events = renovation.get(f"cases/{case}/events")["events"]
    return [(one["what"], one["event"]["risk"]) for one in events if one["what"] in ("endangered", "eased")]


def closed_hall(renovation: Renovation) -> str:
    """A case whose hall is closed an hour and a half before sampling."""
    renovation.door("open")
    case = renovation.open()
    renovation.until(renovation.begin - 1.5 * HOUR)
    renovation.door("closed")
    return case


def hcho(case: dict[str, Any]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = case["judgements"][-1]["answer"]["rooms"][0]["quantities"]
    return next(row for row in rows if row["quantity"] == "hcho_ug_m3")


def test_a_room_kept_closed_is_never_at_risk_and_its_contacts_decide(renovation: Renovation) -> None:
    case = closed_hall(renovation)
    for minutes in (-80, -30, -1):
        renovation.until(renovation.begin + minutes * 60)
        assert at_risk(renovation, case) == {}
    renovation.sample(indoor=43.0)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert hcho(judged)["verdict"] == "pass"
    room = judged["rooms"][0]
    assert (room["closure"]["supervised"], room["closure"]["unsupervised"]) == (True, ["window"])
    assert room["points"][0]["closure_h"] == 1.5
    assert trail(renovation, case) == [("endangered", "contact-unheard")]


def test_a_break_before_the_window_restarts_the_clock(renovation: Renovation) -> None:
    """With the minute; when the room is closed again, the page says when sampling may begin."""
    case = closed_hall(renovation)
    renovation.until(renovation.begin - 0.5 * HOUR)
    broken_at = renovation.clock.now()
    renovation.door("open")
    found = at_risk(renovation, case)[Risk.CLOSURE_BROKEN]
    assert found["since"] == broken_at
    assert "door open" in found["message"]
    renovation.clock.advance(300)
    renovation.door("closed")
    found = at_risk(renovation, case)
    assert set(found) == {Risk.CLOCK_RESTARTED}
    assert renovation.get(f"cases/{case}")["rooms"][0]["closure"]["ready_at"] == broken_at + 300 + HOUR
    renovation.sample(indoor=43.0)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert hcho(judged)["reasons"] == ["closure-too-short"]
    assert [word for word in trail(renovation, case) if word[1] != Risk.CONTACT_UNHEARD] == [
        ("endangered", "closure-broken"),
        ("eased", "closure-broken"),
        ("endangered", "clock-restarted"),
    ]


def test_a_break_within_the_window_voids_it(renovation: Renovation) -> None:
    """Closing the door again heals nothing."""
    case = closed_hall(renovation)
    renovation.until(renovation.begin + 600)
    renovation.door("open")
    opened_at = renovation.clock.now()
    renovation.clock.advance(60)
    renovation.door("closed")
    found = at_risk(renovation, case)[Risk.WINDOW_VOID]
    assert found["since"] == opened_at
    chinese = renovation.client.get(f"/api/v1/cases/{case}", headers={"accept-language": "zh-CN"}).json()
    assert any("采样期间封闭被破坏" in one["message"] for one in chinese["at_risk"])
    renovation.sample(indoor=43.0)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert hcho(judged)["reasons"] == ["closure-too-short"]


def test_a_door_that_is_never_closed_is_told_while_there_is_time(renovation: Renovation) -> None:
    renovation.door("open")
    case = renovation.open()
    assert at_risk(renovation, case) == {}
    renovation.until(renovation.begin - 0.9 * HOUR)
    assert set(at_risk(renovation, case)) == {Risk.CLOSURE_BROKEN}
    renovation.door("closed")
    assert set(at_risk(renovation, case)) == {Risk.CLOSURE_TOO_LATE}


def test_missing_readings_are_told_while_they_can_be_mended(renovation: Renovation) -> None:
    """First that it is silent, then that the share falls, then that the window is lost."""
    case = renovation.open()
    start = round(renovation.begin * 1000)
    renovation.until(renovation.begin + 11 * 60)
    first = {start + 60_000 * minute: {"hcho_ug_m3": 40.0} for minute in range(10)}
    renovation.branches.air(first, point="hall-hcho")
    renovation.branches.air(first, point="out-hcho", room="yard")
    assert at_risk(renovation, case) == {}
    renovation.until(renovation.begin + 14 * 60)
    assert set(at_risk(renovation, case)) == {Risk.SILENT, Risk.COMPLETENESS_FALLING}
    renovation.until(renovation.begin + 40 * 60)
    assert Risk.COMPLETENESS_LOST in at_risk(renovation, case)
    backfill = {start + 60_000 * minute: {"hcho_ug_m3": 40.0} for minute in range(10, 40)}
    renovation.branches.air(backfill, point="hall-hcho")
    renovation.branches.air(backfill, point="out-hcho", room="yard")
    assert at_risk(renovation, case) == {}


def test_what_is_above_the_range_counts_while_sampling_as_in_the_verdict(renovation: Renovation) -> None:
    """Air so bad that the sensor is at its end is no missing reading; air that the gateway doubts is."""
    case = renovation.open()
    start = round(renovation.begin * 1000)
    times = [start + 60_000 * minute for minute in range(12)]
    renovation.until(renovation.begin + 13 * 60)
    flags = {"hcho_ug_m3": (Flag.RANGE,)}
    renovation.branches.air({time: {"hcho_ug_m3": 1_300.0} for time in times}, point="hall-hcho", flags=flags)
    renovation.branches.air({time: {"hcho_ug_m3": 5.0} for time in times}, point="out-hcho", room="yard", flags=flags)
    renovation.branches.cases.supervisor.round()
    found = renovation.get(f"cases/{case}")["at_risk"]
    assert [one["point"] for one in found if one["risk"] == Risk.COMPLETENESS_FALLING] == ["out-hcho"]


def test_an_instrument_out_of_date_changed_or_simulated_cannot_decide(renovation: Renovation) -> None:
    """Each is told beforehand, and holds in the verdict."""
    case = renovation.open()
    renovation.present([PointInfo(point="hall-hcho", room="hall", part="sfa30", serial="SFA-9"), POINTS[1]])
    found = at_risk(renovation, case)
    assert found[Risk.INSTRUMENT_NOT_VALID]["detail"] == "SFA-9"
    renovation.present(POINTS)
    assert at_risk(renovation, case) == {}
    renovation.until(renovation.begin + 60)
    renovation.present([PointInfo(point="hall-hcho", room="hall", part="sfa30", serial="SFA-9"), POINTS[1]])
    assert at_risk(renovation, case)[Risk.INSTRUMENT_CHANGED]["detail"] == "SFA-1 → SFA-9"
    renovation.sample(indoor=43.0)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert hcho(judged)["reasons"] == ["instrument-may-not-decide"]
    assert judged["judgements"][-1]["barred"] == ["$.room[0].point[0]"]


def test_simulated_readings_decide_nothing_outside_the_demo(renovation: Renovation) -> None:
    simulated = [
        PointInfo(point=one.point, room=one.room, part=one.part, serial=one.serial, simulated=True) for one in POINTS
    ]
    renovation.present(simulated)
    case = renovation.open()
    assert set(at_risk(renovation, case)) == {Risk.SIMULATED}
    renovation.sample(indoor=43.0, simulated=True)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert hcho(judged)["verdict"] == "indeterminate"
    assert hcho(judged)["reasons"] == ["incomplete"]


def test_co2_that_falls_too_fast_speaks_against_the_closure(renovation: Renovation) -> None:
    """Though every contact says closed: somebody may have left a hatch open."""
    info = PointInfo(point="hall-co2", room="hall", part="scd41", serial="SCD-1", quantities=["co2_ppm"])
    renovation.present([*POINTS, info])
    case = closed_hall(renovation)
    renovation.until(renovation.begin)
    values = {
        round((renovation.begin - 3600 + 60 * minute) * 1000): {"co2_ppm": 420 + 2_000 * 0.93**minute}
        for minute in range(60)
    }
    renovation.branches.air(values, point="hall-co2")
    assert set(at_risk(renovation, case)) == {Risk.AIR_CHANGES_TOO_FAST}
    [rate] = renovation.get(f"cases/{case}/air")["air_changes"]
    assert rate["low"] < rate["rate"] < rate["high"]
    assert 3.5 < rate["rate"] < 5.5


def test_a_case_in_which_something_breaks_is_left_out_and_the_others_are_looked_at(renovation: Renovation) -> None:
    """A row changed by hand is a fault of one case; it is found, and counted."""
    broken, whole = renovation.open(), renovation.open()
    with renovation.branches.state.write() as connection:
        connection.exec_driver_sql(f"UPDATE case_event SET body = '{{}}' WHERE case_id = {broken} AND number = 2")
    renovation.door("open")
    renovation.until(renovation.begin - 60)
    renovation.branches.cases.supervisor.round()
    assert renovation.get("cases")["cases"][0] == {**renovation.get("cases")["cases"][0], "id": whole, "at_risk": True}
    assert "openhall_cases_supervision_failures_total 1.0" in renovation.client.get("/metrics").text


@pytest.mark.parametrize("fault", [StoreWriteOnly, StoreUnavailable])
def test_contacts_are_watched_though_the_store_does_not_answer(
    renovation: Renovation, monkeypatch: pytest.MonkeyPatch, fault: type[StoreUnavailable]
) -> None:
    """A door that opens is told with its minute, whatever the store says."""
    case = closed_hall(renovation)
    renovation.until(renovation.begin + 10 * 60)
    assert Risk.SILENT in at_risk(renovation, case)
    renovation.door("open")

    def deaf(_query: ReadingsQuery) -> list[StoredReading]:
        raise fault("the store is away")

    monkeypatch.setattr(renovation.branches.cases.store, "readings", deaf)
    found = at_risk(renovation, case)
    assert found[Risk.WINDOW_VOID]["since"] == renovation.clock.now()
    # Of a store that is away nobody knows whether the sensor speaks again; one that cannot be asked tells no such risk.
    assert (Risk.SILENT in found) == (fault is StoreUnavailable)
    failures = 1.0 if fault is StoreUnavailable else 0.0
    assert f"openhall_cases_supervision_failures_total {failures}" in renovation.client.get("/metrics").text
    monkeypatch.undo()
    assert {Risk.SILENT, Risk.WINDOW_VOID} <= set(at_risk(renovation, case))
