"""The last parts of a report: the standard it was judged by, and how anybody can check the evidence."""

from collections.abc import Iterator

from gateway.acceptance import phrases, report_text
from gateway.acceptance.case_report import CaseReport
from gateway.acceptance.profile import LABORATORY, SENSOR
from gateway.acceptance.profile import Row as Limit
from gateway.acceptance.report_page import AMBER, GREY, Cell, Page, Row
from gateway.acceptance.report_words import Speech, counted, moment
from gateway.acceptance.words import Basis, Outcome


def write(page: Page, report: CaseReport, speech: Speech) -> None:
    """Parts 7 and 8."""
    page.heading(f"7  {speech.label('The standard', '标准')}")
    _standard(page, report, speech)
    page.heading(f"8  {speech.label('Evidence', '证据')}", keep=35.0)
    _evidence(page, report, speech)


def _standard(page: Page, report: CaseReport, speech: Speech) -> None:
    profile = report.case.profile
    page.paragraph(speech.say(lambda own: phrases.pick((profile.title_en, profile.title_zh), own), between="\n"))
    page.paragraph(f"{speech.label('Source', '来源')}: {profile.source}", size=8, colour=GREY)
    page.space(1.5)
    rows = [said.row for said in report.said.rooms[0].quantities] if report.said.rooms else []
    heads = (
        speech.text("Quantity", "项目"),
        speech.text("Limit", "限值"),
        speech.text("Averaging", "平均时间"),
        speech.text("Less outdoors", "扣除室外"),
        speech.text("Decided by", "判定依据"),
        speech.text("Source", "来源"),
    )
    page.table(heads, [_limit_row(row, speech) for row in rows], (32, 22, 18, 18, 24, 66), size=7.5)
    for language in speech.languages:
        for words in report_text.phrases_before(profile, language):
            page.paragraph(words, size=8, colour=GREY, indent=4, mark="•")


def _limit_row(row: Limit, speech: Speech) -> Row:
    who = [speech.text("laboratory", "实验室")] if LABORATORY in row.instruments else []
    if SENSOR in row.instruments:
        who.append(speech.text("sensor", "传感器"))
    who += [own for own in row.instruments if own not in (LABORATORY, SENSOR)]
    unverified = speech.text("unverified: informs only", "未核实，仅供参考")
    return Row(
        cells=(
            Cell(text=speech.say(lambda own: phrases.quantity(row.quantity, own), between="\n")),
            Cell(text=report_text.limit_words(row)),
            Cell(text=speech.text("window", "整个时段") if row.averaging_h is None else f"{row.averaging_h:g} h"),
            Cell(text=speech.text("yes", "是") if row.outdoor else speech.text("no", "否")),
            Cell(text="\n".join(who)),
            Cell(text=f"{row.source}\n{unverified}" if row.unverified else row.source, colour=GREY),
        )
    )


def _evidence(page: Page, report: CaseReport, speech: Speech) -> None:
    for line in _statements(report, speech):
        page.paragraph(line, indent=4, mark="•", size=8.5)
    if report.seal:
        page.space(1.5)
        page.paragraph(f"{speech.label('Seal', '封印')}: {report.seal}", size=8.5)
        page.paragraph(report.verify_command, size=8.5)
        if report.verify_url:
            page.paragraph(report.verify_url, size=8.5)
    if report.earlier:
        page.space(2)
        page.paragraph(speech.label("Verdicts given before", "此前的结论"), is_bold=True)
        page.space(1)
        _earlier(page, report, speech)


def _statements(report: CaseReport, speech: Speech) -> Iterator[str]:
    yield speech.text(f"Judged by {report.software}.", f"判定程序：{report.software}。")
    readings = sum(len(own) for own in report.case.readings.by_entry.values())
    english, chinese = (
        f"{counted(readings, 'reading', 'readings')} entered the verdict",
        f"参与判定的读数 {readings} 条",
    )
    if report.simulated:
        english, chinese = (
            f"{english}, {report.simulated} of them simulated",
            f"{chinese}，其中模拟读数 {report.simulated} 条",
        )
    yield speech.text(f"{english}.", f"{chinese}。")
    for why, rows in sorted(report.ignored.items()):
        label = speech.ignored(why)
        yield speech.label(f"{counted(rows, 'row was', 'rows were')} not taken: {label}", f"未采用 {rows} 行：{label}")
    if report.seal:
        packs = counted(report.packs, "raw pack", "raw packs")
        yield speech.text(
            f"The bundle of evidence holds {packs} of the agents, every reading, plan, profile and this verdict; "
            "its seal is the SHA-256 of its manifest. Whoever has this sheet can tell it from any other.",
            f"证据包含代理原始数据包 {report.packs} 个、全部读数、采样计划、标准文件和本结论；"
            "封印为其清单的 SHA-256 值，持本报告者可据此核对。",
        )
    else:
        yield speech.text(
            "No bundle of evidence was written with this report: it cannot be checked.",
            "本报告未随附证据包，无法核验。",
        )


def _earlier(page: Page, report: CaseReport, speech: Speech) -> None:
    heads = (
        speech.text("Time", "时间"),
        speech.text("Verdict", "结论"),
        speech.text("Basis", "依据"),
        speech.text("Seal", "封印"),
    )
    rows = [
        Row(
            cells=(
                Cell(text=moment(own.time_ms, report.zone)),
                Cell(text=_outcome(own.verdict, speech)),
                Cell(text=_basis(own.basis, speech)),
                Cell(text=own.seal, colour=GREY if own.seal else AMBER),
            )
        )
        for own in report.earlier
    ]
    page.table(heads, rows, (28, 28, 44, 76), size=7.5)


def _outcome(word: str, speech: Speech) -> str:
    return speech.say(lambda own: phrases.outcome(Outcome(word), own)) if word in set(Outcome) else word


def _basis(word: str, speech: Speech) -> str:
    return speech.say(lambda own: phrases.basis(Basis(word), own)) if word in set(Basis) else word
