"""The demo's acceptance case: its files say what the demo tells, and the running demo carries it through."""

import csv
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from deploy import demo_case_files as files
from deploy import demo_closure
from gateway.acceptance import laboratory, plan, profile, readings, verdict
from gateway.acceptance.plan import PlanTable
from gateway.acceptance.words import Basis, Outcome, Reason
from tests.deploy.test_demo import ROOT, STOPS_WITHIN_S, Run

TIMES = files.Times.before(datetime(2026, 9, 11, 15, 7, tzinfo=timezone(timedelta(hours=8))))
CASE_WITHIN_S = 240


def judged(rows: list[str]) -> verdict.CaseVerdict:
    """The verdict of the demo's plan on these lines of a file of readings."""
    planned = plan.checked(msgspec.convert(files.plan(TIMES), PlanTable, strict=False), name="plan", folder=ROOT)
    taken = readings.read(rows, planned)
    return verdict.judge(verdict.Case(profile.load("gb50325-2020-class2"), planned, taken, allow_simulated=True))


def sensor_rows() -> list[str]:
    """What the sensors measured, as lines of a file of readings."""
    rows = ["time,room,point,quantity,value,instrument,quality\n"]
    for point, (room, _) in files.LEVELS.items():
        for own in csv.DictReader(files.recording(point, TIMES).splitlines()):
            rows.append(f"{own['time']},{room},{point},hcho_ug_m3,{own['hcho_ug_m3']},sfa30,simulated\n")
    return rows


def test_the_sensors_cannot_decide_and_the_laboratory_can() -> None:
    """Indeterminate in every room, and for no other reason; then a pass on a laboratory's word, all of it placed."""
    before = judged(sensor_rows())
    assert (before.verdict, before.basis) == (Outcome.INDETERMINATE, Basis.SCREENING)
    assert set(before.reasons) == {Reason.NEVER_MEASURED, Reason.WITHIN_UNCERTAINTY}
    planned = plan.checked(msgspec.convert(files.plan(TIMES), PlanTable, strict=False), name="plan", folder=ROOT)
    found = laboratory.from_csv(files.laboratory_file(TIMES).encode())
    rows, unplaced = laboratory.reading_rows(found.results, planned)
    assert (found.refused, unplaced) == ((), [])
    lines = [",".join(row[name] for name in row) + "\n" for row in rows]
    after = judged([*sensor_rows(), *lines])
    assert (after.verdict, after.basis, after.reasons) == (Outcome.PASS, Basis.LABORATORY, ())


def test_the_demos_own_standard_is_one() -> None:
    """A bank's own profile, of one row that a sensor may decide, in the form of all profiles."""
    found = profile.parse(demo_closure.profile(30).encode())
    assert (found.closure.natural_h, found.row[0].may_decide("sfa30")) == (pytest.approx(1 / 120), True)


def test_without_a_demo_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Exit 2, and nothing is written."""
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "demo_case.py", "--folder", tmp_path],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "start `make demo`" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the demo's processes are looked up in /proc")
def test_the_demo_carries_a_branch_from_closure_to_a_report(tmp_path: Path) -> None:
    """From indeterminate over the laboratory to a pass; two reports, and evidence that is complete and signed."""
    demo = Run(tmp_path / "demo")
    try:
        demo.wait_up()
        words = ("make", "--no-print-directory", "-C", ROOT, "demo-case", f"run={sys.executable}")
        done = subprocess.run(
            [*words, f"ARGS=--folder {demo.folder}"], capture_output=True, text=True, timeout=CASE_WITHIN_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = re.sub(r"\s+", " ", done.stdout)
        for told in ("INDETERMINATE (screening)", "PASS (laboratory)", "Integrity: intact", "Completeness: complete"):
            assert told in said
        assert "300 good (keys: file)" in said
        live = subprocess.run(
            [*words, f"ARGS=--folder {demo.folder} --live --closed 5"],
            capture_output=True, text=True, timeout=CASE_WITHIN_S, check=False,
        )  # fmt: skip
        assert live.returncode == 0, live.stdout + live.stderr
        for told in ("at risk: hall: not closed as ordered", "judged: PASS (screening)"):
            assert told in live.stdout
        reports = sorted((demo.folder / "case").glob("report-*.pdf"))
        assert [path.name for path in reports] == [
            "report-1-laboratory.pdf",
            "report-1-screening.pdf",
            "report-2-closure.pdf",
        ]
        assert all(path.read_bytes().startswith(b"%PDF-") for path in reports)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(STOPS_WITHIN_S) == 0
    finally:
        demo.end()
