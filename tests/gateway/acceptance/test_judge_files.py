"""`judge` with a report, a laboratory's files, the branch and its instruments."""

import json
from pathlib import Path

import pytest

from gateway.acceptance import about, plan, verify
from gateway.cli import main
from gateway.errors import ConfigurationError
from tests.gateway.acceptance.case_files import HEADER, entry, outdoor, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

PLAN = plan_text(
    room(
        "hall",
        20,
        entry("hall-1", "sfa30", quantities=["hcho_ug_m3"]),
        entry("hall-1", "laboratory", quantities=["benzene_ug_m3", "hcho_ug_m3"]),
    ),
    outdoor("laboratory"),
)
ROWS = steady("hall-1", "hcho_ug_m3", 79, instrument="sfa30")
LABORATORY = """\
检测机构,资质编号,检测方法,采样时间,样品编号,房间,测点,检测项目,检测结果,单位
华测,CMA 2100,AHMT,2026-09-10 08:30,S-1,hall,hall-1,甲醛,0.041,mg/m3
华测,CMA 2100,AHMT,2026-09-10 08:30,S-2,outdoor,outdoor-1,甲醛,<0.01,mg/m3
华测,CMA 2100,GC,2026-09-10 08:30,S-3,hall,hall-1,苯,many,mg/m3
华测,CMA 2100,GC,2026-09-10 08:30,S-4,hall,hall-9,苯,0.01,mg/m3
"""
ABOUT = """\
site = "xidan"
title_en = "Xidan Branch"
[[instrument]]
serial = "SFA30-1"
part = "sfa30"
points = ["hall-1"]
[[instrument.calibration]]
done = 2026-01-01
due = {due}
certificate = "C-1"
by = "lab"
noted_by = "wang"
noted_at = 2026-01-02T09:00:00+08:00
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of one case."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    rows = [line.rsplit(",", 1)[0] for line in (HEADER, *ROWS)]
    (tmp_path / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "lab.csv").write_text(LABORATORY, encoding="utf-8")
    (tmp_path / "about.toml").write_text(ABOUT.format(due="2026-12-31"), encoding="utf-8")
    return tmp_path


def judge(capsys: pytest.CaptureFixture[str], *more: str, code: int) -> tuple[dict[str, object], str]:
    """The answer for formaldehyde in the hall, and the log."""
    words = ["judge", "--profile", "gb50325-2020-class2", "--plan", "plan.toml", "--readings", "readings.csv"]
    assert main([*words, "--json", *more]) == code
    out, err = capsys.readouterr()
    quantities = json.loads(out)["rooms"][0]["quantities"]
    return next(own for own in quantities if own["quantity"] == "hcho_ug_m3"), err


def test_a_laboratorys_file_decides_and_is_in_the_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its good lines count, its bad ones are named; the bundle with them holds, and bears the verdict."""
    before, _ = judge(capsys, code=3)
    assert (before["verdict"], before["basis"]) == ("indeterminate", "screening")
    after, err = judge(capsys, "--laboratory", "lab.csv", "--evidence", "case.zip", code=3)
    assert (after["verdict"], after["basis"], after["mean"]) == ("pass", "laboratory", pytest.approx(31))
    assert "lab.csv line 4: not taken: value 'many' is no number" in err
    assert "laboratory result not taken: sample 'S-4'" in err
    found = verify.verify((folder / "case.zip").read_bytes())
    assert found.is_intact
    assert b"laboratory-1.csv" in (folder / "case.zip").read_bytes()


def test_the_report_prints_the_seal_of_the_bundle_written_with_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the file's own words, too, so that a program finds it."""
    judge(capsys, "--evidence", "case.zip", "--pdf", "report.pdf", "--about", "about.toml", "--lang", "both", code=3)
    seal = verify.verify((folder / "case.zip").read_bytes()).seal
    assert seal is not None
    assert seal.encode() in (folder / "report.pdf").read_bytes()
    assert main(["verify", "case.zip", "--report", "report.pdf"]) == 3
    assert "Integrity: intact" in capsys.readouterr().out
    judge(capsys, "--evidence", "other.zip", "--laboratory", "lab.csv", code=3)
    assert main(["verify", "other.zip", "--report", "report.pdf"]) == 1
    assert "is not the seal of the report" in capsys.readouterr().out
    assert main(["verify", "case.zip", "--report", "plan.toml"]) == 2
    assert "plan.toml is no report with a seal" in capsys.readouterr().err
    assert (
        main(["judge", "--profile", "who", "--plan", "plan.toml", "--readings", "readings.csv", "--lang", "both"]) == 3
    )
    out = capsys.readouterr().out
    assert "结论: 无法判定" in out
    assert "Verdict: INDETERMINATE" in out


def test_an_instrument_out_of_date_cannot_decide(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor can one that is not listed, once any is."""
    (folder / "readings.csv").write_text(
        "\n".join([HEADER, *steady("hall-1", "hcho_ug_m3", 20, instrument="sfa30")]) + "\n"
    )
    said, _ = judge(capsys, "--about", "about.toml", code=3)
    assert said["verdict"] == "pass"
    (folder / "about.toml").write_text(ABOUT.format(due="2026-09-09"), encoding="utf-8")
    said, _ = judge(capsys, "--about", "about.toml", "--evidence", "case.zip", code=3)
    assert (said["verdict"], said["reasons"]) == ("indeterminate", ["instrument-may-not-decide"])
    assert verify.verify((folder / "case.zip").read_bytes()).is_intact


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('points = ["hall-1"]', 'points = ["hall-7"]', "point 'hall-7' is not in the plan"),
        ("due = {due}", "due = 2025-01-01", r"\$.instrument\[0\]: calibration"),
        ("serial = ", "number = ", r"\$.instrument\[0\]"),
    ],
)
def test_what_is_wrong_with_an_about_file_is_named(folder: Path, old: str, new: str, word: str) -> None:
    """By its place."""
    text = ABOUT.replace(old, new).format(due="2026-12-31")
    (folder / "about.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=word):
        about.load(folder / "about.toml", plan.load(folder / "plan.toml"))


def test_files_that_cannot_be_used_end_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report that cannot be written, a laboratory's file that is none."""
    (folder / "odd.xlsx").write_bytes(b"hello")
    words = ["judge", "--profile", "who", "--plan", "plan.toml", "--readings", "readings.csv"]
    assert main([*words, "--laboratory", "odd.xlsx"]) == 2
    assert main([*words, "--pdf", "no/such/report.pdf"]) == 2
    assert main([*words, "--about", "none.toml"]) == 2
    err = capsys.readouterr().err
    assert "odd.xlsx" in err
    assert "cannot write no/such/report.pdf" in err
