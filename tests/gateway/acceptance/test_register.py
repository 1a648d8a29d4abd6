"""The register of instruments."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from gateway.acceptance import plan, profile, readings, verdict
from gateway.acceptance.register import Calibration, Instrument, barred
from gateway.acceptance.words import Outcome, Reason
from tests.gateway.acceptance.case_files import entry, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

NOTED = datetime(2026, 8, 1, tzinfo=UTC)


def calibration(done: date, due: date, certificate: str = "C-1", **numbers: dict[str, float]) -> Calibration:
    """One, noted on the first of August."""
    return Calibration(done=done, due=due, certificate=certificate, by="NIM", noted_by="li", noted_at=NOTED, **numbers)


SFA30 = Instrument(serial="A1", part="sfa30", owner="branch 12").with_calibration(
    calibration(date(2026, 1, 1), date(2026, 12, 31), offset={"hcho_ug_m3": -3.0}, gain={"hcho_ug_m3": 1.1})
)


def test_the_last_day_counts_and_the_next_does_not() -> None:
    """Nor does a day before it was calibrated at all."""
    assert SFA30.is_valid_on(date(2026, 1, 1))
    assert SFA30.is_valid_on(date(2026, 12, 31))
    assert not SFA30.is_valid_on(date(2027, 1, 1))
    assert not SFA30.is_valid_on(date(2025, 12, 31))


def test_a_reading_is_corrected_by_what_was_in_force() -> None:
    """100 * 1.1 - 3 = 107; before the calibration it stays; a quantity without figures, too."""
    assert SFA30.corrected("hcho_ug_m3", 100, date(2026, 6, 1)) == pytest.approx(107)
    assert SFA30.corrected("hcho_ug_m3", 100, date(2025, 6, 1)) == 100
    assert SFA30.corrected("temperature_c", 20, date(2026, 6, 1)) == 20


def test_a_correction_is_added_and_the_first_stays() -> None:
    """Of one date the one entered last is in force."""
    again = SFA30.with_calibration(calibration(date(2026, 1, 1), date(2026, 6, 30), "C-1b"))
    assert [own.certificate for own in again.calibrations] == ["C-1", "C-1b"]
    assert again.on(date(2026, 3, 1)) == again.calibrations[1]
    assert not again.is_valid_on(date(2026, 7, 1))
    assert msgspec.json.decode(msgspec.json.encode(again), type=Instrument) == again


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (calibration(date(2026, 2, 1), date(2026, 1, 1)), "before it was done"),
        (calibration(date(2026, 2, 1), date(2027, 1, 1), offset={"co2_ppm": 1.0}), "does not measure"),
        (calibration(date(2026, 2, 1), date(2027, 1, 1), gain={"hcho_ug_m3": 0.0}), "gain"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(bad: Calibration, word: str) -> None:
    """With its certificate or its fault in the text."""
    with pytest.raises(ValueError, match=word):
        SFA30.with_calibration(bad)


@pytest.mark.parametrize(
    ("serials", "known", "is_barred"),
    [
        ({"$.room[0].point[0]": "A1"}, [SFA30], False),
        ({}, [SFA30], True),
        ({"$.room[0].point[0]": "B9"}, [SFA30], True),
        ({"$.room[0].point[0]": "A1"}, [msgspec.structs.replace(SFA30, part="sfa40")], True),
        ({"$.room[0].point[0]": "A1"}, [msgspec.structs.replace(SFA30, calibrations=())], True),
        (
            {"$.room[0].point[0]": "A1"},
            [SFA30.with_calibration(calibration(date(2026, 2, 1), date(2026, 9, 9), "C-2"))],
            True,
        ),
    ],
)
def test_an_instrument_out_of_date_cannot_decide(
    serials: dict[str, str], known: list[Instrument], is_barred: bool
) -> None:
    """Sampled on the 10th of September; the verdict says that the instrument may not decide."""
    planned = plan.parse(plan_text(room("hall", 20, entry("hall-1", "sfa30"))).encode())
    found = barred(planned, serials, known)
    assert found == (frozenset({"$.room[0].point[0]"}) if is_barred else frozenset())
    lines = [
        "time,room,point,quantity,value,instrument,quality\n",
        *(row + "\n" for row in steady("hall-1", "hcho_ug_m3", 10)),
    ]
    said = verdict.judge(verdict.Case(profile.load("who"), planned, readings.read(lines, planned), barred=found)).rooms[
        0
    ]
    quantity = next(own for own in said.quantities if own.row.quantity == "hcho_ug_m3")
    assert quantity.verdict is (Outcome.INDETERMINATE if is_barred else Outcome.PASS)
    assert (Reason.INSTRUMENT_MAY_NOT_DECIDE in quantity.reasons) is is_barred


def test_a_laboratory_answers_for_its_own_instruments() -> None:
    """It needs no serial."""
    planned = plan.parse(plan_text(room("hall", 20, entry("hall-1", "laboratory"))).encode())
    assert barred(planned, {}, []) == frozenset()
