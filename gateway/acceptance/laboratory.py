"""Laboratory results: from CSV and XLSX, checked line by line, and put to the entries of a plan.

A good row is never lost for a bad one: what cannot be used is named by its line, the rest is taken.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Final

import msgspec

from gateway.acceptance.plan import Entry, Plan
from gateway.acceptance.profile import LABORATORY
from gateway.acceptance.readings import moment_ms
from gateway.spreadsheet import UnreadableError, csv_rows, xlsx_rows
from telemetry.quantities import QUANTITIES

# The words that laboratories head their columns with; a report in Chinese is read as it is.
_COLUMNS: Final = {
    "laboratory": ("laboratory", "lab", "检测机构", "实验室"),
    "accreditation": ("accreditation", "accreditation_number", "cma", "资质编号", "资质认定证书编号"),
    "method": ("method", "检测方法", "方法"),
    "sampled": ("sampled", "time", "date", "采样时间", "采样日期"),
    "sample": ("sample", "sample_id", "样品编号"),
    "room": ("room", "房间"),
    "point": ("point", "点位", "测点", "采样点"),
    "quantity": ("quantity", "项目", "检测项目"),
    "value": ("value", "result", "结果", "检测结果"),
    "unit": ("unit", "单位"),
}
_SHORT: Final = {"tvoc": "tvoc_ug_m3", "hcho": "hcho_ug_m3", "nh3": "nh3_ug_m3", "co2": "co2_ppm", "氨气": "nh3_ug_m3"}
_UNITS: Final = {
    "ug/m3": {"ug/m3": 1.0, "µg/m3": 1.0, "μg/m3": 1.0, "mg/m3": 1000.0, "ng/m3": 0.001},
    "ng/m3": {"ng/m3": 1.0, "ug/m3": 1000.0, "µg/m3": 1000.0, "μg/m3": 1000.0},
    "Bq": {"bq/m3": 1.0, "bq": 1.0},
    "ppm": {"ppm": 1.0, "%": 10_000.0},
    "Cel": {"°c": 1.0, "℃": 1.0, "cel": 1.0, "c": 1.0},
    "%RH": {"%": 1.0, "%rh": 1.0},
    "m3/h": {"m3/h": 1.0, "m3/(h·p)": 1.0, "m3/(h.person)": 1.0, "m3/(h·人)": 1.0},
}


class LaboratoryResult(msgspec.Struct, frozen=True, kw_only=True):
    """One value as a laboratory reports it.

    Attributes:
        laboratory: Its name.
        accreditation: Its accreditation number.
        method: The method.
        sampled_ms: When the sample was taken, Unix milliseconds; None where the report has the day only.
        sampled_on: That day; None where the time is known.
        sample: The sample's id.
        room: As in the plan.
        point: As in the plan.
        quantity: Its name in the table of quantities.
        value: In the quantity's unit; where it was below the detection limit, that limit.
        below_detection: True if so.
    """

    laboratory: str
    accreditation: str
    method: str
    sampled_ms: int | None
    sampled_on: date | None = None
    sample: str
    room: str
    point: str
    quantity: str
    value: float
    below_detection: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be used: its number in the file, from 1, and why."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What a file holds: results in its order, and the lines that cannot be used."""

    results: tuple[LaboratoryResult, ...]
    refused: tuple[Refused, ...]


def reading_rows(results: Iterable[LaboratoryResult], plan: Plan) -> tuple[list[dict[str, str]], list[str]]:
    """The results as rows of a file of readings, and why others have no place in the plan.

    A result that names the day only goes to the one laboratory entry of its room, point and quantity that samples on
    that day.
    """
    rows: list[dict[str, str]] = []
    unplaced: list[str] = []
    for result in results:
        fitting = [entry for entry in plan.entries() if _fits(entry, result)]
        if len(fitting) != 1:
            why = "no laboratory entry of the plan fits" if not fitting else "several entries of the plan fit"
            unplaced.append(f"sample {result.sample!r}, {result.room}/{result.point}, {result.quantity}: {why}")
            continue
        time_ms = fitting[0].sampled.from_ms if result.sampled_ms is None else result.sampled_ms
        rows.append(
            {
                "time": repr(time_ms / 1000),
                "room": result.room,
                "point": result.point,
                "quantity": result.quantity,
                "value": repr(result.value),
                "instrument": LABORATORY,
                "quality": "",
            }
        )
    return rows, unplaced


def _fits(entry: Entry, result: LaboratoryResult) -> bool:
    if not entry.is_laboratory or (entry.room, entry.point) != (result.room, result.point):
        return False
    if not entry.measures(result.quantity):
        return False
    if result.sampled_ms is not None:
        return entry.sampled.from_ms <= result.sampled_ms <= entry.sampled.to_ms
    zone = entry.opens_on.tzinfo
    days = [datetime.fromtimestamp(end / 1000, zone).date() for end in (entry.sampled.from_ms, entry.sampled.to_ms)]
    return result.sampled_on is not None and days[0] <= result.sampled_on <= days[1]


def from_csv(body: bytes, *, zone: tzinfo | None = None) -> Import:
    """The results in a CSV file.

    Args:
        body: The file.
        zone: Where times without an offset were read; None: such a time cannot be used.

    Raises:
        UnreadableError: If it cannot be read, is too large, or lacks a column.
    """
    return _read(csv_rows(body), zone)


def from_xlsx(body: bytes, *, zone: tzinfo | None = None) -> Import:
    """The results in the first sheet of an XLSX workbook; `zone` as in `from_csv`.

    Raises:
        UnreadableError: If it is no workbook, is too large, or lacks a column.
    """
    return _read(xlsx_rows(body), zone)


def _read(rows: Iterable[Sequence[str]], zone: tzinfo | None) -> Import:
    lines = iter(rows)
    columns = _named([str(word) for word in next(lines, [])])
    results: list[LaboratoryResult] = []
    refused: list[Refused] = []
    for number, cells in enumerate(lines, start=2):
        words = {name: str(cells[place]).strip() for name, place in columns.items() if place < len(cells)}
        if not any(words.values()):
            continue
        try:
            results.append(result_of(words, zone))
        except ValueError as error:
            refused.append(Refused(line=number, detail=str(error)))
    return Import(results=tuple(results), refused=tuple(refused))


def _named(header: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, word in enumerate(header):
        for name, spellings in _COLUMNS.items():
            if word.strip().lower() in spellings:
                found.setdefault(name, place)
    missing = [name for name in _COLUMNS if name not in found]
    if missing:
        raise UnreadableError(
            f"column {missing[0]!r} is missing; the first line names {', '.join(_COLUMNS)} or their Chinese words"
        )
    return found


def result_of(words: Mapping[str, str], zone: tzinfo | None) -> LaboratoryResult:
    """One result in the words of a file or a form, by the English names of its columns; `zone` as in `from_csv`.

    Raises:
        ValueError: If it cannot be used; the text says why.
    """
    for name in _COLUMNS:
        if not words.get(name):
            raise ValueError(f"{name} is empty")
    quantity = _quantity(words["quantity"])
    value, below = _value(words["value"])
    factors = _UNITS.get(QUANTITIES[quantity].unit, {QUANTITIES[quantity].unit.lower(): 1.0})
    unit = words["unit"].replace("³", "3").replace(" ", "").lower()
    if unit not in factors:
        raise ValueError(f"unit {words['unit']!r} is not known for {quantity}; one of {', '.join(factors)}")
    sampled_ms, sampled_on = _moment(words["sampled"], zone)
    return LaboratoryResult(
        laboratory=words["laboratory"],
        accreditation=words["accreditation"],
        method=words["method"],
        sampled_ms=sampled_ms,
        sampled_on=sampled_on,
        sample=words["sample"],
        room=words["room"],
        point=words["point"],
        quantity=quantity,
        value=value * factors[unit],
        below_detection=below,
    )


def _moment(word: str, zone: tzinfo | None) -> tuple[int | None, date | None]:
    try:
        return None, date.fromisoformat(word.replace("/", "-"))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(word.replace("/", "-"))
    except ValueError:
        return moment_ms(word), None
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    # A workbook's midnight is how it writes a day.
    if moment.tzinfo is zone and moment.time() == time():
        return None, moment.date()
    return moment_ms(moment.isoformat()), None


def _quantity(word: str) -> str:
    folded = word.lower()
    found = _SHORT.get(folded) or next(
        (own.name for own in QUANTITIES.values() if folded in (own.name, own.title_en.lower(), own.title_zh.lower())),
        None,
    )
    if found is None:
        raise ValueError(f"quantity {word!r} is not known here")
    return found


def _value(word: str) -> tuple[float, bool]:
    below = word.startswith(("<", "＜"))
    try:
        value = float(word.lstrip("<＜ "))
    except ValueError as error:
        raise ValueError(f"value {word!r} is no number") from error
    if not math.isfinite(value) or abs(value) > 1e12:
        raise ValueError(f"value {word!r} is no measured value")
    return value, below
