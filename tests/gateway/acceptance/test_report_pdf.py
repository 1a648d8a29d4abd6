"""The report as PDF: what is on it, that it prints the same everywhere, that nothing leaves the page."""

import gc
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance import phrases, report_pdf, report_plot
from gateway.acceptance.case_report import CaseReport, ClosureLine, Site
from gateway.acceptance.report_page import _NO_BEGIN, Page, plain, wrap
from gateway.acceptance.report_pdf import qr_text, render
from gateway.acceptance.report_words import ReportLanguage, Speech, duration
from gateway.acceptance.words import Language
from telemetry.quantities import QUANTITIES
from tests.gateway.acceptance import report_samples as samples
from tests.gateway.acceptance.case_files import entry, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

Put = tuple[int, float, float, str]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Put]]:
    """Every line of text that is set: page, left, right edge, text; no file is made of it."""
    lines: list[Put] = []
    original = Page.text

    def text(page: Page, x: float, y: float, text: str = "") -> None:
        assert 8 < y < page.h - 8, text
        lines.append((page.page_no(), x, x + page.get_string_width(text), text))
        original(page, x, y, text)

    monkeypatch.setattr(Page, "text", text)
    monkeypatch.setattr(Page, "output", lambda page: b"")
    yield lines


def words(lines: list[Put]) -> str:
    """All that was set, without the places where lines were broken."""
    return "".join(line[3] for line in lines).replace(" ", "").replace("\u00a0", "")


def assert_holds(lines: list[Put], *wanted: str) -> None:
    """Each of these stands somewhere."""
    text = words(lines)
    assert [own for own in wanted if own.replace(" ", "") not in text] == []


def test_equal_reports_give_equal_bytes_with_their_font_in_them(caplog: pytest.LogCaptureFixture) -> None:
    """Every font is embedded, and no glyph of our own words is missing; another report gives other bytes."""
    with caplog.at_level(logging.WARNING):
        body = render(samples.full(), "both")
    assert render(samples.full(), ReportLanguage.BOTH) == body
    assert body.startswith(b"%PDF-1.")
    fonts = re.findall(rb"/BaseFont /(\S+)", body)
    assert fonts
    assert all(re.fullmatch(rb"[A-Z]{6}\+NotoSansSC", name) for name in fonts)
    assert b"/FontFile3" in body
    assert b"/ToUnicode" in body
    assert [record.getMessage() for record in caplog.records] == []
    assert len(body) < 400_000
    assert render(replace(samples.full(), number="c-18"), "both") != body


def test_a_report_leaves_no_file_open() -> None:
    """A gateway prints many, and the garbage collector may come late."""
    gc.disable()
    try:
        before = set(Path("/proc/self/fd").iterdir())
        pages = [render(samples.full(), "en") for _ in range(2)]
        assert len(set(Path("/proc/self/fd").iterdir()) - before) <= 1  # the folder that is being listed
    finally:
        gc.enable()
    assert pages[0] == pages[1]


@pytest.mark.parametrize("language", list(ReportLanguage))
def test_everything_that_a_report_holds_is_on_it(put: list[Put], language: ReportLanguage) -> None:
    """In the language chosen, or in both."""
    report = samples.full()
    render(report, language)
    assert_holds(
        put, "c-17", "西单北大街 110 号", "counters refitted", "plywood", "SFA30-0007", "JZ-2026-0412", "上海计量院",
        "2027-05-31", "-2.5 µg/m³", "×1.03", "li.na", "2026-09-11 09:12", "2026-09-10 06:41:00", "front-door", "0.42",
        "2026-09-24", samples.SEAL, "openhall 0.1.0", "412", "GB 55016-2021, 5.1.2", "610", "≤ 80 µg/m³",
    )  # fmt: skip
    spoken = [Language.CHINESE, Language.ENGLISH] if language is ReportLanguage.BOTH else [Language(language)]
    for own in spoken:
        assert_holds(put, *(phrases.reason(reason, own) for reason in report.said.reasons))
        assert_holds(put, phrases.outcome(report.said.verdict, own), phrases.basis(report.said.basis, own))
        assert_holds(put, *(phrases.quantity(row.quantity, own) for row in report.case.profile.row))
    english = {"Sampled by", "closure broken", "corrects 410 µg/m³: typo", "SIMULATED READINGS", "twelve"} - {"twelve"}
    chinese = {"采样人", "封闭被破坏", "更正原值 410 µg/m³：typo", "含模拟读数", "CO2 未下降", "数据未显示下降趋势"}
    text = words(put)
    for wanted, is_spoken in ((english, Language.ENGLISH in spoken), (chinese, Language.CHINESE in spoken)):
        assert all((own.replace(" ", "") in text) == is_spoken for own in wanted)


def test_simulated_readings_are_told_on_every_page_and_only_then(put: list[Put]) -> None:
    """Nobody can take one page of a demonstration for a result."""
    render(samples.full(), "en")
    pages = {line[0] for line in put}
    assert {line[0] for line in put if "SIMULATED" in line[3]} == pages
    put.clear()
    render(replace(samples.full(), simulated=0), "en")
    assert not [line for line in put if "SIMULATED" in line[3]]


def test_the_verdict_stands_on_the_page_that_is_signed(put: list[Put]) -> None:
    """On the first, or where many rooms push the signatures on, on that one again."""
    for count in (2, 60):
        put.clear()
        render(samples.judged(plan_text(*(room(f"room-{number}", 20) for number in range(count))), []), "en")
        (signed,) = {line[0] for line in put if line[3] == "Sampled by"}
        assert (signed == 1) == (count == 2)
        wanted = "INDETERMINATE" if signed == 1 else "Verdict: INDETERMINATE"
        assert [line for line in put if line[0] == signed and line[3] == wanted]


def test_without_evidence_it_says_that_it_cannot_be_checked(put: list[Put]) -> None:
    """No seal is made up, and no code leads anywhere."""
    report = samples.plain()
    render(report, "en")
    assert_holds(put, "it cannot be checked", "12 rows were not taken: outside all windows")
    assert qr_text(report) == ""
    assert qr_text(replace(report, seal="ab")) == "openhall-gateway verify BUNDLE.zip --seal ab"
    assert qr_text(samples.full()) == f"https://openhall.bank.example/cases/17#seal={samples.SEAL}"


def test_no_text_leaves_the_page_however_long_or_odd_it_is(put: list[Put]) -> None:
    """Six rooms with long names, a log of 405 lines, words without an end, characters that control."""
    long = "Verylongword" * 12
    rooms = [room(f"室{number} {long[:90]}", 20, entry(f"p{number}-{long[:90]}", "sfa30")) for number in range(6)]
    rows = [
        line
        for number in range(6)
        for line in steady(f"p{number}-{long[:90]}", "hcho_ug_m3", 60 + number, room=f"室{number} {long[:90]}")
    ]
    report = samples.judged(plan_text(*rooms), rows)
    log = tuple(ClosureLine(time_ms=number, point=long, state="odd", is_kept=False) for number in range(405))
    odd = "\x00\x1b[31m\u202e right-to-left \ud83d " + long * 10
    report = replace(
        report,
        site=Site(site="x", title_en=odd, works=odd, address=long, materials=(odd,) * 5),
        closures=(replace(report.closures[0], log=log), *report.closures[1:]),
    )
    render(report, "both")
    assert [line for line in put if line[1] < 10 or line[2] > 200] == []
    assert_holds(put, "5 more lines are in the evidence")
    assert not re.search(r"[\x00-\x08\x1b\u202e\ud83d]", words(put))


@given(st.text(alphabet="甲醛苯。，、（）《》 aB1-%\n", max_size=120), st.integers(3, 40))
def test_wrapping_loses_nothing_and_keeps_within_the_width(text: str, width: int) -> None:
    """Of characters as wide as one; spaces at the ends of lines may go."""
    lines = list(wrap(text, width, len))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(len(line) <= width for line in lines)


def test_chinese_lines_begin_with_no_mark_and_names_of_standards_stay_whole() -> None:
    """The usual rule of typesetting."""
    text = plain("限值依据《民用建筑工程室内环境污染控制标准》，按 GB 50325-2020（第 6.0.4 条）执行。" * 3)
    lines = list(wrap(text, 11, len))
    assert [line for line in lines[1:] if line[0] in _NO_BEGIN] == []
    assert all("GB" not in line or "GB\u00a0" in line for line in lines)


def test_a_plot_keeps_every_peak_and_breaks_where_nothing_was_measured() -> None:
    """Of ten thousand readings with one that stands out."""
    curve = samples.plain().curves[0]
    values = [50.0] * 10_000
    values[7_777] = 999.0
    values[3_333] = -5.0
    many = replace(
        curve, times_ms=tuple(curve.window.from_ms + 360 * number for number in range(10_000)), values=tuple(values)
    )
    kept = report_plot.thinned(many)
    assert len(kept) <= 2 * report_plot.MAX_PIECES
    assert {-5.0, 999.0} <= {value for _, value in kept}
    assert all(later[0] > earlier[0] for earlier, later in pairwise(kept))
    assert report_plot.thinned(curve) == list(zip(curve.times_ms, curve.values, strict=True))


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e5))
def test_ticks_are_few_and_within_the_axis(low: float, length: float) -> None:
    """At least one, at most six."""
    found = report_plot.ticks(low, low + length)
    assert 1 <= len(found) <= 6
    assert all(low - length * 1e-6 <= tick <= low + length * (1 + 1e-6) for tick in found)


def test_a_report_of_a_case_without_readings_can_be_made(put: list[Put]) -> None:
    """Of every profile, and of a plan with an empty room."""
    for word in ("gbt18883-2022", "leed-v4.1", "well-v2"):
        report: CaseReport = samples.judged(plan_text(room("empty", 20)), [], word=word)
        put.clear()
        render(report, "both")
        assert_holds(put, QUANTITIES["hcho_ug_m3"].title_zh, "该仪器") if report.instruments else assert_holds(
            put, "None"
        )


def test_durations_are_in_the_largest_unit_that_fits() -> None:
    """Hours as a standard has them, less than one in minutes or seconds."""
    assert [duration(hours) for hours in (24.0, 2.25, 1.0, 0.75, 30 / 3600)] == [
        "24 h",
        "2.25 h",
        "1 h",
        "45 min",
        "30 s",
    ]


def test_states_of_several_contacts_are_said_kind_by_kind() -> None:
    """In the report's languages; what is in no list stays as it was said."""
    speech = Speech(ReportLanguage.BOTH)
    assert speech.state("door closed, fresh-air off") == "门 doors 关 closed, 新风 fresh air 关闭 off"
    assert Speech(ReportLanguage.CHINESE).state("open") == "开"
    assert [speech.state(word) for word in ("ajar", "door", "door closed odd", "")] == [
        "ajar",
        "door",
        "door closed odd",
        "",
    ]


def test_one_report_is_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask at once; each gets its own."""
    running: list[str] = []
    most: list[int] = []

    def made(report: CaseReport, language: ReportLanguage) -> bytes:
        running.append(report.number)
        most.append(len(running))
        # Gives the others a chance to come in between.
        threading.Event().wait(0.01)
        running.remove(report.number)
        return report.number.encode()

    monkeypatch.setattr(report_pdf, "_rendered", made)
    report = samples.plain()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: render(replace(report, number=str(number)), "en"), range(16)))
    assert found == [str(number).encode() for number in range(16)]
    assert set(most) == {1}


def test_another_language_is_refused() -> None:
    """By name."""
    with pytest.raises(ValueError, match="fr"):
        report_pdf.render(samples.plain(), "fr")
