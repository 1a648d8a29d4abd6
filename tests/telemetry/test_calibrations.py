"""The record of a calibration: its words, there and back."""

import msgspec
import pytest
from hypothesis import given

from telemetry import senml
from telemetry.calibrations import CalibrationRecord, calibration_of
from telemetry.errors import Reason
from telemetry.readings import Pack, Record
from tests.telemetry.strategies import calibration_packs

RECORD = CalibrationRecord(
    by="Li Na", part="scd41", reference=420.0, before=480.0, after=421.0, correction=-60.0, ok=True
)


def pack(record: CalibrationRecord = RECORD, kind: str = "calibration", *, without: str = "") -> Pack:
    """A pack about the hall's sensor, one word left out."""
    records = tuple(one for one in record.records(1_790_000_000_000) if one.name != without)
    return Pack(site="a", point="hall-air", room="hall", journal="j", sequence=1, kind=kind, records=records)


@given(calibration_packs())
def test_there_and_back(sent: Pack) -> None:
    """What was encoded is decoded, word for word."""
    decoded = senml.decode(senml.encode(sent), sent.site)
    assert decoded.pack == sent
    assert decoded.faults == []
    assert calibration_of(sent) is not None


@pytest.mark.parametrize("word", ["calibration_by", "calibration_part", "calibration_reference", "calibration_before"])
def test_one_that_is_not_whole_is_none(word: str) -> None:
    """Who, which part, reference and before are what it is for."""
    assert calibration_of(pack(without=word)) is None


def test_its_words_belong_to_its_kind() -> None:
    """A door has no reference, a state no `by`, and a calibration no CO2 value of its own."""
    for kind in ("door", "sensor"):
        decoded = senml.decode(senml.encode(pack(kind=kind)), "a")
        assert {fault.reason for fault in decoded.faults} == {Reason.UNKNOWN_QUANTITY}
        assert decoded.pack is not None
        assert {one.name for one in decoded.pack.records} == {"working", "state"}
        assert calibration_of(decoded.pack) is None
    measured = msgspec.structs.replace(
        pack(), records=(*pack().records, Record(name="co2_ppm", time_ms=1_790_000_000_000, value=400.0))
    )
    assert [one.reason for one in senml.decode(senml.encode(measured), "a").faults] == [Reason.UNKNOWN_QUANTITY]


def test_a_text_has_an_end() -> None:
    """Nobody's name has more than a hundred characters."""
    long = msgspec.structs.replace(RECORD, by="x" * 101)
    (fault,) = senml.decode(senml.encode(pack(long)), "a").faults
    assert "101 characters" in fault.detail
