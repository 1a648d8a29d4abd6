"""The parts of a report behind its first page: what was ordered, planned, kept, measured with, and who did it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from gateway.acceptance import phrases
from gateway.acceptance.case_report import CaseReport, ClosureRoom, InstrumentLine, LaboratoryLine, Reopening
from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.plan import Entry
from gateway.acceptance.reopening import NoDay
from gateway.acceptance.report_page import AMBER, BLACK, GREEN, GREY, RED, Cell, Page, Row
from gateway.acceptance.report_words import Speech, digits, duration, moment, span, unit
from telemetry.messages import Calibration

MAX_LOG: Final = 400
"""Lines of one room's closure log; the evidence holds all."""


def write(page: Page, report: CaseReport, speech: Speech) -> None:
    """All parts behind the rooms, numbered from 2; a part with nothing to say says that."""
    page.heading(f"2  {speech.label('Sampling plan', '采样计划')}")
    _plan(page, report, speech)
    page.heading(f"3  {speech.label('Closure and ventilation', '封闭与通风')}")
    _closures(page, report, speech)
    page.heading(f"4  {speech.label('Instruments', '仪器')}")
    _instruments(page, report, speech)
    page.heading(f"5  {speech.label('Laboratory results', '实验室结果')}")
    _laboratory(page, report, speech)
    page.heading(f"6  {speech.label('Day of reopening', '可启用日期预测')}")
    _reopenings(page, report, speech)


def _plan(page: Page, report: CaseReport, speech: Speech) -> None:
    sampling, plan = report.case.profile.sampling, report.case.plan
    low, high = sampling.height_m
    page.paragraph(
        speech.text(
            f"Works ended {plan.completed}; sampling from {report.ordered.earliest} on. Height {low:g} to {high:g} m, "
            f"at least {sampling.wall_distance_m:g} m from inner walls. Gas masses at "
            f"{plan.reference_temperature_c:g} °C.",
            f"完工日期 {plan.completed}；{report.ordered.earliest} 起可采样。高度 {low:g}-{high:g} m，距内墙不小于 "
            f"{sampling.wall_distance_m:g} m。气体质量浓度按 {plan.reference_temperature_c:g} °C 计。",
        )
    )
    page.space(1.5)
    rows = [_plan_row(entry, report, speech) for entry in plan.entries()]
    heads = (
        speech.text("Room", "房间"),
        speech.text("Point", "测点"),
        speech.text("Instrument", "仪器"),
        speech.text("Quantities", "项目"),
        speech.text("Sampled", "采样时段"),
        speech.text("Interval", "间隔"),
    )
    if rows:
        page.table(heads, rows, (22, 24, 22, 44, 48, 16))


def _plan_row(entry: Entry, report: CaseReport, speech: Speech) -> Row:
    quantities = [phrases.quantity(name, speech.languages[0]) for name in entry.quantities or ()]
    instrument = speech.text("laboratory", "实验室") if entry.is_laboratory else entry.instrument
    return Row(
        cells=(
            Cell(text=speech.room(entry.room)),
            Cell(text=entry.point),
            Cell(text=instrument),
            Cell(text=", ".join(quantities) or speech.text("all that it measures", "该仪器所测全部项目")),
            Cell(text=span(entry.sampled, report.zone)),
            Cell(text="-" if entry.is_laboratory else f"{entry.interval_ms / 1000:g} s", align="R"),
        )
    )


def _closures(page: Page, report: CaseReport, speech: Speech) -> None:
    heads = (
        speech.text("Room", "房间"),
        speech.text("Ordered", "规定"),
        speech.text("Closed", "封闭时段"),
        speech.text("Watched by", "监督方式"),
        speech.text("Air changes", "换气次数"),
    )
    page.table(heads, [_closure_row(room, report, speech) for room in report.closures], (26, 24, 50, 40, 36))
    for room in report.closures:
        if room.log:
            page.heading(f"{room.room} · {speech.label('closure log', '封闭记录')}", level=2)
            _log(page, room, report, speech)


def _closure_row(room: ClosureRoom, report: CaseReport, speech: Speech) -> Row:
    spans = [f"{span(own, report.zone)} ({duration(own.length_ms / 3_600_000)})" for own in room.closed]
    unwatched = ", ".join(speech.kind(word) for word in room.unsupervised)
    watched = speech.text("contacts", "门窗等触点")
    if not room.is_supervised:
        watched = speech.text("nothing: as the plan says", "无触点：以计划记载为准")
    elif unwatched:
        watched += f"\n{speech.label('not watched', '未监督')}: {unwatched}"
    hours = sorted(_ordered_hours(room.room, report))
    found = report.air_changes.get(room.room)
    return Row(
        cells=(
            Cell(text=room.room),
            Cell(text=" / ".join(map(duration, hours)) or "-"),
            Cell(text="\n".join(spans) or speech.text("not recorded", "无记录")),
            Cell(text=watched, colour=BLACK if room.is_supervised else AMBER),
            Cell(text=speech.text("not measured", "未测量") if found is None else speech.air_change(found)),
        )
    )


def _ordered_hours(room: str, report: CaseReport) -> set[float]:
    """The closures that the rows of the profile order in a room, for what was measured there if anything was."""
    planned = next(own for own in report.case.plan.rooms if own.name == room)
    said = next((own.quantities for own in report.said.rooms if own.name == room), ())
    measured = [own.row for own in said if own.points] or [own.row for own in said]
    hours = {report.case.profile.closure_h(row, planned.ventilation) for row in measured}
    return {own for own in hours if own > 0}


def _log(page: Page, room: ClosureRoom, report: CaseReport, speech: Speech) -> None:
    rows = [
        Row(
            cells=(
                Cell(text=moment(line.time_ms, report.zone, seconds=True)),
                Cell(text=line.point),
                Cell(text=speech.state(line.state)),
                Cell(text=speech.label("kept from here on", "自此保持封闭"), colour=GREEN)
                if line.is_kept
                else Cell(text=speech.label("closure broken", "封闭被破坏"), colour=RED, is_bold=True),
            )
        )
        for line in room.log[:MAX_LOG]
    ]
    heads = (
        speech.text("Time", "时间"),
        speech.text("Contact", "触点"),
        speech.text("State", "状态"),
        speech.text("Meaning", "含义"),
    )
    page.table(heads, rows, (40, 40, 24, 60))
    if len(room.log) > MAX_LOG:
        left_out = len(room.log) - MAX_LOG
        page.paragraph(
            speech.text(f"{left_out} more lines are in the evidence.", f"另有 {left_out} 条见证据包。"), size=8
        )


def _instruments(page: Page, report: CaseReport, speech: Speech) -> None:
    if not report.instruments:
        page.paragraph(speech.text("No sensor measured.", "未使用传感器。"), colour=GREY)
        return
    heads = (
        speech.text("Room, point", "房间、测点"),
        speech.text("Part", "型号"),
        speech.text("Serial", "编号"),
        speech.text("Certificate", "校准证书"),
        speech.text("Calibrated, due", "校准、有效期至"),
        speech.text("Offset, gain", "零点、斜率"),
        speech.text("May decide", "可否判定"),
    )
    page.table(heads, [_instrument_row(own, speech) for own in report.instruments], (30, 16, 28, 32, 26, 28, 22))


def _instrument_row(own: InstrumentLine, speech: Speech) -> Row:
    found = own.calibration
    notes = [
        Cell(
            text=f"{speech.quantity(name)}: {_bias_words(bias.mean, bias.half_width, bias.pairs, name, speech)}",
            colour=GREY,
        )
        for name, bias in sorted(own.bias.items())
    ]
    notes += [Cell(text=source_words(one, speech), colour=GREY) for one in own.corrected_by]
    if own.is_simulated:
        notes.append(Cell(text=speech.text("Its readings are simulated.", "该仪器读数为模拟值。"), colour=RED))
    return Row(
        cells=(
            Cell(text=f"{speech.room(own.room)}, {own.point}"),
            Cell(text=own.instrument),
            Cell(text=own.serial or speech.text("not known", "未知"), colour=BLACK if own.serial else AMBER),
            Cell(text=f"{found.certificate}\n{found.by}" if found else speech.text("none", "无")),
            Cell(text=f"{found.done}\n{found.due}" if found else "-"),
            Cell(text=_corrections(found.offset, found.gain) if found else "-"),
            Cell(text=speech.text("yes", "可"), colour=GREEN)
            if own.may_decide
            else Cell(text=speech.text("no", "不可"), colour=RED, is_bold=True),
        ),
        note=tuple(notes),
    )


def source_words(one: Calibration, speech: Speech) -> str:
    """What the branch's agent had corrected before it sent a reading."""
    found = _corrections(dict(one.offset), dict(one.gain)).replace("\n", ", ")
    proof = ", ".join(word for word in (one.certificate, one.date) if word)
    return speech.text(
        f"Corrected in the branch: {found} ({proof or 'no certificate'})",
        f"已在网点修正：{found}（{proof or '无证书'}）",
    )


def _corrections(offset: object, gain: object) -> str:
    words = [
        f"{sign}{value:g} {unit(name)}".strip() if sign != "×" else f"×{value:g}"
        for sign, table in (("", offset), ("×", gain))
        if isinstance(table, dict)
        for name, value in sorted(table.items())
    ]
    return "\n".join(words) or "0, ×1"


def _bias_words(mean: float, half_width: float | None, pairs: int, quantity: str, speech: Speech) -> str:
    error = "" if half_width is None else f" ± {digits(half_width)}"
    return speech.label(
        f"reads {mean:+.3g}{error} {unit(quantity)} against the laboratory ({pairs} pairs)",
        f"与实验室相比偏差 {mean:+.3g}{error} {unit(quantity)}（{pairs} 对）",
    )


def _laboratory(page: Page, report: CaseReport, speech: Speech) -> None:
    if not report.laboratory:
        page.paragraph(speech.text("None has been entered.", "尚未录入。"), colour=GREY)
        return
    heads = (
        speech.text("Room, point", "房间、测点"),
        speech.text("Quantity", "项目"),
        speech.text("Value", "数值"),
        speech.text("Laboratory, accreditation", "检测机构、资质编号"),
        speech.text("Method", "方法"),
        speech.text("Sampled, sample", "采样、样品编号"),
        speech.text("Entered", "录入"),
    )
    rows = [row for line in report.laboratory for row in _laboratory_rows(line, report, speech)]
    page.table(heads, rows, (24, 28, 20, 34, 26, 29, 27), size=7.5)


def _laboratory_rows(line: LaboratoryLine, report: CaseReport, speech: Speech) -> Iterator[Row]:
    unknown = Cell(text=speech.text("not stated", "未注明"), colour=AMBER)
    result = line.result
    entered = line.entered_by or "-"
    if line.entered_ms is not None:
        entered += f"\n{moment(line.entered_ms, report.zone)}"
    notes: list[Cell] = []
    if line.corrects is not None:
        old = _value(line.corrects)
        why = line.why or "-"
        notes.append(Cell(text=speech.text(f"corrects {old}: {why}", f"更正原值 {old}：{why}"), colour=RED))
    yield Row(
        cells=(
            Cell(text=f"{speech.room(result.room)}, {result.point}"),
            Cell(text=speech.say(lambda own: phrases.quantity(result.quantity, own), between="\n")),
            Cell(text=_value(result), align="R"),
            Cell(text=f"{result.laboratory}\n{result.accreditation}") if result.laboratory else unknown,
            Cell(text=result.method) if result.method else unknown,
            Cell(text=f"{_sampled(result, report)}\n{result.sample}".strip()),
            Cell(text=entered),
        ),
        note=tuple(notes),
    )


def _value(result: LaboratoryResult) -> str:
    return f"{'< ' if result.below_detection else ''}{digits(result.value)} {unit(result.quantity)}"


def _sampled(result: LaboratoryResult, report: CaseReport) -> str:
    if result.sampled_ms is not None:
        return moment(result.sampled_ms, report.zone)
    return "-" if result.sampled_on is None else result.sampled_on.isoformat()


def _reopenings(page: Page, report: CaseReport, speech: Speech) -> None:
    if not report.reopenings:
        page.paragraph(
            speech.text(
                "No forecast was made: it takes daily means of at least 7 days.",
                "未作预测：预测至少需要 7 天的日均值。",
            ),
            colour=GREY,
        )
        return
    heads = (
        speech.text("Room", "房间"),
        speech.text("Quantity", "项目"),
        speech.text("Limit met on", "预计达标日期"),
        speech.text("95 % interval", "95 % 区间"),
        speech.text("Half-life", "半衰期"),
        speech.text("Ventilation doubled", "通风加倍可提前"),
    )
    page.table(heads, [_reopening_row(own, report, speech) for own in report.reopenings], (24, 30, 30, 42, 34, 28))
    page.paragraph(
        speech.text(
            "A forecast for planning, brought to one temperature and humidity; only a measurement decides.",
            "预测已换算至同一温湿度，仅供安排工作参考；以实测为准。",
        ),
        size=8,
        colour=GREY,
    )


def _reopening_row(own: Reopening, report: CaseReport, speech: Speech) -> Row:
    head = (Cell(text=own.room), Cell(text=speech.quantity(own.quantity)))
    if isinstance(own.found, NoDay):
        return Row(cells=(*head, Cell(text=speech.no_day(own.found), colour=AMBER), *(Cell(text="-"),) * 3))
    found = own.found
    last = "…" if found.high is None else _date(found.high, report)
    met = speech.text("met already", "已达标")
    return Row(
        cells=(
            *head,
            Cell(text=met if found.is_met else _date(found.day, report), is_bold=True),
            Cell(text=f"{_date(found.low, report)} - {last}"),
            Cell(
                text=f"{found.half_life_days:.1f} d ({found.half_life_low:.1f} - {found.half_life_high:.1f})\n"
                f"{found.temperature_c:.0f} °C, {found.humidity_pct:.0f} %, {found.days_used} d"
            ),
            Cell(text=f"{found.days_gained(2):.1f} d", align="R"),
        )
    )


def _date(day: float, report: CaseReport) -> str:
    return (report.case.plan.completed + timedelta(days=int(day))).isoformat()
