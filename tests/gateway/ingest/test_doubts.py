"""What needs memory becomes a doubt, and each reading, first or repeated, lands in the field of its own time."""

import pytest

from gateway.errors import StoreUnavailable
from gateway.ports import Point
from telemetry import senml
from telemetry.calibrations import CalibrationRecord
from telemetry.messages import PointInfo
from telemetry.readings import Pack
from tests.gateway.ingest.hall import POINT, ROOT, Hall, air_pack

MINUTE_S = 60.0


def points(hall: Hall, measurement: str) -> list[Point]:
    """What the store has of a measurement, by time."""
    found = [
        Point(measurement, tags, time_ms, dict(values))
        for (name, tags), rows in hall.store.series.items()
        if name == measurement
        for time_ms, values in rows.items()
    ]
    return sorted(found, key=lambda one: one.time_ms)


def fields(hall: Hall) -> dict[int, dict[str, object]]:
    """What the store has of the hall's air, by time."""
    return {one.time_ms: dict(one.fields) for one in points(hall, "air")}


def measure(hall: Hall, sequence: int, value: float, *, after_s: float = MINUTE_S) -> Pack:
    """One reading, committed."""
    hall.clock.advance(after_s)
    pack = hall.air(sequence, value)
    hall.keep()
    return pack


def names(hall: Hall) -> list[str]:
    """The field of each reading, by time."""
    return [next(iter(one)) for _time, one in sorted(fields(hall).items())]


@pytest.fixture
def hall() -> Hall:
    one = Hall()
    one.presence("boot-1", points=[POINT])
    return one


def test_a_step_is_suspect_and_the_sensor_in_fault_with_advice(hall: Hall) -> None:
    """In the store, on the board, in the metrics; until the value is one that the room can have."""
    for number, value in enumerate([500.0, 505.0, 3_000.0, 3_010.0, 510.0, 512.0]):
        measure(hall, number + 1, value)
        if number == 3:
            [view] = hall.ingest.directory.points(ROOT.site)
            assert view.values["co2_ppm"].suspect
            assert view.state is not None
            assert (view.state.working, view.state.state) == (False, "fault")
            assert view.state.reason.startswith("co2_ppm: step. The value jumped")
            assert hall.metric("openhall_doubts", reason="step") == 1
    assert names(hall) == ["co2_ppm", "co2_ppm", "co2_ppm_suspect", "co2_ppm_suspect", "co2_ppm", "co2_ppm"]
    assert [dict(one.tags)["reason"] for one in points(hall, "doubt")] == ["step", "step"]
    assert [one.fields["open"] for one in points(hall, "doubt")] == [1.0, 0.0]
    faults = points(hall, "facility")
    assert [(one.fields["working"], one.fields["state"]) for one in faults] == [(False, "fault"), (True, "ok")]
    assert len(str(faults[0].fields["reason"])) <= 200
    assert hall.metric("openhall_doubts", reason="step") == 0
    [view] = hall.ingest.directory.points(ROOT.site)
    assert not view.values["co2_ppm"].suspect
    assert view.state is None


def test_a_repeat_lands_in_the_same_field(hall: Hall) -> None:
    """Also of what was measured before the doubt, or after it."""
    packs = [measure(hall, number + 1, value) for number, value in enumerate([500.0, 3_000.0, 505.0])]
    before = fields(hall)
    for pack in reversed(packs):
        hall.say(ROOT.readings, senml.encode(pack))
        hall.keep()
    assert fields(hall) == before


@pytest.mark.parametrize("killed_after", range(1, 6))
def test_a_gateway_that_is_killed_colours_as_before(
    killed_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whenever it dies, everything sent again lands where it was."""
    path = tmp_path_factory.mktemp("state") / "state.sqlite3"
    hall = Hall(state_url=f"sqlite:///{path}")
    hall.presence("boot-1", points=[POINT])
    values = [500.0, 505.0, 3_000.0, 3_010.0, 510.0, 512.0]
    packs = []
    for number, value in enumerate(values):
        packs.append(measure(hall, number + 1, value, after_s=180.0))
        if number == killed_after:
            before = fields(hall)
            hall.start()
            hall.presence("boot-1", points=[POINT])
            for pack in packs:
                hall.say(ROOT.readings, senml.encode(pack))
            hall.keep()
            assert fields(hall) == before
    assert all(len(one) == 1 for one in fields(hall).values())
    if killed_after >= 2:
        assert names(hall)[2:5] == ["co2_ppm_suspect", "co2_ppm_suspect", "co2_ppm"]


def test_a_doubt_is_committed_before_the_first_reading_that_it_colours(hall: Hall) -> None:
    """A store that refuses the round leaves the doubt; the round that comes through brings both."""
    measure(hall, 1, 500.0)
    hall.store.refuses = StoreUnavailable("no")
    hall.clock.advance(MINUTE_S)
    hall.air(2, 3_000.0)
    assert hall.keep() == 0
    assert points(hall, "doubt") == []
    hall.store.refuses = None
    hall.clock.advance(MINUTE_S)
    assert hall.keep() == 1
    assert names(hall) == ["co2_ppm", "co2_ppm_suspect"]
    [doubt] = points(hall, "doubt")
    assert doubt.fields["open"] == 1.0
    written = [one.measurement for batch in hall.store.writes[-2:] for one in batch]
    assert written.index("doubt") < written.index("air")


def test_late_air_changes_no_doubt(hall: Hall) -> None:
    """It is coloured by the doubts of its own time, and opens none."""
    measure(hall, 1, 500.0)
    measure(hall, 2, 510.0, after_s=600.0)
    hall.air(3, 3_000.0, age_s=300.0)
    hall.keep()
    assert names(hall) == ["co2_ppm", "co2_ppm", "co2_ppm"]


def test_what_is_in_doubt_raises_and_clears_nothing(hall: Hall) -> None:
    """The alarms see it flagged."""
    measure(hall, 1, 500.0)
    measure(hall, 2, 3_000.0)
    pack = measure(hall, 3, 3_001.0)
    assert not pack.records[0].flags
    flagged = hall.ingest._doubting.flagged(pack)
    assert [str(flag) for flag in flagged.records[0].flags] == ["range"]


def test_a_flat_line_needs_fresh_data(hall: Hall) -> None:
    """Two hours of the same value, a reading every five minutes."""
    for number in range(30):
        measure(hall, number + 1, 612.0, after_s=300.0)
    assert names(hall).index("co2_ppm_suspect") == 24
    assert hall.metric("openhall_doubts", reason="flatline") == 1
    measure(hall, 31, 611.0)
    assert names(hall)[-1] == "co2_ppm"


def test_a_week_below_outdoor_air_is_drift_until_somebody_calibrates() -> None:
    """The week outlives the gateway; a calibration ends it, and told again it changes nothing."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT])
    sequence = 0
    for hour in range(140):
        sequence += 1
        measure(hall, sequence, 340.0 + hour % 7, after_s=3_600.0)
        if hour == 60:
            hall.start()
            hall.presence("boot-1", points=[POINT])
    assert hall.metric("openhall_doubts", reason="drift") == 1
    assert names(hall)[-1] == "co2_ppm_suspect"
    assert names(hall)[124] == "co2_ppm"
    record = CalibrationRecord(by="li", part="scd41", reference=425.0, before=343.0, after=424.0, ok=True)
    told = Pack(
        site=ROOT.site,
        point="hall-air",
        room="hall",
        kind="calibration",
        journal="j1",
        sequence=1_000,
        records=record.records(hall.now_ms + 1_000),
    )
    for _ in range(2):
        hall.clock.advance(MINUTE_S)
        hall.say(ROOT.readings, senml.encode(told))
        hall.keep()
        sequence += 1
        measure(hall, sequence, 426.0)
        assert names(hall)[-1] == "co2_ppm"
        assert hall.metric("openhall_doubts", reason="drift") == 0
    assert [one.fields["open"] for one in points(hall, "doubt")] == [1.0, 0.0]


def test_a_sensor_of_which_nothing_is_known_cannot_drift(hall: Hall) -> None:
    """Without a part there is no stated error."""
    hall.presence("boot-2", points=[PointInfo(point="hall-air", room="hall", quantities=["co2_ppm"])])
    for number in range(140):
        measure(hall, number + 1, 340.0 + number % 7, after_s=3_600.0)
    assert hall.metric("openhall_doubts", reason="drift") == 0


def test_points_beyond_the_limit_are_counted_and_stored() -> None:
    """Memory is bounded; a reading is still judged by what it shows itself."""
    hall = Hall()
    hall.ingest._doubting.doubts._points = 1
    hall.say(ROOT.readings, senml.encode(air_pack(1, 500.0, time_ms=hall.now_ms)))
    hall.say(ROOT.readings, senml.encode(air_pack(2, 500.0, time_ms=hall.now_ms, point="other")))
    hall.keep()
    assert hall.ingest._doubting.doubts.unwatched == 1
    assert len(points(hall, "air")) == 2
