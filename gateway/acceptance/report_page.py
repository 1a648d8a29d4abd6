"""The paper that a report is written on: A4 pages with header and footer, text that wraps, tables that break.

The font is embedded and cut down to what is used, so that Chinese prints right where no font is installed
(docs/decisions/0007-reports-as-pdf.md). Bold is the same font with its outline drawn: the family has one weight here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont
from pylopdf_fonts_zh_cn import sans_path

Colour = tuple[int, int, int]
BLACK: Final[Colour] = (26, 32, 38)
GREY: Final[Colour] = (104, 113, 122)
RULE: Final[Colour] = (205, 211, 217)
SHADE: Final[Colour] = (241, 244, 246)
ACCENT: Final[Colour] = (20, 78, 118)
GREEN: Final[Colour] = (22, 112, 66)
RED: Final[Colour] = (176, 32, 36)
AMBER: Final[Colour] = (158, 92, 0)

MARGIN_MM: Final = 17.0
TOP_MM: Final = 22.0
BOTTOM_MM: Final = 20.0
MAX_TEXT: Final = 2_000
"""Characters of one cell or paragraph; what is longer is cut, so that nobody's text fills a report."""
_FAMILY: Final = "noto"
_LEADING: Final = 0.49
"""Millimetres of line height for a point of size."""
# A line begins with none of these and ends with none of those (the usual rule of Chinese typesetting).
_NO_BEGIN: Final = frozenset("，。、；：！？）》」』】〉”’%℃,.;:!?)]}")
_NO_END: Final = frozenset("（《「『【〈“‘([{")
_WORD: Final = re.compile(r"\n| +|[^ \n\u2e80-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]+|.", re.DOTALL)
_STANDARD: Final = re.compile(r"(?<=GB|/T) (?=\d)")
"""The space in the name of a standard, which no line breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table, or one run of text."""

    text: str
    colour: Colour = BLACK
    is_bold: bool = False
    is_struck: bool = False
    align: str = "L"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table.

    Attributes:
        cells: One for each column.
        note: Lines under it over the whole width.
        is_shaded: True: on a grey ground.
    """

    cells: tuple[Cell, ...]
    note: tuple[Cell, ...] = ()
    is_shaded: bool = False


class Page(FPDF):
    """A4 in millimetres, with the font, the colours and the footer of a report.

    Args:
        head: The line at the top of every page, left and right.
        foot: The line at the bottom, left of the page's number.
        warning: Printed in red on every page; "" for none.
        created_ms: The date in the file, Unix milliseconds.
    """

    def __init__(self, *, head: tuple[str, str], foot: str, warning: str, created_ms: int) -> None:
        super().__init__(format="A4", unit="mm")
        self._head = head
        self._foot = foot
        self._warning = warning
        self.set_creation_date(datetime.fromtimestamp(created_ms / 1000, UTC))
        self.add_font(_FAMILY, fname=sans_path())
        self.set_margins(MARGIN_MM, TOP_MM, MARGIN_MM)
        self.set_auto_page_break(auto=False)
        self.alias_nb_pages("{nb}")

    def close_fonts(self) -> None:
        """Close the font's file, which is open as long as glyphs may be asked of it; write nothing afterwards."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def header(self) -> None:
        """The line at the top, and the warning."""
        left, right = (self.clipped(text, self.width / 2 - 2, size=8) for text in self._head)
        self.put(MARGIN_MM, 9.0, left, size=8, colour=GREY)
        self.put(MARGIN_MM, 9.0, right, size=8, colour=GREY, align="R")
        self.rule(14.5)
        if self._warning:
            self.put(MARGIN_MM, 15.5, self._warning, size=8.5, colour=RED, is_bold=True, align="C")
        self.set_xy(MARGIN_MM, TOP_MM)

    def footer(self) -> None:
        """The line at the bottom, with the page's number."""
        self.rule(self.h - 14.0)
        foot = self.clipped(self._foot, self.width - 20, size=7.5)
        self.put(MARGIN_MM, self.h - 12.5, foot, size=7.5, colour=GREY)
        self.set_font(_FAMILY, size=7.5)
        # Only `cell` puts the number of pages in the place of its alias.
        self.set_xy(MARGIN_MM, self.h - 12.9)
        with self.local_context(text_color=GREY):
            self.cell(self.width, 4.0, f"{self.page_no()} / {{nb}}", align="R")

    @property
    def width(self) -> float:
        """Millimetres between the margins."""
        return float(self.epw)

    @property
    def room_left(self) -> float:
        """Millimetres from here to the bottom margin."""
        return float(self.h - BOTTOM_MM - self.get_y())

    def need(self, height: float) -> None:
        """Begin a new page unless so many millimetres are left."""
        if self.room_left < height:
            self.add_page()

    def space(self, height: float) -> None:
        """Leave so many millimetres."""
        self.set_y(self.get_y() + height)

    def rule(self, y: float, *, colour: Colour = RULE, width: float = 0.2) -> None:
        """A line from margin to margin."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        self.line(MARGIN_MM, y, MARGIN_MM + self.width, y)

    def put(
        self, x: float, y: float, text: str, *, size: float = 9.5, colour: Colour = BLACK, is_bold: bool = False,
        is_struck: bool = False, align: str = "L", width: float | None = None,
    ) -> None:  # fmt: skip
        """One line of text with its upper left corner at x, y; `width` is what it is aligned in."""
        self.set_font(_FAMILY, size=size)
        room = MARGIN_MM + self.width - x if width is None else width
        own = self.get_string_width(text)
        left = x + {"L": 0.0, "R": room - own, "C": (room - own) / 2}[align]
        baseline = y + size * _LEADING * 0.74
        with self.local_context(text_color=colour):
            if is_bold:
                self.set_draw_color(*colour)
                self.set_line_width(size * 0.011)
                self.text_mode = TextMode.FILL_STROKE
            self.text(left, baseline, text)
        if is_struck:
            self.set_draw_color(*colour)
            self.set_line_width(0.2)
            self.line(left, baseline - size * 0.1, left + own, baseline - size * 0.1)

    def wrapped(self, text: str, width: float, *, size: float) -> list[str]:
        """The text as lines of at most `width` millimetres."""
        self.set_font(_FAMILY, size=size)
        return list(wrap(plain(text), width, self.get_string_width))

    def clipped(self, text: str, width: float, *, size: float) -> str:
        """The text on one line of at most `width` millimetres, with an ellipsis where it was longer."""
        lines = self.wrapped(text.replace("\n", " "), width - size * 0.36, size=size)
        return lines[0] + "…" if len(lines) > 1 else lines[0]

    def paragraph(
        self, text: str, *, size: float = 9.5, colour: Colour = BLACK, is_bold: bool = False, indent: float = 0.0,
        mark: str = "",
    ) -> None:  # fmt: skip
        """Text from margin to margin that goes on over pages; `mark` stands before it, left of the indent."""
        for number, line in enumerate(self.wrapped(text, self.width - indent, size=size)):
            self.need(size * _LEADING)
            y = self.get_y()
            if mark and number == 0:
                self.put(MARGIN_MM + indent - 3.5, y, mark, size=size, colour=colour)
            self.put(MARGIN_MM + indent, y, line, size=size, colour=colour, is_bold=is_bold)
            self.set_y(y + size * _LEADING)

    def heading(self, text: str, *, level: int = 1, keep: float = 30.0) -> None:
        """A heading that stays with what follows it."""
        size = 12.5 if level == 1 else 10.5
        self.need(size * _LEADING + keep)
        self.space(4.0 if level == 1 else 2.5)
        self.paragraph(text, size=size, colour=ACCENT, is_bold=True)
        if level == 1:
            self.rule(self.get_y() + 0.6, colour=ACCENT, width=0.35)
        self.space(2.2)

    def table(  # type: ignore[override]
        self, heads: Sequence[str], rows: Iterable[Row], shares: Sequence[float], *, size: float = 8.0
    ) -> None:
        """A table from margin to margin; its heads are repeated on every page it reaches.

        Args:
            heads: The columns' heads.
            rows: Its rows; one that is taller than a page is cut.
            shares: The columns' widths, in any unit.
            size: Points.
        """
        widths = [share / sum(shares) * self.width for share in shares]
        rows = list(rows)
        aligns = [cell.align for cell in rows[0].cells] if rows else ["L"] * len(heads)
        head = Row(
            cells=tuple(
                Cell(text=word, colour=ACCENT, is_bold=True, align=align)
                for word, align in zip(heads, aligns, strict=True)
            ),
            is_shaded=True,
        )
        self._row(head, widths, size, keep=size * _LEADING * 3, again=None)
        for row in rows:
            self._row(row, widths, size, keep=0.0, again=head)
        self.space(2.0)

    def _row(self, row: Row, widths: Sequence[float], size: float, *, keep: float, again: Row | None) -> None:
        leading, pad = size * _LEADING, 1.3
        columns = [
            self.wrapped(cell.text, width - 2 * pad, size=size) for cell, width in zip(row.cells, widths, strict=True)
        ]
        notes = [(cell, line) for cell in row.note for line in self._note_lines(cell, size)]
        height = max(len(lines) for lines in columns) * leading + len(notes) * leading * 0.94 + 2 * pad
        if self.room_left < height + keep:
            self.add_page()
            if again is not None:
                self._row(again, widths, size, keep=0.0, again=None)
        y = self.get_y()
        if row.is_shaded:
            self.set_fill_color(*SHADE)
            self.rect(MARGIN_MM, y, self.width, height, style="F")
        x = MARGIN_MM
        for cell, lines, width in zip(row.cells, columns, widths, strict=True):
            for number, line in enumerate(lines):
                self.put(
                    x + pad, y + pad + number * leading, line, size=size, colour=cell.colour, is_bold=cell.is_bold,
                    is_struck=cell.is_struck, align=cell.align, width=width - 2 * pad,
                )  # fmt: skip
            x += width
        below = y + pad + max(len(lines) for lines in columns) * leading
        for number, (cell, line) in enumerate(notes):
            self.put(MARGIN_MM + 4.0, below + number * leading * 0.94, line, size=size * 0.94, colour=cell.colour)
        self.rule(y + height)
        self.set_y(y + height)

    def _note_lines(self, cell: Cell, size: float) -> list[str]:
        return self.wrapped(cell.text, self.width - 8.0, size=size * 0.94)


def plain(text: str) -> str:
    """The text as it can be printed: no control characters, no endless cells."""
    cut = text[: MAX_TEXT + 1]
    kept = "".join(own if own == "\n" or not unicodedata.category(own).startswith("C") else " " for own in cut)
    kept = _STANDARD.sub("\u00a0", kept)
    return kept[:MAX_TEXT] + "…" if len(kept) > MAX_TEXT else kept


def wrap(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """The text as lines of at most `width`; Latin words stay whole where they fit, Chinese breaks where it may.

    Args:
        text: The text; its own line ends are kept.
        width: What `measure` may be at most.
        measure: The width of a piece of text.
    """
    line, filled = "", 0.0
    for token in _tokens(text, width, measure):
        if token == "\n":
            yield line.rstrip()
            line, filled = "", 0.0
            continue
        own = measure(token)
        # The spaces at a line's end need no room.
        if line and filled + measure(token.rstrip()) > width:
            yield line.rstrip()
            line, filled = "", 0.0
            token = token.lstrip()
            own = measure(token)
        line, filled = line + token, filled + own
    yield line.rstrip()


def _tokens(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """Pieces that no line breaks: words, and Chinese characters with the marks that stay with them."""
    held = ""
    for found in _WORD.finditer(text):
        token = found[0]
        if token == "\n":
            if held:
                yield held
            yield token
            held = ""
        elif held and (token[0] in _NO_BEGIN or held[-1] in _NO_END) and measure(held + token) <= width:
            held += token
        else:
            if held:
                yield held
            held = token
            while len(held) > 1 and measure(held) > width:
                fitting = _fitting(held, width, measure)
                yield held[:fitting]
                held = held[fitting:]
    if held:
        yield held


def _fitting(word: str, width: float, measure: Callable[[str], float]) -> int:
    """How many characters of a word fit, at least one, up to a hyphen if there is one; nothing is kerned."""
    used, hyphen = 0.0, 0
    for size, own in enumerate(word):
        used += measure(own)
        if used > width:
            return hyphen or max(1, size)
        if own in "-_/":
            hyphen = size + 1
    return len(word)
