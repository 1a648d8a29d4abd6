"""Calibrations that come from branches: written down once, receipted, no state of their point."""

import msgspec
import pytest

from gateway.ingest.calibrations import of_site
from telemetry import senml
from telemetry.calibrations import CalibrationRecord
from telemetry.readings import Pack
from tests.gateway.ingest.hall import ROOT, Hall

RECORD = CalibrationRecord(
    by="Li Na", part="scd41", serial="73b3", reference=420.0, before=480.0, after=421.0, correction=-60.0, ok=True
)


@pytest.fixture
def hall() -> Hall:
    """A gateway's ingest."""
    return Hall()


def pack(hall: Hall, sequence: int = 5, record: CalibrationRecord = RECORD, *, age_ms: int = 1_000) -> Pack:
    """A pack that tells of it."""
    return Pack(
        site=ROOT.site,
        point="hall-air",
        room="hall",
        journal="j1",
        sequence=sequence,
        kind="calibration",
        records=record.records(hall.now_ms - age_ms),
    )


def test_it_is_written_down_once_and_receipted(hall: Hall) -> None:
    """The same pair again changes nothing; the point has no state of it, and nobody is called."""
    body = senml.encode(pack(hall))
    for _ in range(2):
        hall.say(ROOT.readings, body)
        hall.keep()
    (one,) = of_site(hall.state, ROOT.site, None, 10)
    assert (one.root, one.point, one.sequence, one.record) == (ROOT, "hall-air", 5, RECORD)
    assert hall.receipted() == [(5, 5), (5, 5)]
    assert all(not receipt.heard for receipt in hall.receipts())
    assert [view.state for view in hall.ingest.directory.points(ROOT.site) if view.info.point == "hall-air"] in (
        [],
        [None],
    )


def test_the_newest_first_and_so_many(hall: Hall) -> None:
    """A list that is read on gets the older ones."""
    for sequence in (5, 6, 7):
        refused = msgspec.structs.replace(RECORD, ok=False, after=None, correction=None, reason="the chip refused")
        hall.say(ROOT.readings, senml.encode(pack(hall, sequence, refused, age_ms=10_000 - sequence)))
    hall.keep()
    found = of_site(hall.state, ROOT.site, None, 2)
    assert [one.sequence for one in found] == [7, 6]
    assert [one.sequence for one in of_site(hall.state, ROOT.site, found[-1].time_ms, 2)] == [5]
    assert of_site(hall.state, "elsewhere", None, 2) == []


def test_what_is_not_whole_or_misplaced_is_parked(hall: Hall) -> None:
    """Without `by` it is a dead letter; so is one on a facility topic, where it would stand for ever."""
    whole = pack(hall)
    torn = msgspec.structs.replace(whole, records=tuple(r for r in whole.records if r.name != "calibration_by"))
    hall.say(ROOT.readings, senml.encode(torn))
    hall.say(ROOT.facility("hall-air"), senml.encode(msgspec.structs.replace(whole, sequence=6)), retained=True)
    hall.keep()
    assert of_site(hall.state, ROOT.site, None, 10) == []
    assert hall.metric("openhall_dead_letters_total", reason="senml") == 1
    assert hall.metric("openhall_dead_letters_total", reason="topic") == 1


def test_in_relative_time_it_waits_for_its_own(hall: Hall) -> None:
    """Neither written down nor receipted: it comes again."""
    relative = msgspec.structs.replace(pack(hall), relative=True, records=RECORD.records(-5_000))
    hall.say(ROOT.readings, senml.encode(relative))
    hall.keep()
    assert of_site(hall.state, ROOT.site, None, 10) == []
    assert hall.receipts() == []
