"""What a report says of rooms: their verdicts, the tables of quantities behind them, and what is to be done next."""

from collections.abc import Iterator
from typing import Final

from gateway.acceptance import phrases, report_text
from gateway.acceptance.case_report import CaseReport
from gateway.acceptance.profile import LABORATORY
from gateway.acceptance.report_page import AMBER, GREEN, GREY, RED, Cell, Colour, Page, Row
from gateway.acceptance.report_words import Speech, counted, digits
from gateway.acceptance.verdict import QuantityVerdict, RoomVerdict
from gateway.acceptance.words import Basis, Language, Outcome, Reason, Ventilation
from telemetry.quantities import QUANTITIES

COLOURS: Final[dict[Outcome, Colour]] = {
    Outcome.PASS: GREEN,
    Outcome.FAIL: RED,
    Outcome.INDETERMINATE: AMBER,
    Outcome.NEVER_MEASURED: GREY,
    Outcome.NOT_DUE: AMBER,
}


def table_of_rooms(page: Page, report: CaseReport, speech: Speech) -> None:
    """Each room with its area, ventilation, points and verdict."""
    planned = {room.name: room for room in report.case.plan.rooms}
    ordered = {room.name: room for room in report.ordered.rooms}
    rows = [
        Row(
            cells=(
                Cell(text=room.name, is_bold=True),
                Cell(text=f"{planned[room.name].area_m2:g} m²", align="R"),
                Cell(text=_ventilation(planned[room.name].ventilation, speech)),
                Cell(text=f"{ordered[room.name].planned} / {ordered[room.name].points}", align="R"),
                _outcome(room.verdict, speech, between=" "),
            )
        )
        for room in report.said.rooms
    ]
    heads = (
        speech.text("Room", "房间"),
        speech.text("Area", "面积"),
        speech.text("Ventilation", "通风方式"),
        speech.text("Points / ordered", "测点数 / 规定"),
        speech.text("Verdict", "结论"),
    )
    page.table(heads, rows, (38, 16, 44, 28, 50), size=8.5)
    listed = sum(bool(room.entries) for room in report.case.plan.rooms)
    page.paragraph(
        speech.label(
            f"{counted(listed, 'room was', 'rooms were')} sampled of {report.ordered.rooms_total} in the branch; the "
            f"standard orders {report.ordered.rooms_to_sample}.",
            f"网点共 {report.ordered.rooms_total} 间，抽检 {listed} 间；"
            f"标准要求不少于 {report.ordered.rooms_to_sample} 间。",
        ),
        size=8.5,
        colour=GREY,
    )


def next_steps(page: Page, report: CaseReport, speech: Speech) -> None:
    """What is to be done; nothing where nothing is."""
    steps = list(_steps(report, speech))
    if not steps:
        return
    page.space(2)
    page.need(14)
    page.paragraph(speech.label("What to do next", "下一步"), is_bold=True)
    for step in steps:
        page.paragraph(step, indent=5, mark="•", size=9)


def _steps(report: CaseReport, speech: Speech) -> Iterator[str]:
    for again in report.resampling:
        english, chinese = QUANTITIES[again.quantity].title_en, QUANTITIES[again.quantity].title_zh
        names = ", ".join(again.must_include)
        yield speech.text(
            f"{english}: find the cause, treat it, and sample again in "
            f"{counted(again.rooms, 'room', 'rooms')}, {names} among them; this "
            "result stays on record.",
            f"{chinese}：查明原因并处理后加倍抽检 {again.rooms} 间，应包含 {names}；本次结果保留。",
        )
    asked: dict[str, list[str]] = {}
    for room in report.said.rooms:
        for said in room.quantities:
            reasons = {Reason.WITHIN_UNCERTAINTY, Reason.INSTRUMENT_MAY_NOT_DECIDE, Reason.NEVER_MEASURED}
            if reasons.intersection(said.reasons) and not said.row.unverified and LABORATORY in said.row.instruments:
                asked.setdefault(said.row.quantity, []).append(room.name)
    # Quantities that are missing in the same rooms are asked for in one breath.
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, rooms in asked.items():
        alike.setdefault(tuple(rooms), []).append(name)
    if alike:
        english = "; ".join(_asked(rooms, names, report, Language.ENGLISH) for rooms, names in alike.items())
        chinese = "；".join(_asked(rooms, names, report, Language.CHINESE) for rooms, names in alike.items())
        yield speech.text(f"Take laboratory samples. {english}.", f"委托有资质的实验室检测。{chinese}。")


def _asked(rooms: tuple[str, ...], names: list[str], report: CaseReport, language: Language) -> str:
    titles = [phrases.quantity(name, language) for name in names]
    is_all = len(rooms) == len(report.said.rooms)
    if language is Language.CHINESE:
        return f"{'全部房间' if is_all else '、'.join(rooms)}：{'、'.join(titles)}"
    return f"{'All rooms' if is_all else ', '.join(rooms)}: {', '.join(titles)}"


def table_of_quantities(page: Page, room: RoomVerdict, speech: Speech) -> None:
    """What is said of each limit in a room, with the points behind it and the reasons in words."""
    heads = (
        speech.text("Quantity", "项目"),
        speech.text("Limit", "限值"),
        speech.text("Indoors", "室内"),
        speech.text("Outdoors", "室外"),
        speech.text("Result ± U", "结果 ± U"),
        speech.text("Complete", "完整率"),
        speech.text("Basis", "依据"),
        speech.text("Verdict", "结论"),
    )
    rows = [_quantity_row(said, speech) for said in room.quantities]
    page.table(heads, rows, (36, 24, 15, 16, 22, 17, 20, 26))


def _quantity_row(said: QuantityVerdict, speech: Speech) -> Row:
    is_measured = said.verdict is not Outcome.NEVER_MEASURED
    limit = report_text.limit_words(said.row) if said.season_known else speech.label("by season", "依季节")
    averaging = f"\n{said.row.averaging_h:g} h" if said.row.averaging_h is not None else ""
    result = digits(said.mean) if said.uncertainty is None else f"{digits(said.mean)} ± {digits(said.uncertainty)}"
    verdict = _outcome(said.verdict, speech)
    if said.row.unverified and is_measured:
        verdict = Cell(text=speech.text("for information", "仅供参考"), colour=GREY)
    bases = {
        Basis.SCREENING: speech.text("sensor", "传感器"),
        Basis.LABORATORY: speech.text("laboratory", "实验室"),
        None: "-",
    }
    notes = [
        Cell(text=f"– {speech.say(lambda own, reason=reason: phrases.reason(reason, own))}", colour=GREY)  # type: ignore[misc]
        for reason in said.reasons
        if reason is not Reason.NEVER_MEASURED
    ]
    if len(said.points) > 1:
        notes.insert(0, Cell(text="; ".join(_points(said, speech)), colour=GREY))
    return Row(
        cells=(
            Cell(text=speech.say(lambda own: phrases.quantity(said.row.quantity, own), between="\n")),
            Cell(text=limit + averaging),
            Cell(text=digits(said.indoor), align="R"),
            Cell(text=digits(said.outdoor), align="R"),
            Cell(text=result if said.mean is not None else "-", align="R"),
            Cell(text=f"{said.completeness:.0%}" if is_measured else "-", align="R"),
            Cell(text=bases[said.basis]),
            verdict,
        ),
        note=tuple(notes),
    )


def _points(said: QuantityVerdict, speech: Speech) -> Iterator[str]:
    for point in said.points:
        value = digits(None if point.value is None else point.value * said.factor)
        instruments = ", ".join(
            dict.fromkeys(
                speech.label("laboratory", "实验室") if entry.is_laboratory else entry.instrument
                for entry in point.entries
            )
        )
        yield f"{point.point}: {value} ({instruments})"


def _outcome(word: Outcome, speech: Speech, *, between: str = "\n") -> Cell:
    text = speech.say(lambda own: phrases.outcome(word, own), between=between)
    return Cell(text=text, colour=COLOURS[word], is_bold=True)


def _ventilation(kind: Ventilation, speech: Speech) -> str:
    if kind is Ventilation.CENTRAL:
        return speech.label("central ventilation", "集中通风")
    return speech.label("natural ventilation", "自然通风")
