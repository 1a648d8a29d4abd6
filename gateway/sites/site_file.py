"""The register as a file: CSV or XLSX, one row a branch. A bad row is named by its line and takes no good one along."""

import csv
from collections.abc import Iterable
from io import BytesIO, StringIO
from typing import NamedTuple

from gateway.sites.site import COLUMNS, MUST_BE_GIVEN, Site, cells_of, site_of
from gateway.spreadsheet import UnreadableError, rows_of


class Bad(NamedTuple):
    """A row that cannot be used: its line in the file, from 1, and why."""

    line: int
    detail: str


class SiteFile(NamedTuple):
    """What a file holds: branches in its order, and the rows that cannot be used."""

    sites: list[Site]
    bad: list[Bad]


def read(body: bytes) -> SiteFile:
    """The branches in a CSV file or an XLSX workbook.

    Columns may stand in any order, and all but `region` and `site` may be missing.

    Raises:
        UnreadableError: If it is neither, is too large, or its first line does not name the columns.
    """
    rows = rows_of(body)
    header = [word.strip().lower() for word in rows[0]] if rows else []
    _check(header)
    lines: dict[str, int] = {}
    sites: list[Site] = []
    bad: list[Bad] = []
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            if any(cell.strip() for cell in cells[len(header) :]):
                raise ValueError(f"has {len(cells)} cells and the first line {len(header)}; quote cells with commas")
            site = site_of(dict(zip(header, cells, strict=False)))
            first = lines.setdefault(site.site, line)
            if first != line:
                raise ValueError(f"site {site.site} stands in line {first} already")
        except ValueError as error:
            bad.append(Bad(line, str(error)))
        else:
            sites.append(site)
    return SiteFile(sites, bad)


def csv_text(sites: Iterable[Site]) -> str:
    """The branches as CSV; `read` gives them back."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(cells_of, sites))
    return text.getvalue()


def xlsx_body(sites: Iterable[Site]) -> bytes:
    """The branches as a workbook of one sheet, every cell as text, so that no spreadsheet program changes a number."""
    from openpyxl import Workbook  # type: ignore[import-untyped]
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    sheet = book.create_sheet("sites")
    sheet.append(COLUMNS)
    for site in sites:
        row = []
        for text in cells_of(site).values():
            cell = WriteOnlyCell(sheet, value=text or None)
            # Left to itself, a text that begins with "=" would become a formula.
            cell.data_type = "s" if text else cell.data_type
            row.append(cell)
        sheet.append(row)
    body = BytesIO()
    book.save(body)
    return body.getvalue()


def _check(header: list[str]) -> None:
    known = f"the first line names {','.join(COLUMNS)}"
    for name in MUST_BE_GIVEN:
        if name not in header:
            raise UnreadableError(f"column {name!r} is missing; {known}")
    for name in header:
        if name not in COLUMNS:
            raise UnreadableError(f"column {name[:64]!r} is none; {known}")
        if header.count(name) > 1:
            raise UnreadableError(f"column {name!r} stands twice")
