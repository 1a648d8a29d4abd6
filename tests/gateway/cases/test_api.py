"""Cases over HTTP, from opening to closing, with what people and agents do in between."""

import base64
from pathlib import Path
from typing import Any

import pytest

from gateway.acceptance import report_pdf
from gateway.acceptance.case_report import CaseReport
from gateway.acceptance.verify import verify
from gateway.alerts.settings import AlertsConfig
from tests.gateway.board.branches import Branches
from tests.gateway.cases.renovation import Renovation


def newest(case: dict[str, Any]) -> dict[str, Any]:
    judgement: dict[str, Any] = case["judgements"][-1]
    return judgement


def test_a_case_goes_from_screening_to_a_laboratorys_pass(renovation: Renovation) -> None:
    """Indeterminate by sensors alone; the first verdict stays when the laboratory has decided."""
    case = renovation.open()
    renovation.sample(indoor=43.0)
    screened = newest(renovation.post(f"cases/{case}/judge", {"by": "Wang"}))
    assert (screened["verdict"], screened["basis"], screened["by"]) == ("indeterminate", "screening", "Wang")
    rows = {row["quantity"]: row for row in screened["answer"]["rooms"][0]["quantities"]}
    assert (rows["hcho_ug_m3"]["verdict"], rows["hcho_ug_m3"]["mean"]) == ("pass", 38.0)
    assert rows["radon_bq_m3"]["verdict"] == "never-measured"
    taken = renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(), "by": "Chen"})
    assert (taken["taken"], taken["refused"], taken["unplaced"]) == (13, [], [])
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert [one["verdict"] for one in judged["judgements"]] == ["indeterminate", "pass"]
    assert newest(judged)["basis"] == "laboratory"
    assert "PASS" in newest(judged)["words"]
    closed = renovation.post(f"cases/{case}/close", {"by": "Wang"})
    assert (closed["phase"], closed["open"]) == ("closed", False)
    assert renovation.get("cases?state=closed")["cases"][0]["verdict"] == "pass"
    assert renovation.get("cases?state=open")["cases"] == []


def test_the_evidence_verifies_offline_and_keeps_its_seal(renovation: Renovation) -> None:
    """Every reading traces back to a pack; what comes later changes no earlier bundle."""
    case = renovation.open()
    renovation.sample(indoor=43.0)
    seal = newest(renovation.post(f"cases/{case}/judge", {"by": "Wang"}))["seal"]
    renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(), "by": "Chen"})
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    for path in (f"cases/{case}/evidence.zip?judgement=1", f"cases/{case}/evidence.zip", f"cases/{case}/export.zip"):
        answer = renovation.client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        said = verify(answer.content, seal=seal if "=1" in path else None)
        assert said.is_intact, said.findings
        assert [one.detail for one in said.findings] == ["2 packs carry no signature"]


def test_the_report_says_what_the_verdict_sealed(renovation: Renovation) -> None:
    """In three languages; who entered and corrected a value is in it, and the seal of the evidence."""
    case = renovation.open(materials=["carpet"])
    renovation.sample(indoor=43.0)
    assert "judge it first" in renovation.get(f"cases/{case}/report.pdf", status=409)["detail"]
    renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(), "by": "Chen"})
    new = {"result": renovation.value("hcho_ug_m3", 61), "why": "second reading", "by": "Zhao"}
    renovation.post(f"cases/{case}/laboratory/1/correct", new)
    seal = newest(renovation.post(f"cases/{case}/judge", {"by": "Wang"}))["seal"]
    for language in ("en", "zh-CN", "both"):
        answer = renovation.client.get(f"/api/v1/cases/{case}/report.pdf?lang={language}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
        assert seal.encode("utf-16-be") in answer.content or seal.encode() in answer.content
    assert "known: en, zh-CN, both" in renovation.get(f"cases/{case}/report.pdf?lang=fr", status=400)["detail"]


def test_the_code_on_a_report_leads_to_the_board_that_people_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to the name that the request happened to come with: a report is read for years, and elsewhere."""
    seen: list[CaseReport] = []
    monkeypatch.setattr(report_pdf, "render", lambda report, _language: seen.append(report) or b"%PDF")
    for board, address in (("https://air.bank.cn/", "https://air.bank.cn"), ("", "http://127.0.0.1:8080")):
        folder = tmp_path / f"board-{len(seen)}"
        folder.mkdir()
        parts = Branches(folder, alerts=AlertsConfig(board=board))
        renovation = Renovation(parts)
        with renovation.client:
            renovation.present()
            case = renovation.open()
            renovation.sample(indoor=43.0)
            renovation.post(f"cases/{case}/judge", {"by": "Wang"})
            assert renovation.client.get(f"/api/v1/cases/{case}/report.pdf").status_code == 200
        parts.close()
        assert seen[-1].verify_url == f"{address}/cases?case={case}"


def test_a_laboratory_file_is_taken_but_for_its_bad_lines(renovation: Renovation) -> None:
    """The lines are named; the file is kept and exported."""
    case = renovation.open()
    file = (
        "laboratory,accreditation,method,sampled,sample,room,point,quantity,value,unit\n"
        "城市实验室,CMA 1,酚试剂法,{time},S-1,hall,hall-hcho,甲醛,0.06,mg/m³\n"
        "城市实验室,CMA 1,酚试剂法,{time},S-2,hall,hall-hcho,甲醛,much,mg/m³\n"
        "城市实验室,CMA 1,酚试剂法,{time},S-3,cellar,cellar-1,甲醛,0.06,mg/m³\n"
    ).format(time=renovation.value("hcho_ug_m3", 1)["sampled"])
    content = base64.b64encode(file.encode("gb18030")).decode()
    body = {"file": {"name": "report.csv", "content": content}, "by": "Chen"}
    taken = renovation.post(f"cases/{case}/laboratory", body)
    assert [(one["line"], one["detail"]) for one in taken["refused"]] == [(3, "value 'much' is no number")]
    assert taken["taken"] == 2
    assert taken["unplaced"] == ["sample 'S-3', cellar/cellar-1, hcho_ug_m3: no laboratory entry of the plan fits"]
    assert taken["case"]["laboratory"][0]["result"]["value"] == pytest.approx(60.0)
    assert taken["case"]["laboratory"][0]["entered_by"] == "Chen"


def test_a_correction_keeps_who_when_why_and_what_stood_there(renovation: Renovation) -> None:
    """Nothing is overwritten, and a value cannot be entered twice by the way."""
    case = renovation.open()
    renovation.post(f"cases/{case}/laboratory", {"results": [renovation.value("hcho_ug_m3", 600)], "by": "Chen"})
    again = {"results": [renovation.value("hcho_ug_m3", 60)], "by": "Chen"}
    assert "correct that one" in renovation.post(f"cases/{case}/laboratory", again, status=409)["detail"]
    new = renovation.value("hcho_ug_m3", 0.06, unit="mg/m3")
    path = f"cases/{case}/laboratory/1/correct"
    assert "why" in renovation.post(path, {"result": new, "why": " ", "by": "Zhao"}, status=400)["detail"]
    entry = renovation.post(path, {"result": new, "why": "slip of the decimal point", "by": "Zhao"})["laboratory"][0]
    assert entry["result"]["value"] == pytest.approx(60.0)
    [correction] = entry["corrections"]
    assert (correction["by"], correction["old"]["value"]) == ("Zhao", 600.0)
    assert correction["why"] == "slip of the decimal point"
    said = [(one["what"], one["who"]) for one in renovation.get(f"cases/{case}/events")["events"]]
    assert said[0] == ("opened", "Wang")
    assert said[1:3] == [("seen", "gateway")] * 2
    assert said[3:] == [("entered", "Chen"), ("corrected", "Zhao")]


def test_after_a_fail_a_new_round_begins_and_the_first_result_stays(renovation: Renovation) -> None:
    case = renovation.open(types={"hall": "counter hall", "vault": "vault"})
    renovation.sample(indoor=200.0)
    failed = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert newest(failed)["verdict"] == "fail"
    assert failed["resample"] == [{"quantity": "hcho_ug_m3", "failing": ["hall"], "must_include": ["hall"], "rooms": 2}]
    plan = renovation.plan()
    refused = renovation.post(f"cases/{case}/plan", {"plan": plan, "why": "", "by": "Wang"}, status=409)
    assert "resample" in refused["detail"]
    renovation.begin = renovation.clock.now() + 3600
    plan = renovation.plan(completed=plan["completed"])
    second = renovation.post(f"cases/{case}/resample", {"plan": plan, "why": "carpet taken out", "by": "Wang"})
    assert (second["round"], second["phase"]) == (2, "closing")
    assert "sampling goes on" in renovation.post(f"cases/{case}/judge", {"by": "Wang"}, status=409)["detail"]
    renovation.sample(indoor=43.0)
    judged = renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    assert [(one["round"], one["verdict"]) for one in judged["judgements"]] == [(1, "fail"), (2, "indeterminate")]


def test_legal_hold_is_noted_and_outlives_the_closing(renovation: Renovation) -> None:
    case = renovation.open()
    assert "why" in renovation.post(f"cases/{case}/hold", {"by": "Sun"}, status=400)["detail"]
    assert renovation.post(f"cases/{case}/hold", {"why": "suit 7", "by": "Sun"})["hold"] == "suit 7"
    assert "say why" in renovation.post(f"cases/{case}/close", {"by": "Wang"}, status=409)["detail"]
    closed = renovation.post(f"cases/{case}/close", {"why": "works go on", "by": "Wang"})
    assert (closed["hold"], closed["closed_why"]) == ("suit 7", "works go on")
    assert "closed" in renovation.post(f"cases/{case}/judge", {"by": "Wang"}, status=409)["detail"]
    assert renovation.post(f"cases/{case}/release", {"why": "settled", "by": "Sun"})["hold"] is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"site": "nowhere"}, "no branch 'nowhere'"),
        ({"by": ""}, "by: is missing"),
        ({"plan": None}, "either plan or plan_toml"),
        ({"profile": "../../etc/passwd.toml"}, "profile: '../../etc/passwd.toml' is none"),
        ({"plan_toml": "x = 1", "plan": None, "profile": "who"}, "$.x: is no key known here"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_opened_is_said(renovation: Renovation, change: dict[str, Any], words: str) -> None:
    """With the place and what to do; nothing is written."""
    body = {"site": "xidan", "plan": renovation.plan(), "by": "Wang", **change}
    answer = renovation.client.post("/api/v1/cases", json=body)
    assert answer.status_code in (400, 404)
    assert words in answer.json()["detail"]
    assert renovation.get("cases")["cases"] == []


def test_a_plan_before_its_time_is_refused(renovation: Renovation) -> None:
    """Seven days after completion at the earliest."""
    plan = renovation.plan(completed=renovation.plan()["room"][0]["point"][0]["sampled"]["from"][:10])
    answer = renovation.post("cases", {"site": "xidan", "plan": plan, "by": "Wang"}, status=400)
    assert "$.room[0].point[0].sampled.from" in answer["detail"]
    assert "earliest date" in answer["detail"]


def test_the_sheet_says_what_the_standard_orders(renovation: Renovation) -> None:
    case = renovation.open()
    sheet = renovation.get(f"cases/{case}/plan-sheet?lang=zh-CN")
    assert (sheet["rooms_to_sample"], sheet["rooms"][0]["points"], sheet["rooms"][0]["height_m"]) == (1, 1, [0.8, 1.5])
    assert "室内空气采样单" in sheet["words"]


def test_the_register_adds_and_never_overwrites(renovation: Renovation) -> None:
    """A second calibration stands beside the first; the same one twice is one."""
    later = {"done": "2026-09-01", "due": "2028-09-01", "certificate": "C-2", "calibrated_by": "NIM", "by": "Li"}
    path = "instruments/SFA-1/calibrations"
    assert len(renovation.post(path, {**later, "offset": {"hcho_ug_m3": -2.0}})["calibrations"]) == 2
    found = renovation.post(path, {**later, "offset": {"hcho_ug_m3": -2.0}})
    assert [one["certificate"] for one in found["calibrations"]] == ["C-1", "C-2"]
    assert (found["valid"], found["due"]) == (True, "2028-09-01")
    other = {"serial": "SFA-1", "part": "scd41", "owner": "Bank", "by": "Li"}
    assert "registered as sfa30" in renovation.post("instruments", other, status=409)["detail"]
    assert "no part known" in renovation.post("instruments", {**other, "part": "abc"}, status=400)["detail"]
    assert [one["serial"] for one in renovation.get("instruments?limit=1")["instruments"]] == ["SFA-1"]


def test_every_address_is_described(renovation: Renovation) -> None:
    paths = renovation.get("openapi.json")["paths"]
    described = {path for path in paths if path.startswith(("/api/v1/cases", "/api/v1/instruments"))}
    assert {"/api/v1/cases", "/api/v1/cases/{case}/laboratory", "/api/v1/instruments"} <= described
    assert "requestBody" in paths["/api/v1/cases/{case}/laboratory"]["post"]
