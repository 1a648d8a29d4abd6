"""`openhall-gateway quality` says in words and in JSON what the rules find in a file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli import main
from tests.gateway.quality.rooms import START_MS, Rows, room


def write(path: Path, rows: Rows) -> Path:
    lines = ["time,co2_ppm,temperature_c"]
    for time_ms, values in rows:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()
        lines.append(f"{moment},{values.get('co2_ppm', '')},{values.get('temperature_c', '')}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_findings_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the contract's members, times in Unix seconds; exit 1."""
    file = write(tmp_path / "hall.csv", room(change=lambda m, v: 612.0 if 300 <= m <= 600 else v))
    assert main(["quality", str(file), "--point", "east-001/hall-air", "--part", "scd41", "--json"]) == 1
    start_s = START_MS / 1000
    assert json.loads(capsys.readouterr().out) == {
        "findings": [
            {"quantity": "co2_ppm", "from": start_s + 300 * 60, "to": start_s + 600 * 60, "reason": "flatline"}
        ]
    }


def test_findings_in_words_with_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What to do about it is said once for each reason."""
    file = write(tmp_path / "hall.csv", room(change=lambda m, v: 3_000.0 if m in (300, 700) else v))
    assert main(["quality", str(file), "--point", "east-001/hall-air"]) == 1
    words = capsys.readouterr().out
    assert words.count("co2_ppm") == 2
    assert words.count("step: The value jumped") == 1


def test_sound_air(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and an empty list."""
    file = write(tmp_path / "hall.csv", room())
    assert main(["quality", str(file), "--point", "east-001/hall-air", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}
    assert main(["quality", str(file), "--point", "east-001/hall-air"]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_bad_lines_are_named_and_take_nothing_with_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fault behind the bad line is still found."""
    file = write(tmp_path / "hall.csv", room(change=lambda m, v: 3_000.0 if m == 700 else v))
    text = file.read_text(encoding="utf-8").splitlines()
    text.insert(5, "yesterday,1,2")
    file.write_text("\n".join(text), encoding="utf-8")
    assert main(["quality", str(file), "--point", "east-001/hall-air", "--json"]) == 1
    said = capsys.readouterr()
    assert "line 6: 'yesterday' is no time" in said.err
    assert [one["reason"] for one in json.loads(said.out)["findings"]] == ["step"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--point", "hall"], "give SITE/POINT"),
        (["--point", "east-001/hall-air", "--part", "scd99"], "'scd99' is not known"),
    ],
)
def test_wrong_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str) -> None:
    """Exit 2, and what to do."""
    file = write(tmp_path / "hall.csv", room(days=0.1))
    assert main(["quality", str(file), *words]) == 2
    assert complaint in capsys.readouterr().err


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and its name."""
    assert main(["quality", str(tmp_path / "none.csv"), "--point", "east-001/hall-air"]) == 2
    assert "none.csv" in capsys.readouterr().err
