"""What a report shows of a plan, a verdict and readings."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.acceptance import case_report, plan, profile, readings, verdict
from gateway.acceptance.words import Outcome
from tests.gateway.acceptance.case_files import FOLDER, HEADER, at, entry, one, outdoor, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

PLAN = plan_text(
    room(
        "hall",
        80,
        entry("hall-1", "sfa30", quantities=["hcho_ug_m3"]),
        entry("hall-1", "laboratory", quantities=["benzene_ug_m3"]),
        entry("hall-2", "sfa30", closed=("10 06:00", "10 09:00")),
    ),
    outdoor("sfa30"),
    head="reference_temperature_c = 0\n",
)
ROWS = [
    *steady("hall-1", "hcho_ug_m3", 40),
    *steady("hall-2", "hcho_ug_m3", 50, quality="simulated"),
    *steady("outdoor-1", "hcho_ug_m3", 5, room="outdoor"),
    *one("hall-1", "benzene_ug_m3", 20, instrument="laboratory"),
]


def report(rows: list[str] = ROWS, barred: frozenset[str] = frozenset()) -> case_report.CaseReport:
    """The report of a hall with two points, an outdoor point and one tube."""
    planned = plan.parse(PLAN.encode())
    taken = readings.read([line + "\n" for line in (HEADER, *rows)], planned)
    case = verdict.Case(profile.load("gb50325-2020-class2"), planned, taken, allow_simulated=True, barred=barred)
    return case_report.from_case(case, verdict.judge(case), number="c-1", created_ms=1_789_100_000_000, software="x 1")


def test_a_curve_is_at_the_reference_temperature_beside_its_limit() -> None:
    """A sensor's gas mass is scaled to it; a laboratory's value stands as it is."""
    found = {(curve.point, curve.quantity): curve for curve in report().curves}
    assert sorted(found) == [
        ("hall-1", "benzene_ug_m3"),
        ("hall-1", "hcho_ug_m3"),
        ("hall-2", "hcho_ug_m3"),
        ("outdoor-1", "hcho_ug_m3"),
    ]
    assert found["hall-1", "hcho_ug_m3"].values == pytest.approx([40 * 298.15 / 273.15] * 12)
    assert found["hall-1", "benzene_ug_m3"].values == (20.0,)
    assert (found["hall-2", "hcho_ug_m3"].low, found["hall-2", "hcho_ug_m3"].high) == (None, 80)
    assert found["hall-2", "hcho_ug_m3"].times_ms[0] == at("10 08:00").timestamp() * 1000


def test_instruments_laboratory_and_closure_of_a_plan_are_in_it() -> None:
    """A barred instrument and a simulated one are marked; both closures of the room are there, the longer first."""
    found = report(barred=frozenset({"$.room[0].point[0]"}))
    assert [(own.point, own.may_decide, own.is_simulated) for own in found.instruments] == [
        ("hall-1", False, False),
        ("hall-2", True, True),
        ("outdoor-1", True, False),
    ]
    assert [(own.result.point, own.result.quantity, own.result.value) for own in found.laboratory] == [
        ("hall-1", "benzene_ug_m3", 20.0)
    ]
    (closed,) = found.closures
    # Radon is of the same profile, and asks for 24 h.
    assert (closed.room, closed.ordered_h, closed.is_supervised) == ("hall", 24.0, False)
    assert [span.length_ms for span in closed.closed] == [3 * 3_600_000, 2 * 3_600_000]


def test_it_says_what_is_simulated_and_when_it_was_made() -> None:
    """The verdict is the one that was given; its times are in the plan's own zone."""
    found = report()
    assert found.simulated == 12
    assert found.said.verdict is Outcome.INDETERMINATE
    assert found.zone.utcoffset(None) == at("10 08:00").utcoffset()
    assert found.verify_command == ""
    assert "--seal ab" in replace(found, seal="ab").verify_command


def test_a_failure_orders_its_resampling() -> None:
    """The report repeats what the rules order."""
    rows = [*steady("hall-1", "hcho_ug_m3", 400), *steady("hall-2", "hcho_ug_m3", 400), *ROWS[24:]]
    assert [own.quantity for own in report(rows).resampling] == ["hcho_ug_m3"]


def test_every_golden_verdict_can_be_reported() -> None:
    """Whatever a plan holds, a record comes of it."""
    names = [path.parent.name for path in sorted(FOLDER.glob("gb50325-*/plan.toml"))]
    for name in names:
        folder = Path(FOLDER, name)
        planned = plan.load(folder / "plan.toml")
        case = verdict.Case(
            profile.load("gb50325-2020-class2"), planned, readings.load(folder / "readings.csv", planned)
        )
        made = case_report.from_case(case, verdict.judge(case), number=name, created_ms=0, software="x")
        assert len(made.closures) == len(planned.rooms)
    assert len(names) > 10
