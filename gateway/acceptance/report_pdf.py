"""The report of a case as PDF: a first page that a person signs, and behind it all that the verdict rests on.

Equal reports give equal bytes: the only clock in it is the report's own.
"""

from collections.abc import Iterator
from importlib.metadata import version
from threading import Lock
from typing import Final

import segno

from gateway.acceptance import phrases, report_details, report_plot, report_proof, report_rooms
from gateway.acceptance.case_report import CaseReport
from gateway.acceptance.report_page import (
    ACCENT,
    BLACK,
    GREY,
    MARGIN_MM,
    RULE,
    Page,
)
from gateway.acceptance.report_words import ReportLanguage, Speech, moment, offset
from gateway.acceptance.words import Basis, Outcome

QR_MM: Final = 27.0
SIGNATURES_MM: Final = 42.0


_ONE_AT_A_TIME: Final = Lock()
"""A report takes about a second and 100 MB: however many ask at once, a small server makes one after the other."""


def render(report: CaseReport, language: ReportLanguage | str) -> bytes:
    """The report as the bytes of a PDF file. May be called from several threads; they wait for each other.

    Args:
        report: What it shows.
        language: `en`, `zh-CN` or `both`.

    Raises:
        ValueError: If the language is another.
    """
    chosen = ReportLanguage(language)
    with _ONE_AT_A_TIME:
        return _rendered(report, chosen)


def _rendered(report: CaseReport, chosen: ReportLanguage) -> bytes:
    speech = Speech(chosen)
    page = _paper(report, speech)
    try:
        page.set_lang("en" if chosen is ReportLanguage.ENGLISH else "zh-CN")
        page.set_title(plain_title(report, speech))
        page.set_creator(report.software)
        page.set_producer(f"fpdf2 {version('fpdf2')}")
        if report.seal:
            page.set_keywords(f"seal {report.seal}")
        page.add_page()
        _first_page(page, report, speech)
        page.add_page()
        _rooms(page, report, speech)
        report_details.write(page, report, speech)
        report_proof.write(page, report, speech)
        return bytes(page.output())
    finally:
        page.close_fonts()


def plain_title(report: CaseReport, speech: Speech) -> str:
    """The title in the file's own words, such as a viewer's window shows it."""
    site = speech.pick((report.site.title_en, report.site.title_zh))
    title = speech.label("Indoor air acceptance report", "室内空气验收报告")
    return " · ".join(word for word in (title, site, report.number) if word)


def _paper(report: CaseReport, speech: Speech) -> Page:
    warning = ""
    if report.simulated:
        warning = speech.label(
            "SIMULATED READINGS - this report is a demonstration and proves nothing",
            "含模拟读数：本报告仅供演示，不具证明效力",
        )
    seal = f" · {speech.label('seal', '封印')} {report.seal[:16]}…" if report.seal else ""
    made = f"{moment(report.created_ms, report.zone)} {offset(report.zone, report.created_ms)}"
    return Page(
        head=(
            speech.label("Indoor air acceptance report", "室内空气验收报告"),
            f"{speech.label('Case', '案卷')} {report.number}",
        ),
        foot=f"{report.software} · {made}{seal}",
        warning=warning,
        created_ms=report.created_ms,
    )


def _first_page(page: Page, report: CaseReport, speech: Speech) -> None:
    page.space(2)
    if len(speech.languages) > 1:
        page.paragraph("室内空气验收报告", size=22, colour=ACCENT, is_bold=True)
        page.paragraph("Indoor air acceptance report", size=13, colour=ACCENT)
    else:
        page.paragraph(
            speech.label("Indoor air acceptance report", "室内空气验收报告"), size=21, colour=ACCENT, is_bold=True
        )
    page.space(3)
    _facts(page, report, speech)
    page.space(3)
    _verdict_box(page, report, speech)
    page.space(2)
    for reason in report.said.reasons:
        words = speech.say(lambda own, reason=reason: phrases.reason(reason, own), between=" / ")  # type: ignore[misc]
        page.paragraph(words, indent=5, mark="•", size=9)
    page.space(2)
    report_rooms.table_of_rooms(page, report, speech)
    report_rooms.next_steps(page, report, speech)
    page.need(SIGNATURES_MM if page.page_no() == 1 else SIGNATURES_MM + 12)
    if page.page_no() > 1:
        # Nobody signs a page that does not say what is signed.
        words = speech.say(lambda own: phrases.outcome(report.said.verdict, own))
        colour = report_rooms.COLOURS[report.said.verdict]
        page.space(4)
        page.paragraph(f"{speech.label('Verdict', '结论')}: {words}", size=12, colour=colour, is_bold=True)
    # The signatures stand at the foot of the page that they are on.
    page.set_y(max(page.get_y(), page.h - 20.0 - SIGNATURES_MM))
    _signatures(page, report, speech)


def _facts(page: Page, report: CaseReport, speech: Speech) -> None:
    for label, value in facts(report, speech):
        lines = page.wrapped(value, page.width - 42, size=9.5)
        page.need(len(lines) * 4.9)
        y = page.get_y()
        page.put(MARGIN_MM, y, label, size=9.5, colour=GREY)
        for number, line in enumerate(lines):
            page.put(MARGIN_MM + 42, y + number * 4.9, line, size=9.5)
        page.set_y(y + len(lines) * 4.9)


def facts(report: CaseReport, speech: Speech) -> Iterator[tuple[str, str]]:
    """What the report is about, as labels and values."""
    site, profile, plan = report.site, report.case.profile, report.case.plan
    name = speech.pick((site.title_en, site.title_zh)) or site.site
    if name:
        place = "/".join(word for word in (site.region, site.site) if word)
        yield speech.label("Branch", "网点"), f"{name} ({place})" if place and place != name else name
    if site.address:
        yield speech.label("Address", "地址"), site.address
    if site.works:
        yield speech.label("Works", "工程"), site.works
    if site.materials:
        yield speech.label("Materials", "材料"), ", ".join(site.materials)
    yield speech.label("Completed", "完工"), plan.completed.isoformat()
    windows = [entry.sampled for entry in plan.entries()]
    if windows:
        begin, end = min(own.from_ms for own in windows), max(own.to_ms for own in windows)
        words = f"{moment(begin, report.zone)} - {moment(end, report.zone)} ({offset(report.zone, begin)})"
        yield speech.label("Sampled", "采样"), words
    yield (
        speech.label("Standard", "标准"),
        speech.say(lambda own: phrases.pick((profile.title_en, profile.title_zh), own), between="\n"),
    )
    made = f"{moment(report.created_ms, report.zone)} ({offset(report.zone, report.created_ms)})"
    yield speech.label("Report made", "报告时间"), made


def _verdict_box(page: Page, report: CaseReport, speech: Speech) -> None:
    outcome = report.said.verdict
    colour = report_rooms.COLOURS[outcome]
    meaning = page.wrapped(_meaning(report, speech), page.width - 12, size=9)
    height = 19.5 + len(meaning) * 4.4
    page.need(height)
    y = page.get_y()
    page.set_draw_color(*colour)
    page.set_line_width(0.7)
    page.rect(MARGIN_MM, y, page.width, height)
    page.set_fill_color(*colour)
    page.rect(MARGIN_MM, y, 2.4, height, "F")
    words = speech.say(lambda own: phrases.outcome(outcome, own))
    page.put(MARGIN_MM + 7, y + 3.0, words, size=19, colour=colour, is_bold=True)
    basis = speech.say(lambda own: phrases.basis(report.said.basis, own))
    page.put(MARGIN_MM + 7, y + 12.6, f"{speech.label('Basis', '依据')}: {basis}", size=9, colour=BLACK)
    for number, line in enumerate(meaning):
        page.put(MARGIN_MM + 7, y + 17.6 + number * 4.4, line, size=9, colour=GREY)
    page.set_y(y + height)


def _meaning(report: CaseReport, speech: Speech) -> str:
    """What the verdict says in a sentence, and what it does not."""
    verdict = report.said.verdict
    words = {
        Outcome.PASS: (
            "Every verified limit that the standard sets for the sampled rooms is met, the error of the instruments "
            "allowed for.",
            "抽检房间内本标准各项已核实限值均符合，已计入仪器误差。",
        ),
        Outcome.FAIL: (
            "At least one limit is exceeded by more than the error of the instruments. The rooms may not be used.",
            "至少一项超过限值，且超出量大于仪器误差。相关房间不得使用。",
        ),
        Outcome.INDETERMINATE: (
            "What was measured neither proves that the limits are met nor that they are not. This is no pass.",
            "现有测量既不能证明符合限值，也不能证明超标。不得视为合格。",
        ),
        Outcome.NOT_DUE: (
            "Sampling began earlier than the standard allows. The results decide nothing.",
            "采样早于标准允许的时间，结果不作判定。",
        ),
    }
    english, chinese = words[Outcome.INDETERMINATE if verdict is Outcome.NEVER_MEASURED else verdict]
    if report.said.basis is Basis.SCREENING:
        english += " A screening by sensors takes no laboratory's place."
        chinese += "传感器筛查不能代替实验室检测。"
    return speech.text(english, chinese)


def _signatures(page: Page, report: CaseReport, speech: Speech) -> None:
    y = page.get_y()
    page.rule(y, colour=ACCENT, width=0.35)
    side = page.width - QR_MM - 8
    step = side / max(1, len(report.roles))
    for number, role in enumerate(report.roles):
        x = MARGIN_MM + number * step
        page.put(x, y + 3.5, page.clipped(speech.pick(role), step, size=8.5), size=8.5, colour=GREY)
        page.set_draw_color(*BLACK)
        page.set_line_width(0.2)
        page.line(x, y + 20, x + step - 5, y + 20)
        page.put(x, y + 20.6, speech.label("name, signature", "姓名、签字"), size=7, colour=GREY)
        page.line(x, y + 31, x + step - 5, y + 31)
        page.put(x, y + 31.6, speech.label("date", "日期"), size=7, colour=GREY)
    target = qr_text(report)
    if target:
        _qr(page, target, MARGIN_MM + page.width - QR_MM, y + 3.5)
        words = speech.label("check the evidence", "核验证据")
        page.put(MARGIN_MM + page.width - QR_MM - 4, y + 31.5, words, size=7, colour=GREY, align="C", width=QR_MM + 4)
    if report.seal:
        page.put(MARGIN_MM, y + 37, f"{speech.label('Seal', '封印')} {report.seal}", size=7.5, colour=GREY)
    page.set_y(y + SIGNATURES_MM)


def qr_text(report: CaseReport) -> str:
    """What the QR code holds: the address of the evidence with the seal, or the command that checks it; "" without."""
    if report.verify_url and report.seal:
        return f"{report.verify_url}#seal={report.seal}"
    return report.verify_url or report.verify_command


def _qr(page: Page, text: str, x: float, y: float) -> None:
    matrix = segno.make(text, error="m", micro=False).matrix
    size = QR_MM / (len(matrix) + 4)
    page.set_fill_color(0, 0, 0)
    for row, cells in enumerate(matrix):
        start = None
        # Neighbours are one rectangle: between two there would be a hairline on paper.
        for column, is_dark in enumerate([*cells, 0]):
            if is_dark and start is None:
                start = column
            elif not is_dark and start is not None:
                page.rect(x + (start + 2) * size, y + (row + 2) * size, (column - start) * size, size, "F")
                start = None
    page.set_draw_color(*RULE)


def _rooms(page: Page, report: CaseReport, speech: Speech) -> None:
    page.heading(f"1  {speech.label('Results by room', '各房间结果')}")
    wanted = report_plot.plots(report)
    for room in report.said.rooms:
        words = speech.say(lambda own, room=room: phrases.outcome(room.verdict, own))  # type: ignore[misc]
        page.heading(f"{room.name} · {words}", level=2)
        if room.quantities:
            report_rooms.table_of_quantities(page, room, speech)
        for plot in wanted[: report_plot.MAX_PLOTS]:
            if plot.room == room.name:
                report_plot.draw(page, plot, report, speech)
    if wanted:
        told = report_plot.note(report, speech, min(len(wanted), report_plot.MAX_PLOTS), len(wanted))
        page.paragraph(told.text, size=8, colour=told.colour)
