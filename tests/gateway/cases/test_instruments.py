"""The register of instruments on the command line: a file goes in, the same comes out, a bad row costs no good one."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped]

from gateway.cli import main

HEADER = "serial,part,owner,done,due,certificate,calibrated_by,offset,gain"
GOOD = (
    "SFA-1,sfa30,Bank,2026-01-01,2090-01-01,C-1,NIM,hcho_ug_m3=-2.0,\n"
    "SFA-1,sfa30,Bank,2026-06-01,2091-01-01,C-2,NIM,,hcho_ug_m3=1.05\n"
    "SFA-2,sfa30,Bank,2020-01-01,2021-01-01,C-3,NIM,,\n"
    "SFA-3,SFA40,Bank,,,,,,\n"
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text('gateway = "g"\nregions = ["north"]\n[state]\nurl = "sqlite:///state.sqlite3"\n', encoding="utf-8")
    return file


def run(config: Path, *words: str) -> int:
    return main(["instruments", words[0], "--config", str(config), *words[1:]])


def test_what_goes_in_comes_out_and_is_not_taken_twice(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "instruments.csv"
    file.write_text(f"{HEADER}\n{GOOD}", encoding="utf-8")
    for _ in range(2):
        assert run(config, "import", str(file), "--by", "Li") == 0
    assert capsys.readouterr().out == "4 rows taken\n" * 2
    assert run(config, "export") == 0
    assert capsys.readouterr().out == f"{HEADER}\n{GOOD}".replace("SFA40", "sfa40")
    assert run(config, "list", "--json") == 0
    found = json.loads(capsys.readouterr().out)["instruments"]
    assert [(one["serial"], one["valid"], one["due"], one["calibrations"]) for one in found] == [
        ("SFA-1", True, "2091-01-01", 2),
        ("SFA-2", False, "2021-01-01", 1),
        ("SFA-3", False, None, 0),
    ]
    assert run(config, "list") == 0
    assert "SFA-2  sfa30  Bank  due 2021-01-01  MAY NOT DECIDE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (",sfa30,Bank,,,,,,", "serial is empty"),
        ("X,abc,Bank,,,,,,", "'abc' is no part known here"),
        ("SFA-1,scd41,Bank,,,,,,", "registered as sfa30"),
        ("X,sfa30,Bank,2026-13-01,2027-01-01,C,N,,", "done: '2026-13-01' is no day"),
        ("X,sfa30,Bank,,2027-01-01,,,,", "due is given without done"),
        ("X,sfa30,Bank,2026-01-01,2025-01-01,C,N,,", "before it was done"),
        ("X,sfa30,Bank,2026-01-01,2027-01-01,,N,,", "certificate: give 1 to 200 letters"),
        ("X,sfa30,Bank,2026-01-01,2027-01-01,C,N,co2_ppm=1,", "does not measure 'co2_ppm'"),
        ("X,sfa30,Bank,2026-01-01,2027-01-01,C,N,,hcho_ug_m3=nan", "is not quantity=value"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_are_taken(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, words: str
) -> None:
    file = tmp_path / "instruments.csv"
    file.write_text(f"{HEADER}\n{GOOD}{row}\n", encoding="utf-8")
    assert run(config, "import", str(file), "--by", "Li", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["taken"] == 4
    [bad] = answer["bad"]
    assert bad["line"] == 6
    assert words in bad["detail"]


def test_a_workbook_is_taken_as_well(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = Workbook()
    for line in f"{HEADER}\n{GOOD}".splitlines():
        book.active.append(line.split(","))
    body = BytesIO()
    book.save(body)
    (tmp_path / "instruments.xlsx").write_bytes(body.getvalue())
    assert run(config, "import", str(tmp_path / "instruments.xlsx"), "--by", "Li") == 0
    assert capsys.readouterr().out == "4 rows taken\n"


@pytest.mark.parametrize("text", ["", "serial,part\nX,sfa30\n", f"{HEADER},colour\n"])
def test_a_file_that_is_none_is_refused_whole(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "instruments.csv").write_text(text, encoding="utf-8")
    assert run(config, "import", str(tmp_path / "instruments.csv"), "--by", "Li") == 2
    assert "column" in capsys.readouterr().err
