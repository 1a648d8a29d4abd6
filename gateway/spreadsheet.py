"""Rows of text out of a CSV file or an Excel workbook, within limits; what people send is one or the other."""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Final, TypeVar

MAX_BYTES: Final = 20_000_000
MAX_UNPACKED_BYTES: Final = 200_000_000
MAX_LINES: Final = 100_000
WORKBOOK: Final = b"PK\x03\x04"
"""How a ZIP file begins, and so a workbook."""


Row = TypeVar("Row")


class UnreadableError(ValueError):
    """The whole file cannot be read; the text says why and what to do."""


def rows_of(body: bytes) -> list[list[str]]:
    """The rows of either, told apart by their first bytes; as `csv_rows` and `xlsx_rows`."""
    return xlsx_rows(body) if body.startswith(WORKBOOK) else csv_rows(body)


def csv_rows(body: bytes) -> list[list[str]]:
    """The rows of a CSV file, UTF-8 or GB 18030 (as Excel writes it in China).

    Raises:
        UnreadableError: If it is neither, or is too large.
    """
    _check_size(body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = body.decode("gb18030")
        except UnicodeDecodeError as error:
            raise UnreadableError("the file is neither UTF-8 nor GB 18030; save it as UTF-8") from error
    try:
        return list(_bounded(csv.reader(StringIO(text, newline=""))))
    except csv.Error as error:
        raise UnreadableError(f"the file is no CSV: {error}") from error


def xlsx_rows(body: bytes) -> list[list[str]]:
    """The rows of the first sheet of an XLSX workbook.

    Raises:
        UnreadableError: If it is no workbook, or is too large.
    """
    # Loaded here, so that a CSV file needs no spreadsheet library.
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    _check_size(body)
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise UnreadableError("the workbook unpacks to more than 200 MB; export what is needed alone")
        book = load_workbook(BytesIO(body), read_only=True, data_only=True)
        return [[_cell(cell) for cell in row] for row in _bounded(book.worksheets[0].iter_rows(values_only=True))]
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"the file is no XLSX workbook: {error}") from error


def _check_size(body: bytes) -> None:
    if len(body) > MAX_BYTES:
        raise UnreadableError(f"the file has {len(body)} bytes, more than {MAX_BYTES}; export what is needed alone")


def _bounded(rows: Iterable[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count > MAX_LINES:
            raise UnreadableError(f"there are more than {MAX_LINES} lines; split the file")
        yield row


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)
