"""Plots of what was measured, drawn as vectors: one for each room and quantity, with its limit and its outdoor air."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

from gateway.acceptance.case_report import CaseReport, Curve
from gateway.acceptance.plan import OUTDOOR
from gateway.acceptance.report_page import BLACK, GREY, MARGIN_MM, RED, RULE, Cell, Colour, Page
from gateway.acceptance.report_words import Speech, digits, moment, unit
from gateway.acceptance.verdict import QuantityVerdict

HEIGHT_MM: Final = 52.0
MAX_PIECES: Final = 240
"""A curve of more readings is drawn as the lowest and highest of so many equal pieces of time: no peak is lost."""
MAX_PLOTS: Final = 40
"""More are not drawn; the report says how many, and the evidence holds every reading."""
SHORT_MS: Final = 600_000
"""Of a window shorter than this the axis shows seconds."""
MAX_LINES: Final = 8
"""More lines than this in one plot could not be told apart."""
# Dark to light and each with its own dashes, so that a print in black and white can be read, too.
_LINES: Final[tuple[tuple[Colour, tuple[float, float]], ...]] = (
    ((20, 78, 118), (0, 0)),
    ((150, 90, 0), (3.0, 1.0)),
    ((22, 112, 66), (1.2, 0.8)),
    ((104, 62, 140), (4.0, 1.6)),
    ((60, 60, 60), (0.6, 0.8)),
)
_OUTSIDE: Final[tuple[Colour, tuple[float, float]]] = ((110, 118, 126), (0.5, 1.0))
_BAND: Final[Colour] = (250, 229, 226)
_WINDOW: Final[Colour] = (238, 244, 249)


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: the curves of a room and quantity, those outdoors behind them, and what was said of it."""

    room: str
    quantity: str
    curves: tuple[Curve, ...]
    outside: tuple[Curve, ...]
    said: QuantityVerdict | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """The rectangle of the axes on the page, and what of time and value it shows."""

    left: float
    top: float
    width: float
    height: float
    from_ms: int
    to_ms: int
    low: float
    high: float

    def x(self, time_ms: float) -> float:
        return self.left + (time_ms - self.from_ms) / (self.to_ms - self.from_ms) * self.width

    def y(self, value: float) -> float:
        return self.top + (self.high - value) / (self.high - self.low) * self.height


def plots(report: CaseReport) -> list[Plot]:
    """The plots of a report in the order of its rooms; what was measured once only makes none."""
    found: list[Plot] = []
    for room in report.said.rooms:
        said = {own.row.quantity: own for own in reversed(room.quantities)}
        for quantity in dict.fromkeys(curve.quantity for curve in report.curves if curve.room == room.name):
            own = tuple(
                curve
                for curve in report.curves
                if (curve.room, curve.quantity) == (room.name, quantity) and len(curve.times_ms) > 1
            )
            outside = tuple(
                curve
                for curve in report.curves
                if (curve.room, curve.quantity) == (OUTDOOR, quantity) and len(curve.times_ms) > 1
            )
            if own:
                row = said.get(quantity)
                found.append(Plot(room.name, quantity, own, outside if row and row.row.outdoor else (), row))
    return found


def draw(page: Page, plot: Plot, report: CaseReport, speech: Speech) -> None:
    """One plot with its title and legend, from margin to margin."""
    page.need(HEIGHT_MM + 4)
    top = page.get_y()
    frame = _frame(plot, top)
    title = f"{speech.room(plot.room)} · {speech.quantity(plot.quantity)} ({unit(plot.quantity) or '1'})"
    page.put(MARGIN_MM, top, page.clipped(title, page.width, size=8.5), size=8.5, is_bold=True)
    _grounds(page, plot, frame)
    _axes(page, frame, report)
    _limits(page, plot, frame, speech)
    legend = [*_curves(page, plot.curves, frame), *_outside(page, plot, frame, speech)]
    _legend(page, legend, frame)
    page.set_y(top + HEIGHT_MM + 2)


def thinned(curve: Curve, pieces: int = MAX_PIECES) -> list[tuple[int, float]]:
    """The curve with at most two readings a piece of time, its lowest and its highest, in the order of time."""
    pairs = list(zip(curve.times_ms, curve.values, strict=True))
    if len(pairs) <= 2 * pieces:
        return pairs
    begin, length = pairs[0][0], pairs[-1][0] - pairs[0][0] + 1
    groups: dict[int, list[tuple[int, float]]] = {}
    for pair in pairs:
        groups.setdefault((pair[0] - begin) * pieces // length, []).append(pair)
    kept: list[tuple[int, float]] = []
    for _, group in sorted(groups.items()):
        ends = {min(group, key=lambda pair: pair[1]), max(group, key=lambda pair: pair[1])}
        kept += sorted(ends)
    return kept


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about `count` of them."""
    step = 10 ** floor(log10((high - low) / count))
    step = next(step * factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (step * factor) <= count)
    return [step * number for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _frame(plot: Plot, top: float) -> _Frame:
    every = (*plot.curves, *plot.outside)
    values = [value for curve in every for value in curve.values]
    lows, highs = _band(plot)
    low = min(0.0, *values) if min(values, default=0) < 0 or (plot.curves[0].low is None) else min(values + lows)
    high = max(*values, *highs) if highs else max(values)
    margin = (high - low) * 0.08 or max(abs(high), 1.0) * 0.1
    begin = min(curve.window.from_ms for curve in plot.curves)
    end = max(curve.window.to_ms for curve in plot.curves)
    right = MARGIN_MM + 175.0
    left = MARGIN_MM + 13.0
    return _Frame(
        left, top + 6.0, right - left, HEIGHT_MM - 17.0, begin, end, low - (margin if low else 0), high + margin
    )


def _taken_off(plot: Plot) -> float:
    """The outdoor value: the limit is net of it, the curves are not."""
    return plot.said.outdoor if plot.said is not None and plot.said.outdoor is not None else 0.0


def _band(plot: Plot) -> tuple[list[float], list[float]]:
    """The ends of what the plot must show of the lower and of the upper limit."""
    first, off = plot.curves[0], _taken_off(plot)
    error = (plot.said.uncertainty if plot.said is not None else None) or 0.0
    return (
        [] if first.low is None else [first.low + off - error],
        [] if first.high is None else [first.high + off + error],
    )


def _grounds(page: Page, plot: Plot, frame: _Frame) -> None:
    """The windows of sampling, and around each limit where the instruments cannot decide."""
    page.set_fill_color(*_WINDOW)
    for window in dict.fromkeys(curve.window for curve in plot.curves):
        page.rect(
            frame.x(window.from_ms), frame.top, frame.x(window.to_ms) - frame.x(window.from_ms), frame.height, "F"
        )
    error = plot.said.uncertainty if plot.said is not None else None
    for limit in (plot.curves[0].low, plot.curves[0].high):
        if limit is not None and error:
            above = min(frame.high, limit + _taken_off(plot) + error)
            below = max(frame.low, limit + _taken_off(plot) - error)
            page.set_fill_color(*_BAND)
            page.rect(frame.left, frame.y(above), frame.width, frame.y(below) - frame.y(above), "F")


def _axes(page: Page, frame: _Frame, report: CaseReport) -> None:
    page.set_line_width(0.15)
    for value in ticks(frame.low, frame.high):
        page.set_draw_color(*RULE)
        page.line(frame.left, frame.y(value), frame.left + frame.width, frame.y(value))
        page.put(
            frame.left - 13, frame.y(value) - 1.5, digits(value), size=7, colour=GREY, align="R", width=12,
        )  # fmt: skip
    steps = 4
    days = moment(frame.from_ms, report.zone)[:10] != moment(frame.to_ms - 1, report.zone)[:10]
    for number in range(steps + 1):
        time_ms = frame.from_ms + (frame.to_ms - frame.from_ms) * number // steps
        word = moment(time_ms, report.zone, seconds=frame.to_ms - frame.from_ms < SHORT_MS)
        x = frame.x(time_ms)
        page.set_draw_color(*GREY)
        page.line(x, frame.top + frame.height, x, frame.top + frame.height + 1)
        shown = word[5:] if days or number == 0 else word[11:]
        page.put(x - 12, frame.top + frame.height + 1.2, shown, size=7, colour=GREY, align="C", width=24)
    page.set_draw_color(*GREY)
    page.rect(frame.left, frame.top, frame.width, frame.height)


def _limits(page: Page, plot: Plot, frame: _Frame, speech: Speech) -> None:
    off = _taken_off(plot)
    for limit in (plot.curves[0].low, plot.curves[0].high):
        if limit is None:
            continue
        y = frame.y(limit + off)
        page.set_draw_color(*RED)
        page.set_line_width(0.4)
        page.line(frame.left, y, frame.left + frame.width, y)
        words = f"{speech.label('limit', '限值')} {digits(limit)}"
        if off:
            words += f" + {speech.label('outdoors', '室外')} {digits(off)}"
        above = y - 3.6 > frame.top
        page.put(frame.left + 1, y - 3.6 if above else y + 0.7, words, size=7, colour=RED)


def _curves(
    page: Page, curves: Sequence[Curve], frame: _Frame
) -> Iterator[tuple[str, Colour, tuple[float, float]]]:  # fmt: skip
    styles = {
        point: _LINES[number % len(_LINES)]
        for number, point in enumerate(dict.fromkeys(own.point for own in curves))
        if number < MAX_LINES
    }
    named: set[str] = set()
    for curve in curves:
        if curve.point not in styles:
            continue
        colour, dashes = styles[curve.point]
        _line(page, curve, frame, colour, dashes)
        if curve.point not in named:
            named.add(curve.point)
            yield f"{curve.point} ({curve.instrument})", colour, dashes


def _outside(
    page: Page, plot: Plot, frame: _Frame, speech: Speech
) -> Iterator[tuple[str, Colour, tuple[float, float]]]:  # fmt: skip
    for number, curve in enumerate(plot.outside):
        _line(page, curve, frame, *_OUTSIDE)
        if number == 0:
            yield speech.label("outdoors", "室外"), *_OUTSIDE


def _line(page: Page, curve: Curve, frame: _Frame, colour: Colour, dashes: tuple[float, float]) -> None:
    page.set_draw_color(*colour)
    page.set_line_width(0.3)
    page.set_dash_pattern(dash=dashes[0], gap=dashes[1])
    gap_ms = _longest_gap_ms(curve)
    piece: list[tuple[float, float]] = []
    inside = [pair for pair in thinned(curve) if frame.from_ms <= pair[0] <= frame.to_ms]
    for earlier, later in pairwise([*inside, (2**62, 0.0)]):
        piece.append((frame.x(earlier[0]), frame.y(earlier[1])))
        # Where nothing was measured there is no line.
        if later[0] - earlier[0] > gap_ms:
            page.polyline(piece if len(piece) > 1 else [piece[0], (piece[0][0] + 0.3, piece[0][1])])
            piece = []
    page.set_dash_pattern()


def _longest_gap_ms(curve: Curve) -> float:
    gaps = sorted(later - earlier for earlier, later in pairwise(curve.times_ms))
    usual = gaps[len(gaps) // 2] if gaps else 0
    shown = (curve.times_ms[-1] - curve.times_ms[0]) / MAX_PIECES
    return max(3.0 * usual, 3.0 * shown)


def _legend(
    page: Page, lines: Sequence[tuple[str, Colour, tuple[float, float]]], frame: _Frame
) -> None:  # fmt: skip
    x, y = frame.left, frame.top + frame.height + 5.6
    for text, colour, dashes in lines:
        (word, *_) = page.wrapped(text, 48.0, size=7.5)
        page.set_draw_color(*colour)
        page.set_line_width(0.5)
        page.set_dash_pattern(dash=dashes[0], gap=dashes[1])
        page.line(x, y + 1.6, x + 7, y + 1.6)
        page.set_dash_pattern()
        page.put(x + 8.5, y, word, size=7.5, colour=BLACK)
        x += 8.5 + page.get_string_width(word) + 5
        if x > frame.left + frame.width - 30:
            x, y = frame.left, y + 3.6


def note(report: CaseReport, speech: Speech, drawn: int, there: int) -> Cell:
    """What the plots show, and how many there was no room for."""
    english = (
        "Blue ground: the window of sampling. Red line: the limit, to which the outdoor air is added where it is taken "
        "off the result. Red ground: so near the limit the instruments cannot decide (U, k = 2)."
    )
    chinese = (
        "蓝色底纹为采样时段。红线为限值；结果需扣除室外值的，图中限值已加上室外值。"
        "红色底纹内仪器无法判定（扩展不确定度 U，k = 2）。"
    )
    if report.case.plan.reference_temperature_c != 25:
        english += f" Gas masses at {report.case.plan.reference_temperature_c:g} °C."
        chinese += f"气体质量浓度换算至 {report.case.plan.reference_temperature_c:g} °C。"
    if there > drawn:
        english += f" {there - drawn} more plots are left out; the evidence holds every reading."
        chinese += f"另有 {there - drawn} 幅图未列出，全部读数见证据包。"
    return Cell(text=speech.text(english, chinese), colour=GREY)
