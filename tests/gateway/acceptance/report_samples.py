"""A report that has something of everything in it."""

from dataclasses import replace
from datetime import UTC, date, datetime

from gateway.acceptance import case_report, plan, profile, readings, verdict
from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.bias import Bias
from gateway.acceptance.case_report import CaseReport, ClosureLine, LaboratoryLine
from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.register import Calibration
from gateway.acceptance.reopening import Forecast, NoDay
from tests.gateway.acceptance.case_files import HEADER, at, entry, one, outdoor, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

SEAL = "3f5a" * 16
CALIBRATION = Calibration(
    done=date(2026, 6, 1),
    due=date(2027, 5, 31),
    certificate="JZ-2026-0412",
    by="上海计量院",
    offset={"hcho_ug_m3": -2.5},
    gain={"hcho_ug_m3": 1.03},
    noted_by="wang",
    noted_at=datetime(2026, 6, 2, tzinfo=UTC),
)
FORECAST = Forecast(
    day=23.4,
    low=19.2,
    high=31.0,
    is_met=False,
    half_life_days=9.7,
    half_life_low=7.7,
    half_life_high=13.0,
    temperature_c=24,
    humidity_pct=48,
    days_used=11,
)


def ms(text: str) -> int:
    """A time of September 2026, as Unix milliseconds."""
    return round(at(text).timestamp() * 1000)


def judged(text: str, rows: list[str], *, word: str = "gb50325-2020-class2") -> CaseReport:
    """The report of these files, as the command line makes it."""
    planned = plan.parse(text.encode())
    taken = readings.read([line + "\n" for line in (HEADER, *rows)], planned)
    case = verdict.Case(profile.load(word), planned, taken, allow_simulated=True)
    said = verdict.judge(case)
    return case_report.from_case(case, said, number="c-17", created_ms=ms("11 10:00"), software="openhall 0.1.0")


def plain() -> CaseReport:
    """A hall that fails, a room that a sensor cannot decide, one that a laboratory measured."""
    text = plan_text(
        room("hall", 80, entry("hall-1", "sfa30"), entry("hall-2", "sfa30")),
        room("会议室", 24, entry("meeting-1", "sfa30")),
        room("vip-room", 18, entry("vip-1", "laboratory")),
        outdoor("sfa30"),
    )
    rows = [
        *steady("hall-1", "hcho_ug_m3", 140, quality="simulated"),
        *steady("hall-2", "hcho_ug_m3", 150),
        *steady("meeting-1", "hcho_ug_m3", 75, room="会议室"),
        *steady("outdoor-1", "hcho_ug_m3", 5, room="outdoor"),
        *one("vip-1", "hcho_ug_m3", 41, room="vip-room"),
        *one("vip-1", "tvoc_ug_m3", 610, room="vip-room"),
        *steady("hall-1", "hcho_ug_m3", 1, start="12 08:00"),
    ]
    return judged(text, rows)


def full() -> CaseReport:
    """The same as a live case fills it."""
    report = plain()
    old = LaboratoryResult(
        laboratory="华测检测", accreditation="CMA 210020349999", method="GB/T 18204.2", sampled_ms=ms("10 08:30"),
        sample="S-001", room="vip-room", point="vip-1", quantity="hcho_ug_m3", value=410.0,
    )  # fmt: skip
    lines = (
        LaboratoryLine(
            result=report.laboratory[0].result, entered_by="li.na", entered_ms=ms("11 09:12"), corrects=old, why="typo"
        ),
        *report.laboratory[1:],
    )
    log = (
        ClosureLine(time_ms=ms("10 06:12"), point="front-door", state="closed", is_kept=True),
        ClosureLine(time_ms=ms("10 06:41"), point="front-door", state="open", is_kept=False),
    )
    first, *others = report.instruments
    bias = {"hcho_ug_m3": Bias(mean=4.2, half_width=3.1, pairs=4, is_known=True)}
    return replace(
        report,
        site=case_report.Site(
            site="xidan", region="north", title_en="Xidan Branch", title_zh="西单支行", address="西单北大街 110 号",
            works="counters refitted", materials=("plywood",),
        ),
        instruments=(
            replace(first, serial="SFA30-0007", owner="facilities", calibration=CALIBRATION, bias=bias),
            *(replace(own, may_decide=False) for own in others),
        ),
        laboratory=lines,
        closures=(
            replace(report.closures[0], is_supervised=True, unsupervised=("window",), log=log),
            *report.closures[1:],
        ),
        air_changes={
            "hall": AirChange(rate=0.42, low=0.31, high=0.55, hours=2.1, readings=126),
            "会议室": NoRate.NO_DECAY,
        },
        reopenings=(
            case_report.Reopening(room="会议室", quantity="hcho_ug_m3", found=FORECAST),
            case_report.Reopening(room="hall", quantity="hcho_ug_m3", found=replace(FORECAST, high=None, is_met=True)),
            case_report.Reopening(room="vip-room", quantity="hcho_ug_m3", found=NoDay.NOT_FALLING),
        ),
        earlier=(case_report.Earlier(time_ms=ms("10 10:00"), verdict="indeterminate", basis="screening", seal=SEAL),),
        seal=SEAL,
        verify_url="https://openhall.bank.example/cases/17",
        packs=412,
    )  # fmt: skip
