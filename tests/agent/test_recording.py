"""What a recording may look like, and that a bad cell never takes a good one with it."""

from pathlib import Path

import pytest

from agent.errors import RecordingError
from agent.recording import BadCell, RecordedRow, Recording

REAL = Path(__file__).parents[3] / "shared" / "data" / "b4b-room-999169-scd41.csv"


def read(tmp_path: Path, text: str | bytes) -> list[RecordedRow | BadCell]:
    file = tmp_path / "recording.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with Recording(file) as recording:
        return list(recording)


@pytest.mark.parametrize(
    "cell",
    ["2022-10-12T14:13:00Z", "2022-10-12T22:13:00+08:00", "2022-10-12 14:13:00+00:00", "1665583980", "1665583980.0"],
)
def test_times_come_in_two_forms(tmp_path: Path, cell: str) -> None:
    """ISO 8601 with Z or an offset, and Unix seconds."""
    rows = read(tmp_path, f"time,co2_ppm\n{cell},543.0\n")
    assert rows == [RecordedRow(line=2, time_ms=1_665_583_980_000, values={"co2_ppm": 543.0})]


def test_milliseconds_are_kept(tmp_path: Path) -> None:
    """In both forms, rounded."""
    rows = read(tmp_path, "time,co2_ppm\n2022-10-12T14:13:00.1236Z,1\n1665583980.1234,1\n")
    assert [row.time_ms for row in rows if isinstance(row, RecordedRow)] == [1_665_583_980_124, 1_665_583_980_123]


def test_empty_cells_stay_absent(tmp_path: Path) -> None:
    """Also when nothing but the time is left."""
    rows = read(tmp_path, "time,co2_ppm,temperature_c\n1665583980,,21.5\n1665584040, ,\n")
    assert [row.values for row in rows if isinstance(row, RecordedRow)] == [{"temperature_c": 21.5}, {}]


def test_a_file_from_a_spreadsheet_is_taken(tmp_path: Path) -> None:
    """Byte order mark, CRLF, quotes, blanks round names, blank lines, any order of columns."""
    rows = read(tmp_path, b'\xef\xbb\xbf co2_ppm ,"time"\r\n"500","1665583980"\r\n\r\n,\r\n')
    assert rows == [RecordedRow(line=2, time_ms=1_665_583_980_000, values={"co2_ppm": 500.0})]


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("1665583980,abc,21", "co2_ppm", "no number"),
        ("1665583980,nan,21", "co2_ppm", "finite"),
        ("1665583980,1e999,21", "co2_ppm", "finite"),
        ("yesterday,500,21", "time", "ISO 8601"),
        (",500,21", "time", "ISO 8601"),
        ("2022-10-12T14:13:00,500,21", "time", "time zone"),
        ("12,500,21", "time", "1978"),
        ("1665583980000,500,21", "time", "milliseconds"),
        ("1665583980,500", "", "2 cells"),
        ("1665583980,500,21,9", "", "4 cells"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, line: str, column: str, words: str) -> None:
    """Line, column and reason; the rows round it are read."""
    rows = read(tmp_path, f"time,co2_ppm,temperature_c\n1665583920,1,1\n{line}\n1665584040,2,2\n")
    (bad,) = [row for row in rows if isinstance(row, BadCell)]
    assert (bad.line, bad.column) == (3, column)
    assert words in str(bad)
    assert f"line 3{', column ' + column if column else ''}" in str(bad)
    good = [row for row in rows if isinstance(row, RecordedRow)]
    assert [row.line for row in good if row.values != {"temperature_c": 21.0}] == [2, 4]


def test_a_bad_value_leaves_the_rest_of_its_row(tmp_path: Path) -> None:
    """The other values of that time are good."""
    rows = read(tmp_path, "time,co2_ppm,temperature_c\n1665583980,abc,21\n")
    assert [row.values for row in rows if isinstance(row, RecordedRow)] == [{"temperature_c": 21.0}]


def test_broken_characters_spoil_their_cell_only(tmp_path: Path) -> None:
    """No encoding error ends the reading."""
    rows = read(tmp_path, b"time,co2_ppm,temperature_c\n1665583980,\xff\xfe,21\n1665584040,5,6\n")
    assert [row.values for row in rows if isinstance(row, RecordedRow)][1] == {"co2_ppm": 5.0, "temperature_c": 6.0}
    assert len([row for row in rows if isinstance(row, BadCell)]) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column 'time'"),
        ("co2_ppm\n1\n", "no column 'time'"),
        ("time,co2\n1665583980,1\n", "column 'co2' is no quantity"),
        ("time,acetaldehyde_ug_m3\n1665583980,1\n", "acetaldehyde_ug_m3"),
        ("time,co2_ppm,co2_ppm\n1665583980,1,2\n", "twice"),
    ],
)
def test_a_wrong_header_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    """It names the column; nothing of the file is sent."""
    with pytest.raises(RecordingError, match=r"recording\.csv") as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Named."""
    with pytest.raises(RecordingError, match=r"nowhere\.csv"):
        Recording(tmp_path / "nowhere.csv")


@pytest.mark.skipif(not REAL.exists(), reason="the real recording is not beside this checkout")
def test_the_real_recording_is_read_whole() -> None:
    """Every row has a time, three have nothing else, and no cell is bad."""
    with Recording(REAL) as recording:
        rows = list(recording)
    good = [row for row in rows if isinstance(row, RecordedRow)]
    assert len(rows) == len(good) == 2_975
    assert len([row for row in good if not row.values]) == 3
