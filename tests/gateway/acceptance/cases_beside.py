"""Cases with files beside the plan: the register of instruments, and what a laboratory sends."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import Golden, entry, one, outdoor, plan, room, said, says, steady

HCHO = "hcho_ug_m3"
PROFILE = "gb50325-2020-class2"
HALL = plan(room("hall", 20, entry("hall-1", "sfa30")), outdoor("laboratory"))
GOOD = [*steady("hall-1", HCHO, 20), *one("outdoor-1", HCHO, 0, room="outdoor")]
BOTH = plan(
    room("hall", 20, entry("hall-1", "sfa30"), entry("hall-1", "laboratory", quantities=[HCHO])), outdoor("laboratory")
)
NEAR = steady("hall-1", HCHO, 80, instrument="sfa30")


def about(*, serial: str = "S-1", part: str = "sfa30", points: str = '"hall-1"', due: str = "2026-09-10") -> str:
    """A register with one instrument, calibrated until a day."""
    return (
        f'[[instrument]]\nserial = "{serial}"\npart = "{part}"\nowner = "bank"\npoints = [{points}]\n'
        f'[[instrument.calibration]]\ndone = 2025-09-11\ndue = {due}\ncertificate = "C-1"\nby = "institute"\n'
        'noted_by = "wang"\nnoted_at = 2025-09-12T09:00:00+08:00\n'
    )


def report(value: str, unit: str, *, quantity: str = "formaldehyde", point: str = "hall-1", room: str = "hall") -> str:
    """One line of a laboratory's file."""
    return f"City,CMA 1,AHMT,2026-09-10T08:30:00+08:00,S-1,{room},{point},{quantity},{value},{unit}\n"


COLUMNS = "laboratory,accreditation,method,sampled,sample,room,point,quantity,value,unit\n"


def quantity(verdict: str, *reasons: str, **numbers: object) -> dict[str, object]:
    """What is said of formaldehyde in the hall."""
    return {"hall": {"quantities": {HCHO: says(verdict, list(reasons), **numbers)}}}


def _instruments() -> Iterator[Golden]:
    for name, why, register, verdict, reasons in (
        (
            "instrument-due-on-the-day",
            "STANDARDS 9, 2: within calibration; due on the last day of the window holds",
            about(),
            "pass",
            [],
        ),
        (
            "instrument-out-of-date-by-a-day",
            "STANDARDS 9, 2: due the day before: it cannot decide",
            about(due="2026-09-09"),
            "indeterminate",
            ["instrument-may-not-decide"],
        ),
        (
            "instrument-registered-as-another-part",
            "the register says SFA40, the plan SFA30: which of the two measured?",
            about(part="sfa40"),
            "indeterminate",
            ["instrument-may-not-decide"],
        ),
        (
            "instrument-not-registered",
            "another point's instrument is registered, this one's is not",
            about(points='"outdoor-1"'),
            "indeterminate",
            ["instrument-may-not-decide"],
        ),
    ):
        yield Golden(
            name=name,
            why=why,
            profile=PROFILE,
            plan=HALL,
            rows=GOOD,
            args=["--about", "about.toml"],
            exit=3,
            said=said("indeterminate", ["never-measured", *reasons], rooms=quantity(verdict, *reasons)),
            more={"about.toml": register},
        )


def _laboratories() -> Iterator[Golden]:
    outdoors = report("<0.001", "mg/m3", point="outdoor-1", room="outdoor")
    yield Golden(
        name="laboratory-file-decides-where-the-sensor-could-not",
        why="the sensor's 80 is within its error of the limit; 0.079 mg/m3 by AHMT, net of 0.001, is not (6.0.8)",
        profile=PROFILE,
        plan=BOTH,
        rows=NEAR,
        args=["--laboratory", "laboratory.csv"],
        exit=3,
        said=said(
            "indeterminate",
            ["never-measured"],
            basis="laboratory",
            rooms=quantity("pass", basis="laboratory", indoor=79, outdoor=1, mean=78, uncertainty=0),
        ),
        more={"laboratory.csv": COLUMNS + report("0.079", "mg/m3") + outdoors},
    )
    yield Golden(
        name="laboratory-file-fails-what-the-sensor-left-open",
        why="the same, but 0.0815 mg/m3 net of 0.001 is 80.5",
        profile=PROFILE,
        plan=BOTH,
        rows=NEAR,
        args=["--laboratory", "laboratory.csv"],
        exit=1,
        said=said(
            "fail",
            ["above-limit", "never-measured"],
            basis="laboratory",
            rooms=quantity("fail", "above-limit", basis="laboratory", mean=80.5),
        ),
        more={"laboratory.csv": COLUMNS + report("0.0815", "mg/m3") + outdoors},
    )
    yield Golden(
        name="laboratory-file-keeps-its-good-lines",
        why="no number, a unit that does not fit, a point without an entry: each is named; the fourth line counts",
        profile=PROFILE,
        plan=BOTH,
        rows=NEAR,
        args=["--laboratory", "laboratory.csv"],
        exit=3,
        said=said(
            "indeterminate",
            ["never-measured", "outdoor-not-measured"],
            basis="laboratory",
            rooms=quantity("pass", "outdoor-not-measured", mean=40),
        ),
        stderr=["line 2: not taken", "line 3: not taken", "not taken: sample 'S-1', hall/hall-9"],
        more={
            "laboratory.csv": COLUMNS
            + report("some", "mg/m3")
            + report("40", "ppb")
            + report("40", "ug/m3", point="hall-9")
            + report("40", "ug/m3")
        },
    )
    yield Golden(
        name="laboratory-file-without-a-column",
        why="a whole file that cannot be used ends with 2; the column is named",
        profile=PROFILE,
        plan=BOTH,
        rows=NEAR,
        args=["--laboratory", "laboratory.csv"],
        exit=2,
        stderr=["laboratory.csv", "accreditation"],
        more={"laboratory.csv": COLUMNS.replace("accreditation,", "") + report("40", "ug/m3")},
    )


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _instruments()
    yield from _laboratories()
