"""What an agent corrects its readings by is told by presence, kept by the case, and shown in its report."""

import pytest
from msgspec import structs

from gateway.acceptance.report_details import source_words
from gateway.acceptance.report_words import ReportLanguage, Speech
from gateway.cases import serials
from telemetry.messages import Calibration
from tests.gateway.cases.renovation import POINTS, Renovation

FOUND = Calibration(
    offset={"hcho_ug_m3": -4.0}, gain={"hcho_ug_m3": 1.1}, date="2026-03-01", certificate="CAL-2026-0117"
)


def test_a_correction_is_kept_by_the_case_and_told_in_its_report(renovation: Renovation) -> None:
    """Another one within the window is kept too; the same one again is no event; the report is made with it."""
    corrected = structs.replace(POINTS[0], calibration=FOUND)
    renovation.present([corrected, *POINTS[1:]])
    case = renovation.open()
    renovation.present([corrected, *POINTS[1:]])
    renovation.sample(indoor=60.0)
    seen = [one for one in renovation.get(f"cases/{case}/events")["events"] if one["what"] == "seen"]
    assert len(seen) == 2
    assert seen[0]["event"]["correction"]["certificate"] == "CAL-2026-0117"
    renovation.post(f"cases/{case}/laboratory", {"results": [renovation.value("hcho_ug_m3", 60)], "by": "Chen"})
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "gateway.acceptance.report_details.source_words", lambda *one: told.append(source_words(*one)) or ""
        )
        assert renovation.client.get(f"/api/v1/cases/{case}/report.pdf?lang=en").status_code == 200
    assert told == ["Corrected in the branch: -4 µg/m³, ×1.1 (CAL-2026-0117, 2026-03-01)"]


def test_its_words() -> None:
    """Without a certificate that is said; in both languages."""
    both = source_words(Calibration(gain={"hcho_ug_m3": 1.1}), Speech(ReportLanguage.BOTH))
    assert both == "已在网点修正：×1.1（无证书）\nCorrected in the branch: ×1.1 (no certificate)"
    assert serials._each_once([None, FOUND, FOUND, None]) == (FOUND,)
