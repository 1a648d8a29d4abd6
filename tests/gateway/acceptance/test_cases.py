"""The golden cases: folders of plan, readings and what is expected."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.cli import main
from tests.gateway.acceptance.case_files import FOLDER, every_case

NAMES = sorted(path.name for path in FOLDER.iterdir())


def assert_holds(found: object, expected: object, place: str) -> None:
    """`found` holds all of `expected`; of a list of named things the expected ones, by their names."""
    if isinstance(expected, Mapping) and isinstance(found, list):
        by_name = {row.get("name", row.get("quantity")): row for row in found}
        assert set(expected) <= set(by_name), place
        for name, inner in expected.items():
            assert_holds(by_name[name], inner, f"{place}.{name}")
    elif isinstance(expected, Mapping):
        assert isinstance(found, Mapping), place
        for key, inner in expected.items():
            assert key in found, f"{place}.{key}"
            assert_holds(found[key], inner, f"{place}.{key}")
    elif isinstance(expected, float | int) and not isinstance(expected, bool):
        assert found == pytest.approx(expected, abs=1e-5), place
    else:
        assert found == expected, place


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code, answer and log are as the folder expects."""
    folder = FOLDER / name
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(folder)
    words = [expected["command"], "--plan", "plan.toml", "--json", *expected["args"]]
    if expected["command"] == "judge":
        words += ["--readings", "readings.csv"]
    code = main(words)
    out, err = capsys.readouterr()
    assert code == expected["exit"], out + err
    if code == 2:
        assert out == ""
    else:
        assert_holds(json.loads(out), expected["said"], "$")
    for word in expected["stderr"]:
        assert word in err


def test_there_are_enough_cases_and_the_folders_are_as_written() -> None:
    """At least eighty, and each file of each folder is what the writers give."""
    cases = every_case()
    assert len(cases) >= 80
    assert sorted(case.name for case in cases) == NAMES
    for case in cases:
        files = dict(case.files())
        assert sorted(files) == sorted(path.name for path in (FOLDER / case.name).iterdir())
        for name, text in files.items():
            assert (FOLDER / case.name / name).read_text(encoding="utf-8") == text


def test_every_reason_is_shown_by_a_case() -> None:
    """No word of the list of reasons goes without a case."""
    from gateway.acceptance.words import Reason

    shown = "".join((FOLDER / name / "expected.json").read_text(encoding="utf-8") for name in NAMES)
    assert [reason for reason in Reason if f'"{reason}"' not in shown] == []


def test_case_folders_hold_nothing_else() -> None:
    """A stray file would not be looked at."""
    assert [path for path in FOLDER.iterdir() if not Path(path, "expected.json").is_file()] == []
