"""Laboratory results from CSV and XLSX."""

from datetime import date, datetime, timedelta, timezone
from io import BytesIO

import pytest
from openpyxl import Workbook

from gateway import spreadsheet
from gateway.acceptance import bias, plan, readings
from gateway.acceptance.laboratory import from_csv, from_xlsx, reading_rows
from gateway.spreadsheet import UnreadableError
from tests.gateway.acceptance.case_files import entry, room
from tests.gateway.acceptance.case_files import plan as plan_text

SHANGHAI = timezone(timedelta(hours=8))
HEADER = "laboratory,accreditation,method,sampled,sample,room,point,quantity,value,unit"
GOOD = "CTI,CMA-2201,GB/T 18204.2 AHMT,2026-09-10T08:30:00+08:00,S-1,hall,hall-1,hcho_ug_m3,0.05,mg/m3"
CHINESE = "检测机构,资质编号,检测方法,采样时间,样品编号,房间,点位,项目,结果,单位"


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    """A file of these lines."""
    return ("\n".join([header, *lines]) + "\n").encode()


def test_a_value_comes_in_the_quantitys_unit() -> None:
    """0.05 mg/m3 is 50 ug/m3; who measured it and how is kept."""
    found = from_csv(csv_of(GOOD))
    assert found.refused == ()
    result = found.results[0]
    assert (result.quantity, result.value, result.below_detection) == ("hcho_ug_m3", 50, False)
    assert (result.laboratory, result.accreditation, result.sample) == ("CTI", "CMA-2201", "S-1")
    assert result.sampled_ms == 1_789_000_200_000


def test_a_report_in_chinese_is_read_as_it_is() -> None:
    """Columns, quantities and units; in GB 18030, as Excel writes it."""
    line = "华测,CMA-2201,酚试剂法,2026-09-10 08:30,S-1,hall,hall-1,甲醛,<0.01,mg/m³"
    found = from_csv(csv_of(line, header=CHINESE).decode().encode("gb18030"), zone=SHANGHAI)
    assert found.refused == ()
    assert found.results[0].value == pytest.approx(10)
    assert found.results[0].below_detection
    assert found.results[0].sampled_ms == 1_789_000_200_000


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("hcho_ug_m3", "phlogiston", "quantity 'phlogiston'"),
        ("0.05", "much", "value 'much'"),
        ("0.05", "inf", "no measured value"),
        ("mg/m3", "ppb", "unit 'ppb'"),
        ("CMA-2201", "", "accreditation is empty"),
        ("2026-09-10T08:30:00+08:00", "2026-09-10T08:30:00", "no offset"),
        ("2026-09-10T08:30:00+08:00", "soon", "time 'soon'"),
    ],
)
def test_a_bad_line_is_named_and_takes_no_good_one_with_it(old: str, new: str, word: str) -> None:
    """The good one before and after it are there."""
    found = from_csv(csv_of(GOOD, GOOD.replace(old, new), GOOD.replace("S-1", "S-3")))
    assert [result.sample for result in found.results] == ["S-1", "S-3"]
    assert [refused.line for refused in found.refused] == [3]
    assert word in found.refused[0].detail


def workbook(*rows: list[object]) -> bytes:
    """An XLSX file of these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    body = BytesIO()
    book.save(body)
    return body.getvalue()


def test_a_workbook_gives_the_same() -> None:
    """Numbers as numbers, a day as a day."""
    body = workbook(
        CHINESE.split(","),
        ["华测", "CMA-2201", "GC", datetime(2026, 9, 10), "S-1", "hall", "hall-1", "苯", 0.02, "mg/m3"],  # noqa: DTZ001
        [None] * 10,
        ["华测", "CMA-2201", "GC", "2026-09-10T08:30:00+08:00", "S-2", "hall", "hall-1", "TVOC", "x", "mg/m3"],
    )
    found = from_xlsx(body)
    assert [(own.quantity, own.value, own.sampled_on) for own in found.results] == [
        ("benzene_ug_m3", 20.0, date(2026, 9, 10))
    ]
    assert [(own.line, own.detail) for own in found.refused] == [(4, "value 'x' is no number")]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "column 'laboratory' is missing"),
        (csv_of(header="laboratory,method"), "column 'accreditation' is missing"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB 18030"),
        (b"x" * (spreadsheet.MAX_BYTES + 1), "bytes, more than"),
        (csv_of(GOOD, "a\0b") + b'"', "."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(body: bytes, word: str) -> None:
    """The last one ends within quotes: it is one bad line, not a broken file."""
    if word == ".":
        assert len(from_csv(body).results) == 1
        return
    with pytest.raises(UnreadableError, match=word):
        from_csv(body)


def test_no_workbook_and_a_bomb_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it unpacks to, before it is unpacked."""
    with pytest.raises(UnreadableError, match="no XLSX workbook"):
        from_xlsx(b"PK nothing")
    monkeypatch.setattr(spreadsheet, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(UnreadableError, match="unpacks to more"):
        from_xlsx(workbook(HEADER.split(",")))


def test_results_go_to_the_entries_of_a_plan() -> None:
    """By time, or by the day; what has no place is named."""
    planned = plan.parse(plan_text(room("hall", 20, entry("hall-1", "sfa30"), entry("hall-1", "laboratory"))).encode())
    found = from_csv(
        csv_of(
            GOOD,
            GOOD.replace("2026-09-10T08:30:00+08:00", "2026-09-10").replace("hcho", "benzene"),
            GOOD.replace("2026-09-10", "2026-09-11"),
            GOOD.replace("hall-1", "hall-9"),
        )
    )
    rows, unplaced = reading_rows(found.results, planned)
    assert [(row["quantity"], row["instrument"]) for row in rows] == [
        ("hcho_ug_m3", "laboratory"),
        ("benzene_ug_m3", "laboratory"),
    ]
    assert len(unplaced) == 2
    assert "hall-9" in unplaced[1]
    lines = [",".join(rows[0]) + "\n", *(",".join(row.values()) + "\n" for row in rows)]
    taken = readings.read(lines, planned)
    assert [reading.value for reading in taken.of(planned.rooms[0].entries[1], "hcho_ug_m3")] == [50]
    assert [reading.value for reading in taken.of(planned.rooms[0].entries[1], "benzene_ug_m3")] == [50]


def test_a_bias_is_known_when_its_interval_leaves_out_zero() -> None:
    """Sensor 10, 12, 8 too high: mean 10, standard error 2 / sqrt(3), t(2) = 4.3027: +- 4.968."""
    found = bias.bias([(60, 50), (62, 50), (88, 80)])
    assert found.mean == pytest.approx(10)
    assert found.half_width == pytest.approx(4.968, abs=1e-3)
    assert found.is_known
    assert not bias.bias([(60, 50), (40, 50)]).is_known
    alone = bias.bias([(60, 50)])
    assert (alone.mean, alone.half_width, alone.is_known) == (10, None, False)
    with pytest.raises(ValueError, match="at least one pair"):
        bias.bias([])
