"""What a report needs besides plan and readings: the branch, the instruments, the laboratory's files.

On the command line they come from files; a live case has them in its own state.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Annotated

import msgspec

from gateway.acceptance import laboratory, register, toml_file
from gateway.acceptance.case_report import CaseReport, InstrumentLine, LaboratoryLine, Site
from gateway.acceptance.laboratory import LaboratoryResult, Refused
from gateway.acceptance.plan import Entry, Plan
from gateway.acceptance.readings import OPTIONAL, REQUIRED
from gateway.acceptance.register import Calibration, Instrument
from gateway.errors import ConfigurationError
from gateway.spreadsheet import UnreadableError

_Text = Annotated[str, msgspec.Meta(max_length=500)]


class InstrumentTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument, where it stood, and its calibrations."""

    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    part: _Text
    owner: _Text = ""
    points: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    calibration: tuple[Calibration, ...] = ()


class AboutTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of `judge --about`, as written."""

    site: _Text = ""
    region: _Text = ""
    title_en: _Text = ""
    title_zh: _Text = ""
    address: _Text = ""
    works: _Text = ""
    materials: tuple[_Text, ...] = ()
    instrument: tuple[InstrumentTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known besides plan and readings.

    Attributes:
        site: The branch.
        instruments: The register, as far as it was given.
        serials: By the entry's place in the plan, the serial of its instrument.
        barred: Entries whose instrument may not decide; empty where no instrument was given.
    """

    site: Site = field(default_factory=Site)
    instruments: tuple[Instrument, ...] = ()
    serials: dict[str, str] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What laboratory files hold for a plan.

    Attributes:
        results: Values that have a place in the plan.
        rows: The same as rows of a file of readings.
        refused: By file, lines that cannot be used.
        unplaced: Values that no entry of the plan takes, and why.
        files: The files as they are, by the name they have in a bundle of evidence.
    """

    results: tuple[LaboratoryResult, ...] = ()
    rows: tuple[dict[str, str], ...] = ()
    refused: tuple[tuple[Path, Refused], ...] = ()
    unplaced: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)


def load(path: Path, planned: Plan) -> About:
    """What the file of `--about` says of a plan.

    Raises:
        ConfigurationError: If it cannot be used; the place is named.
    """
    table = toml_file.load(path, AboutTable)
    instruments = tuple(_instrument(own, f"{path}: $.instrument[{at}]") for at, own in enumerate(table.instrument))
    points = {point: own.serial for own in table.instrument for point in own.points}
    unknown = sorted(set(points) - {entry.point for entry in planned.entries()})
    if unknown:
        raise ConfigurationError(f"{path}: $.instrument: point {unknown[0]!r} is not in the plan")
    serials = {entry.place: points[entry.point] for entry in planned.entries() if _is_of(entry, points, instruments)}
    return About(
        site=Site(
            site=table.site,
            region=table.region,
            title_en=table.title_en,
            title_zh=table.title_zh,
            address=table.address,
            works=table.works,
            materials=table.materials,
        ),
        instruments=instruments,
        serials=serials,
        barred=register.barred(planned, serials, instruments) if instruments else frozenset(),
    )


def load_laboratory(paths: Sequence[Path], planned: Plan) -> Laboratory:
    """The laboratory results in CSV and XLSX files; times without an offset are read at the plan's own.

    Raises:
        ConfigurationError: If a whole file cannot be read.
    """
    zone = next((entry.opens_on.tzinfo for entry in planned.entries()), None)
    results: list[LaboratoryResult] = []
    refused: list[tuple[Path, Refused]] = []
    files: dict[str, bytes] = {}
    for number, path in enumerate(paths, start=1):
        body = toml_file.read(path)
        is_workbook = path.suffix.lower() == ".xlsx"
        read = laboratory.from_xlsx if is_workbook else laboratory.from_csv
        try:
            found = read(body, zone=zone)
        except UnreadableError as error:
            raise ConfigurationError(f"{path}: {error}") from error
        results += found.results
        refused += [(path, own) for own in found.refused]
        files[f"laboratory-{number}.{'xlsx' if is_workbook else 'csv'}"] = body
    rows, unplaced, placed = [], [], []
    for result in results:
        own_rows, why = laboratory.reading_rows([result], planned)
        rows += own_rows
        unplaced += why
        placed += [result] if own_rows else []
    return Laboratory(
        results=tuple(placed), rows=tuple(rows), refused=tuple(refused), unplaced=tuple(unplaced), files=files
    )


def with_rows(body: bytes, rows: Iterable[dict[str, str]], name: str) -> bytes:
    """A file of readings with more rows at its end; unchanged if there are none.

    Raises:
        ConfigurationError: If the file is no CSV.
    """
    more = list(rows)
    if not more:
        return body
    try:
        reader = csv.DictReader(StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        columns = list(reader.fieldnames or REQUIRED)
        text = StringIO(newline="")
        writer = csv.DictWriter(
            text, [*columns, *(word for word in OPTIONAL if word not in columns)], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(reader)
        writer.writerows(more)
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(
            f"{name} is no CSV in UTF-8 that laboratory results can be added to: {error}"
        ) from error
    return text.getvalue().encode()


def complete(report: CaseReport, known: About, given: Laboratory) -> CaseReport:
    """The report of `from_case` with the branch, the instruments and the laboratory's own words."""
    by_serial = {own.serial: own for own in known.instruments}
    sensors = [entry for entry in report.case.plan.entries() if not entry.is_laboratory]
    told = {(own.room, own.point, own.quantity) for own in given.results}
    others = [
        line for line in report.laboratory if (line.result.room, line.result.point, line.result.quantity) not in told
    ]
    return replace(
        report,
        site=known.site,
        instruments=tuple(
            _line(line, entry, by_serial.get(known.serials.get(entry.place, "")))
            for line, entry in zip(report.instruments, sensors, strict=True)
        ),
        laboratory=(*others, *(LaboratoryLine(result=own) for own in given.results)),
    )


def _line(line: InstrumentLine, entry: Entry, own: Instrument | None) -> InstrumentLine:
    if own is None:
        return line
    return replace(line, serial=own.serial, owner=own.owner, calibration=own.on(entry.opens_on.date()))


def _instrument(table: InstrumentTable, place: str) -> Instrument:
    made = Instrument(serial=table.serial, part=table.part, owner=table.owner)
    for calibration in table.calibration:
        try:
            made = made.with_calibration(calibration)
        except ValueError as error:
            raise ConfigurationError(f"{place}: {error}") from error
    return made


def _is_of(entry: Entry, points: dict[str, str], instruments: Iterable[Instrument]) -> bool:
    """True if the instrument named for the entry's point is of the entry's part; a laboratory's stands beside it."""
    serial = points.get(entry.point)
    return not entry.is_laboratory and any(own.serial == serial and own.part == entry.instrument for own in instruments)
